"""PostgreSQL is restarted, killed, away, full of other people's connections and read-only: a 2xx is never taken back."""

import time
from contextlib import ExitStack

import psycopg
import pytest

from tests.chaos import faults
from tests.chaos.promises import hold, is_up
from tests.chaos.test_processes import lateness
from tests.chaos.trial import LONG, Trial

pytestmark = pytest.mark.chaos
UNDECIDED = "SELECT count(*) FROM inbox WHERE done_at IS NULL"
OVERDUE = "SELECT count(*) FROM alarms WHERE armed AND due_at < now()"
# two who write within the same tenth of a second may change places
OUT_OF_ORDER = """
    SELECT count(*) FROM (SELECT received_at, max(received_at) OVER (ORDER BY number ROWS UNBOUNDED PRECEDING) AS latest FROM inbox) AS i
    WHERE received_at < latest - interval '0.1 s'
"""


def test_f15_postgres_is_restarted_under_load(trial: Trial):
    with trial.writing(10, urgent_every=10):
        time.sleep(3)
        faults.stop_postgres(trial)
        faults.start_postgres(trial)
        trial.saw["normal_after_s"] = trial.until(lambda: is_up(trial, "/health/engine"), 10, "the engine turns")
        time.sleep(3)
    trial.saw["answers"] = trial.answers()
    assert set(trial.answers()) <= {"202", "503"}
    trial.saw["tried_again"] = trial.all_try_again()
    trial.everybody_is_answered(60)
    hold(trial, told_within=15)


def test_f16_postgres_is_killed_and_comes_back_later(trial: Trial):
    with trial.writing(10, urgent_every=10):
        time.sleep(3)
        faults.stop_postgres(trial, hard=True)
        time.sleep(15)
        faults.start_postgres(trial)
        trial.saw["normal_after_s"] = trial.until(lambda: is_up(trial, "/health/engine"), 15, "the engine turns")
    trial.saw["answers"] = trial.answers()
    assert set(trial.answers()) <= {"202", "503"}
    trial.saw["tried_again"] = trial.all_try_again()
    trial.everybody_is_answered(60)
    hold(trial, told_within=30)


def test_f17_postgres_is_away_for_minutes(trial: Trial):
    trial.urgent(3)
    trial.until(lambda: trial.count(UNDECIDED) == 0, 10, "the first are decided")
    faults.stop_postgres(trial)
    with trial.writing(5, urgent_every=20):
        for _ in range(300 if LONG else 45):
            time.sleep(1)
            assert is_up(trial, "/readyz")
    assert all(writer.taken_at for writer in trial.writers), "somebody was turned away"
    trial.saw["answers"] = trial.answers()
    back = time.monotonic()
    faults.start_postgres(trial)
    spooled = [f"form:{writer.key}" for writer in trial.writers]
    drained = lambda: trial.count("SELECT count(*) FROM inbox WHERE external_id = ANY(:keys)", keys=spooled) == len(spooled)  # noqa: E731
    trial.saw["drained_after_s"] = trial.until(drained, 30, "the spool is empty")
    trial.until(lambda: trial.count(OVERDUE) == 0, 15, "what was due has rung")
    trial.saw |= {"alarms_rang_after_s": round(time.monotonic() - back, 1), "alarms_late_s": lateness(trial)}
    trial.saw["out_of_order"] = trial.count(OUT_OF_ORDER)
    assert trial.saw["alarms_rang_after_s"] <= 10
    assert lateness(trial) > 30, "an alarm that was late does not say so"
    assert trial.saw["out_of_order"] == 0
    trial.everybody_is_answered(60)
    hold(trial, told_within=400 if LONG else 90)


def test_f20_others_hold_all_connections(trial: Trial):
    with ExitStack() as others:
        taken = 0
        while taken < 200:
            try:
                others.enter_context(psycopg.connect(trial.database_url))
            except psycopg.OperationalError:
                break
            taken += 1
        trial.write(20, per_second=10)
    trial.saw |= {"connections_taken": taken, "slowest_post_s": round(max(max(w.seconds) for w in trial.writers), 1)}
    trial.saw["answers"] = trial.answers()
    assert all(answer in (200, 202, 503) for writer in trial.writers for answer in writer.answers)
    assert max(max(writer.seconds) for writer in trial.writers) <= 3
    trial.all_try_again()
    trial.everybody_is_answered(30)
    hold(trial)


