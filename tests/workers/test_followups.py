"""What follows from a message that did not arrive: the journey hears of it, or the team gets it another way."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from store import advance, breakers, inbox, receipts
from store.inbox import Received
from store.receipts import Report
from tests.fakes import refuse
from tests.queue_builders import NOW as MORNING
from tests.queue_builders import a_message, rows
from workers.followups import follow_up
from workers.send import Sender, send_due

NOW = MORNING + timedelta(hours=3)  # no quiet hours anywhere, since Dana's zone is not known


@pytest.fixture
def sender(engine, settings, wire) -> Iterator[Sender]:
    sender = Sender(engine, settings, wire=wire)
    yield sender
    sender.finish(NOW)
    sender.close()


def dana_writes(engine, **content: object) -> int:
    """Dana fills in the form; returns the lead's id."""
    said = {"name": "Dana Cole", "phone": "+15125550143", "email": "dana@example.com", "channel": "form", "kind": "form"}
    inbox.record(engine, [Received("website", "form:1", "form", {**said, **content}, b"{}", {}, NOW)], NOW)
    advance.drain_inbox(engine, NOW)
    return int(rows(engine, "leads")[0]["id"])


def a_reminder(engine, lead_id: int) -> int:
    """All else is sent; a text that reminds Priya is due. Returns its id."""
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE outbox SET state = 'sent'")
    reminder = {
        "recipient": "rep:priya", "purpose": "notice", "template": "remind", "address": "+15125550111",
        "key": f"remind:{lead_id}:1:priya:sms", "expires_at": None,
    }  # fmt: skip
    return a_message(engine, lead_id, at=NOW, **reminder)


def messages(engine, **where: object) -> list[dict[str, object]]:
    return sorted(rows(engine, "outbox", **where), key=lambda row: str(row["key"]))


def test_a_lead_whose_number_is_wrong_is_answered_by_mail(engine, settings, sender, provider):
    dana = dana_writes(engine)
    provider.once("twilio", refuse(400, 21211))
    send_due(sender, NOW)
    assert [m["channel"] for m in messages(engine, purpose="ack")] == ["sms"]
    assert follow_up(engine, settings, sender.lanes, NOW) == 1
    send_due(sender, NOW)
    assert {m["channel"]: m["state"] for m in messages(engine, purpose="ack")} == {"sms": "failed", "email": "sent"}
    assert [s.body for s in provider.to("dana@example.com")]
    assert rows(engine, "leads", id=dana)[0]["acked_at"] == NOW


def test_following_up_twice_changes_nothing_more(engine, settings, sender, provider):
    dana_writes(engine)
    provider.once("twilio", refuse(400, 21211))
    send_due(sender, NOW)
    [report] = receipts.waiting(engine, NOW)
    follow_up(engine, settings, sender.lanes, NOW)
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE receipts SET applied_at = NULL")
    follow_up(engine, settings, sender.lanes, NOW)
    assert [m["channel"] for m in messages(engine, purpose="ack")] == ["email", "sms"]
    assert report.status == "failed"


def test_what_was_accepted_and_not_delivered_counts_as_failed_too(engine, settings, sender, provider):
    dana_writes(engine)
    send_due(sender, NOW)
    [ack] = messages(engine, purpose="ack")
    receipts.record(engine, [Report("twilio", "SM1:undelivered", "undelivered", message_id=ack["id"], code="30003")], NOW)
    follow_up(engine, settings, sender.lanes, NOW)
    send_due(sender, NOW)
    assert {m["channel"]: m["state"] for m in messages(engine, purpose="ack")} == {"sms": "failed", "email": "sent"}


@pytest.mark.parametrize(
    ("code", "closed"),
    [("21610", {"sms", "whatsapp"}), ("30005", {"sms"}), ("30006", {"sms"})],
    ids=["opted out", "no such number", "a landline"],
)
def test_a_number_that_takes_no_texts_is_never_texted_again(engine, settings, sender, code, closed):
    dana_writes(engine)
    send_due(sender, NOW)
    [ack] = messages(engine, purpose="ack")
    receipts.record(engine, [Report("twilio", "SM1:failed", "failed", message_id=ack["id"], code=code)], NOW)
    follow_up(engine, settings, sender.lanes, NOW)
    assert {(s["channel"], s["address"]) for s in rows(engine, "suppressions")} == {(way, "+15125550143") for way in closed}


@pytest.mark.parametrize("at_once", [True, False], ids=["refused at once", "reported later"])
def test_a_phone_of_the_team_that_has_said_stop_is_told_to_the_managers_and_at_the_start_page(
    engine, settings, sender, provider, at_once
):
    dana = dana_writes(engine)
    number = a_reminder(engine, dana)
    if at_once:
        provider.once("twilio", refuse(400, 21610))
    send_due(sender, NOW)
    if not at_once:
        receipts.record(engine, [Report("twilio", "SM1:undelivered", "undelivered", message_id=number, code="21610")], NOW)
    for _ in range(2):
        follow_up(engine, settings, sender.lanes, NOW)
        send_due(sender, NOW)
    assert [n["key"] for n in rows(engine, "notices")] == ["stopped:rep:priya"]
    assert {m["channel"] for m in messages(engine, recipient="manager:kim", template="reply")} == {"sms", "email"}


