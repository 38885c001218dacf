"""Messages become rows once; alarms to a manager are gathered: never a flood, never silence."""

from datetime import timedelta

import pytest

from routing.model import Message
from store import book, messages
from tests.firm import Firm, team

ONE = team({"priya": "cap: 100"}, {"sales": "members: [priya]"})


@pytest.fixture
def firm(database):
    made = Firm(database, ONE)
    made.arrive(20)
    made.do("TRUNCATE outbox, told CASCADE")
    yield made
    made.engine.dispose()


def alarm(n: int, *, template: str = "breach", to: str = "manager:kim", channel: str = "sms") -> tuple[int, Message]:
    """An alarm about lead number `n`."""
    code = f"L{n}"
    fields = {"code": code, "codes": code, "count": "1", "pool": "Sales"}
    return n, Message(f"{template}:{n}:{to}:{channel}", to, channel, "+15125550190", template, "alarm", fields)


def write(firm: Firm, *written: tuple[int | None, Message]) -> None:
    """In one transaction."""
    with firm.engine.begin() as db:
        messages.write(db, written, book.current(firm.engine), firm.now)


def outbox(firm: Firm, **where: object):
    """The rows, in the order in which they were written."""
    clause = " AND ".join(f"{name} = :{name}" for name in where) or "true"
    return firm.rows(f"SELECT * FROM outbox WHERE {clause} ORDER BY id", **where)


def test_a_key_that_stands_is_left_as_it_is(firm):
    one = Message("ack:1:sms", "lead", "sms", "+15125550143", "ack", "ack", {"name": "Dana"})
    other = Message("ack:1:sms", "lead", "sms", "+15125550143", "ack", "ack", {"name": "Eve"})
    write(firm, (1, one))
    write(firm, (1, other))
    (row,) = outbox(firm)
    assert (row.fields, row.state, row.not_before, row.created_at) == ({"name": "Dana"}, "pending", firm.now, firm.now)


def test_twenty_breaches_at_once_are_one_message_now_and_one_for_the_rest(firm):
    write(firm, *[alarm(n) for n in range(1, 21)])
    first, rest = outbox(firm)
    assert (first.fields["codes"], first.not_before) == ("L1", firm.now)
    assert (rest.fields["count"], rest.not_before) == ("19", firm.now + timedelta(seconds=60))
    assert rest.fields["codes"].split()[:3] == ["L2", "L3", "L4"]


def test_what_comes_while_one_is_held_joins_it(firm):
    write(firm, alarm(1))
    firm.after(seconds=10)
    write(firm, alarm(2))
    firm.after(seconds=10)
    write(firm, alarm(3), alarm(2, template="at_risk"))
    _, held = outbox(firm)
    assert (held.fields["codes"], held.fields["count"]) == ("L2 L3", "2")
    assert held.not_before == firm.now + timedelta(seconds=40), "60 s after the one before"


def test_what_was_held_and_has_gone_out_is_joined_by_nothing(firm):
    write(firm, alarm(1), alarm(2))
    firm.after(seconds=60)
    firm.do("UPDATE outbox SET state = 'sent'")
    write(firm, alarm(3))
    assert [row.fields["codes"] for row in outbox(firm)] == ["L1", "L2", "L3"]
    assert outbox(firm)[-1].not_before == firm.now + timedelta(seconds=60)


def test_a_message_that_gathers_speaks_of_the_worst(firm):
    write(
        firm,
        alarm(1, template="waiting"),
        alarm(2, template="at_risk"),
        alarm(3, template="breach"),
        alarm(4, template="waiting"),
    )
    assert [(row.template, row.fields["count"]) for row in outbox(firm)] == [("waiting", "1"), ("breach", "3")]


def test_an_hour_holds_no_more_than_the_person_wants(firm):
    firm.takes(ONE.replace("{id: kim, phone: '+15125550190'}", "{id: kim, phone: '+15125550190', at_most_per_hour: 2}"))
    for n in range(1, 6):
        write(firm, alarm(n))
        firm.after(minutes=5)
        firm.do("UPDATE outbox SET state = 'sent' WHERE not_before <= :now", now=firm.now)
    sent, later, held = outbox(firm)
    assert (sent.fields["codes"], later.fields["codes"]) == ("L1", "L2")
    assert (held.fields["codes"], held.not_before) == ("L3 L4 L5", sent.not_before + timedelta(hours=1))


