"""Who is asked, how many at once, for whom a lead is held, and what it says when nobody can be asked."""

from dataclasses import replace

import pytest

from routing.events import LeadArrived, OfferLapsed, OfferPassed, RepLeft, RetryDue, RoomOpened
from routing.journey import step
from routing.model import State, Status
from routing.offering import LOOKED_FOR
from routing.team import OfferStyle, Returning
from tests.builders import (
    ALL_FULL,
    DANA,
    EVERYBODY,
    MINUTE,
    NAMES,
    NOBODY,
    NOW,
    POOL,
    a_bench,
    a_lead,
    a_seat,
    accepted,
    after,
    alarm_keys,
    facts,
    message,
    offered,
    told,
    waiting,
)

ONE, RING, BROADCAST, ASSIGN = OfferStyle.ONE_AT_A_TIME, OfferStyle.RING, OfferStyle.BROADCAST, OfferStyle.ASSIGN


def asked(given, minute=0.0):
    """Who is asked when room opens at that minute."""
    return step(given, RoomOpened(), NOW + minute * MINUTE).state.offered_to


@pytest.mark.parametrize(
    ("style", "minute", "rounds", "how_many"),
    [
        (ONE, 0, 0, 1),
        (ONE, 9.9, 0, 1),
        (ONE, 10, 0, 2),
        (ONE, 14.9, 0, 2),
        (ONE, 15, 0, 4),
        (ONE, 30, 0, 4),
        (ONE, 0, 1, 1),
        (ONE, 0, 2, 2),
        (RING, 0, 0, 2),
        (RING, 15, 0, 4),
        (BROADCAST, 0, 0, 4),
    ],
)
def test_the_offer_widens_as_the_time_runs_down(style, minute, rounds, how_many):
    given = facts(waiting(rounds=rounds), pool=replace(POOL, offer=style, ring=2))
    assert asked(given, minute) == tuple(NAMES)[:how_many]


def test_a_broadcast_has_an_end():
    crowd = tuple(replace(a_seat("tom"), rep=f"rep{number}") for number in range(40))
    given = facts(waiting(), a_bench(*crowd, size=40), pool=replace(POOL, offer=BROADCAST))
    assert len(asked(given)) == 25


def test_assigning_hands_over_without_asking_and_to_one_only():
    decided = step(facts(pool=replace(POOL, offer=ASSIGN)), LeadArrived(), NOW)
    assert (decided.state.status, decided.state.owner, decided.state.turn) == ("accepted", "priya", 1)
    assert told(decided, "accepted") == ["rep:priya sms", "rep:priya email"]
    assert "assigned to Priya Shah" in decided.why
    assert message(decided, "ack").fields["rep"] == "Priya"
    late = step(facts(waiting(), pool=replace(POOL, offer=ASSIGN)), RoomOpened(), NOW + 16 * MINUTE)
    assert late.state.owner == "priya"


def test_an_offer_lapses_after_offer_for_and_knows_its_turn():
    decided = step(facts(waiting(turn=4)), RoomOpened(), NOW + MINUTE)
    lapse = next(alarm for alarm in decided.alarms if alarm.key == "lapse")
    assert (lapse.due_at, lapse.event) == (NOW + 3 * MINUTE, OfferLapsed(5))
    assert decided.state.offer_lapses_at == NOW + 3 * MINUTE


def test_those_who_lack_a_skill_are_not_asked():
    assert asked(facts(waiting(), needs=["spanish"])) == ("ana",)
    decided = step(facts(waiting(), a_bench("priya", "tom"), needs=["spanish"]), RoomOpened(), NOW)
    assert decided.state.wait_reason == "nobody with room has spanish"
    assert "Priya Shah: lacks spanish" in decided.details


def test_why_the_first_is_first():
    for strategy, words in [
        ("least_loaded", "most room: holds 2 of 10"),
        ("round_robin", "next in turn"),
        ("weighted", "furthest below their share, weight 3"),
        ("owner_first", "most room: holds 2 of 10"),
    ]:
        given = facts(waiting(), a_bench(a_seat("priya", open=2, weight=3), "tom"), pool=replace(POOL, strategy=strategy))
        assert words in step(given, RoomOpened(), NOW).why
    uncapped = facts(waiting(), a_bench(a_seat("priya", open=2, cap_open=None)))
    assert "holds 2)" in step(uncapped, RoomOpened(), NOW).why