def test_an_unregistered_sender_is_told_to_the_operator(engine, settings, sender):
    dana_writes(engine)
    send_due(sender, NOW)
    [ack] = messages(engine, purpose="ack")
    receipts.record(engine, [Report("twilio", "SM1:undelivered", "undelivered", message_id=ack["id"], code="30034")], NOW)
    follow_up(engine, settings, sender.lanes, NOW)
    assert "30034" in str(rows(engine, "notices")[0]["text"])


def test_a_reminder_by_text_that_fails_goes_by_mail(engine, settings, sender, provider):
    provider.once("twilio", refuse(400, 21614))
    dana = dana_writes(engine)
    a_reminder(engine, dana)
    send_due(sender, NOW)
    follow_up(engine, settings, sender.lanes, NOW)
    send_due(sender, NOW)
    [mail] = provider.to("priya@acme.example")
    assert "left to first call" in mail.body or "first call is due" in mail.body


def test_an_offer_that_reached_the_rep_on_no_channel_moves_on_at_once(engine, settings, sender, provider):
    provider.once("twilio", refuse(400, 21614), refuse(400, 21614))
    provider.always("sendgrid", refuse(400))
    dana = dana_writes(engine)
    for second in range(4):
        now = NOW + timedelta(seconds=second)
        send_due(sender, now)
        follow_up(engine, settings, sender.lanes, now)
    events = [step["event"] for step in sorted(rows(engine, "steps", lead_id=dana), key=lambda s: int(s["id"]))]
    assert "OfferUndelivered" in events


def test_an_alarm_nobody_can_be_reached_with_is_a_notice(engine, settings, sender, provider):
    dana = dana_writes(engine)
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE outbox SET state = 'sent'")
    provider.always("twilio", refuse(400, 21614))
    provider.always("sendgrid", refuse(400))
    alarm = {
        "recipient": "manager:kim", "purpose": "alarm", "template": "breach", "address": "+15125550190",
        "key": f"late:{dana}:manager:kim:sms", "expires_at": None,
    }  # fmt: skip
    a_message(engine, dana, at=NOW, **alarm)
    for second in range(3):
        now = NOW + timedelta(seconds=second)
        send_due(sender, now)
        follow_up(engine, settings, sender.lanes, now)
    assert [n["key"] for n in rows(engine, "notices")] == ["unreachable:manager:kim"]


def test_a_report_of_a_message_without_lead_does_not_hold_up_the_next(engine, settings, sender):
    dana_writes(engine)
    send_due(sender, NOW)
    [ack] = messages(engine, purpose="ack")
    ghost = a_message(engine, None, at=NOW, state="sent")
    reports = [Report("twilio", f"{m}:failed", "failed", message_id=m) for m in (ghost, ack["id"])]
    receipts.record(engine, reports, NOW)
    assert follow_up(engine, settings, sender.lanes, NOW) == 2
    assert receipts.waiting(engine, NOW) == []
    assert [m["channel"] for m in messages(engine, purpose="ack", recipient="lead") if m["lead_id"]] == ["email", "sms"]


def test_what_could_not_be_acted_on_is_tried_again_and_not_forgotten(engine, settings, sender, monkeypatch):
    dana_writes(engine)
    send_due(sender, NOW)
    [ack] = messages(engine, purpose="ack")
    receipts.record(engine, [Report("twilio", "SM1:failed", "failed", message_id=ack["id"])], NOW)
    with monkeypatch.context() as broken:
        broken.setattr(advance, "happen", lambda *_: 1 / 0)
        follow_up(engine, settings, sender.lanes, NOW)
    assert [m["channel"] for m in messages(engine, purpose="ack")] == ["sms"]
    assert follow_up(engine, settings, sender.lanes, NOW + timedelta(seconds=29)) == 0
    follow_up(engine, settings, sender.lanes, NOW + timedelta(seconds=30))
    assert [m["channel"] for m in messages(engine, purpose="ack")] == ["email", "sms"]


def test_a_rep_s_text_that_waits_for_its_provider_is_mailed_meanwhile(engine, settings, sender, provider):
    dana = dana_writes(engine)
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE outbox SET state = 'sent'")
    breakers.stopped(engine, "twilio", NOW, why="test")
    reminder = {
        "recipient": "rep:priya", "purpose": "notice", "template": "remind", "address": "+15125550111",
        "key": f"remind:{dana}:1:priya:sms", "expires_at": None,
    }  # fmt: skip
    text = a_message(engine, dana, at=NOW - timedelta(seconds=40), **reminder)
    send_due(sender, NOW)
    follow_up(engine, settings, sender.lanes, NOW)
    send_due(sender, NOW)
    assert len(provider.to("priya@acme.example")) == 1
    assert rows(engine, "outbox", id=text)[0]["state"] == "pending"