def test_f22_the_database_takes_no_writes(trial: Trial):
    read_only(trial, "on")
    trial.write(20, per_second=5)
    trial.saw["answers"] = trial.answers()
    said_before = log_size(trial)
    time.sleep(10)
    trial.saw["log_bytes_in_10_s"] = log_size(trial) - said_before
    operator_is_told(trial)
    read_only(trial, "off")
    assert all(answer in (202, 503) for writer in trial.writers for answer in writer.answers)
    assert trial.saw["log_bytes_in_10_s"] < 100_000, "a busy loop"
    trial.all_try_again()
    trial.everybody_is_answered(60)
    hold(trial)


def test_backup_is_made_under_load_and_restored_after_a_disaster(trial: Trial):
    """Everybody who was confirmed before it is there; all send again, and nobody's key makes two leads."""
    file = trial.folder / "backup.dump"
    with trial.writing(10):
        time.sleep(5)
        kept = [writer for writer in trial.writers if writer.code]
        began = time.monotonic()
        done = trial.house.run("backup", str(file))
        trial.saw["backup_s"] = round(time.monotonic() - began, 1)
        assert done.returncode == 0, done.stderr
        time.sleep(3)
    refused = trial.house.run("restore", str(file), "--yes")
    assert refused.returncode == 1 and "is running on this database" in refused.stderr
    trial.everybody_is_answered(30)
    assert trial.house.stop() == 0
    with psycopg.connect(trial.database_url, autocommit=True) as db:
        db.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    began = time.monotonic()
    done = trial.house.run("restore", str(file), "--yes")
    trial.saw["restore_s"] = round(time.monotonic() - began, 1)
    assert done.returncode == 0, done.stderr
    there = trial.count("SELECT count(*) FROM leads WHERE message = ANY(:keys)", keys=[writer.key for writer in kept])
    trial.saw |= {"confirmed_before": len(kept), "there_after": there}
    assert there == len(kept)
    trial.house.start()
    again = [trial.writes(writer) for writer in trial.writers]
    trial.saw["sent_again"] = {str(status): again.count(status) for status in set(again)}
    assert set(again) == {200, 202} and again.count(200) >= len(kept)
    trial.until(lambda: trial.count(UNDECIDED) == 0, 20, "all are decided")
    once = "SELECT count(*) FROM (SELECT FROM leads GROUP BY message HAVING count(*) = 1) AS m"
    assert trial.count(once) == len(trial.writers)
    trial.begins_anew()
    trial.write(20, per_second=10)
    trial.urgent(3)
    trial.everybody_is_answered(30)
    hold(trial)


def operator_is_told(trial: Trial) -> None:
    """Nothing can be written into the database, so it stands in the log, at the probes and in `headroom doctor`."""
    trial.until(lambda: trial.house.get("/health/engine").status == 503, 12, "the engine is called stopped")
    trial.until(lambda: "spool" in [f["check"] for f in trial.house.api("/ops/invariants")["findings"]], 40, "the spool is found")
    said = (trial.house.data / "logs" / "web.log").read_text()
    trial.saw["lines_in_the_log"] = said.count("database_does_not_take_leads")
    assert trial.saw["lines_in_the_log"] > 0


def read_only(trial: Trial, setting: str) -> None:
    """As after a full disk: everything can be read, nothing written."""
    with psycopg.connect(trial.database_url, autocommit=True, options="-c default_transaction_read_only=off") as db:
        db.execute(f"ALTER SYSTEM SET default_transaction_read_only = {setting}")
        db.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)


def log_size(trial: Trial) -> int:
    """Bytes that all processes have logged so far."""
    return sum(file.stat().st_size for file in (trial.house.data / "logs").glob("*.log"))
