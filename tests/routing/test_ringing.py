"""A caller on the line: ring, ring the next, voicemail, text back; and the call that was pressed 1 too late."""

from dataclasses import replace

import pytest

from routing.events import CallArrived, CallBridged, CallMissed, HumanResponded, RingUnanswered, RungReached, VoicemailLeft
from routing.journey import step
from routing.model import Kind, Person, RepChange, Status
from tests.builders import (
    ALL_FULL,
    DANA,
    EVERYBODY,
    MINUTE,
    NOBODY,
    NOW,
    OFFICE,
    POOL,
    SLA,
    a_bench,
    a_lead,
    a_seat,
    accepted,
    after,
    alarm_keys,
    facts,
    message,
    offered,
    responded,
    ringing,
    told,
    waiting,
)

CALL = a_lead(kind=Kind.CALL, channel="call", person=replace(DANA, email=None, wrote_at=NOW))
STRANGER = a_lead(kind=Kind.CALL, channel="call", person=Person(3))


def a_call(state=None, bench=EVERYBODY, **how):
    return facts(state, bench, **{"lead": CALL, **how})


def test_a_call_rings_the_best_rep_and_has_its_alarms():
    decided = step(a_call(), CallArrived("CA7"), NOW)
    assert (decided.state.status, decided.state.offered_to, decided.state.call_sid) == ("ringing", ("priya",), "CA7")
    assert (decided.state.turn, decided.state.tried) == (1, ("priya",))
    assert alarm_keys(decided) == {"accept", "response", "rung:0", "rung:1", "rung:2", "rung:3", "ring"}
    assert decided.reps == (RepChange("priya", assigned=True),)
    assert decided.messages == ()


def test_the_lost_word_of_the_provider_is_a_missed_call_in_two_minutes():
    ring = next(alarm for alarm in step(a_call(), CallArrived("CA7"), NOW).alarms if alarm.key == "ring")
    assert ring.due_at == NOW + 2 * MINUTE
    given, decided = after(a_call(ringing()), ring.event, minutes=2)
    assert decided.state.status is Status.OFFERED
    assert "no word from the provider" in decided.why


def test_a_rep_without_a_phone_is_not_rung():
    bench = a_bench(a_seat("priya", phone=None), "tom")
    assert step(a_call(bench=bench), CallArrived("CA7"), NOW).state.offered_to == ("tom",)


@pytest.mark.parametrize("reason", ["no-answer", "busy", "failed", "not bridged"])
def test_the_next_rep_rings_and_nobody_twice(reason):
    given = a_call(ringing("priya"))
    for rung, following in (("priya", "tom"), ("tom", "ana"), ("ana", "joe")):
        given, decided = after(given, RingUnanswered(rung, reason))
        assert decided.state.offered_to == (following,)
        assert reason in decided.why
    given, decided = after(given, RingUnanswered("joe", reason))
    assert decided.state.status is Status.OFFERED
    assert "missed call" in decided.why
    assert decided.state.tried == ("priya", "tom", "ana", "joe")


def test_nobody_listens_to_ringing_for_longer_than_four():
    crowd = tuple(replace(a_seat("tom"), rep=f"rep{number}") for number in range(9))
    given, decided = after(a_call(bench=a_bench(*crowd, size=9)), CallArrived("CA7"))
    rung = 1
    while decided.state.status is Status.RINGING:
        given, decided = after(given, RingUnanswered(decided.state.offered_to[0], "no-answer"))
        rung += decided.state.status is Status.RINGING
    assert rung == 4


def test_a_missed_call_is_texted_back_at_once_and_routed_like_any_other_lead():
    decided = step(a_call(ringing("priya")), CallMissed("hung up"), NOW + MINUTE)
    assert decided.state.offered_to == ("priya",)
    assert decided.state.lapsed_by == ()
    text = message(decided, "ack", "lead")
    assert (text.channel, text.address, text.fields["kind"]) == ("sms", DANA.phone, "call")
    assert told(decided, "offer") == ["rep:priya sms", "rep:priya email"]


def test_who_could_not_pick_up_may_still_call_back():
    state = ringing("priya", lapsed_by=("tom",), tried=("tom", "priya"))
    decided = step(a_call(state, a_bench("tom", "ana")), CallMissed("hung up"), NOW)
    assert (decided.state.offered_to, decided.state.rounds) == (("tom",), 0)


@pytest.mark.parametrize(("bench", "why"), [(NOBODY, "nobody is on shift"), (ALL_FULL, "all who are on shift are full")])
def test_a_call_that_can_ring_nobody_is_texted_back_and_waits(bench, why):
    decided = step(a_call(bench=bench), CallArrived("CA7"), NOW)
    assert (decided.state.status, decided.state.wait_reason) == ("waiting", why)
    assert told(decided, "ack") == ["lead sms"]
    assert {"accept", "response", "rung:3", "retry"} <= alarm_keys(decided)