def test_who_else_was_considered_and_why_not():
    bench = a_bench(
        "priya",
        a_seat("tom", open=4),
        "ana",
        away=[a_seat("joe", absence="off shift")],
        others={"off shift": 14, "full": 3},
        size=20,
    )
    decided = step(facts(waiting(declined_by=("ana",)), bench), RoomOpened(), NOW)
    assert decided.details == (
        "Tom Becker: could take it, holds 4",
        "Ana Ruiz: passed on it",
        "Joe Lindqvist: off shift",
        "the rest of 20: 3 full, 14 off shift",
    )
    round_two = step(facts(offered("priya", lapsed_by=("tom",)), bench), OfferPassed("priya", "sms"), NOW)
    assert "Tom Becker: was asked in this round" in round_two.details


def test_who_has_just_let_it_lapse_could_not_have_taken_it():
    alone = step(facts(offered("tom"), a_bench("tom")), OfferLapsed(1), NOW + 2 * MINUTE)
    assert alone.state.status is Status.WAITING and "everybody with room has been asked" in alone.why
    assert alone.details == ("Tom Becker: it has just come back from them",)
    next_round = step(facts(offered("tom", lapsed_by=("priya",)), a_bench("priya", "tom")), OfferLapsed(1), NOW + 2 * MINUTE)
    assert next_round.state.offered_to == ("priya",)
    assert next_round.details == ("Tom Becker: it has just come back from them",)


def test_a_new_round_begins_when_all_have_been_asked():
    bench = a_bench("priya", "tom")
    decided = step(facts(offered("tom", lapsed_by=("priya",)), bench), OfferLapsed(1), NOW + 2 * MINUTE)
    assert decided.state.offered_to == ("priya",)
    assert decided.state.rounds == 1
    assert decided.state.lapsed_by == ()
    assert decided.state.tried == ("tom", "priya")


# --- waiting -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bench", "why"),
    [
        (a_bench(size=0), "the pool has no reps"),
        (NOBODY, "nobody is on shift"),
        (ALL_FULL, "all who are on shift are full"),
        (a_bench(others={"full": 1, "off shift": 9}), "all who are on shift are full"),
        (a_bench(others={"full": 1, "away": 1}), "all who are on shift are full or do not answer"),
        (a_bench(others={"backing off": 1, "off shift": 2}), "nobody who is on shift answers"),
        (a_bench("priya"), "everybody with room has been asked"),
    ],
)
def test_why_it_waits(bench, why):
    decided = step(facts(waiting(declined_by=("priya",)), bench), RetryDue(), NOW)
    assert decided.state.wait_reason == why
    assert why in decided.why


def test_a_waiting_lead_looks_again_in_half_a_minute():
    decided = step(facts(bench=NOBODY), LeadArrived(), NOW)
    assert [(a.due_at, a.event) for a in decided.alarms if a.key == "retry"] == [(NOW + MINUTE / 2, RetryDue())]
    again = step(facts(waiting(), NOBODY), RetryDue(), NOW + MINUTE)
    assert alarm_keys(again) == {"retry"}
    assert not again.changed
    assert again.messages == ()


@pytest.mark.parametrize(
    ("minutes_old", "opens_in", "looks_in"),
    [
        (0, None, 0.5), (1, None, 0.5), (2, None, 0.5), (4, None, 1), (20, None, 5), (60, None, 15), (600, None, 15),
        (60, 8, 8.5), (60, 14.5, 15), (60, 60, 15), (60, 0, 0.5), (60, -0.25, 0.25), (60, -0.5, 15), (60, -20, 15), (0, 8, 0.5),
    ],
)  # fmt: skip
def test_it_looks_less_often_the_longer_it_waits_and_soon_after_somebody_comes(minutes_old, opens_in, looks_in):
    now = NOW + minutes_old * MINUTE
    bench = NOBODY if opens_in is None else replace(NOBODY, opens_at=now + opens_in * MINUTE)
    decided = step(facts(waiting(), bench), RetryDue(), now)
    assert [alarm.due_at - now for alarm in decided.alarms if alarm.key == "retry"] == [looks_in * MINUTE]