def test_each_person_and_each_channel_is_counted_apart(firm):
    write(firm, alarm(1), alarm(1, channel="email"), alarm(1, to="manager:lou"))
    assert {row.not_before for row in outbox(firm)} == {firm.now}


def test_messages_that_are_no_alarms_are_never_held(firm):
    notes = [
        (n, Message(f"said:{n}", "manager:kim", "sms", "+15125550190", "said_to_nobody", "alarm", {"text": "Hi"}))
        for n in (1, 2, 3)
    ]
    write(firm, *notes)
    assert {row.not_before for row in outbox(firm)} == {firm.now}
    assert len(outbox(firm)) == 3


def away(n: int, name: str) -> tuple[int, Message]:
    said = {"all_away": name, "set_away": name, "lapses": "2"}
    return n, Message(f"away:{n}", "manager:kim", "sms", "+15125550190", "away", "alarm", said)


def test_who_is_set_away_is_told_with_the_rest_and_opens_the_lead_that_is_late(firm):
    write(firm, away(1, "Priya"), away(2, "Tom"), away(3, "Ana"))
    first, held = outbox(firm)
    assert (first.fields["set_away"], held.fields["set_away"], held.template) == ("Priya", "Tom, Ana", "away")
    assert firm.rows("SELECT * FROM told") == [], "an OK says nothing of these leads"
    firm.after(seconds=10)
    write(firm, alarm(4))
    _, held = outbox(firm)
    assert (held.template, held.fields["codes"], held.fields["set_away"], held.lead_id) == ("breach", "L4", "Tom, Ana", 4)
    assert held.not_before == firm.now + timedelta(seconds=50)


def test_what_is_late_takes_what_is_held_for_lack_of_room_along_at_once(firm):
    firm.takes(ONE.replace("{id: kim, phone: '+15125550190'}", "{id: kim, phone: '+15125550190', at_most_per_hour: 2}"))
    write(firm, alarm(1, template="waiting"), alarm(2, template="waiting"))
    firm.after(minutes=2)
    firm.do("UPDATE outbox SET state = 'sent' WHERE not_before <= :now", now=firm.now)
    _, held = outbox(firm)
    assert held.not_before == firm.now + timedelta(minutes=58), "the last one of the hour is not for this"
    write(firm, alarm(3))
    _, held = outbox(firm)
    assert (held.template, held.fields["codes"], held.fields["mixed"]) == ("breach", "L2 L3", "yes")
    assert held.not_before == firm.now


def test_who_was_told_of_what_is_remembered_until_they_say_ok(firm):
    write(firm, alarm(1), alarm(2), alarm(2, channel="email"))
    assert {(row.manager, row.lead_id) for row in firm.rows("SELECT * FROM told")} == {("kim", 1), ("kim", 2)}
    firm.do("UPDATE told SET acknowledged_at = :now", now=firm.now)
    firm.after(hours=1)
    write(firm, alarm(2, template="at_risk"))
    assert {row.lead_id: row.acknowledged_at is None for row in firm.rows("SELECT * FROM told")} == {1: False, 2: True}


def test_a_suppressed_or_expired_one_does_not_hold_the_next_back(firm):
    write(firm, alarm(1))
    firm.do("UPDATE outbox SET state = 'expired'")
    write(firm, alarm(2))
    assert outbox(firm, state="pending")[0].not_before == firm.now


def test_words_and_expiry_are_kept(firm):
    until = firm.now + timedelta(minutes=5)
    write(
        firm,
        (
            None,
            Message("x", "operator", "email", "ops@example.com", "reply", "notice", {"text": "hi"}, "Hello {{ text }}", until),
        ),
    )
    (row,) = outbox(firm)
    assert (row.lead_id, row.words, row.expires_at, row.recipient) == (None, "Hello {{ text }}", until, "operator")
