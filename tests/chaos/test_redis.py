"""Redis is wiped, gone, killed and frozen: nothing may be lost, and nobody outside may notice much."""

import json
import signal
import time
from dataclasses import dataclass

import pytest

from tests.chaos import faults
from tests.chaos.promises import hold, is_up
from tests.chaos.test_processes import lateness, p95
from tests.chaos.trial import LONG, Trial

pytestmark = pytest.mark.chaos


def test_f09_redis_is_wiped_again_and_again(trial: Trial):
    posting(trial)
    trial.everybody_is_answered(10)
    usual = trial.answered_after()[-1]
    with trial.writing(10, urgent_every=15):
        for _ in range(15):
            time.sleep(2)
            faults.flush_redis(trial)
    trial.everybody_is_answered(10)
    slowest = trial.answered_after()[-1]
    trial.saw |= {
        "flushes": 15,
        "answered_p95_s": p95(trial),
        "answered_at_most_s": round(slowest, 2),
        "before_s": round(usual, 2),
    }
    assert slowest <= usual + 5
    hold(trial)


def test_f10_redis_is_away(trial: Trial):
    usual = posting(trial)
    assert not is_degraded(trial)
    trial.redis.stop()
    since = len(trial.writers)
    with trial.writing(10, urgent_every=15):
        trial.saw["degraded_after_s"] = trial.until(lambda: is_degraded(trial), 10, "the engine says that it is degraded")
        for _ in range(600 if LONG else 40):
            time.sleep(1)
            assert is_up(trial, "/readyz")
            assert is_up(trial, "/health/engine") and is_degraded(trial)
    away = posting(trial, since)
    trial.everybody_is_answered(10)
    slowest = round(trial.answered_after()[-1], 2)
    trial.saw |= {"ingest_p95_s": away.p95, "before_s": usual.p95, "answered_p95_s": p95(trial), "alarms_late_s": lateness(trial)}
    trial.saw["answered_at_most_s"] = slowest
    assert away.p95 < max(0.2, 2 * usual.p95)  # this machine may be busy with other things
    assert slowest <= 5
    assert lateness(trial) <= 2
    trial.redis.restart()
    trial.saw["well_again_after_s"] = trial.until(lambda: not is_degraded(trial), 30, "the workers are heard again")
    hold(trial)


def test_f11_redis_is_killed_with_tasks_in_flight(trial: Trial):
    back = []
    with trial.writing(10, urgent_every=20):
        for _ in range(6):
            time.sleep(trial.random.uniform(1, 3))
            faults.signal_redis(trial, signal.SIGKILL)
            time.sleep(1)
            trial.redis.restart()
            back.append(faults.workers_answer(trial, within=25))
    trial.saw |= {"kills": 6, "consuming_again_s": back}
    assert max(back) <= 15
    trial.everybody_is_answered(10)
    hold(trial)


def test_f12_redis_is_frozen(trial: Trial):
    usual = posting(trial)
    faults.signal_redis(trial, signal.SIGSTOP)
    since = len(trial.writers)
    try:
        with trial.writing(10, urgent_every=15):
            for _ in range(60 if LONG else 25):
                time.sleep(1)
                assert is_up(trial, "/readyz")
                assert is_up(trial, "/health/engine")
        frozen = posting(trial, since)
        assert is_degraded(trial)
    finally:
        faults.signal_redis(trial, signal.SIGCONT)
    with trial.writing(10):
        trial.saw["consuming_again_s"] = faults.workers_answer(trial, within=30)
    trial.everybody_is_answered(10)
    trial.saw |= {"slowest_post_s": frozen.slowest, "before_s": usual.slowest, "answered_p95_s": p95(trial)}
    trial.saw |= {"answered_at_most_s": round(trial.answered_after()[-1], 2), "alarms_late_s": lateness(trial)}
    assert frozen.slowest < max(0.5, 2 * usual.slowest)
    assert trial.answered_after()[-1] <= 5
    assert lateness(trial) <= 2
    assert trial.saw["consuming_again_s"] <= 15
    hold(trial)


@dataclass(frozen=True, slots=True)
class Posting:
    """How long posts took, in seconds."""

    p95: float
    slowest: float


def is_degraded(trial: Trial) -> bool:
    """Does the engine say that the clock works alone?"""
    return bool(json.loads(trial.house.get("/health/engine").text)["degraded"])


def posting(trial: Trial, since: int = 0) -> Posting:
    """Of all from this one on; of a first hundred if there were none."""
    if not trial.writers:
        trial.write(20)  # a process that has just begun answers its first ones slowly
        trial.write(100, per_second=10)
    spans = sorted(span for writer in trial.writers[since or 20 :] for span in writer.seconds)
    return Posting(round(spans[int(len(spans) * 0.95)], 3), round(spans[-1], 3))
