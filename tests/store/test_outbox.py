"""The outbox on real PostgreSQL: who may send, and what is left after a crash at every point."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from store import doubts, outbox
from store.engine import connect
from store.outbox import Begun, Lane, Result
from tests.queue_builders import NOW, a_lead, a_message, rows, the_message

SMS = [Lane(("sms",), 10)]
SOON = timedelta(seconds=1)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    yield engine
    engine.dispose()


def begin(engine: Engine, message: outbox.Claimed, at=NOW) -> set[int]:
    return outbox.turn(engine, at, begun=[Begun(message.id, message.fence, "twilio", None, "Hi Dana")])


def test_a_due_message_is_claimed_once(engine):
    dana = a_lead(engine)
    first, later = a_message(engine, dana), a_message(engine, dana, not_before=NOW + SOON)
    [claimed] = outbox.claim(engine, NOW, SMS)
    assert (claimed.id, claimed.fence, claimed.code, claimed.zone) == (first, 1, f"A{dana}", "America/Chicago")
    assert outbox.claim(engine, NOW, SMS) == []
    assert [c.id for c in outbox.claim(engine, NOW + SOON, SMS)] == [later]


def test_acknowledgements_go_before_older_offers(engine):
    dana = a_lead(engine)
    a_message(engine, dana, purpose="offer", recipient="rep:priya", at=NOW - timedelta(minutes=1))
    ack = a_message(engine, dana)
    assert [c.id for c in outbox.claim(engine, NOW, [Lane(("sms",), 1)])] == [ack]


def test_a_lane_takes_no_more_than_it_has_room_for_and_only_its_channels(engine):
    dana = a_lead(engine)
    for _ in range(3):
        a_message(engine, dana)
        a_message(engine, dana, channel="email", address="dana@example.com")
    taken = outbox.claim(engine, NOW, [Lane(("sms", "whatsapp"), 2), Lane(("email",), 1), Lane(("messenger",), 0)])
    assert sorted(c.channel for c in taken) == ["email", "sms", "sms"]


def test_two_claimers_never_hold_the_same_message(engine):
    dana = a_lead(engine)
    for _ in range(4):
        a_message(engine, dana)
    with engine.connect() as rival, rival.begin():
        locked = rival.exec_driver_sql("SELECT id FROM outbox ORDER BY id LIMIT 2 FOR UPDATE").scalars().all()
        taken = [c.id for c in outbox.claim(engine, NOW, SMS)]
    assert len(taken) == 2
    assert not set(taken) & set(locked)


def test_a_suppressed_address_is_marked(engine):
    a_message(engine, a_lead(engine))
    with engine.begin() as db:
        db.exec_driver_sql("INSERT INTO suppressions VALUES ('sms', '+15125550143', 'STOP', '2026-11-01T00:00Z')")
    assert outbox.claim(engine, NOW, SMS)[0].opted_out == ["sms"]


def test_the_attempt_is_on_disk_before_the_call(engine):
    a_message(engine, a_lead(engine))
    [claimed] = outbox.claim(engine, NOW, SMS)
    assert begin(engine, claimed) == {claimed.id}
    row = the_message(engine, claimed.id)
    assert (row["state"], row["body"], row["attempts"], row["lease_until"]) == (
        "sending",
        "Hi Dana",
        1,
        NOW + timedelta(seconds=30),
    )
    [attempt] = rows(engine, "attempts", message_id=claimed.id)
    assert (attempt["n"], attempt["fence"], attempt["started_at"], attempt["finished_at"]) == (1, 1, NOW, None)


def test_an_accepted_acknowledgement_is_noted_on_the_lead_once(engine):
    dana = a_lead(engine)
    a_message(engine, dana)
    [claimed] = outbox.claim(engine, NOW, SMS)
    begin(engine, claimed)
    sent = Result(claimed.id, claimed.fence, "sent", outcome="accepted", provider="twilio", provider_id="SM1", status=201)
    outbox.turn(engine, NOW + SOON, results=[sent])
    outbox.turn(engine, NOW + 2 * SOON, results=[sent])
    row = the_message(engine, claimed.id)
    assert (row["state"], row["provider_id"], row["sent_at"], row["lease_until"]) == ("sent", "SM1", NOW + SOON, None)
    assert rows(engine, "leads", id=dana)[0]["acked_at"] == NOW + SOON
    assert [s["why"] for s in rows(engine, "steps", lead_id=dana)] == ["acknowledged by sms"]


def test_results_of_one_chunk_and_the_next_chunk_are_one_commit(engine):
    dana = a_lead(engine)
    a_message(engine, dana), a_message(engine, dana)
    first, second = outbox.claim(engine, NOW, SMS)
    begin(engine, first)
    outbox.turn(
        engine,
        NOW,
        begun=[Begun(second.id, second.fence, "twilio", None, "Hi")],
        results=[Result(first.id, first.fence, "sent", outcome="accepted", provider_id="SM1")],
    )
    assert (the_message(engine, first.id)["state"], the_message(engine, second.id)["state"]) == ("sent", "sending")


# --- crash points -------------------------------------------------------------------------------------------------


def test_claimed_then_died_is_pending_again_after_five_seconds(engine):
    a_message(engine, a_lead(engine))
    [claimed] = outbox.claim(engine, NOW, SMS)
    assert doubts.release(engine, NOW + timedelta(seconds=4)) == (0, 0)
    assert doubts.release(engine, NOW + timedelta(seconds=5)) == (1, 0)
    [again] = outbox.claim(engine, NOW + timedelta(seconds=5), SMS)
    assert (again.id, again.fence) == (claimed.id, claimed.fence + 1)


def test_who_wakes_late_may_not_begin_what_another_claimed(engine):
    a_message(engine, a_lead(engine))
    [sleeper] = outbox.claim(engine, NOW, SMS)
    doubts.release(engine, NOW + timedelta(seconds=5))
    [awake] = outbox.claim(engine, NOW + timedelta(seconds=5), SMS)
    assert begin(engine, sleeper) == set()
    assert begin(engine, awake) == {awake.id}
    assert begin(engine, sleeper) == set()


def test_died_in_mid_call_is_ambiguous_and_never_plainly_sent_again(engine):
    a_message(engine, a_lead(engine))
    [claimed] = outbox.claim(engine, NOW, SMS)
    begin(engine, claimed)
    later = NOW + timedelta(seconds=30)
    assert doubts.release(engine, later) == (0, 1)
    assert outbox.claim(engine, later, SMS) == []
    [doubtful] = doubts.claim_lookups(engine, later)
    assert (doubtful.id, doubtful.ambiguous_at, doubtful.body) == (claimed.id, NOW, "Hi Dana")
    assert doubts.claim_lookups(engine, later) == []  # one look-up at a time


def test_a_late_result_with_an_old_fence_is_refused_but_its_id_is_kept(engine):
    a_message(engine, a_lead(engine))
    [claimed] = outbox.claim(engine, NOW, SMS)
    begin(engine, claimed)
    later = NOW + timedelta(seconds=30)
    doubts.release(engine, later)
    [doubtful] = doubts.claim_lookups(engine, later)
    outbox.turn(engine, later, results=[Result(claimed.id, claimed.fence, "pending", outcome="not sent")])
    assert the_message(engine, claimed.id)["state"] == "ambiguous"
    outbox.turn(engine, later, results=[Result(claimed.id, claimed.fence, "sent", outcome="accepted", provider_id="SM9")])
    row = the_message(engine, claimed.id)
    assert (row["state"], row["provider_id"]) == ("sent", "SM9")
    outbox.turn(engine, later, results=[Result(doubtful.id, doubtful.fence, "pending")])
    assert the_message(engine, claimed.id)["state"] == "sent"


def test_a_failure_asks_for_somebody_to_act(engine):
    a_message(engine, a_lead(engine))
    [claimed] = outbox.claim(engine, NOW, SMS)
    begin(engine, claimed)
    bad = Result(
        claimed.id, claimed.fence, "failed", outcome="permanent", status=400, code="21211", error="no number", follow=True
    )
    outbox.turn(engine, NOW, results=[bad])
    [receipt] = rows(engine, "receipts", message_id=claimed.id)
    assert (receipt["provider"], receipt["status"], receipt["code"], receipt["applied_at"]) == (
        "headroom",
        "failed",
        "21211",
        None,
    )
    [attempt] = rows(engine, "attempts", message_id=claimed.id)
    assert (attempt["outcome"], attempt["status"], attempt["code"]) == ("permanent", 400, "21211")


def test_while_a_provider_is_down_old_acknowledgements_are_given_up_and_the_rest_waits(engine):
    dana = a_lead(engine)
    old = a_message(engine, dana, at=NOW - timedelta(seconds=40))
    offer = a_message(engine, dana, at=NOW - timedelta(seconds=40), purpose="offer", recipient="rep:priya")
    fresh = a_message(engine, dana)
    until = NOW + timedelta(seconds=15)
    moved = doubts.park(engine, NOW, channels=["sms"], until=until, give_up_before=NOW - timedelta(seconds=30))
    assert moved == 3
    assert [the_message(engine, i)["state"] for i in (old, offer, fresh)] == ["failed", "pending", "pending"]
    assert sorted(r["message_id"] for r in rows(engine, "receipts")) == [old, offer]
    assert outbox.claim(engine, NOW, SMS) == []
    assert {c.id for c in outbox.claim(engine, until, SMS)} == {offer, fresh}


def test_a_message_of_a_provider_that_is_down_is_given_up_at_its_own_half_minute(engine):
    dana = a_lead(engine)
    message = a_message(engine, dana, at=NOW - timedelta(seconds=20))
    half_a_minute, until = timedelta(seconds=30), NOW + timedelta(seconds=15)
    doubts.park(engine, NOW, channels=["sms"], until=until, give_up_before=NOW - half_a_minute)
    later = NOW + timedelta(seconds=10)
    assert doubts.park(engine, later, channels=["sms"], until=until, give_up_before=later - half_a_minute) == 1
    assert the_message(engine, message)["state"] == "failed"
