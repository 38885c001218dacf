"""A rep calls through us: who may, what each report of the call means, in whatever order the reports come."""

from dataclasses import replace

import pytest

from routing import calling
from routing.events import CallRequested, LeadCallEnded, LeadPickedUp, RepCallEnded, RepJoinedCall
from routing.journey import step
from routing.model import Status
from routing.team import Source
from tests.builders import (
    DANA,
    MINUTE,
    NOW,
    REPS,
    STATES,
    a_lead,
    a_team,
    accepted,
    after,
    alarm_keys,
    facts,
    message,
    offered,
    responded,
    told,
)  # fmt: skip

LINE = Source("calls", "twilio_voice")
BY_SMS, BY_PAGE = CallRequested("priya", "sms"), CallRequested("priya", "page")
JOINED, HUMAN, MACHINE = RepJoinedCall("priya", 1), LeadPickedUp("priya", 1, "human"), LeadPickedUp("priya", 1, "machine")
TALKED = LeadCallEnded("priya", 1, "completed", True, 95)
REP_OVER = RepCallEnded("priya", 1, "nobody pressed 1")


def given(state=None, line=LINE, reps=None, **how):
    """Dana's lead, with a line to call from."""
    team = replace(a_team(), sources={"calls": line} if line else {}, reps=reps or REPS)
    return facts(state or accepted(), team=team, **how)


def called(*reports, state=None, **how):
    """The facts and the last step after Priya has asked for the call and these reports came."""
    return after(given(state, **how), BY_PAGE, *reports)


# --- asking for it ----------------------------------------------------------------------------------------------------


def test_the_rep_is_rung_first_and_hears_of_it_by_text():
    decided = step(given(), BY_SMS, NOW + MINUTE)
    call = message(decided, "call")
    assert (call.to, call.channel, call.address, call.purpose) == ("rep:priya", "call", REPS["priya"].phone, "call")
    assert (call.fields["line"], call.fields["call"], call.fields["name"]) == ("calls", "1", "Dana Cole")
    assert DANA.phone not in str(call.fields), "whom to ring is read when the 1 is pressed"
    assert call.expires_at == NOW + 2 * MINUTE
    assert DANA.phone in message(decided, "reply").fields["text"]
    assert decided.state.status is Status.ACCEPTED


def test_on_the_page_no_text_is_needed():
    assert told(step(given(), BY_PAGE, NOW + MINUTE)) == ["rep:priya call"]


@pytest.mark.parametrize(
    ("state", "how", "words"),
    [
        (accepted("tom"), {}, "not yours yet. Reply 1 G1"),
        (offered("priya"), {}, "not yours yet"),
        (STATES[Status.CLOSED], {}, "is closed"),
        (accepted(), {"lead": a_lead(person=replace(DANA, phone=None))}, "they left no number"),
        (accepted(), {"lead": a_lead(person=replace(DANA, opted_out=frozenset({"call"})))}, "asked not to be called"),
        (accepted(), {"lead": a_lead(person=replace(DANA, opted_out=frozenset({"all"})))}, "asked not to be called"),
        (accepted(dial_rep="priya", dial_until=NOW + 2 * MINUTE), {}, "under way already"),
        (accepted(dial_number=calling.MOST_CALLS), {}, f"call {DANA.phone}"),
        (accepted(), {"line": None}, f"call {DANA.phone}"),
        (accepted(), {"line": Source("calls", "twilio_voice", options={"click_to_call": False})}, f"call {DANA.phone}"),
        (accepted(), {"reps": {**REPS, "priya": replace(REPS["priya"], phone=None)}}, f"call {DANA.phone}"),
    ],
)
def test_what_is_not_called(state, how, words):
    before = given(state, **how)
    decided = step(before, BY_SMS, NOW + MINUTE)
    assert told(decided, "call") == []
    assert words in message(decided, "reply").fields["text"]
    assert decided.state == before.state
    assert DANA.phone not in decided.why


def test_a_stop_by_text_and_the_night_leave_the_reps_own_call_open():
    stopped = a_lead(person=replace(DANA, opted_out=frozenset({"sms", "whatsapp"})))
    midnight = NOW.replace(hour=6)  # 00:00 in Chicago
    decided = step(given(lead=stopped), BY_PAGE, midnight)
    assert told(decided) == ["rep:priya call"]
    assert "a rep calls by hand; it is 00:00 there" in decided.why


def test_a_call_whose_end_nobody_told_does_not_block_the_next():
    state = accepted(dial_number=1, dial_rep="priya", dial_until=NOW + 3 * MINUTE)
    assert told(step(given(state), BY_PAGE, NOW + 3 * MINUTE)) == ["rep:priya call"]


# --- the rep presses 1 ------------------------------------------------------------------------------------------------


def test_a_pressed_1_rings_the_lead():
    before, decided = called(JOINED)
    assert calling.is_put_through(before.state, "priya", 1)
    assert not calling.is_put_through(before.state, "tom", 1)
    assert "ringing the lead" in decided.why


@pytest.mark.parametrize(
    ("change", "event"),
    [
        ({"owner": "tom"}, JOINED),
        ({}, RepJoinedCall("priya", 7)),
        ({"dial_rep": None}, JOINED),
        ({"status": Status.CLOSED}, JOINED),
    ],
)
def test_a_1_that_comes_too_late_rings_nobody(change, event):
    before, _ = called()
    before = replace(before, state=replace(before.state, **change))
    decided = step(before, event, NOW + 2 * MINUTE)
    assert not calling.is_put_through(decided.state, "priya", 7 if event.call == 7 else 1)