def test_a_night_costs_some_fifty_looks():
    now, looks = NOW, 0
    while now < NOW + 14 * 60 * MINUTE:
        decided = step(facts(waiting(), replace(NOBODY, opens_at=NOW + 14 * 60 * MINUTE)), RetryDue(), now)
        [now] = [alarm.due_at for alarm in decided.alarms if alarm.key == "retry"]
        looks += 1
    assert 40 < looks < 75


def test_a_new_reason_for_waiting_is_worth_a_line():
    assert step(facts(waiting(), ALL_FULL), RetryDue(), NOW).changed


def test_it_says_who_is_next_back():
    decided = step(facts(bench=replace(NOBODY, opens_at=NOW + 30 * MINUTE)), LeadArrived(), NOW)
    assert decided.why == "new lead: waits, nobody is on shift; the next is back 9:30 am"


@pytest.mark.parametrize(
    ("opens", "told_to"),
    [(None, ["manager:kim sms", "manager:kim email"]), (19, []), (20, []), (21, ["manager:kim sms", "manager:kim email"])],
)
def test_the_manager_hears_at_once_of_a_wait_that_will_be_too_long(opens, told_to):
    opens_at = None if opens is None else NOW + opens * MINUTE
    decided = step(facts(bench=replace(NOBODY, opens_at=opens_at)), LeadArrived(), NOW)
    assert told(decided, "waiting") == told_to


def test_the_manager_hears_of_a_wait_once():
    given, decided = after(facts(accepted(), NOBODY), RepLeft("priya", "has gone off shift"))
    assert told(decided, "waiting")
    for minute in (2, 3):
        given, decided = after(given, RetryDue(), minutes=minute)
        assert decided.messages == ()


# --- owner first -------------------------------------------------------------------------------------------------

STICKY = replace(POOL, strategy="owner_first")
RETURNING = a_lead(person=replace(DANA, last_rep="ana"))


def sticky(bench, state=None, **how):
    return facts(state, bench, pool=STICKY, lead=RETURNING, **how)


def soon(minutes, absence="busy", **how):
    """Ana, who knows Dana, is back in so many minutes; the others are free."""
    return a_bench("priya", "tom", away=[a_seat("ana", absence=absence, back_at=NOW + minutes * MINUTE, **how)])


def test_a_returning_person_goes_to_their_own_rep():
    decided = step(sticky(EVERYBODY), LeadArrived(), NOW)
    assert decided.state.offered_to == ("ana",)
    assert "knows this person" in decided.why
    for pool, asked in ((POOL, "ana"), (replace(POOL, returning=Returning.ANYBODY), "priya")):
        policy = replace(facts().policy, pool=pool)
        assert step(replace(sticky(EVERYBODY), policy=policy), LeadArrived(), NOW).state.offered_to == (asked,), pool.returning


def test_their_own_rep_is_found_even_below_the_shortlist():
    bench = a_bench("priya", "tom", named={"ana": a_seat("ana", open=7)})
    assert step(sticky(bench), LeadArrived(), NOW).state.offered_to == ("ana",)


@pytest.mark.parametrize(
    "bench",
    [
        a_bench("priya", away=[a_seat("ana", open=10)]),
        a_bench("priya", away=[a_seat("ana", unanswered=3)]),
        a_bench("priya", away=[a_seat("ana", absence="off shift")]),
        soon(5.1),
    ],
    ids=["full", "three unanswered", "nobody knows when", "not soon enough"],
)
def test_nobody_waits_long_for_their_own_rep(bench):
    assert step(sticky(bench), LeadArrived(), NOW).state.offered_to == ("priya",)


def test_own_rep_must_have_the_skill_too():
    knows = facts(None, EVERYBODY, pool=STICKY, lead=a_lead(person=replace(DANA, last_rep="tom")), needs=["spanish"])
    assert step(knows, LeadArrived(), NOW).state.offered_to == ("ana",)
    bench = a_bench("priya", "ana", away=[a_seat("tom", absence="busy", back_at=NOW + MINUTE)])
    assert step(replace(knows, bench=bench), LeadArrived(), NOW).state.offered_to == ("ana",)


def test_a_rep_who_was_silent_is_not_waited_for():
    given = sticky(soon(2, absence="backing off"), offered("priya", tried=("ana", "priya"), lapsed_by=("ana",)))
    assert step(given, OfferLapsed(1), NOW).state.offered_to == ("tom",)


