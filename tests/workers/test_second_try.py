"""Texts that a carrier did not deliver: when they are tried once more, and when the operator hears that our sender is filtered."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from store import advance, inbox, receipts
from store.inbox import Received
from store.receipts import Report
from tests.fakes import refuse
from tests.queue_builders import NOW as MORNING
from tests.queue_builders import a_lead, a_message, rows
from workers.followups import follow_up
from workers.send import Sender, send_due

NOW = MORNING + timedelta(hours=3)  # no quiet hours anywhere
LATER = NOW + timedelta(minutes=10)
DANA, MAIL = "+15125550143", "dana@example.com"


@pytest.fixture
def sender(engine, settings, wire) -> Iterator[Sender]:
    sender = Sender(engine, settings, wire=wire)
    yield sender
    sender.finish(NOW)
    sender.close()


@pytest.fixture
def act(engine, settings, sender):
    """Everything that is due at an instant."""

    def act(at=NOW) -> None:
        send_due(sender, at)
        follow_up(engine, settings, sender.lanes, at)
        send_due(sender, at)

    return act


def dana_is_texted(engine, act, **content: object) -> int:
    """Dana writes from her phone and is acknowledged; returns the text's id."""
    said = {"name": "Dana Cole", "phone": DANA, "channel": "form", "kind": "form", **content}
    inbox.record(engine, [Received("website", "form:1", "form", said, b"{}", {}, NOW)], NOW)
    advance.drain_inbox(engine, NOW)
    act()
    return int(rows(engine, "outbox", purpose="ack")[0]["id"])


def not_delivered(engine, message: int, code: str, *, at=NOW) -> None:
    receipts.record(engine, [Report("twilio", f"SM{message}:undelivered", "undelivered", message_id=message, code=code)], at)


def states(engine) -> list[tuple[object, object]]:
    return sorted((m["channel"], m["state"]) for m in rows(engine, "outbox", purpose="ack"))


@pytest.mark.parametrize("code", ["30001", "30003", "30008"])
def test_a_phone_that_was_off_is_texted_once_more_after_ten_minutes_where_there_is_no_mail(engine, act, provider, code):
    first = dana_is_texted(engine, act)
    not_delivered(engine, first, code)
    act()
    act(LATER - timedelta(seconds=1))
    assert len(provider.to(DANA)) == 1
    act(LATER)
    act(LATER)
    assert [sent.body for sent in provider.to(DANA)] == [provider.to(DANA)[0].body] * 2
    assert states(engine) == [("sms", "failed"), ("sms", "sent")]


def test_a_second_text_that_does_not_arrive_either_is_the_last(engine, act, provider):
    not_delivered(engine, dana_is_texted(engine, act), "30003")
    act()
    act(LATER)
    [second] = rows(engine, "outbox", purpose="ack", state="sent")
    not_delivered(engine, int(str(second["id"])), "30003", at=LATER)
    act(LATER)
    act(LATER + timedelta(minutes=11))
    assert len(provider.to(DANA)) == 2


def test_whoever_got_the_mail_is_not_texted_again(engine, act, provider):
    not_delivered(engine, dana_is_texted(engine, act, email=MAIL), "30003")
    act()
    act(LATER)
    assert (len(provider.to(DANA)), len(provider.to(MAIL))) == (1, 1)


def test_whoever_s_mail_failed_too_is_texted_again(engine, act, provider):
    not_delivered(engine, dana_is_texted(engine, act, email=MAIL), "30003")
    provider.once("sendgrid", refuse(400))
    act()
    act(LATER)
    assert (len(provider.to(DANA)), len(provider.to(MAIL))) == (2, 0)


@pytest.mark.parametrize(
    "became", ["closed_at = arrived_at", "status = 'responded'"], ids=["closed meanwhile", "answered meanwhile"]
)
def test_what_is_no_longer_true_is_not_sent_again(engine, act, provider, became):
    not_delivered(engine, dana_is_texted(engine, act), "30003")
    act()
    with engine.begin() as db:
        db.exec_driver_sql(f"UPDATE leads SET {became}")
    act(LATER)
    assert len(provider.to(DANA)) == 1


def test_an_acknowledgement_whose_time_is_over_is_not_sent_again(engine, act, provider):
    not_delivered(engine, dana_is_texted(engine, act), "30003")
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE outbox SET expires_at = created_at + interval '9 minutes'")
    act()
    act(LATER)
    assert len(provider.to(DANA)) == 1
    assert states(engine) == [("sms", "failed")]


@pytest.mark.parametrize("code", ["30004", "30007"])
def test_a_filtered_text_is_never_sent_again(engine, act, provider, code):
    not_delivered(engine, dana_is_texted(engine, act), code)
    act()
    act(LATER)
    assert len(provider.to(DANA)) == 1


@pytest.mark.parametrize(
    ("filtered", "minutes_apart", "is_told"), [(4, 1, False), (5, 1, True), (5, 20, False)], ids=["four", "five", "over hours"]
)
def test_the_operator_is_told_when_carriers_filter_our_sender(engine, act, filtered, minutes_apart, is_told):
    lead = a_lead(engine)
    for number in range(filtered):
        at = NOW + timedelta(minutes=minutes_apart * number)
        text = a_message(engine, lead, at=at, state="sent", provider="twilio", sent_at=at)
        not_delivered(engine, text, "30007", at=at)
        act(at)
    told = [notice["text"] for notice in rows(engine, "notices", key="filtered:twilio")]
    assert bool(told) is is_told
    assert all("5 texts in an hour" in str(words) and "30007" in str(words) for words in told)
