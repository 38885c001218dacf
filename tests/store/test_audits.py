"""The auditor finds what must not be, and says nothing where all is well."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from store import audits, beats, notices
from store.engine import connect
from tests.firm import Firm, team
from tests.queue_builders import NOW, a_lead, a_message
from workers.auditor import Auditor

MINUTES, SECONDS = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    yield engine
    engine.dispose()


def run(engine: Engine, statement: str, **values: object) -> None:
    with engine.begin() as db:
        db.execute(text(statement), values)


def watched_lead(engine: Engine) -> int:
    dana = a_lead(engine)
    run(
        engine,
        "INSERT INTO alarms (lead_id, key, due_at, event) VALUES (:id, 'response', :at, 'ResponseDue')",
        id=dana,
        at=NOW + 60 * MINUTES,
    )
    run(
        engine,
        "UPDATE leads SET owner = NULL, holders = '{priya}', changed_at = :at WHERE id = :id",
        id=dana,
        at=NOW - MINUTES,
    )
    return dana


def found(engine: Engine) -> dict[str, int]:
    said = audits.findings(engine, NOW)
    assert said["clean"] == (not said["findings"])
    return {f["check"]: f["count"] for f in said["findings"]}


def test_all_is_well(engine):
    watched_lead(engine)
    a_message(engine, None, at=NOW - timedelta(seconds=5))
    assert found(engine) == {}


WRONG = {
    "inbox": "INSERT INTO inbox (source, external_id, event, body, digest, received_at, due_at)"
    " VALUES ('website', '1', 'form', '', '', :past, :past)",
    "fetches": "INSERT INTO inbox (source, external_id, event, body, digest, received_at, due_at)"
    " VALUES ('meta', '1', 'fetch_required', '', '', :past, :past)",
    "alarms": "UPDATE alarms SET due_at = :past",
    "unwatched": "UPDATE alarms SET armed = false",
    "ownerless": "UPDATE leads SET holders = '{}'",
    "unacknowledged": 'WITH lost AS (DELETE FROM outbox) UPDATE leads SET state = \'{"acked_on": ["sms"]}\', '
    "arrived_at = CAST(:past AS timestamptz) + interval '19 min 30 s'",
    "owners": "UPDATE leads SET owner = 'tom'",
    "unsent": "UPDATE outbox SET not_before = :past",
    "leases": "UPDATE outbox SET state = 'sending', lease_until = :past",
    "in_doubt": "UPDATE outbox SET state = 'ambiguous', lease_until = :past, ambiguous_at = :past",
    "unacted": "INSERT INTO receipts (provider, key, message_id, status, received_at) VALUES ('twilio', '1', 1, 'failed', :past)",
    "no_report": "UPDATE outbox SET state = 'sent', provider = 'twilio', sent_at = :past",
}


@pytest.mark.parametrize("check", WRONG)
def test_what_is_wrong_is_found(engine, check):
    dana = watched_lead(engine)
    a_message(engine, dana)
    run(engine, WRONG[check], past=NOW - 20 * MINUTES) if ":past" in WRONG[check] else run(engine, WRONG[check])
    assert found(engine) == {check: 1}


def announced(engine: Engine, state: str) -> None:
    """An event for the endpoint `crm`, left lying for ten minutes; only this one."""
    run(engine, "DELETE FROM dispatches")
    run(
        engine,
        "WITH a AS (INSERT INTO announcements (lead_id, type, body, at) VALUES (:lead, 'lead.arrived', '{}', :at) RETURNING id, lead_id) "
        "INSERT INTO dispatches (announcement_id, lead_id, endpoint, state, queued_at, not_before, lease_until) "
        "SELECT id, lead_id, 'crm', :state, :at, :at, :at FROM a",
        lead=watched_lead(engine), at=NOW - 10 * MINUTES, state=state,
    )  # fmt: skip


def test_events_that_nobody_delivers_are_found(engine):
    run(engine, "INSERT INTO endpoints (id, enabled, failures) VALUES ('crm', true, 0)")
    announced(engine, "pending")
    assert found(engine) == {"events": 1}
    run(engine, "UPDATE endpoints SET open_until = :later", later=NOW + MINUTES)
    assert found(engine) == {}  # it is put off
    announced(engine, "sending")
    assert found(engine) == {"events": 1}


def test_a_table_that_autovacuum_cannot_keep_up_with_is_found(engine):
    """As when somebody has forgotten an open transaction."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(text("CREATE TABLE heap (n int) WITH (autovacuum_enabled = false)"))
        db.execute(text("INSERT INTO heap SELECT generate_series(1, 60000)"))
        db.execute(text("DELETE FROM heap WHERE n > 5"))
        db.execute(text("SELECT pg_stat_force_next_flush()"))
    for _ in range(100):
        if found(engine) == {"bloat": 1}:
            return
        time.sleep(0.1)
    assert found(engine) == {"bloat": 1}


