"""A caller with an open lead: who is rung, who is told, and that the clock keeps its truth."""

from dataclasses import replace

import pytest

from routing import events
from routing.calling_again import whose_phone_rings
from routing.journey import step
from routing.model import Status
from tests.builders import (
    EVERYBODY,
    MINUTE,
    NOBODY,
    NOW,
    STATES,
    accepted,
    alarm_keys,
    facts,
    offered,
    responded,
    ringing,
    waiting,
)

AGAIN = events.CallArrived("CA2")
SILENT = events.CallMissed("no word from the provider")


def at(state, event, bench=EVERYBODY):
    return step(facts(state, bench), event, NOW + 6 * MINUTE)


@pytest.mark.parametrize("state", [accepted(), responded()], ids=["accepted", "responded"])
def test_who_has_it_is_rung_and_keeps_it(state):
    decided = at(state, AGAIN)
    assert (decided.state.status, decided.state.owner) == (state.status, "priya")
    assert whose_phone_rings(decided.state) == "priya"
    assert decided.state.call_sid == "CA2"
    assert alarm_keys(decided) == {"ring"}


@pytest.mark.parametrize("event", [events.RingUnanswered("priya", "busy"), events.CallMissed("the caller hung up"), SILENT])
def test_a_call_that_the_owner_does_not_take_is_told_to_them(event):
    rung = at(accepted(), AGAIN).state
    decided = at(rung, event)
    assert whose_phone_rings(decided.state) is None
    assert (decided.state.status, decided.state.owner) == ("accepted", "priya")
    assert {message.to for message in decided.messages} == {"rep:priya"}
    assert "call back" in decided.messages[0].fields["text"]


def test_an_owner_who_is_not_on_duty_is_told_and_the_caller_is_asked_for_a_message():
    decided = at(accepted(), AGAIN, NOBODY)
    assert whose_phone_rings(decided.state) is None
    assert "cannot take a call now" in decided.why
    assert {message.to for message in decided.messages} == {"rep:priya"}


def test_taken_by_the_owner_it_is_the_response_and_later_ones_change_no_instant():
    first = at(at(accepted(), AGAIN).state, events.CallBridged("priya"))
    assert (first.state.status, first.state.response_call, first.state.line) == ("responded", "CA2", None)
    rung = at(first.state, events.CallArrived("CA3")).state
    second = at(rung, events.CallBridged("priya"))
    assert second.state.responded_at == first.state.responded_at
    assert second.state.line is None
    late = at(second.state, SILENT)
    assert not late.changed, "the alarm of a call that was taken"


def test_whoever_was_asked_is_rung_first_while_nobody_has_it():
    assert whose_phone_rings(at(offered("tom"), AGAIN).state) == "tom"
    assert whose_phone_rings(at(waiting(), AGAIN).state) == "priya"
    nobody = at(waiting(), AGAIN, NOBODY)
    assert nobody.state.status is Status.WAITING
    assert whose_phone_rings(nobody.state) is None


def test_a_caller_who_redials_while_it_rings_reaches_the_same_phone():
    decided = at(ringing("tom"), AGAIN)
    assert decided.state == replace(ringing("tom"), call_sid="CA2")
    assert whose_phone_rings(decided.state) == "tom"


def test_what_they_said_before_anybody_had_it_is_kept_for_who_takes_it():
    state = at(waiting(), events.MessageArrived("sms", "at the back door")).state
    state = at(state, events.VoicemailLeft("https://example.org/1", 12)).state
    assert state.said == ("by sms: at the back door", "voicemail, 12s: https://example.org/1")
    taken = at(
        replace(state, status=Status.OFFERED, offered_to=("priya",), tried=("priya",)), events.OfferAccepted("priya", "sms")
    )
    yours = next(message for message in taken.messages if message.template == "accepted")
    assert yours.fields["said"] == "by sms: at the back door; voicemail, 12s: https://example.org/1"
    assert at(responded(), events.MessageArrived("sms", "thanks")).state.said == ()
    assert at(STATES[Status.CLOSED], AGAIN).changed is False
