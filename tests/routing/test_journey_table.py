"""The journey's sentences, one row each: where the lead is, what happens, where it is then, who has it, and a piece of the why."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from routing import events
from routing.events import Event
from routing.journey import step
from routing.model import Person, RepChange, Status, Step
from routing.team import OfferStyle
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
    STATES,
    a_bench,
    a_lead,
    a_seat,
    accepted,
    after,
    alarm_keys,
    facts,
    message,
    offered,
    promised,
    responded,
    ringing,
    told,
    waiting,
)

ONE_OF_EACH = {
    "LeadArrived": events.LeadArrived(),
    "CallArrived": events.CallArrived("CA1"),
    "CallBridged": events.CallBridged("priya"),
    "RingUnanswered": events.RingUnanswered("priya", "no-answer"),
    "CallMissed": events.CallMissed("hung up"),
    "VoicemailLeft": events.VoicemailLeft("https://example.org/1", 12),
    "MessageArrived": events.MessageArrived("sms", "hello?"),
    "OfferAccepted": events.OfferAccepted("priya", "sms"),
    "OfferPassed": events.OfferPassed("priya", "sms"),
    "OfferLapsed": events.OfferLapsed(1),
    "RoomOpened": events.RoomOpened(),
    "RetryDue": events.RetryDue(),
    "AcceptDue": events.AcceptDue(),
    "ResponseDue": events.ResponseDue(),
    "RungReached": events.RungReached(2),
    "EscalationAcknowledged": events.EscalationAcknowledged("kim"),
    "AcknowledgementExpired": events.AcknowledgementExpired(),
    "LeadAssigned": events.LeadAssigned("tom", "Kim Ortega"),
    "HumanResponded": events.HumanResponded("priya", "text", text="On my way"),
    "ResponseAttempted": events.ResponseAttempted("priya", "voicemail"),
    "OutcomeReported": events.OutcomeReported("priya", "talked"),
    "CallRequested": events.CallRequested("priya", "page"),
    "RepJoinedCall": events.RepJoinedCall("priya", 1),
    "LeadPickedUp": events.LeadPickedUp("priya", 1, "human"),
    "LeadCallEnded": events.LeadCallEnded("priya", 1, "completed", True, 95),
    "RepCallEnded": events.RepCallEnded("priya", 1, "no answer"),
    "NoteAdded": events.NoteAdded("Kim Ortega", "a friend of the house"),
    "RepLeft": events.RepLeft("priya", "has gone off shift"),
    "AcknowledgementFailed": events.AcknowledgementFailed("sms", "30003"),
    "OfferUndelivered": events.OfferUndelivered("priya", "30003"),
    "CloseDue": events.CloseDue(),
    "LeadErased": events.LeadErased(),
    "StageReported": events.StageReported("HubSpot", "won"),
    "ReplyLost": events.ReplyLost("priya", "sms", "30003", "reply:1"),
    "LeadFolded": events.LeadFolded("A2", "Kim Ortega"),
    "LeadsJoined": events.LeadsJoined("A2", "Kim Ortega"),
    "LeadParted": events.LeadParted("A2", "Kim Ortega"),
}
BENCHES = {"everybody free": EVERYBODY, "nobody on shift": NOBODY, "all full": ALL_FULL, "an empty pool": a_bench(size=0)}
FINAL = (Status.CLOSED,)


def test_there_is_one_of_each_event():
    assert {kind.__name__ for kind in get_args(Event)} == set(ONE_OF_EACH)
    assert set(STATES) == set(Status)


@pytest.mark.parametrize("bench", BENCHES.values(), ids=BENCHES)
@pytest.mark.parametrize("event", ONE_OF_EACH.values(), ids=ONE_OF_EACH)
@pytest.mark.parametrize("state", STATES.values(), ids=[str(status) for status in STATES])
def test_whatever_happens_wherever_there_is_an_answer(state, event, bench):
    decided = step(facts(state, bench), event, NOW + 6 * MINUTE)
    assert isinstance(decided, Step)
    assert decided.why
    if not decided.changed:
        assert replace(decided.state, wait_reason=None) == replace(state, wait_reason=None)
    if state.status in FINAL:
        assert replace(decided.state, stage=None, stage_at=None) == state, "of what is over only the CRM still tells"
        assert decided.alarms == ()
    if decided.state.status in (Status.ACCEPTED, Status.RESPONDED):
        assert decided.state.owner
        assert decided.state.offered_to == ()
    if decided.state.status in (Status.OFFERED, Status.WAITING, Status.RINGING):
        assert decided.state.owner is None
    assert bool(decided.state.offered_to) == (decided.state.status in (Status.OFFERED, Status.RINGING))


# --- sentences: state, bench, event, minute -> status, owner, a piece of the why ------------------------------------

NEW = STATES[Status.NEW]
SENTENCES = [
    # it comes in
    ("a form is offered at once", NEW, EVERYBODY, "LeadArrived", "offered", None, "offered to Priya Shah"),
    ("nobody on shift: it waits", NEW, NOBODY, "LeadArrived", "waiting", None, "nobody is on shift"),
    ("all full: it waits", NEW, ALL_FULL, "LeadArrived", "waiting", None, "all who are on shift are full"),
    ("a pool of nobody", NEW, BENCHES["an empty pool"], "LeadArrived", "waiting", None, "the pool has no reps"),
    ("a call rings a rep with room", NEW, EVERYBODY, "CallArrived", "ringing", None, "ringing Priya Shah"),
    ("a call that can ring nobody is missed", NEW, NOBODY, "CallArrived", "waiting", None, "nobody free to ring"),
    ("no answer: the next rep rings", ringing(), EVERYBODY, "RingUnanswered", "ringing", None, "ringing Tom Becker"),
    ("nobody else: a missed call", ringing(), NOBODY, "RingUnanswered", "waiting", None, "missed call"),
    ("the caller hangs up", ringing(), EVERYBODY, "CallMissed", "offered", None, "missed call (hung up): offered to"),
    ("a bridged call is the response", ringing(), EVERYBODY, "CallBridged", "responded", "priya", "took the call after"),
    ("pressed 1, but the caller had gone", responded(), EVERYBODY, "CallMissed", "accepted", "priya", "call back"),
    ("a report is not a call", responded(response_how="reported"), EVERYBODY, "CallMissed", "responded", "priya", "nothing"),
    # it is offered
    ("yes", offered("priya", "tom"), EVERYBODY, "OfferAccepted", "accepted", "priya", "accepted by sms after 2m"),
    ("no, and another is still asked", offered("priya", "tom"), EVERYBODY, "OfferPassed", "offered", None, "still asking Tom"),
    ("no, so the next", offered("priya"), EVERYBODY, "OfferPassed", "offered", None, "passed by sms: offered to Tom Becker"),
    ("no after yes", accepted(), EVERYBODY, "OfferPassed", "offered", None, "offered to Tom Becker"),
    ("silence: the next", offered("priya"), EVERYBODY, "OfferLapsed", "offered", None, "no answer from Priya Shah in 2m"),
    ("silence and nobody else", offered("priya"), NOBODY, "OfferLapsed", "waiting", None, "waits, nobody is on shift"),
    ("the offer did not arrive", offered("priya"), EVERYBODY, "OfferUndelivered", "offered", None, "did not reach Priya"),
    ("one of two did not arrive", offered("priya", "tom"), EVERYBODY, "OfferUndelivered", "offered", None, "still asking Tom"),
    ("the shift ends: taken back", accepted(), EVERYBODY, "RepLeft", "offered", None, "has gone off shift: offered to Tom"),
    ("the shift ends in an offer", offered("priya"), EVERYBODY, "RepLeft", "offered", None, "offered to Tom Becker"),
    ("one of two goes", offered("priya", "tom"), EVERYBODY, "RepLeft", "offered", None, "still asking Tom Becker"),
    ("an answered lead stays with who left", responded(), EVERYBODY, "RepLeft", "responded", "priya", "changes nothing"),
    ("room opens", waiting(), EVERYBODY, "RoomOpened", "offered", None, "room opened: offered to Priya"),
    ("looked again", waiting(), EVERYBODY, "RetryDue", "offered", None, "looked again: offered to Priya"),
    ("looked again in vain", waiting(), NOBODY, "RetryDue", "waiting", None, "nobody is on shift"),
    ("by hand", waiting(), NOBODY, "LeadAssigned", "accepted", "tom", "Kim Ortega assigned it to Tom Becker"),
    ("by hand after the response", responded(), EVERYBODY, "LeadAssigned", "responded", "tom", "assigned it to Tom"),
    ("by hand out of quarantine", STATES[Status.QUARANTINED], NOBODY, "LeadAssigned", "accepted", "tom", "assigned"),
    ("a second yes is harmless", accepted(), EVERYBODY, "OfferAccepted", "accepted", "priya", "has it already"),
    ("a late yes", accepted("tom"), EVERYBODY, "OfferAccepted", "accepted", "tom", "Priya Shah said yes too late"),
    # a rep calls (more of it in test_calling.py)
    ("without a line of our own the rep dials", accepted(), EVERYBODY, "CallRequested", "accepted", "priya", "dials the number"),
    ("only who has it may call", accepted("tom"), EVERYBODY, "CallRequested", "accepted", "tom", "not yours yet"),
    ("a person picks up", accepted(dial_number=1), EVERYBODY, "LeadPickedUp", "responded", "priya", "a person took Priya Shah's call"),
    # it is answered
    ("a text of the rep's", accepted(), EVERYBODY, "HumanResponded", "responded", "priya", "the first response after 2m, in time"),
    ("who answers has it", accepted("tom"), EVERYBODY, "HumanResponded", "responded", "priya", "first response"),
    ("one who was not asked answers", waiting(), NOBODY, "HumanResponded", "responded", "priya", "first response"),
    ("a voicemail of the rep's is none", accepted(), EVERYBODY, "ResponseAttempted", "accepted", "priya", "the clock goes on"),
    ("talked", accepted(), EVERYBODY, "OutcomeReported", "closed", "priya", "reports: talked after 2m, in time"),
    ("nothing more", responded(), EVERYBODY, "CloseDue", "closed", "priya", "no further word"),
    ("a person who is forgotten is asked about no more", offered("priya"), EVERYBODY, "LeadErased", "closed", None, "erased"),
    ("nor is their lead held", accepted(), EVERYBODY, "LeadErased", "closed", "priya", "erased"),
    ("no close before a response", accepted(), EVERYBODY, "CloseDue", "accepted", "priya", "changes nothing"),
    # nobody answers
    ("not accepted in time", offered("priya"), EVERYBODY, "AcceptDue", "offered", None, "nobody accepted within 5m"),
    ("accepted in time", accepted(), EVERYBODY, "AcceptDue", "accepted", "priya", "accepted in time"),
    ("not answered in time", accepted(), EVERYBODY, "ResponseDue", "accepted", "priya", "no human response within 20m"),
    ("answered in time", responded(), EVERYBODY, "ResponseDue", "responded", "priya", "changes nothing"),
    ("the manager's rung", accepted(), EVERYBODY, "RungReached", "accepted", "priya", "at risk: told Kim Ortega"),
    ("a manager is on it", accepted(), EVERYBODY, "EscalationAcknowledged", "accepted", "priya", "the clock does not"),
    # words in between
    ("the lead writes again", accepted(), EVERYBODY, "MessageArrived", "accepted", "priya", "passed to Priya Shah"),
    ("the lead writes, nobody has it", waiting(), NOBODY, "MessageArrived", "waiting", None, "whoever takes it"),
    ("a voicemail", waiting(), NOBODY, "VoicemailLeft", "waiting", None, "left a voicemail of 12s"),
    ("a voicemail without a number", STATES[Status.QUARANTINED], NOBODY, "VoicemailLeft", "quarantined", None, "voicemail of 12s"),
    ("a note", responded(), EVERYBODY, "NoteAdded", "responded", "priya", "Kim Ortega noted: a friend of the house"),
    ("a deal that is won closes what is answered", responded(), EVERYBODY, "StageReported", "closed", "priya", "HubSpot says: won"),
    ("a deal that is won later is only told", STATES[Status.CLOSED], EVERYBODY, "StageReported", "closed", "priya", "HubSpot says: won"),
    ("a deal that is won while nobody has it is only told", STATES[Status.WAITING], NOBODY, "StageReported", "waiting", None, "HubSpot says: won"),
    ("a note after the end", STATES[Status.CLOSED], EVERYBODY, "NoteAdded", "closed", "priya", "noted"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "bench", "event", "status", "owner", "why"), [row[1:] for row in SENTENCES], ids=[row[0] for row in SENTENCES]
)
def test_a_sentence_of_the_journey(state, bench, event, status, owner, why):
    decided = step(facts(state, bench), ONE_OF_EACH[event], NOW + 2 * MINUTE)
    assert (decided.state.status, decided.state.owner) == (status, owner)
    assert why in decided.why


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (offered("priya", turn=3), events.OfferLapsed(1)),
        (offered("priya", turn=3), events.OfferUndelivered("priya", "30005", turn=1)),
        (waiting(turn=1), events.OfferLapsed(1)),
        (accepted(turn=1), events.OfferLapsed(1)),
        (offered("tom"), events.OfferUndelivered("priya", "30003")),
        (offered("tom"), events.OfferPassed("priya", "sms")),
        (offered("tom"), events.RepLeft("priya", "has gone off")),
        (offered("tom"), events.RoomOpened()),
        (accepted("tom"), events.OfferPassed("priya", "sms")),
        (accepted("tom"), events.RepLeft("priya", "has gone off")),
        (accepted("tom"), events.RetryDue()),
        (ringing("tom"), events.RingUnanswered("priya", "busy")),
        (responded(), events.RungReached(3)),
        (responded(), events.AcknowledgementFailed("sms", "30003")),
        (accepted(acked_on=("sms", "email")), events.AcknowledgementFailed("sms", "30003")),
        (accepted(acked_on=()), events.AcknowledgementFailed("sms", "30003")),
        (STATES[Status.CLOSED], events.CallArrived("CA1")),
        (offered("tom"), events.LeadArrived()),
        (offered("tom"), events.CallMissed("no word from the provider")),
    ],
)
def test_what_is_late_or_crossed_changes_nothing(state, event):
    decided = step(facts(state), event, NOW + 6 * MINUTE)
    assert decided == Step(state, why=decided.why, changed=False)
    assert str(state.status) in decided.why


def test_a_rep_who_is_asked_again_keeps_the_lead_when_the_alarm_of_the_first_time_rings():
    first, _ = after(facts(bench=a_bench("priya")), events.LeadArrived())
    let_go, decided = after(first, events.OfferLapsed(1), minutes=2)
    assert decided.state.status is Status.WAITING
    again, decided = after(let_go, events.RoomOpened(), minutes=5)
    assert decided.state.offered_to == ("priya",)
    stale, decided = after(again, events.OfferLapsed(1), minutes=6)
    assert stale.state.offered_to == ("priya",)
    assert decided.messages == decided.reps == ()


# --- arrival -----------------------------------------------------------------------------------------------------


def test_arrival_promises_acknowledges_and_offers_in_one_step():
    decided = step(facts(), events.LeadArrived(), NOW)
    assert (decided.state.accept_due_at, decided.state.response_due_at) == (NOW + 5 * MINUTE, NOW + 20 * MINUTE)
    assert alarm_keys(decided) == {"accept", "response", "rung:0", "rung:1", "rung:2", "rung:3", "lapse"}
    assert told(decided) == ["lead sms", "rep:priya sms", "rep:priya email"]
    assert decided.state.acked_on == ("sms",)
    assert decided.reps == (RepChange("priya", assigned=True),)


def test_a_lead_that_nobody_can_reach_is_kept_shown_and_told():
    nobody = a_lead(person=Person(2, "J. Doe"))
    decided = step(facts(lead=nobody), events.LeadArrived(), NOW)
    assert decided.state.status is Status.QUARANTINED
    assert decided.alarms == ()
    assert told(decided, "uncontactable") == ["manager:kim sms", "manager:kim email"]
    assert "Kept for a person to look at" in decided.why


@pytest.mark.parametrize(
    "person", [Person(2, phone="+15125550143"), Person(2, email="d@example.org"), Person(2, handles={"messenger": "62"})]
)
def test_one_way_to_answer_is_enough(person):
    assert step(facts(lead=a_lead(person=person)), events.LeadArrived(), NOW).state.status is Status.OFFERED


def test_a_stop_closes_texts_and_not_the_reps_call():
    stopped = replace(DANA, email=None, opted_out=frozenset({"sms"}))
    decided = step(facts(lead=a_lead(person=stopped)), events.LeadArrived(), NOW)
    assert decided.state.status is Status.OFFERED
    assert decided.state.acked_on == ()
    assert told(decided) == ["rep:priya sms", "rep:priya email"]


def test_a_quarantined_lead_given_by_hand_gets_its_clock_back():
    decided = step(facts(STATES[Status.QUARANTINED]), events.LeadAssigned("tom", "Kim Ortega"), NOW + 40 * MINUTE)
    assert alarm_keys(decided) == {"accept", "response", "rung:0", "rung:1", "rung:2", "rung:3", "acknowledged"}
    assert {alarm.due_at for alarm in decided.alarms if alarm.key == "response"} == {NOW + 20 * MINUTE}


# --- yes, no, silence --------------------------------------------------------------------------------------------


def test_the_winner_gets_the_number_and_the_others_hear_who_it_was():
    decided = step(facts(offered("priya", "tom", "ana")), events.OfferAccepted("tom", "page"), NOW + MINUTE)
    yours = message(decided, "accepted", "rep:tom")
    assert yours.fields["phone"] == DANA.phone
    assert told(decided, "withdrawn") == ["rep:priya sms", "rep:ana sms"]
    assert message(decided, "withdrawn").fields["winner"] == "Tom Becker"
    assert decided.reps == (RepChange("tom", lapses=0),)
    assert decided.state.accepted_at == NOW + MINUTE


def test_a_late_yes_hears_who_has_it_and_since_when():
    given = facts(accepted("priya", accepted_at=NOW + 2 * MINUTE, offered_to=()))
    decided = step(given, events.OfferAccepted("tom", "sms"), NOW + 2 * MINUTE + MINUTE / 3)
    said = message(decided, "too_late", "rep:tom")
    assert (said.fields["winner"], said.fields["ago"], said.fields["code"]) == ("Priya Shah", "20s", "G1")
    assert not decided.changed
    assert decided.reps == (RepChange("tom", lapses=0),)


def test_a_late_yes_hears_who_is_asked_now():
    decided = step(facts(offered("priya", offered_at=NOW)), events.OfferAccepted("tom", "sms"), NOW + MINUTE)
    assert message(decided, "too_late").fields["winner"] == "Priya Shah"
    assert decided.state.offered_to == ("priya",)


def test_each_late_yes_is_answered():
    given = facts(accepted("priya"))
    first = step(given, events.OfferAccepted("tom", "sms"), NOW + 2 * MINUTE)
    second = step(given, events.OfferAccepted("tom", "sms"), NOW + 3 * MINUTE)
    assert first.messages[0].key != second.messages[0].key


@pytest.mark.parametrize("absence", [None, "backing off", "away"])
def test_a_late_yes_takes_a_lead_that_nobody_has(absence):
    bench = a_bench(away=[a_seat("priya", absence=absence, lapses=2)])
    decided = step(facts(waiting(tried=("priya",)), bench), events.OfferAccepted("priya", "sms"), NOW + 5 * MINUTE)
    assert (decided.state.status, decided.state.owner) == ("accepted", "priya")
    assert "late, but nobody had it" in decided.why
    assert told(decided, "accepted") == ["rep:priya sms", "rep:priya email"]


@pytest.mark.parametrize(
    ("seat", "tried"),
    [
        (a_seat("priya", absence="off shift"), ("priya",)),
        (a_seat("priya", open=10), ("priya",)),
        (a_seat("priya", absence="backing off", unanswered=3), ("priya",)),
        (a_seat("priya"), ()),
    ],
)
def test_a_late_yes_without_room_leaves_it_waiting_and_says_so(seat, tried):
    decided = step(facts(waiting(tried=tried), a_bench(away=[seat])), events.OfferAccepted("priya", "sms"), NOW + 5 * MINUTE)
    assert decided.state.status is Status.WAITING
    assert "waits for a rep with room" in message(decided, "reply", "rep:priya").fields["text"]


def test_a_yes_to_a_closed_lead_without_an_owner():
    closed = promised(Status.CLOSED, outcome="bad_number")
    said = message(step(facts(closed), events.OfferAccepted("priya", "sms"), NOW), "reply")
    assert said.fields["text"] == "G1 is closed, nothing to do."


def test_no_is_for_ever_and_silence_for_the_round():
    given, _ = after(facts(bench=a_bench("priya", "tom")), events.LeadArrived())
    given, _ = after(given, events.OfferPassed("priya", "sms"))
    assert given.state.offered_to == ("tom",)
    given, decided = after(given, events.OfferLapsed(given.state.turn), minutes=3)
    assert decided.state.status is Status.WAITING
    assert (decided.state.rounds, decided.state.lapsed_by, decided.state.declined_by) == (1, (), ("priya",))
    given, decided = after(given, events.RoomOpened(), minutes=5)
    assert decided.state.offered_to == ("tom",)
    given, decided = after(given, events.OfferPassed("tom", "sms"), minutes=6)
    assert decided.state.status is Status.WAITING
    assert decided.state.wait_reason == "everybody with room has been asked"


def test_a_pass_is_a_sign_of_life():
    for state in (offered("priya"), offered("priya", "tom"), accepted()):
        assert step(facts(state), events.OfferPassed("priya", "sms"), NOW).reps[0] == RepChange("priya", lapses=0)


@pytest.mark.parametrize(("lapses", "minutes"), [(0, 2), (1, 4), (2, 8), (3, 16), (4, 30), (9, 30)])
def test_back_off_doubles_from_two_minutes_to_thirty(lapses, minutes):
    bench = a_bench(a_seat("priya", lapses=lapses), "tom")
    decided = step(facts(offered("priya"), bench), events.OfferLapsed(1), NOW)
    change = decided.reps[0]
    assert (change.rep, change.lapses) == ("priya", lapses + 1)
    assert change.backoff_until == NOW + minutes * MINUTE
    assert change.away == (lapses + 1 >= 2)


@pytest.mark.parametrize(("lapses", "seconds"), [(0, 10), (1, 20), (2, 40), (9, 160)])
def test_the_pause_after_a_short_offer_is_as_short(lapses, seconds):
    """Two minutes would be longer than the whole SLA of whoever gives ten seconds for an offer."""
    brief = replace(POOL, offer_for=MINUTE / 6)
    given = facts(offered("priya"), a_bench(a_seat("priya", lapses=lapses), "tom"), pool=brief)
    change = step(given, events.OfferLapsed(1), NOW + MINUTE / 6).reps[0]
    assert change.backoff_until == NOW + MINUTE / 6 + seconds * MINUTE / 60


def test_the_second_silence_is_away_and_the_manager_hears_it_once_for_all():
    bench = a_bench(a_seat("priya", lapses=1), a_seat("tom", lapses=1), a_seat("ana"), "joe")
    decided = step(facts(offered("priya", "tom", "ana"), bench), events.OfferLapsed(1), NOW + 1.5 * MINUTE)
    assert told(decided, "away") == ["manager:kim sms", "manager:kim email"]
    assert message(decided, "away").fields["set_away"] == "Priya Shah, Tom Becker"
    assert told(decided, "moved_on") == ["rep:priya sms", "rep:tom sms", "rep:ana sms"]
    moved = message(decided, "moved_on", "rep:priya").fields
    assert (moved["winner"], moved["ago"], moved["away"]) == ("Joe Lindqvist", "1m 30s", "yes")
    assert message(decided, "moved_on", "rep:ana").fields["away"] == ""


@pytest.mark.parametrize("absence", ["away", "busy", "off", "off shift"])
def test_who_is_not_expected_to_answer_is_not_silent_once_more_and_no_manager_hears_it_again(absence):
    bench = a_bench("tom", away=[a_seat("priya", absence=absence, lapses=1)])
    decided = step(facts(offered("priya"), bench), events.OfferLapsed(1), NOW + 2 * MINUTE)
    assert decided.reps[0] == RepChange("priya")
    assert told(decided, "away") == []
    assert message(decided, "moved_on", "rep:priya").fields["away"] == ""
    assert decided.state.offered_to == ("tom",)


def test_who_was_silent_is_told_of_all_who_are_asked_now():
    ring = replace(POOL, offer=OfferStyle.RING, ring=2)
    given = facts(offered("priya"), a_bench("priya", "tom", "ana"), pool=ring)
    moved = message(step(given, events.OfferLapsed(1), NOW + 2 * MINUTE), "moved_on", "rep:priya").fields
    assert moved["winner"] == "Tom Becker, Ana Ruiz"


def test_an_offer_that_does_not_arrive_is_no_silence_and_not_tried_again_at_once():
    bench = a_bench(a_seat("priya", lapses=1))
    decided = step(facts(offered("priya"), bench), events.OfferUndelivered("priya", "30003"), NOW)
    assert decided.state.status is Status.WAITING
    assert decided.reps == (RepChange("priya", lapses=1, backoff_until=NOW + 2 * MINUTE),)
    assert not decided.reps[0].away


def test_a_lead_taken_back_keeps_its_first_clock_and_is_not_offered_to_who_left():
    decided = step(facts(accepted(), a_bench("priya", "tom")), events.RepLeft("priya", "has gone off shift"), NOW + 4 * MINUTE)
    assert decided.state.offered_to == ("tom",)
    assert decided.state.response_due_at == NOW + 20 * MINUTE
    assert decided.state.accepted_at is None
    alone = step(facts(accepted(), a_bench("priya")), events.RepLeft("priya", "has gone off shift"), NOW + 4 * MINUTE)
    assert alone.state.status is Status.WAITING


def test_by_hand_takes_it_from_whoever_had_it_and_tells_both():
    decided = step(facts(offered("priya", "ana", turn=4)), events.LeadAssigned("tom", "Kim Ortega"), NOW + MINUTE)
    assert decided.state.turn == 5
    assert told(decided, "accepted") == ["rep:tom sms", "rep:tom email"]
    assert told(decided, "withdrawn") == ["rep:priya sms", "rep:ana sms"]
    assert decided.reps == (RepChange("tom", assigned=True),)


def test_the_ladder_does_not_take_back_what_a_manager_has_just_given():
    given, decided = after(facts(accepted("priya")), events.LeadAssigned("tom", "Kim Ortega"), minutes=11)
    assert {alarm.key: alarm.due_at for alarm in decided.alarms} == {"acknowledged": NOW + 26 * MINUTE}
    given, decided = after(given, events.RungReached(1), minutes=12)
    assert given.state.owner == "tom"
    assert "Kim Ortega is on it" in decided.why


# --- answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "how"),
    [
        (events.HumanResponded("priya", "call"), "call"),
        (events.HumanResponded("priya", "text", text="Hello Dana"), "text"),
        (events.HumanResponded("priya", "call", reported=True), "reported"),
        (events.OutcomeReported("priya", "talked"), "reported"),
        (events.OutcomeReported("priya", "not_now"), "reported"),
    ],
)
def test_the_first_response_stops_the_clock_and_silences_every_alarm(event, how):
    decided = step(facts(accepted()), event, NOW + 25 * MINUTE)
    assert (decided.state.responded_at, decided.state.response_how) == (NOW + 25 * MINUTE, how)
    assert decided.disarm
    assert "5m late" in decided.why
    assert alarm_keys(decided) <= {"close"}


SAID = NOW + 12 * MINUTE


@pytest.mark.parametrize(
    "event",
    [
        events.OutcomeReported("priya", "talked", SAID),
        events.CallBridged("priya", SAID),
        events.HumanResponded("priya", "call", at=SAID),
    ],
)
def test_a_response_counts_when_it_was_told_and_not_when_a_backlog_was_read(event):
    decided = step(facts(accepted()), event, NOW + 25 * MINUTE)
    assert decided.state.responded_at == decided.state.attempted_at == SAID
    assert "after 12m, in time" in decided.why


def test_a_lead_s_call_that_rang_out_at_the_firm_s_own_phone_counts_when_it_was_told():
    decided = step(facts(), events.CallBridged("", SAID), NOW + 25 * MINUTE)
    assert (decided.state.responded_at, decided.state.contacted_at) == (SAID, SAID)


@pytest.mark.parametrize(
    ("said", "counts"), [(NOW - MINUTE, NOW), (NOW + 26 * MINUTE, NOW + 25 * MINUTE), (None, NOW + 25 * MINUTE)]
)
def test_no_response_is_older_than_its_lead_or_lies_ahead(said, counts):
    decided = step(facts(accepted()), events.OutcomeReported("priya", "talked", said), NOW + 25 * MINUTE)
    assert decided.state.responded_at == counts


BY_OFFICE = replace(SLA, calendar=OFFICE)
FRIDAY = replace(a_lead(), arrived_at=NOW + timedelta(days=4, hours=8, minutes=25))  # five minutes before the office shuts
MONDAY = NOW + timedelta(days=7) - 30 * MINUTE  # when it opens again


def test_hours_in_which_the_office_was_shut_are_told_apart():
    decided = step(facts(accepted(), lead=FRIDAY, sla=BY_OFFICE), events.HumanResponded("priya", "call"), MONDAY + 3 * MINUTE)
    assert "after 2d 15h (8m of office hours)" in decided.why
    same_day = step(facts(accepted(), sla=BY_OFFICE), events.HumanResponded("priya", "call"), NOW + 3 * MINUTE)
    assert "after 3m, in time" in same_day.why


def test_a_manager_is_told_how_long_a_lead_waits_and_has_left_in_office_hours():
    """Promised within 20m, and 2d 15h have gone: nobody would know whether that is late."""
    given = facts(offered("priya", response_due_at=MONDAY + 15 * MINUTE), lead=FRIDAY, sla=BY_OFFICE)
    risk = message(step(given, events.RungReached(2), MONDAY + 10 * MINUTE), "at_risk").fields
    assert (risk["target"], risk["elapsed"], risk["remaining"]) == ("20m", "15m", "5m")
    still = message(step(given, events.RungReached(2), FRIDAY.arrived_at + 6 * MINUTE), "at_risk").fields
    assert (still["elapsed"], still["remaining"]) == ("5m", "15m")


def test_who_takes_a_call_hears_whose_it_was_and_who_has_the_lead_already_does_not():
    decided = step(facts(ringing("priya")), events.CallBridged("priya"), NOW + MINUTE)
    assert told(decided, "took_call") == ["rep:priya sms"]
    assert message(decided, "took_call").fields["phone"] == DANA.phone
    assert told(step(facts(accepted("priya")), events.CallBridged("priya"), NOW + MINUTE), "took_call") == []


def test_a_second_response_does_not_move_the_first():
    decided = step(facts(responded()), events.HumanResponded("priya", "text", text="Still there?"), NOW + 9 * MINUTE)
    assert decided.state.responded_at == NOW + 2 * MINUTE
    assert not decided.disarm
    assert [(alarm.key, alarm.due_at) for alarm in decided.alarms] == [("close", NOW + 9 * MINUTE + POOL.close_after)]


def test_who_had_it_hears_that_somebody_else_has_answered():
    decided = step(facts(accepted("tom")), events.HumanResponded("priya", "text", text="Hi"), NOW + MINUTE)
    assert told(decided, "withdrawn") == ["rep:tom sms"]
    ended = step(facts(offered("priya", "tom")), events.OutcomeReported("priya", "talked"), NOW + MINUTE)
    assert told(ended, "withdrawn") == ["rep:tom sms"]


@pytest.mark.parametrize("outcome", ["bad_number", "closed"])
def test_closing_without_having_talked_is_no_response(outcome):
    decided = step(facts(accepted()), events.OutcomeReported("priya", outcome), NOW + MINUTE)
    assert decided.state.status is Status.CLOSED
    assert (decided.state.responded_at, decided.state.outcome) == (None, outcome)
    assert outcome.replace("_", " ") in decided.why


def test_words_that_may_not_be_sent_are_no_response():
    stopped = replace(DANA, email=None, opted_out=frozenset({"sms"}))
    decided = step(facts(accepted(), lead=a_lead(person=stopped)), ONE_OF_EACH["HumanResponded"], NOW + MINUTE)
    assert decided.state == accepted()
    assert not decided.disarm
    assert "the clock goes on" in message(decided, "reply", "rep:priya").fields["text"]


def test_an_attempt_is_counted_once():
    given, decided = after(facts(accepted()), events.ResponseAttempted("priya", "voicemail"), minutes=3)
    assert decided.state.attempted_at == NOW + 3 * MINUTE
    assert decided.state.responded_at is None
    assert not decided.disarm
    _, decided = after(given, events.ResponseAttempted("priya", "no answer"), minutes=4)
    assert decided.state.attempted_at == NOW + 3 * MINUTE


def test_a_voicemail_under_two_seconds_is_a_hang_up():
    for seconds, told_to in ((1, []), (2, ["rep:priya sms", "rep:priya email"])):
        decided = step(facts(accepted()), events.VoicemailLeft("https://example.org/1", seconds), NOW)
        assert told(decided, "lead_said") == told_to


def test_every_word_of_the_lead_reaches_the_owner_even_the_same_twice():
    given = facts(accepted())
    keys = {step(given, events.MessageArrived("sms", "hello?"), NOW + n * MINUTE).messages[0].key for n in range(3)}
    assert len(keys) == 3
    said = step(given, events.MessageArrived("sms", "hello?"), NOW).messages[0]
    assert (said.to, said.fields["text"]) == ("rep:priya", "hello?")