def test_no_check_goes_without_a_test_that_breaks_it():
    assert {check.name for check in audits.CHECKS} == {*WRONG, "clock", "events", "bloat"}


def test_a_clock_that_stopped_is_found(engine):
    beats.beat(engine, "clock", NOW - timedelta(seconds=11), {})
    assert found(engine) == {"clock": 1}
    beats.beat(engine, "clock", NOW, {})
    assert found(engine) == {}


def test_a_question_that_takes_too_long_is_a_finding_and_the_others_are_asked(engine, monkeypatch):
    slow = audits.Check(
        "slow", "whatever takes long", MINUTES, text("SELECT pg_sleep(9)::text AS id FROM (SELECT :now, :before, :most) AS v")
    )
    monkeypatch.setattr(audits, "LOOK_MS", 50)
    monkeypatch.setattr(audits, "CHECKS", (slow, *audits.CHECKS))
    beats.beat(engine, "clock", NOW - timedelta(seconds=11), {})
    said = audits.findings(engine, NOW)
    assert [f["check"] for f in said["findings"]] == ["slow", "clock"]
    assert said["findings"][0]["means"] == "not found out within 0.05 s: whatever takes long"


def test_notices_are_shown_beside_the_findings(engine):
    notices.raise_notice(engine, "words:ack", "The words are wrong.", NOW)
    notices.raise_notice(engine, "over", "It is over.", NOW)
    notices.end_notice(engine, "over", NOW)
    assert [n["text"] for n in audits.findings(engine, NOW)["notices"]] == ["The words are wrong."]


def test_counters_that_drifted_are_put_right(engine):
    watched_lead(engine)
    run(engine, "UPDATE leads SET status = 'responded' WHERE id IN (SELECT min(id) FROM leads)")
    watched_lead(engine)
    run(engine, "INSERT INTO reps (id, open, unanswered) VALUES ('priya', 5, 0), ('tom', 1, 1), ('ana', 0, 0)")
    mended = {
        row["id"]: (row["was_open"], row["open"], row["was_unanswered"], row["unanswered"])
        for row in audits.mend_loads(engine, NOW)
    }
    assert mended == {"priya": (5, 2, 0, 1), "tom": (1, 0, 1, 0)}
    assert audits.mend_loads(engine, NOW) == []


def test_seats_that_drifted_from_their_reps_are_put_right(database):
    firm = Firm(database, team({"priya": "cap: 1", "tom": "cap: 1"}, {"sales": "members: [priya, tom], offer: assign"}))
    firm.arrive()
    firm.is_sound()
    firm.do("UPDATE seats SET free = NOT free")
    assert audits.mend_seats(firm.engine) == ["priya", "tom"]
    firm.is_sound()
    assert audits.mend_seats(firm.engine) == []
    firm.engine.dispose()


def test_what_the_auditor_finds_stands_on_the_board_until_it_is_over(engine):
    auditor = Auditor(engine, lambda: None)
    auditor.look(NOW)
    watched_lead(engine)
    run(engine, "UPDATE alarms SET due_at = :past", past=NOW - MINUTES)
    auditor.look(NOW + 30 * SECONDS)
    [notice] = audits.findings(engine, NOW)["notices"]
    assert (notice["key"], "should have rung 15 s ago (1)" in notice["text"]) == ("auditor", True)
    run(engine, "UPDATE alarms SET due_at = :later", later=NOW + 60 * MINUTES)
    auditor.look(NOW + 45 * SECONDS)
    assert len(audits.findings(engine, NOW)["notices"]) == 1  # not its time yet
    auditor.look(NOW + 60 * SECONDS)
    assert audits.findings(engine, NOW)["notices"] == []


def test_an_acknowledgement_that_was_decided_and_is_gone_is_found(database):
    firm = Firm(database, team({"priya": "cap: 1"}, {"sales": "members: [priya], offer: assign"}))
    firm.arrive()
    firm.after(seconds=20)
    assert "unacknowledged" not in [f["check"] for f in audits.findings(firm.engine, firm.now)["findings"]]
    firm.do("DELETE FROM outbox WHERE purpose = 'ack'")
    assert "unacknowledged" in [f["check"] for f in audits.findings(firm.engine, firm.now)["findings"]]
    firm.engine.dispose()
