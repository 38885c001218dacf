"""The auditor finds what must not be, and says nothing where all is well."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from store import audits, beats, notices
from store.engine import connect
from tests.queue_builders import NOW, a_lead, a_message

MINUTES = timedelta(minutes=1)


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
    run(engine, "UPDATE leads SET holders = '{priya}', changed_at = :at WHERE id = :id", id=dana, at=NOW - MINUTES)
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


def test_a_clock_that_stopped_is_found(engine):
    beats.beat(engine, "clock", NOW - timedelta(seconds=11), {})
    assert found(engine) == {"clock": 1}
    beats.beat(engine, "clock", NOW, {})
    assert found(engine) == {}


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
