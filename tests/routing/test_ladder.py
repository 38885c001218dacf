"""When nobody answers: rungs, breaches and their cause, and what a manager's "I am on it" does."""

from dataclasses import replace

import pytest

from routing import promise
from routing.events import (
    AcceptDue,
    AcknowledgementExpired,
    CallMissed,
    EscalationAcknowledged,
    LeadArrived,
    OfferAccepted,
    OfferUndelivered,
    ResponseDue,
    RungReached,
)  # fmt: skip
from routing.journey import step
from routing.model import Alarm, Cause
from routing.team import Cap
from tests.builders import (
    ALL_FULL,
    EVERYBODY,
    LADDER,
    MINUTE,
    NEVER_OPEN,
    NOBODY,
    NOW,
    OFFICE,
    POOL,
    REPS,
    SLA,
    a_bench,
    a_lead,
    a_seat,
    a_team,
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

REMIND, REOFFER, MANAGER, DIRECTOR = (RungReached(rung) for rung in range(4))


def dues(decided):
    """When each alarm is due, in minutes after NOW."""
    return {alarm.key: (alarm.due_at - NOW) / MINUTE for alarm in decided.alarms}


# --- the rungs ---------------------------------------------------------------------------------------------------


def test_every_rung_is_armed_at_arrival_even_while_it_waits():
    for bench in (EVERYBODY, NOBODY):
        armed = dues(step(facts(bench=bench), LeadArrived(), NOW))
        assert {key: armed[key] for key in ("accept", "response", "rung:0", "rung:1", "rung:2", "rung:3")} == {
            "accept": 5, "response": 20, "rung:0": 10, "rung:1": 12, "rung:2": 15, "rung:3": 30,
        }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "to", "why"),
    [
        (accepted("tom"), ["rep:tom sms"], "reminded Tom Becker"),
        (offered("priya", "ana"), ["rep:priya sms", "rep:ana sms"], "reminded Priya Shah, Ana Ruiz"),
        (waiting(), [], "nobody to remind"),
    ],
)
def test_a_reminder_goes_to_whoever_holds_it(state, to, why):
    decided = step(facts(state), REMIND, NOW + 10 * MINUTE)
    assert told(decided) == to
    assert why in decided.why
    assert decided.state == replace(state, rung=1)
    assert decided.alarms == ()


def test_a_reminder_that_repeats_is_a_new_message_each_time():
    sla = replace(SLA, rungs=(replace(LADDER[0], every=5 * MINUTE), *LADDER[1:]))
    first = step(facts(accepted(), sla=sla), REMIND, NOW + 10 * MINUTE)
    assert first.alarms == (Alarm("rung:0", NOW + 15 * MINUTE, RungReached(0, 1)),)
    second = step(facts(first.state, sla=sla), RungReached(0, 1), NOW + 15 * MINUTE)
    assert first.messages[0].key != second.messages[0].key


def test_a_reminder_says_whether_it_was_accepted():
    assert message(step(facts(accepted()), REMIND, NOW), "remind").fields["accepted"] == "yes"
    assert message(step(facts(offered("tom")), REMIND, NOW), "remind").fields["accepted"] == ""


@pytest.mark.parametrize("state", [accepted("priya"), offered("priya")])
def test_a_silent_rep_loses_it_to_the_next(state):
    decided = step(facts(state), REOFFER, NOW + 12 * MINUTE)
    assert decided.state.offered_to == ("tom", "ana", "joe")
    assert decided.state.turn == 2
    assert "priya" in decided.state.lapsed_by
    assert told(decided, "withdrawn") == ["rep:priya sms"]
    assert "taken back from Priya Shah" in decided.why


def test_those_who_were_silent_before_stay_out_of_the_round_in_the_order_asked():
    decided = step(facts(accepted("priya", lapsed_by=("joe", "ana"))), REOFFER, NOW + 12 * MINUTE)
    assert decided.state.offered_to == ("tom",)
    assert decided.state.lapsed_by == ("joe", "ana", "priya")


def test_with_nobody_else_it_stays_where_it_is():
    for state, stays in ((accepted("priya"), "Priya Shah"), (waiting(), "the queue")):
        decided = step(facts(state, a_bench(*(["priya"] if state.owner else []))), REOFFER, NOW + 12 * MINUTE)
        assert decided.state == replace(state, rung=2)
        assert decided.why == f"nobody else has room: stays with {stays}"
        assert decided.messages == ()


