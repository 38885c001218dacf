"""Redis is wiped, gone, killed and frozen: nothing may be lost, and nobody outside may notice much."""

import os
import signal
import time

import pytest

from tests.chaos import faults
from tests.chaos.promises import hold, is_up
from tests.chaos.test_processes import lateness, p95
from tests.chaos.trial import Trial

pytestmark = pytest.mark.chaos
LONG = bool(os.environ.get("CHAOS_LONG"))  # the minutes of the matrix, not the seconds that show the same


def test_f09_redis_is_wiped_again_and_again(trial: Trial):
    with trial.writing(10, urgent_every=15):
        for _ in range(15):
            time.sleep(2)
            faults.flush_redis(trial)
    trial.everybody_is_answered(10)
    trial.saw |= {"flushes": 15, "answered_p95_s": p95(trial)}
    assert p95(trial) <= 5
    hold(trial)


def test_f10_redis_is_away(trial: Trial):
    trial.redis.stop()
    with trial.writing(10, urgent_every=15):
        for _ in range(600 if LONG else 40):
            time.sleep(1)
            assert is_up(trial, "/readyz")
            assert is_up(trial, "/health/engine")
    ingest = posting_p95(trial)
    trial.everybody_is_answered(10)
    trial.saw |= {"ingest_p95_s": ingest, "answered_p95_s": p95(trial), "alarms_late_s": lateness(trial)}
    assert ingest < 0.2
    assert p95(trial) <= 5
    assert lateness(trial) <= 2
    trial.redis.restart()
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
    faults.signal_redis(trial, signal.SIGSTOP)
    try:
        with trial.writing(10, urgent_every=15):
            time.sleep(60 if LONG else 25)
        slowest = max(max(writer.seconds) for writer in trial.writers)
    finally:
        faults.signal_redis(trial, signal.SIGCONT)
    with trial.writing(10):
        trial.saw["consuming_again_s"] = faults.workers_answer(trial, within=30)
    trial.everybody_is_answered(10)
    trial.saw |= {"slowest_post_s": round(slowest, 3), "answered_p95_s": p95(trial)}
    assert slowest < 0.5
    assert p95(trial) <= 5
    assert trial.saw["consuming_again_s"] <= 15
    hold(trial)


def posting_p95(trial: Trial) -> float:
    """95 of 100 posts were answered within so many seconds."""
    spans = sorted(span for writer in trial.writers for span in writer.seconds)
    return round(spans[int(len(spans) * 0.95)], 3)
