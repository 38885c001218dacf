"""Web, workers and clock are killed, frozen and asked to stop while leads come in."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.processes import wait_until
from tests.chaos import faults
from tests.chaos.promises import hold, is_up
from tests.chaos.trial import LONG, Trial
from tests.fakes import hang
from tests.installation import START_WITHIN
from tests.receiver import Receiver

pytestmark = pytest.mark.chaos
LEADS = int(os.environ.get("CHAOS_LEADS", "300"))


def test_f01_web_is_killed_in_a_burst(trial: Trial):
    with ThreadPoolExecutor(1) as background:
        burst = background.submit(trial.write, 500, per_second=50)
        kills = 0
        while not burst.done():
            time.sleep(trial.random.uniform(0.5, 4))
            kills += faults.kill(trial, "web") is not None
            wait_until(lambda: is_up(trial, "/livez"), 20)
    trial.until(lambda: is_up(trial, "/readyz"), 20, "web is back")
    unanswered = [writer.key for writer in trial.writers if not writer.taken_at]
    there = trial.count("SELECT count(*) FROM inbox WHERE external_id = ANY(:keys)", keys=[f"form:{key}" for key in unanswered])
    trial.saw |= {"kills": kills, "answers": trial.answers(), "unanswered": len(unanswered), "written_down_all_the_same": there}
    trial.all_try_again()
    trial.everybody_is_answered(60)
    hold(trial)


def test_f03_every_celery_process_is_killed_every_few_seconds(trial: Trial):
    trial.texts.always("twilio", hang(0.05))  # so that kills strike in the middle of calls
    with ThreadPoolExecutor(1) as background:
        written = background.submit(trial.write, LEADS, per_second=30)
        kills = 0
        while not written.done() or kills < 4:
            kills += faults.kill_again_and_again(trial, "worker", times=1, every=2.5)
    trial.saw["kills"] = kills
    trial.all_try_again()
    trial.saw["all_answered_after_s"] = trial.everybody_is_answered(150)
    hold(trial)


def test_f07_one_of_two_clocks_is_killed(trial: Trial):
    trial.redis.stop()  # so that only the clocks work
    with faults.another_clock(trial):
        with trial.writing(2, urgent_every=1):
            trial.saw["kills"] = faults.kill_again_and_again(trial, "clock", times=5, every=4.0)
        trial.redis.restart()
        hold(trial)
    trial.saw["alarms_late_s"] = lateness(trial)
    assert lateness(trial) <= 2.0
    assert trial.count(RUNG_TWICE) == 0


def test_f07_the_only_clock_is_killed(trial: Trial):
    with trial.writing(2, urgent_every=2):
        trial.saw["kills"] = faults.kill_again_and_again(trial, "clock", times=5, every=4.0)
    hold(trial, told_within=12)
    trial.saw["alarms_late_s"] = lateness(trial)
    assert lateness(trial) <= 12.0
    assert trial.count(RUNG_TWICE) == 0


RUNG_TWICE = "SELECT count(*) FROM (SELECT FROM steps WHERE late_by IS NOT NULL GROUP BY lead_id, event, data HAVING count(*) > 1) AS twice"


def test_f08_the_bell_is_stuck(trial: Trial):
    faults.jam_the_bell(trial)
    with trial.writing(5, urgent_every=10):
        time.sleep(30 if LONG else 15)
    trial.everybody_is_answered(10)
    trial.saw["answered_p95_s"] = p95(trial)
    assert p95(trial) <= 5
    hold(trial)


def test_f65_every_role_is_asked_to_stop_in_turn(trial: Trial):
    took = {}
    with trial.writing(10, urgent_every=20):
        for role in faults.ROLES:
            before = trial.house.pid(role)
            began = time.monotonic()
            os.kill(before, signal.SIGTERM)
            trial.until(lambda role=role, before=before: faults.replaced(trial, role, before), 25, f"{role} is replaced")
            took[role] = round(time.monotonic() - began, 1)
            trial.until(lambda: is_up(trial, "/readyz"), 20, "web is back")
            trial.until(lambda role=role: faults.is_working(trial, role), 30, f"{role} works")
    trial.saw |= {"replaced_after_s": took, "tried_again": trial.all_try_again()}
    assert max(took.values()) <= 20
    trial.everybody_is_answered(30)
    hold(trial)


def test_sigterm_to_everything_under_load(trial: Trial):
    """What is in hand is finished first, also calls that take the provider a second; then `headroom up` ends by itself."""
    trial.texts.always("twilio", hang(1))
    with trial.writing(10, urgent_every=20):
        time.sleep(5)
        began = time.monotonic()
        assert trial.house.stop(signal.SIGTERM) == 0
        trial.saw["exit_s"] = round(time.monotonic() - began, 1)
        assert trial.house.processes() == []
        trial.saw["left_in_mid_call"] = trial.count("SELECT count(*) FROM outbox WHERE state = 'sending'")
    trial.house.start()
    trial.saw["tried_again"] = trial.all_try_again()
    trial.everybody_is_answered(60)
    assert trial.saw["exit_s"] <= 20
    assert trial.saw["left_in_mid_call"] == 0
    hold(trial, told_within=5 + START_WITHIN)


@pytest.mark.parametrize("order", [("postgres", "redis", "house"), ("house", "redis", "postgres")], ids=["we_last", "we_first"])
def test_f68_everything_is_killed_at_once(trial: Trial, order: tuple[str, ...]):
    with trial.writing(15, urgent_every=10):
        time.sleep(4)
        faults.kill_everything(trial)
    began = time.monotonic()
    starts = {"postgres": trial.postgres.restart, "redis": trial.redis.restart, "house": lambda: come_up(trial, order)}
    for each in order:
        starts[each]()
    trial.until(lambda: is_up(trial, "/readyz") and is_up(trial, "/health/engine"), 60, "everything is back")
    trial.saw["up_again_after_s"] = round(time.monotonic() - began, 1)
    trial.all_try_again()
    trial.everybody_is_answered(60)
    hold(trial, told_within=5 + 10 + time.monotonic() - began)
    trial.saw["spooled"] = sum(not writer.code for writer in trial.taken)


def come_up(trial: Trial, order: tuple[str, ...]) -> None:
    """`headroom up`; where the database comes later, leads are taken before that."""
    if order[-1] == "house":
        trial.house.start()
        return
    trial.house.start("leads wait on the spool")
    trial.until(lambda: is_up(trial, "/readyz"), 30, "web is there")
    assert all(trial.writes(trial.somebody()) == 202 for _ in range(5))


@pytest.mark.parametrize("trial", [{"by_hand": True}], indirect=True)
def test_f70_both_clocks_are_frozen(trial: Trial):
    with Receiver() as switch:
        trial.house._environ |= {"HEADROOM_DEADMAN_URL": switch.url, "HEADROOM_ALLOW_PRIVATE_URLS": "127.0.0.1"}
        trial.house.start()
        with faults.another_clock(trial) as second:
            trial.until(lambda: switch.posts, 45, "a first clean pass of the auditor is told")
            urgent = trial.urgent(3)
            second.send_signal(signal.SIGSTOP)
            before, frozen, calls = faults.kill(trial, "clock", signal.SIGSTOP), time.monotonic(), len(switch.posts)
            trial.saw["engine_503_after_s"] = trial.until(
                lambda: trial.house.get("/health/engine").status == 503, 12, "503 from the engine"
            )
            assert is_up(trial, "/readyz")
            trial.saw["replaced_after_s"] = trial.until(lambda: faults.replaced(trial, "clock", before), 30, "another clock")
            assert wait_until(lambda: is_up(trial, "/health/engine"), 15)
            assert len(urgent) == 3
            hold(trial, told_within=30)
            trial.until(lambda: len(switch.posts) > calls, 90, "the dead man's switch is told again")
            trial.saw["deadman_silent_s"] = round(time.monotonic() - frozen, 1)
    assert trial.saw["deadman_silent_s"] > 32, "it is told every 30 s, also while no clock ticks"


def lateness(trial: Trial) -> float:
    """The latest alarm of all, in seconds."""
    return round(float(trial.rows("SELECT coalesce(max(late_by), 0) FROM steps")[0][0]), 2)


def p95(trial: Trial) -> float:
    """95 of 100 had their first message within so many seconds."""
    spans = trial.answered_after()
    return round(spans[int(len(spans) * 0.95)], 2) if spans else 0.0