def test_a_caller_on_the_line_is_left_ringing():
    decided = step(facts(ringing()), REOFFER, NOW + MINUTE)
    assert decided.state == replace(ringing(), rung=2)


@pytest.mark.parametrize(
    ("event", "minute", "template", "to", "why"),
    [
        (MANAGER, 15, "at_risk", "manager:kim", "at risk: told Kim Ortega"),
        (MANAGER, 20, "breach", "manager:kim", "late: told Kim Ortega"),
        (DIRECTOR, 30, "breach", "manager:lou", "late: told Lou Bennett"),
    ],
)
def test_it_climbs_to_the_manager_and_to_the_director(event, minute, template, to, why):
    decided = step(facts(accepted("tom", tried=("priya", "tom"))), event, NOW + minute * MINUTE)
    assert told(decided) == [f"{to} sms", f"{to} email"]
    said = message(decided, template).fields
    assert (said["codes"], said["count"], said["owner"], said["tried"]) == ("G1", "1", "Tom Becker", "2")
    assert (said["target"], said["elapsed"]) == ("20m", f"{minute}m")
    assert decided.why == why
    assert decided.state.rung == event.rung + 1


def test_a_team_without_managers_is_said_to_have_none():
    nobody = replace(facts().team, managers={})
    decided = step(facts(accepted(), team=nobody), MANAGER, NOW)
    assert "nobody: the team has no managers" in decided.why


def test_the_last_rung_repeats_for_ever_and_each_time_anew():
    given, event, keys = facts(accepted()), DIRECTOR, set()
    for times in range(50):
        minute = 30 + 10 * times
        given, decided = after(given, event, minutes=minute)
        assert decided.alarms == (Alarm("rung:3", NOW + (minute + 10) * MINUTE, RungReached(3, times + 1)),)
        keys |= {one.key for one in decided.messages}
        event = decided.alarms[0].event
    assert len(keys) == 100


def test_a_ladder_that_ends_without_repeat_goes_on_all_the_same():
    sla = replace(SLA, rungs=LADDER[:3])
    assert dues(step(facts(accepted(), sla=sla), MANAGER, NOW + 15 * MINUTE)) == {"rung:2": 45}
    assert "rung:1" not in alarm_keys(step(facts(accepted(), sla=sla), REOFFER, NOW))


def test_without_a_ladder_the_managers_are_told_when_it_is_late():
    bare = replace(SLA, rungs=())
    given, decided = after(facts(sla=bare, bench=NOBODY), LeadArrived(), minutes=0)
    assert dues(decided)["rung:0"] == 20
    given, decided = after(given, RungReached(0), minutes=20)
    assert told(decided, "breach") == ["manager:kim sms", "manager:kim email"]
    assert dues(decided) == {"rung:0": 50}


def test_an_older_rung_that_rings_late_does_not_take_the_ladder_down():
    assert step(facts(accepted(rung=3)), REMIND, NOW + 16 * MINUTE).state.rung == 3


# --- "I am on it" ------------------------------------------------------------------------------------------------


def test_being_on_it_stops_the_climb_and_not_the_clock():
    given, decided = after(facts(accepted(rung=3)), EscalationAcknowledged("kim"), minutes=16)
    assert dues(decided) == {"acknowledged": 31}
    assert decided.why == "Kim Ortega is on it: the climb stops for 15m, the clock does not"
    assert given.state.response_due_at == NOW + 20 * MINUTE
    given, decided = after(given, ResponseDue(), minutes=20)
    assert decided.state.breached_at == NOW + 20 * MINUTE
    given, decided = after(given, DIRECTOR, minutes=30)
    assert decided.messages == ()
    assert decided.why == "rung 4 not climbed: Kim Ortega is on it"
    assert dues(decided) == {"rung:3": 40}


def test_reminders_go_on_while_a_manager_is_on_it():
    given = facts(accepted(acknowledged_by="kim"))
    assert told(step(given, REMIND, NOW + 10 * MINUTE)) == ["rep:priya sms"]
    assert step(given, REOFFER, NOW + 12 * MINUTE).state.owner == "priya"


