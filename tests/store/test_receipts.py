"""Delivery reports in any order, any number of times."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from store import outbox, receipts
from store.engine import connect
from store.outbox import Begun, Lane, Result
from store.receipts import Report
from tests.queue_builders import DANA, NOW, a_lead, a_message, rows, the_message


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    yield engine
    engine.dispose()


def sent(engine: Engine, sid: str, **columns: object) -> int:
    message = a_message(engine, a_lead(engine), **columns)
    [claimed] = outbox.claim(engine, NOW, [Lane(("sms", "email"), 1)])
    outbox.turn(engine, NOW, begun=[Begun(message, claimed.fence, "twilio", None, "Hi")])
    outbox.turn(engine, NOW, results=[Result(message, claimed.fence, "sent", outcome="accepted", provider_id=sid)])
    return message


def report(status: str, sid: str = "SM1", **more: object) -> Report:
    return Report("twilio", f"{sid}:{status}", status, provider_id=sid, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", list(permutations(["sending", "sent", "delivered"])))
def test_the_last_word_stands_in_whatever_order_reports_come(engine, order):
    message = sent(engine, "SM1")
    for status in order:
        receipts.record(engine, [report(status)], NOW)
    row = the_message(engine, message)
    assert (row["state"], row["rank"], row["delivered_at"]) == ("delivered", 5, NOW)


def test_reports_are_counted_once(engine):
    sent(engine, "SM1")
    assert receipts.record(engine, [report("sent"), report("sent"), report("delivered")], NOW) == 2
    assert receipts.record(engine, [report("delivered")] * 3, NOW) == 0
    assert len(rows(engine, "receipts")) == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    storm=st.lists(st.sampled_from(["queued", "sending", "sent", "delivered", "read"]), min_size=1, max_size=8), data=st.data()
)
def test_rank_never_falls(engine, storm, data):
    sid = f"SM{data.draw(st.uuids())}"
    message = sent(engine, sid)
    highest = 0
    for status in storm:
        receipts.record(engine, [report(status, sid)], NOW)
        rank = the_message(engine, message)["rank"]
        assert rank >= highest
        highest = rank


def test_a_report_binds_the_id_that_was_lost_and_acknowledges_the_lead(engine):
    dana = a_lead(engine)
    message = a_message(engine, dana)
    [claimed] = outbox.claim(engine, NOW, [Lane(("sms",), 1)])
    outbox.turn(engine, NOW, begun=[Begun(message, claimed.fence, "twilio", None, "Hi")])
    outbox.turn(engine, NOW, results=[Result(message, claimed.fence, "ambiguous", outcome="ambiguous", look_at=NOW)])
    receipts.record(engine, [report("sent", message_id=message)], NOW)
    row = the_message(engine, message)
    assert (row["state"], row["provider_id"], row["rank"]) == ("sent", "SM1", 4)
    assert rows(engine, "leads", id=dana)[0]["acked_at"] == NOW


def test_delivered_before_our_own_result_stays_delivered(engine):
    dana = a_lead(engine)
    message = a_message(engine, dana)
    [claimed] = outbox.claim(engine, NOW, [Lane(("sms",), 1)])
    outbox.turn(engine, NOW, begun=[Begun(message, claimed.fence, "twilio", None, "Hi")])
    receipts.record(engine, [report("delivered", message_id=message)], NOW)
    outbox.turn(engine, NOW, results=[Result(message, claimed.fence, "sent", outcome="accepted", provider_id="SM1")])
    assert the_message(engine, message)["state"] == "delivered"
    assert len(rows(engine, "steps", lead_id=dana)) == 1


def test_a_bad_end_waits_until_somebody_acted(engine):
    message = sent(engine, "SM1")
    receipts.record(engine, [report("undelivered", code="30003")], NOW)
    assert the_message(engine, message)["state"] == "failed"
    [waiting] = receipts.waiting(engine, NOW)
    assert (waiting.message_id, waiting.status, waiting.code) == (message, "undelivered", "30003")
    receipts.applied(engine, [waiting], NOW)
    assert receipts.waiting(engine, NOW) == []


def test_a_report_of_nobodys_message_is_kept_and_changes_nothing(engine):
    message = sent(engine, "SM1")
    assert receipts.record(engine, [report("failed", "SMother", message_id=message + 1_000)], NOW) == 1
    assert receipts.waiting(engine, NOW) == []
    assert the_message(engine, message)["state"] == "sent"


def test_stop_and_start(engine):
    receipts.suppress(engine, "sms", DANA, reason="STOP", now=NOW)
    receipts.suppress(engine, "sms", DANA, reason="21610", now=NOW + timedelta(days=1))
    assert [s["reason"] for s in rows(engine, "suppressions")] == ["STOP"]
    receipts.allow(engine, "sms", DANA)
    assert rows(engine, "suppressions") == []
