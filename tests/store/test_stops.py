"""The one list of who wants no more: fed by people's own words, by the carrier, and by what they told the mail provider."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from store import receipts
from store.engine import Engine, connect, transaction
from store.receipts import Report
from tests.queue_builders import DANA, NOW, rows

WORK, HOME, CELL = "dana@cole.example", "dana@home.example", "+13125550188"


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """Dana has two phones and two mail addresses; Eve has one of each."""
    engine = connect(database, role="test")
    with transaction(engine) as db:
        for person, addresses in ((1, (DANA, CELL, WORK, HOME)), (2, ("+12125550177", "eve@example.com"))):
            db.execute(
                text("INSERT INTO people (id, created_at) OVERRIDING SYSTEM VALUE VALUES (:id, :at)"), {"id": person, "at": NOW}
            )
            for value in addresses:
                kind = "phone" if value.startswith("+") else "email"
                db.execute(
                    text("INSERT INTO addresses (kind, value, person_id) VALUES (:k, :v, :p)"),
                    {"k": kind, "v": value, "p": person},
                )
    yield engine
    engine.dispose()


def closed(engine: Engine) -> set[tuple[str, str]]:
    return {(row["channel"], row["address"]) for row in rows(engine, "suppressions")}


def told(engine: Engine, event: str, email: str, status: str = "opted_out") -> None:
    """SendGrid reports an event about an address, of a mail that is none of ours."""
    receipts.record(engine, [Report("sendgrid", f"{event}:{email}", status, None, "m1", event, {"email": email})], NOW)


def test_a_number_that_the_carrier_has_blocked_closes_all_the_persons_phones(engine):
    receipts.stopped(engine, "sms", DANA, reason="21610", now=NOW)
    assert closed(engine) == {(channel, number) for channel in ("sms", "whatsapp") for number in (DANA, CELL)}


def test_a_stop_on_whatsapp_by_its_bare_number_closes_them_too(engine):
    receipts.stopped(engine, "whatsapp", DANA.lstrip("+"), reason="131050", now=NOW)
    assert {("sms", DANA), ("sms", CELL), ("whatsapp", CELL), ("whatsapp", DANA.lstrip("+"))} <= closed(engine)


def test_a_landline_closes_itself_alone(engine):
    receipts.suppress(engine, "sms", DANA, reason="30006", now=NOW)
    assert closed(engine) == {("sms", DANA)}


def test_a_number_of_nobody_closes_itself(engine):
    receipts.stopped(engine, "sms", "+14155550100", reason="21610", now=NOW)
    assert closed(engine) == {("sms", "+14155550100"), ("whatsapp", "+14155550100")}


@pytest.mark.parametrize("event", ["unsubscribe", "spamreport", "group_unsubscribe"])
def test_who_unsubscribes_from_any_mail_gets_none_of_ours_at_any_address(engine, event):
    told(engine, event, "Dana@Cole.example")
    assert closed(engine) == {("email", WORK), ("email", HOME)}
    assert {row["reason"] for row in rows(engine, "suppressions")} == {event}
    assert receipts.waiting(engine, NOW) == [], "there is no message of ours to act on"


def test_somebody_we_do_not_know_yet_is_kept_out_all_the_same(engine):
    told(engine, "spamreport", "omar@example.com")
    assert closed(engine) == {("email", "omar@example.com")}


def test_a_resubscription_opens_what_that_list_had_closed_and_nothing_else(engine):
    told(engine, "group_unsubscribe", "eve@example.com")
    told(engine, "spamreport", WORK)
    told(engine, "group_resubscribe", "eve@example.com", "opted_in")
    told(engine, "group_resubscribe", WORK, "opted_in")
    assert closed(engine) == {("email", WORK), ("email", HOME)}


@pytest.mark.parametrize("body", [{}, {"email": ""}, {"email": "no address"}, {"email": None}])
def test_a_wish_without_an_address_closes_nothing(engine, body):
    receipts.record(engine, [Report("sendgrid", "e1", "opted_out", None, "m1", "unsubscribe", body)], NOW)
    assert closed(engine) == set()


def test_other_reports_close_nothing(engine):
    for status in ("delivered", "undelivered", "failed", "deferred"):
        receipts.record(engine, [Report("sendgrid", status, status, None, "m1", "bounce", {"email": WORK})], NOW)
    assert closed(engine) == set()
