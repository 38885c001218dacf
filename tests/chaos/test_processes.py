"""Web, workers and clock are killed, frozen and asked to stop while leads come in."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.dotenv import read_env_file
from console.processes import wait_until
from tests.chaos import faults
from tests.chaos.promises import hold, is_up
from tests.chaos.trial import Trial
from tests.fakes import hang

pytestmark = pytest.mark.chaos
LEADS = int(os.environ.get("CHAOS_LEADS", "300"))


def test_f01_web_is_killed_in_a_burst(trial: Trial):
    with ThreadPoolExecutor(1) as background:
        burst = background.submit(trial.write, 500, per_second=30)
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
    environ = {
        **trial.house.env(),
        **read_env_file(trial.house.data / "local.env")[0],
        "HEADROOM_DATA": str(trial.folder / "second"),
    }
    second = subprocess.Popen([sys.executable, "-m", "workers.clock"], env=environ, stdout=subprocess.DEVNULL)
    try:
        beating = "SELECT count(*) FROM beats WHERE name = 'clock' AND detail ->> 'pid' = :pid"
        trial.until(lambda: trial.count(beating, pid=str(second.pid)) == 1, 30, "the second clock beats")
        with trial.writing(2, urgent_every=1):
            trial.saw["kills"] = faults.kill_again_and_again(trial, "clock", times=5, every=4.0)
        trial.redis.restart()
        hold(trial)
    finally:
        second.kill()
        second.wait()
    trial.saw["alarms_late_s"] = lateness(trial)
    assert lateness(trial) <= 2.0


def test_f07_the_only_clock_is_killed(trial: Trial):
    with trial.writing(2, urgent_every=2):
        trial.saw["kills"] = faults.kill_again_and_again(trial, "clock", times=5, every=4.0)
    hold(trial, told_within=12)
    trial.saw["alarms_late_s"] = lateness(trial)
    assert lateness(trial) <= 12.0


def test_f08_the_bell_is_stuck(trial: Trial):
    faults.jam_the_bell(trial)
    with trial.writing(5, urgent_every=10):
        time.sleep(15)
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


def test_f68_everything_is_killed_at_once(trial: Trial):
    with trial.writing(15, urgent_every=10):
        time.sleep(4)
        faults.kill_everything(trial)
    began = time.monotonic()
    trial.postgres.restart()
    trial.redis.restart()
    trial.house.start()
    trial.saw["up_again_after_s"] = round(time.monotonic() - began, 1)
    trial.all_try_again()
    trial.everybody_is_answered(60)
    hold(trial, told_within=5 + 10 + time.monotonic() - began)


def test_f70_the_clock_is_frozen(trial: Trial):
    urgent = trial.urgent(3)
    before = faults.kill(trial, "clock", signal.SIGSTOP)
    trial.saw["engine_503_after_s"] = trial.until(
        lambda: trial.house.get("/health/engine").status == 503, 12.5, "503 from the engine"
    )
    assert is_up(trial, "/readyz")
    trial.saw["replaced_after_s"] = trial.until(lambda: faults.replaced(trial, "clock", before), 30, "another clock")
    assert wait_until(lambda: is_up(trial, "/health/engine"), 15)
    assert len(urgent) == 3
    hold(trial, told_within=30)


def lateness(trial: Trial) -> float:
    """The latest alarm of all, in seconds."""
    return round(float(trial.rows("SELECT coalesce(max(late_by), 0) FROM steps")[0][0]), 2)


def p95(trial: Trial) -> float:
    """95 of 100 had their first message within so many seconds."""
    spans = trial.answered_after()
    return round(spans[int(len(spans) * 0.95)], 2) if spans else 0.0
