"""Messages that leave with the decision: one commit holds the lead, its messages and their attempts, on real PostgreSQL."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from store import advance, doubts, inbox, outbox
from store.inbox import Received
from store.outgoing import hand_over
from store.saving import Crowded
from tests.queue_builders import DANA, NOW, rows
from workers.lookups import look_up
from workers.send import Sender, send_due
from workers.work import Work

NIGHT = datetime.fromisoformat("2026-11-24T05:30:00+00:00")  # 23:30 in Austin


@pytest.fixture
def sender(engine, settings, wire) -> Iterator[Sender]:
    sender = Sender(engine, settings, wire=wire)
    sender.lanes.by_channel["sms"].width = 8  # as after a few texts
    sender.lanes.by_channel["email"].width = 8
    yield sender
    sender.finish(NOW)
    sender.close()


def dana_writes(engine, at: datetime = NOW, key: str = "form:1", phone: str = DANA) -> None:
    """A form, not yet decided."""
    content = {
        "kind": "form",
        "channel": "form",
        "name": "Dana Cole",
        "phone": phone,
        "zone": "America/Chicago",
        "message": "A roof",
    }
    inbox.record(engine, [Received("website", key, "form", content, b"{}", {}, at)], at)


def messages(engine) -> list[tuple[str, str, int]]:
    """(purpose, state, attempts) of all messages, in their order."""
    return [(row["purpose"], row["state"], row["attempts"]) for row in rows(engine, "outbox")]


def texts(provider) -> list[str]:
    return sorted(sent.message_id for sent in provider.sent)


def test_a_lead_s_messages_leave_without_having_been_queued(engine, sender, provider):
    dana_writes(engine)
    advance.drain_inbox(engine, NOW, outgoing=sender)
    began = rows(engine, "attempts")
    assert len(began) == len(rows(engine, "outbox")) >= 2
    sender.finish(NOW)
    assert {state for _, state, _ in messages(engine)} == {"sent"}
    assert {row["outcome"] for row in rows(engine, "attempts")} == {"accepted"}
    assert texts(provider) == sorted(str(row["id"]) for row in rows(engine, "outbox"))
    assert "acknowledged by sms" in {step["why"] for step in rows(engine, "steps")}
    assert send_due(sender, NOW) == 0
    assert provider.violations() == []


def test_what_is_rolled_back_was_never_sent(engine, sender, provider, monkeypatch):
    dana_writes(engine)
    with monkeypatch.context() as dying:
        dying.setattr("store.batch.Batch.finish", finish_then_die)
        advance.drain_inbox(engine, NOW, outgoing=sender)
    sender.finish(NOW)
    assert (rows(engine, "outbox"), provider.sent) == ([], [])
    advance.drain_inbox(engine, NOW + timedelta(seconds=3), outgoing=sender)
    sender.finish(NOW)
    assert len(provider.to(DANA)) == 1


FINISH = advance.Batch.finish


def finish_then_die(batch) -> list[str]:
    """All is written, the messages with it, and then the power goes."""
    FINISH(batch)
    raise ConnectionError("the power is gone")


def test_decided_anew_it_goes_out_once(engine, sender, provider, monkeypatch):
    """Another process was quicker at the last moment: the first try's words must not leave as well."""
    tries = []

    def crowded_at_first(batch) -> list[str]:
        found = FINISH(batch)
        tries.append(batch)
        if len(tries) == 1:
            raise Crowded
        return found

    dana_writes(engine)
    monkeypatch.setattr("store.batch.Batch.finish", crowded_at_first)
    advance.drain_inbox(engine, NOW, outgoing=sender)
    sender.finish(NOW)
    assert len(tries) == 2
    assert texts(provider) == sorted(str(row["id"]) for row in rows(engine, "outbox"))


