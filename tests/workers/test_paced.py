"""The sender keeps the pace of the carriers: shared by all processes, acknowledgements first, by e-mail when the day is used up."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import event

from store import due, policies
from store.engine import Engine, connect
from tests.queue_builders import NOW, a_lead, a_message, rows, the_message
from tests.workers.conftest import TEAM
from workers.followups import follow_up
from workers.send import Sender, send_due


def team(a2p: str) -> str:
    return TEAM.replace("  sms:\n", f"  sms:\n    a2p: {a2p}\n", 1)


@pytest.fixture
def begin(database, settings, wire) -> Iterator[object]:
    """Puts a pace in force and returns senders, each with its own connections, as in processes of their own."""
    made = []

    def begun(a2p: str, count: int = 1) -> tuple[Engine, list[Sender]]:
        engines = [connect(database, role="test") for _ in range(count)]
        policies.apply(engines[0], team(a2p), settings, NOW, "test")
        senders = [Sender(engine, settings, wire=wire) for engine in engines]
        made.extend(zip(engines, senders, strict=True))
        return engines[0], senders

    yield begun
    for engine, sender in made:
        sender.close()
        engine.dispose()


def texts(engine: Engine, count: int, **columns: object) -> list[int]:
    """Notices by text, each to somebody else: what is no acknowledgement and holds for hours."""
    given = {"purpose": "notice", "template": "ack_moved", "expires_at": None, **columns}
    lead = a_lead(engine)
    return [a_message(engine, lead, **{"address": f"+1512556{n:04}", **given}) for n in range(count)]


def go_on(engine: Engine, senders: list[Sender], *, minutes: float) -> dict[int, object]:
    """Everybody sends whatever is due, whenever something is; returns when each message went."""
    now, until = NOW, NOW + timedelta(minutes=minutes)
    while (at := due.look(engine).messages) is not None and at <= until:
        now = max(now, at)
        for sender in senders:
            send_due(sender, now)
    return {row["id"]: row["sent_at"] for row in rows(engine, "outbox") if row["sent_at"]}


def busiest_minute(went: dict[int, object]) -> int:
    log = sorted(went.values())
    return max(sum(begin <= at < begin + timedelta(minutes=1) for at in log) for begin in log)


def test_three_processes_together_keep_the_pace_and_lose_nothing(begin, provider):
    engine, senders = begin("{class: t}", count=3)
    messages = texts(engine, 160)
    went = go_on(engine, senders, minutes=10)
    assert set(went) == set(messages)
    assert len(provider.sent) == 160
    assert 60 < busiest_minute(went) <= 75


def test_acknowledgements_are_first_in_the_line(begin, provider):
    engine, (sender,) = begin("{per_minute: 60}")
    texts(engine, 40)
    send_due(sender, NOW)
    assert len(provider.sent) == 12
    ack = a_message(engine, a_lead(engine, phone="+15125550177"), address="+15125550177")
    went = go_on(engine, [sender], minutes=5)
    assert went[ack] - NOW < timedelta(seconds=3)
    assert sorted(went.values()).index(went[ack]) < 15


def test_a_long_text_counts_as_many_as_its_segments(begin, provider):
    engine, (sender,) = begin("{per_minute: 60}")
    texts(engine, 12, purpose="reply", template="relay", fields={"text": "x" * 400, "firm": "Acme"})
    send_due(sender, NOW)
    assert len(provider.sent) == 4, "three segments each, and twelve in the bucket"


def test_what_waits_says_why_and_is_neither_tried_nor_counted(begin):
    engine, (sender,) = begin("{per_minute: 60}")
    last = texts(engine, 14)[-1]
    send_due(sender, NOW)
    row = the_message(engine, last)
    assert (row["state"], row["error_code"], row["attempts"]) == ("pending", "paced", 0)
    assert "as fast as the carriers take texts" in row["error"]
    assert row["not_before"] > NOW


def test_when_the_day_is_used_up_an_acknowledgement_goes_by_mail_at_once(begin, provider, settings):
    engine, (sender,) = begin("{class: c, per_day: 2}")
    texts(engine, 2)
    send_due(sender, NOW)
    lead = a_lead(engine, phone="+15125550177")
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE people SET email = 'dana@example.com' WHERE phone = '+15125550177'")
        db.exec_driver_sql(
            f'UPDATE leads SET state = \'{{"acked_on": ["sms"], "status": "offered", "offered_to": ["priya"]}}\' WHERE id = {lead}'
        )
    a_message(engine, lead, key=f"ack:{lead}:sms", address="+15125550177")
    send_due(sender, NOW)
    assert follow_up(engine, settings, sender.lanes, NOW) == 1
    send_due(sender, NOW)
    assert [(sent.vendor, sent.to) for sent in provider.sent[2:]] == [("sendgrid", "dana@example.com")]
    (step,) = [row["why"] for row in rows(engine, "steps", lead_id=lead) if row["event"] == "AcknowledgementFailed"]
    assert "used up" in step and "sent by email instead" in step
    (notice,) = rows(engine, "notices", key="a2p:all")
    assert "The 2 text segments a day of your senders are used up until 08:00 UTC" in notice["text"]
    assert notice["over_at"] is None


def test_a_new_day_begins_at_midnight_pacific_and_ends_the_notice(begin, provider):
    engine, (sender,) = begin("{class: c, per_day: 1}")
    texts(engine, 1)
    send_due(sender, NOW)
    held = texts(
        engine,
        1,
        recipient="manager:nobody",
        purpose="alarm",
        template="breach",
        address="+15125550190",
        fields={"count": "1", "code": "A7"},
    )
    send_due(sender, NOW)
    row = the_message(engine, held[0])
    assert (row["state"], row["error_code"], row["not_before"].isoformat()) == (
        "pending",
        "day_over",
        "2026-11-25T08:00:00+00:00",
    )
    assert rows(engine, "notices", key="a2p:all")[0]["over_at"] is None
    send_due(sender, row["not_before"])
    assert the_message(engine, held[0])["state"] == "sent"
    assert rows(engine, "notices", key="a2p:all")[0]["over_at"] is not None


def test_the_team_is_told_by_mail_when_the_day_is_used_up(begin, provider, settings):
    engine, (sender,) = begin("{class: c, per_day: 1}")
    texts(engine, 1)
    send_due(sender, NOW)
    alarm = a_message(
        engine, a_lead(engine), key="breach:1:manager:kim:sms", recipient="manager:kim", purpose="alarm", template="breach", address="+15125550190",
        expires_at=None, fields={"count": "1", "code": "A7", "name": "Dana", "pool": "Texas"},
    )  # fmt: skip
    send_due(sender, NOW)
    assert the_message(engine, alarm)["state"] == "failed"
    follow_up(engine, settings, sender.lanes, NOW)
    send_due(sender, NOW)
    assert [(sent.vendor, sent.to) for sent in provider.sent[1:]] == [("sendgrid", "kim@acme.example")]


def test_a_sender_with_a_rate_of_its_own_is_held_up_by_no_other(begin, provider):
    engine, (sender,) = begin('{per_minute: 60, senders: {"+15125550101": {class: toll_free}}}')
    texts(engine, 30)
    texts(engine, 30, recipient="rep:priya", template="reply", fields={"text": "hello", "from": "+15125550101"})
    send_due(sender, NOW)
    assert len(provider.sent) == 12 + 18
    assert {row["sender"]: row["used"] for row in rows(engine, "paces")} == {"": 12, "+15125550101": 18}


def test_mails_and_whatsapp_are_not_paced(begin, provider):
    engine, (sender,) = begin("{per_minute: 1}")
    lead = a_lead(engine)
    for n in range(5):
        a_message(engine, lead, channel="email", address=f"dana{n}@example.com")
        a_message(engine, lead, channel="whatsapp", address=f"1512555018{n}")
    send_due(sender, NOW)
    assert len(provider.sent) == 10
    assert rows(engine, "paces") == []


def test_without_a_pace_nothing_is_asked_and_nothing_waits(engine, settings, wire, provider):
    sender, asked = Sender(engine, settings, wire=wire), []
    texts(engine, 60)
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    send_due(sender, NOW)
    sender.close()
    assert len(provider.sent) == 60
    assert [statement for statement in asked if "paces" in statement] == []
