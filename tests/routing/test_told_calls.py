"""A call that another system connected: its end is all that is told."""

import pytest

from routing.events import CallBridged, CallMissed
from routing.journey import step
from routing.model import Status
from tests.builders import EVERYBODY, MINUTE, NOW, accepted, alarm_keys, facts, message, offered, responded, waiting

LATER = NOW + MINUTE


def test_a_missed_one_has_its_promise_its_alarms_and_its_text_back():
    decided = step(facts(bench=EVERYBODY), CallMissed("abandoned"), NOW)
    assert decided.state.status == Status.OFFERED
    assert decided.state.response_due_at
    assert {"accept", "response", "rung:0"} <= alarm_keys(decided)
    assert message(decided, "ack")


def test_an_answered_one_is_with_the_rep_who_answered():
    decided = step(facts(bench=EVERYBODY), CallBridged("priya"), NOW)
    assert (decided.state.status, decided.state.owner) == (Status.RESPONDED, "priya")
    assert (decided.state.responded_at, decided.state.response_due_at is not None) == (NOW, True)
    assert alarm_keys(decided) == {"close"}
    assert [m.template for m in decided.messages] == ["took_call"]  # what they may report on, and to whom


@pytest.mark.parametrize("state", [None, waiting(), offered()])
def test_without_a_name_and_without_an_owner_it_is_done(state):
    decided = step(facts(state, EVERYBODY), CallBridged(""), LATER)
    assert (decided.state.status, decided.state.outcome, decided.state.responded_at) == (Status.CLOSED, "talked", LATER)
    assert decided.disarm
    assert {m.template for m in decided.messages} == ({"withdrawn"} if state and state.offered_to else set())


def test_without_a_name_it_counts_for_who_has_the_lead():
    decided = step(facts(accepted(), EVERYBODY), CallBridged(""), LATER)
    assert (decided.state.status, decided.state.owner) == (Status.RESPONDED, accepted().owner)


def test_after_the_first_response_it_says_nothing_new():
    assert step(facts(responded(), EVERYBODY), CallBridged(""), LATER).state == responded()