def test_killed_between_the_commit_and_the_call_it_is_looked_up_before_it_goes_again(engine, sender, provider, monkeypatch):
    dana_writes(engine)
    with monkeypatch.context() as killed:
        killed.setattr(sender, "go", lambda _ids: None)
        advance.drain_inbox(engine, NOW, outgoing=sender)
    assert {state for _, state, _ in messages(engine)} == {"sending"}
    for seconds in (31, 46, 61, 76, 91, 121, 151):
        now = NOW + timedelta(seconds=seconds)
        doubts.release(engine, now)
        look_up(engine, sender.lanes, now)
        send_due(sender, now)
    assert len(provider.to(DANA)) == 1


def test_what_quiet_hours_hold_back_is_queued(engine, sender, provider):
    dana_writes(engine, NIGHT)
    advance.drain_inbox(engine, NIGHT, outgoing=sender)
    sender.finish(NIGHT)
    assert provider.to(DANA) == []
    assert ("ack", "pending", 0) in messages(engine)
    send_due(sender, NIGHT)
    assert provider.to(DANA) == []


def test_what_a_stopped_provider_would_get_is_queued(engine, sender, provider):
    sender.lanes.refused(sender.lanes.by_channel["sms"], NOW, why="401")
    assert "sms" not in sender.channels(NOW)
    dana_writes(engine)
    advance.drain_inbox(engine, NOW, outgoing=sender)
    sender.finish(NOW)
    assert provider.calls("twilio") == 0
    assert ("ack", "pending", 0) in messages(engine)


def test_beyond_the_lane_s_width_it_is_queued_acknowledgements_first(engine, sender, provider):
    sender.lanes.by_channel["sms"].width = 1
    dana_writes(engine)
    advance.drain_inbox(engine, NOW, outgoing=sender)
    texted = [(row["purpose"], row["state"]) for row in rows(engine, "outbox") if row["channel"] == "sms"]
    assert ("ack", "sending") in texted
    assert ("offer", "pending") in texted
    sender.finish(NOW)
    send_due(sender, NOW)
    assert texts(provider) == sorted(str(row["id"]) for row in rows(engine, "outbox"))


def test_what_waits_already_goes_before_what_is_decided_now(engine, settings, provider, monkeypatch):
    """With a queue, whoever came first is served first: the new ones go to its end."""
    handed = []
    drain = advance.drain_inbox

    def drained(engine, now, limit, outgoing) -> int:
        handed.append(outgoing)
        return drain(engine, now, limit, outgoing)

    dana_writes(engine, key="form:1", phone="+15125550187")
    drain(engine, NOW)  # by a process that does not send
    monkeypatch.setattr("config.clock.now", lambda: NOW)
    monkeypatch.setattr("store.advance.drain_inbox", drained)
    work = Work(engine, settings)
    for key, phone in (("form:2", "+15125550188"), ("form:3", "+15125550189")):
        dana_writes(engine, key=key, phone=phone)
        while work.once() or work.is_busy:
            pass
    work.close()
    assert handed == [None, work.sender]
    assert [len(provider.to(f"+1512555018{n}")) for n in (7, 8, 9)] == [1, 1, 1]


def test_the_same_key_again_is_not_begun(engine, sender, provider):
    """A message that stands already is left as it is, also when it would leave with the decision."""
    dana_writes(engine)
    advance.drain_inbox(engine, NOW, outgoing=sender)
    sender.finish(NOW)
    [first, *_] = rows(engine, "outbox")
    names = ["lead_id", "key", "recipient", "channel", "address", "purpose", "template", "words", "fields", "expires_at"]
    with engine.begin() as db:
        assert hand_over(db, [{**{name: first[name] for name in names}, "not_before": NOW}], sender, NOW) == set()
    sender.go(set())
    sender.finish(NOW)
    assert texts(provider) == sorted(str(row["id"]) for row in rows(engine, "outbox"))
    assert len(rows(engine, "attempts", message_id=first["id"])) == 1
    assert outbox.one(engine, first["id"]).attempts == 1