def test_outside_the_pools_hours_nobody_is_rung_and_the_lead_is_kept():
    sunday = NOW - 24 * 60 * MINUTE
    shut = {"pool": replace(POOL, calendar=OFFICE), "sla": replace(SLA, calendar=OFFICE)}
    call = replace(CALL, arrived_at=sunday, person=replace(CALL.person, wrote_at=sunday))
    decided = step(facts(None, NOBODY, lead=call, **shut), CallArrived("CA7"), sunday)
    assert decided.state.status is Status.WAITING
    assert "missed call (outside hours)" in decided.why
    said = message(decided, "ack_closed")
    assert said.fields["opens_text"] == "tomorrow 8:30 am"
    on_duty = step(facts(None, EVERYBODY, lead=call, **shut), CallArrived("CA7"), sunday)
    assert on_duty.state.status is Status.OFFERED


def test_hours_that_end_while_it_rings_end_the_ringing():
    evening = NOW.replace(hour=23, minute=30)  # 17:30 in Austin
    given = facts(ringing(), EVERYBODY, lead=CALL, pool=replace(POOL, calendar=OFFICE))
    assert step(given, RingUnanswered("priya", "no-answer"), evening).state.status is not Status.RINGING


def test_a_caller_without_a_number_can_still_be_rung_through():
    given, decided = after(a_call(lead=STRANGER), CallArrived("CA7"))
    assert decided.state.status is Status.RINGING
    assert after(given, CallBridged("priya"))[1].state.status is Status.RESPONDED


def test_a_missed_caller_without_a_number_is_kept_for_a_person_without_a_clock():
    for event, state in ((CallMissed("hung up"), ringing()), (CallArrived("CA7"), None)):
        decided = step(a_call(state, NOBODY, lead=STRANGER), event, NOW)
        assert decided.state.status is Status.QUARANTINED
        assert decided.disarm
        assert decided.alarms == ()
        assert told(decided, "uncontactable") == ["manager:kim sms", "manager:kim email"]
        assert decided.state.offered_to == ()


# --- talking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "assigned"), [(ringing("priya"), False), (accepted("priya"), False), (offered("tom"), True), (waiting(), True)]
)
def test_a_bridged_call_is_taken_and_answered_in_one_and_counts_as_one_turn(state, assigned):
    decided = step(a_call(state), CallBridged("priya"), NOW + 3 * MINUTE)
    assert (decided.state.status, decided.state.owner) == ("responded", "priya")
    assert (decided.state.responded_at, decided.state.response_how) == (NOW + 3 * MINUTE, "call")
    assert decided.disarm
    assert alarm_keys(decided) == {"close"}
    assert decided.reps == (RepChange("priya", lapses=0, assigned=assigned),)


def test_those_who_were_asked_hear_that_the_call_was_taken():
    decided = step(a_call(offered("tom", "priya")), CallBridged("priya"), NOW)
    assert told(decided, "withdrawn") == ["rep:tom sms"]
    decided = step(a_call(accepted("tom")), CallBridged("priya"), NOW)
    assert told(decided, "withdrawn") == ["rep:tom sms"]


def test_pressed_1_but_the_caller_had_gone_is_no_response():
    decided = step(a_call(responded(acked_on=())), CallMissed("caller hung up"), NOW + 3 * MINUTE)
    assert (decided.state.status, decided.state.owner, decided.state.responded_at) == ("accepted", "priya", None)
    assert decided.disarm
    assert told(decided) == ["lead sms", "rep:priya sms", "rep:priya email"]
    assert message(decided, "accepted").fields["phone"] == DANA.phone
    assert message(decided, "ack").fields["rep"] == "Priya"
    assert decided.state.response_due_at == NOW + 20 * MINUTE


def test_who_was_acknowledged_before_is_not_acknowledged_again():
    decided = step(facts(responded(acked_on=("sms",))), CallMissed("caller hung up"), NOW + 3 * MINUTE)
    assert told(decided) == ["rep:priya sms", "rep:priya email"]


def test_a_response_by_text_is_not_undone_by_a_missed_call():
    given, _ = after(a_call(accepted()), HumanResponded("priya", "text", text="Calling you in five"))
    assert not after(given, CallMissed("hung up"))[1].changed


def test_while_it_rings_the_ladder_waits_for_the_caller():
    assert step(a_call(ringing()), RungReached(1), NOW).state.offered_to == ("priya",)


def test_a_voicemail_reaches_who_has_the_lead():
    decided = step(a_call(accepted()), VoicemailLeft("https://example.org/rec/1", 9), NOW)
    assert message(decided, "lead_said").fields["text"] == "Voicemail, 9s: https://example.org/rec/1"