def test_after_their_time_the_climb_goes_on_from_where_it_stood():
    given = facts(accepted(rung=3, acknowledged_by="kim", acknowledged_at=NOW + 16 * MINUTE))
    given, decided = after(given, AcknowledgementExpired(), minutes=31)
    assert decided.alarms == (Alarm("rung:2", NOW + 31 * MINUTE, RungReached(2)),)
    assert (decided.state.acknowledged_by, decided.state.acknowledged_at) == (None, None)
    assert "Kim Ortega was on it, but still no response" in decided.why
    given, decided = after(given, RungReached(2), minutes=31)
    assert told(decided, "breach") == ["manager:kim sms", "manager:kim email"]


def test_even_the_first_rung_is_climbed_again():
    given = facts(accepted(rung=1, acknowledged_by="kim"))
    assert alarm_keys(step(given, AcknowledgementExpired(), NOW + 26 * MINUTE)) == {"rung:0"}


def test_a_second_time_on_it_is_not_silence_afterwards():
    """The same rung, climbed again after two acknowledgements, must be two messages."""
    given, keys = facts(accepted(rung=4)), []
    for minute in (40, 70):
        given, _ = after(given, EscalationAcknowledged("lou"), minutes=minute)
        given, decided = after(given, AcknowledgementExpired(), minutes=minute + 15)
        given, decided = after(given, decided.alarms[0].event, minutes=minute + 15)
        keys.append(message(decided, "breach").key)
    assert keys[0] != keys[1]


def test_who_was_on_it_before_any_rung_leaves_the_ladder_as_it_was():
    given, _ = after(facts(waiting()), EscalationAcknowledged("kim"))
    assert after(given, AcknowledgementExpired(), minutes=9)[1].alarms == ()


def test_an_expiry_without_an_acknowledgement_changes_nothing():
    assert not step(facts(accepted()), AcknowledgementExpired(), NOW).changed


def test_a_manager_who_has_left_the_team_is_named_by_id():
    assert step(facts(accepted()), EscalationAcknowledged("zoe"), NOW).why.startswith("zoe is on it")


# --- breaches and their cause ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "bench", "cause"),
    [
        (waiting(), NOBODY, Cause.NOBODY_ON_SHIFT),
        (waiting(), ALL_FULL, Cause.ALL_FULL),
        (waiting(), a_bench(others={"off shift": 3, "full": 1}), Cause.ALL_FULL),
        (offered("priya"), EVERYBODY, Cause.OFFERS_IGNORED),
        (waiting(tried=("priya",)), NOBODY, Cause.OFFERS_IGNORED),
        (accepted(), EVERYBODY, Cause.REP_SILENT),
        (accepted(undelivered=True), EVERYBODY, Cause.REP_SILENT),
        (offered("tom", undelivered=True), EVERYBODY, Cause.PROVIDER_FAILED),
        (waiting(undelivered=True, tried=("priya",)), NOBODY, Cause.PROVIDER_FAILED),
        (accepted(cause=Cause.CONFIGURATION_GAP), EVERYBODY, Cause.CONFIGURATION_GAP),
    ],
)
def test_a_breach_carries_its_cause(state, bench, cause):
    decided = step(facts(state, bench), ResponseDue(), NOW + 20 * MINUTE)
    assert decided.state.cause is cause
    assert decided.state.breached_at == NOW + 20 * MINUTE
    assert decided.why == f"no human response within 20m: {cause}"


IDLE = {name: replace(rep, cap=Cap(open=0)) for name, rep in REPS.items()}


@pytest.mark.parametrize(
    ("pool", "reps"),
    [(replace(POOL, members=()), REPS), (replace(POOL, members=("gone",)), REPS), (POOL, IDLE)],
    ids=["nobody", "who has left", "caps of zero"],
)
def test_a_pool_in_which_nobody_can_ever_take_a_lead_is_a_gap_and_no_time_is_promised(pool, reps):
    team = replace(a_team(pool), reps=reps)
    given = facts(waiting(), a_bench(others={"full": 4}), pool=pool, team=team)
    assert step(given, ResponseDue(), NOW + 20 * MINUTE).state.cause is Cause.CONFIGURATION_GAP
    arrives = facts(None, a_bench(others={"full": 4}), pool=pool, team=team)
    assert message(step(arrives, LeadArrived(), NOW), "ack").fields["due_text"] == ""


def test_a_cap_that_was_raised_by_hand_counts():
    team = replace(a_team(POOL), reps=IDLE)
    given = facts(waiting(), a_bench(away=[a_seat("priya", absence="off shift")]), team=team)
    assert step(given, ResponseDue(), NOW + 20 * MINUTE).state.cause is Cause.NOBODY_ON_SHIFT