def test_a_rep_who_has_just_left_is_not_waited_for():
    given = sticky(soon(4, absence="off"), accepted("ana", tried=()))
    assert step(given, RepLeft("ana", "has gone off"), NOW).state.offered_to == ("priya",)


def test_held_for_a_quarter_of_the_time_at_most_and_once():
    given, decided = after(sticky(soon(5)), LeadArrived(), minutes=0)
    assert (decided.state.status, decided.state.hold_for, decided.state.hold_until) == ("waiting", "ana", NOW + 5 * MINUTE)
    assert decided.why == "held for Ana Ruiz, who knows this person and is back in time (busy)"
    assert [(a.due_at, a.event) for a in decided.alarms if a.key == "retry"] == [(NOW + 5 * MINUTE + LOOKED_FOR, RetryDue())]
    assert told(decided, "waiting") == []
    given, decided = after(given, RoomOpened(), minutes=3)
    assert decided.state.status is Status.WAITING
    assert not decided.changed
    late = replace(given, bench=soon(9))
    _, decided = after(late, RetryDue(), minutes=5)
    assert decided.state.offered_to == ("priya",)


def test_the_hold_ends_when_the_rep_is_back_early():
    given, _ = after(sticky(soon(5)), LeadArrived(), minutes=0)
    back = replace(given, bench=a_bench("priya", "ana", "tom"))
    assert after(back, RoomOpened(), minutes=2)[1].state.offered_to == ("ana",)


def test_when_the_hold_was_in_vain_the_manager_hears_of_the_wait():
    given, _ = after(sticky(soon(5)), LeadArrived(), minutes=0)
    _, decided = after(replace(given, bench=NOBODY), RetryDue(), minutes=5)
    assert decided.state.hold_until is None
    assert told(decided, "waiting") == ["manager:kim sms", "manager:kim email"]
    _, decided = after(replace(given, bench=NOBODY, state=decided.state), RetryDue(), minutes=6)
    assert told(decided, "waiting") == []


def test_a_lead_is_not_held_twice():
    given = sticky(soon(4), State(status=Status.WAITING, hold_for="ana", accept_due_at=NOW, response_due_at=NOW + 20 * MINUTE))
    assert step(given, RoomOpened(), NOW).state.offered_to == ("priya",)


# --- the promised time -------------------------------------------------------------------------------------------


def promised_in(bench, **how):
    """Minutes until the time named to the lead at arrival."""
    decided = step(facts(bench=bench, **how), LeadArrived(), NOW)
    return (decided.state.promised_at - NOW) / MINUTE, message(decided, "ack").fields["due_text"]


def test_the_promised_time_is_the_sla_when_somebody_can_take_it():
    assert promised_in(EVERYBODY) == (20, "9:20 am")


@pytest.mark.parametrize(
    ("bench", "minutes", "said"),
    [
        (ALL_FULL, 40, "9:40 am"),
        (replace(ALL_FULL, waiting=3), 40, "9:40 am"),
        (replace(ALL_FULL, waiting=4), 60, "10:00 am"),
        (replace(ALL_FULL, waiting=12), 100, "10:40 am"),
        (NOBODY, 20, "9:20 am"),
        (replace(NOBODY, opens_at=NOW + 10 * MINUTE), 30, "9:30 am"),
        (replace(NOBODY, opens_at=NOW + 120 * MINUTE, waiting=8), 180, "12:00 pm"),
        (replace(ALL_FULL, opens_at=NOW + 120 * MINUTE), 40, "9:40 am"),
    ],
)
def test_the_promised_time_grows_with_the_queue_and_with_the_absence(bench, minutes, said):
    assert promised_in(bench) == (minutes, said)


def test_the_promised_time_of_a_held_lead_is_the_sla():
    alone = a_bench(away=[a_seat("ana", absence="busy", back_at=NOW + 5 * MINUTE)], opens_at=NOW + 5 * MINUTE)
    for bench in (soon(5), alone):
        assert promised_in(bench, pool=STICKY, lead=RETURNING)[0] == 20


def test_the_sla_itself_never_moves():
    decided = step(facts(bench=replace(ALL_FULL, waiting=12)), LeadArrived(), NOW)
    assert decided.state.response_due_at == NOW + 20 * MINUTE