def test_who_said_stop_calling_meanwhile_is_not_rung():
    before, _ = called()
    stopped = replace(before, lead=a_lead(person=replace(DANA, opted_out=frozenset({"call"}))))
    decided = step(stopped, JOINED, NOW + 2 * MINUTE)
    assert not calling.is_put_through(decided.state, "priya", 1)
    assert "opted out of calls" in decided.why


# --- how it went ------------------------------------------------------------------------------------------------------


def test_a_person_who_picks_up_is_the_response_on_the_spot():
    before, decided = called(JOINED, HUMAN)
    assert (decided.state.status, decided.state.responded_at, decided.state.response_how) == ("responded", NOW + MINUTE, "call")
    assert decided.disarm
    over, decided = after(before, TALKED, minutes=3)
    assert over.state.responded_at == NOW + MINUTE
    assert over.state.dial_rep is None
    assert "is over after 1m 35s" in decided.why


def test_a_voicemail_is_an_attempt_and_never_a_response():
    before, decided = called(JOINED, MACHINE)
    assert decided.state.attempted_at == NOW + MINUTE
    assert "a voicemail took Priya Shah's call" in decided.why
    before, decided = after(before, TALKED)
    assert decided.messages == (), "nothing is left to ask the rep"
    assert decided.state.status is Status.ACCEPTED
    assert (decided.state.attempted_at, decided.state.responded_at) == (NOW + MINUTE, None)
    assert not decided.disarm


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled"])
def test_nobody_picks_up(status):
    before, decided = called(JOINED, LeadCallEnded("priya", 1, status, False))
    assert (decided.state.status, decided.state.attempted_at) == ("accepted", NOW + MINUTE)
    assert "The clock goes on" in message(decided, "reply", "rep:priya").fields["text"]
    assert status.replace("-", " ") in decided.why


def test_without_a_verdict_the_rep_is_asked_and_the_clock_goes_on():
    before, decided = called(JOINED, TALKED)
    assert decided.state.responded_at is None
    assert "Reply C G1 if so" in message(decided, "reply").fields["text"]


def test_the_verdict_may_come_after_the_end():
    before, decided = called(JOINED, TALKED, HUMAN)
    assert decided.state.status is Status.RESPONDED


def test_where_nobody_listens_for_machines_the_connected_line_is_the_response():
    before, decided = called(JOINED, replace(TALKED, watched=False))
    assert decided.state.status is Status.RESPONDED
    assert "(1m 35s)" in decided.why


def test_the_end_is_told_twice_and_counted_once():
    no_answer = LeadCallEnded("priya", 1, "no-answer", False)
    before, _ = called(JOINED, no_answer)
    again = step(before, no_answer, NOW + 2 * MINUTE)
    assert not again.changed
    assert again.messages == ()


def test_a_pick_up_that_was_never_connected_is_taken_back():
    before, _ = called(JOINED, HUMAN)
    decided = step(before, LeadCallEnded("priya", 1, "completed", False), NOW + 2 * MINUTE)
    assert (decided.state.status, decided.state.responded_at, decided.state.owner) == ("accepted", None, "priya")
    assert {"response", "rung:3"} <= alarm_keys(decided)


def test_a_later_call_does_not_take_an_earlier_response_back():
    before, _ = called(JOINED, HUMAN, state=responded())
    decided = step(before, LeadCallEnded("priya", 1, "completed", False), NOW + 2 * MINUTE)
    assert decided.state.status is Status.RESPONDED
    assert decided.state.responded_at == responded().responded_at


def test_a_rep_who_does_not_pick_up_their_own_phone_has_tried_nothing():
    before, decided = called(REP_OVER)
    assert decided.state.attempted_at is None
    assert "the lead was not rung" in decided.why
    assert DANA.phone in message(decided, "reply").fields["text"]
    assert told(step(before, BY_PAGE, NOW + MINUTE)) == ["rep:priya call"], "the next one may begin at once"


def test_a_rep_who_hangs_up_while_it_rings_has_tried():
    before, decided = called(JOINED, REP_OVER)
    assert decided.state.attempted_at == NOW + MINUTE
    assert not step(before, REP_OVER, NOW + MINUTE).changed


@pytest.mark.parametrize("first", [(REP_OVER, TALKED), (TALKED, REP_OVER)])
def test_both_ends_in_any_order_keep_the_response(first):
    before, decided = called(JOINED, HUMAN, *first)
    assert before.state.status is Status.RESPONDED
    assert before.state.dial_rep is None


def test_the_report_of_an_earlier_call_ends_no_later_one():
    before, _ = called(REP_OVER, BY_PAGE)
    assert before.state.dial_number == 2
    late = step(before, RepCallEnded("priya", 1, "no answer"), NOW + 2 * MINUTE)
    assert not late.changed
    assert late.state.dial_rep == "priya"


def test_who_gets_through_has_the_lead_even_if_it_had_moved_on():
    before, _ = called(JOINED)
    moved = replace(before, state=replace(before.state, owner="tom"))
    decided = step(moved, HUMAN, NOW + 2 * MINUTE)
    assert decided.state.owner == "priya"
    assert told(decided, "withdrawn") == ["rep:tom sms"]