@pytest.mark.parametrize(("needs", "cause"), [("spanish", Cause.NOBODY_ON_SHIFT), ("welsh", Cause.CONFIGURATION_GAP)])
def test_a_skill_that_nobody_has_is_a_gap_and_one_that_is_at_home_is_not(needs, cause):
    given = facts(waiting(), a_bench("priya", away=[a_seat("ana", absence="off shift")]), needs=[needs])
    assert step(given, ResponseDue(), NOW + 20 * MINUTE).state.cause is cause


def test_who_accepts_after_a_failed_delivery_carries_the_cause_alone():
    given, _ = after(facts(offered("priya", "tom")), OfferUndelivered("tom", "30003"), OfferAccepted("priya", "sms"))
    given, decided = after(given, ResponseDue(), minutes=20)
    assert decided.state.cause is Cause.REP_SILENT


def test_not_accepted_in_time_is_recorded_once_and_never_for_an_accepted_lead():
    first = step(facts(offered("priya")), AcceptDue(), NOW + 5 * MINUTE)
    assert first.state.accept_breached_at == NOW + 5 * MINUTE
    assert first.why == "nobody accepted within 5m (offers ignored)"
    assert not step(facts(first.state), AcceptDue(), NOW + 6 * MINUTE).changed
    assert step(facts(accepted()), AcceptDue(), NOW + 5 * MINUTE).state.accept_breached_at is None


def test_the_first_breach_stands():
    decided = step(facts(accepted(breached_at=NOW + 20 * MINUTE)), ResponseDue(), NOW + 25 * MINUTE)
    assert decided.state.breached_at == NOW + 20 * MINUTE


# --- calendars ---------------------------------------------------------------------------------------------------


def test_a_calendar_that_never_opens_still_escalates_rung_by_rung():
    shut = replace(SLA, calendar=NEVER_OPEN)
    given, decided = after(facts(sla=shut, bench=NOBODY), LeadArrived(), minutes=0)
    assert given.state.cause is Cause.CONFIGURATION_GAP
    armed = dues(decided)
    assert (armed["accept"], armed["response"]) == (5, 20)
    assert [armed[f"rung:{rung}"] for rung in range(4)] == [10, 12, 15, 30]
    given, decided = after(given, DIRECTOR, minutes=30)
    assert message(decided, "breach").fields["cause"] == "configuration gap"
    assert dues(decided) == {"rung:3": 40}


def test_rungs_count_in_business_time():
    sunday_night = NOW - 12 * 60 * MINUTE
    given = facts(lead=a_lead(arrived_at=sunday_night), sla=replace(SLA, calendar=OFFICE), bench=NOBODY)
    armed = dues(step(given, LeadArrived(), sunday_night))
    assert (armed["rung:0"], armed["rung:3"], armed["response"]) == (-20, 0, -10)


# --- the clock that runs again -----------------------------------------------------------------------------------


def rung_again(state):
    return dues(step(facts(state), CallMissed("hung up"), NOW + 40 * MINUTE))


def test_a_call_that_was_none_arms_what_is_still_ahead():
    assert alarm_keys(step(facts(responded()), CallMissed("hung up"), NOW + MINUTE)) == {
        "response", "rung:0", "rung:1", "rung:2", "rung:3",
    }  # fmt: skip


def test_a_call_that_was_none_does_not_climb_again_what_was_climbed():
    assert rung_again(responded(rung=3, breached_at=NOW + 20 * MINUTE)) == {"rung:3": 30}
    assert rung_again(responded(rung=4, breached_at=NOW + 20 * MINUTE)) == {"rung:3": 50}


def test_a_call_that_was_none_ends_an_acknowledgement_whose_alarm_is_silenced():
    decided = step(facts(responded(acknowledged_by="kim")), CallMissed("hung up"), NOW + 4 * MINUTE)
    assert decided.disarm
    assert decided.state.acknowledged_by is None


def test_the_share_of_the_time_that_is_used():
    assert [promise.used(facts(accepted()), NOW + minute * MINUTE) for minute in (0, 5, 10, 15, 20, 30)] == [
        0, 0.25, 0.5, 0.75, 1.0, 1.5,
    ]  # fmt: skip
