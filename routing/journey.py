"""What happens to a lead, top to bottom. Read this first.

`step(facts, event, now)` is one table in six chapters: where the lead is, what happened, and the function that decides. A decision
returns a `Step`: the new state, the reason in words, and the alarms and messages that go with it. Nothing is done here; the store
saves a step whole, or not at all. A late or crossed event falls through to `unchanged`: it is recorded, never an error.
"""

from dataclasses import replace
from datetime import datetime

from routing import (
    answering,
    calling,
    calling_again,
    exchange,
    joining,
    ladder,
    letting_go,
    lines,
    offering,
    promise,
    responding,
    ringing,
    staging,
    taking,
    telling,
)
from routing.automatic import is_automatic
from routing.events import (
    AcceptDue,
    AcknowledgementExpired,
    AcknowledgementFailed,
    CallArrived,
    CallBridged,
    CallMissed,
    CallRequested,
    CloseDue,
    EscalationAcknowledged,
    Event,
    HumanResponded,
    LeadArrived,
    LeadAssigned,
    LeadCallEnded,
    LeadErased,
    LeadFolded,
    LeadParted,
    LeadPickedUp,
    LeadsJoined,
    MessageArrived,
    NoteAdded,
    OfferAccepted,
    OfferLapsed,
    OfferPassed,
    OfferUndelivered,
    OutcomeReported,
    RepCallEnded,
    RepJoinedCall,
    RepLeft,
    ReplyLost,
    ResponseAttempted,
    ResponseDue,
    RetryDue,
    RingUnanswered,
    RoomOpened,
    RungReached,
    StageReported,
    VoicemailLeft,
)  # fmt: skip
from routing.model import OPEN, UNANSWERED, Facts, State, Status, Step
from routing.naming import name_of

WORDS_KEPT, LONGEST_WORDS = 5, 1_600  # of what the lead says before anybody has answered
IN_HANDS = frozenset({Status.WAITING, Status.OFFERED, Status.ACCEPTED, Status.RESPONDED})  # decided, and not yet done


def step(facts: Facts, event: Event, now: datetime) -> Step:
    """The one table of the journey, its chapters in order. Pure: the same facts, event and now give the same step."""
    for chapter in (it_comes_in, it_is_offered, a_rep_calls, it_is_answered, nobody_answers, words_in_between):
        decided = chapter(facts, event, now)
        if decided is not None:
            decided = exchange.heard_both(facts, event, decided, now)
            return letting_go.let_go(facts, lines.heard(facts, event, decided), now)
    return unchanged(facts, event)


def it_comes_in(facts: Facts, event: Event, now: datetime) -> Step | None:
    """A form, a message, or a call that rings."""
    state = facts.state
    match state.status, event:
        case Status.NEW, LeadArrived():
            return arrived(facts, now)
        case Status.NEW, CallArrived():
            return ringing.ring_first(facts, event, now)
        case Status.NEW, CallMissed():
            return ringing.missed_elsewhere(facts, event, now)
        case Status.NEW, CallBridged():
            return responding.answered_elsewhere(facts, event, now)
        case Status.RINGING, RingUnanswered(rep=rep) if rep in state.offered_to:
            return ringing.ring_next(facts, event, now)
        case Status.RINGING, CallMissed():
            return ringing.missed(facts, event.reason, now)
        case Status.RINGING | Status.WAITING | Status.OFFERED | Status.ACCEPTED, CallBridged():
            return responding.bridged(facts, event, now) if event.rep else responding.answered_elsewhere(facts, event, now)
        case Status.RINGING, CallArrived():
            return calling_again.rings_on(facts, event, now)
        case Status.WAITING | Status.OFFERED, CallArrived():
            return calling_again.rings_anybody(facts, event, now)
        case Status.ACCEPTED | Status.RESPONDED, CallArrived():
            return calling_again.rings_owner(facts, event, now)
        case Status.ACCEPTED | Status.RESPONDED, RingUnanswered(rep=rep) if rep == state.line:
            return calling_again.not_taken(facts, event, now)
        case Status.ACCEPTED | Status.RESPONDED, CallMissed() if state.line:
            return calling_again.not_taken(facts, event, now)
        case Status.RESPONDED, CallBridged(rep=rep) if rep == state.line:
            return calling_again.talked_again(facts, event, now)
        case Status.RESPONDED, CallMissed(reason=reason) if by_call(state) and reason != ringing.SILENCE:
            return ringing.unbridged(facts, event, now)
    return None


def it_is_offered(facts: Facts, event: Event, now: datetime) -> Step | None:
    """Until somebody takes it: yes, no, silence, and room that opens."""
    state = facts.state
    match state.status, event:
        case Status.OFFERED, OfferAccepted(rep=rep) if rep in state.offered_to:
            return taking.accepted(facts, event, now)
        case Status.WAITING, OfferAccepted(rep=rep) if taking.may_still(facts, rep):
            return taking.accepted(facts, event, now)
        case Status.OFFERED, OfferPassed(rep=rep) if rep in state.offered_to:
            return taking.passed(facts, event, now)
        case Status.ACCEPTED, OfferPassed(rep=rep) if rep == state.owner:
            return taking.passed(facts, event, now)
        case Status.OFFERED, OfferUndelivered(rep=rep, turn=turn) if rep in state.offered_to and turn in (None, state.turn):
            return taking.undelivered(facts, event, now)
        case Status.OFFERED, OfferLapsed(turn=turn) if turn == state.turn:
            return taking.lapsed(facts, now)
        case Status.OFFERED | Status.ACCEPTED, RepLeft(rep=rep) if rep in (state.owner, *state.offered_to):
            return taking.taken_back(facts, event, now)
        case Status.WAITING, RoomOpened() | RetryDue():
            return offering.look_again(facts, event, now)
        case status, LeadAssigned() if status in IN_HANDS or status == Status.QUARANTINED:
            return taking.assigned(facts, event, now)
        case _, OfferAccepted():
            return taking.too_late(facts, event, now)
    return None


def a_rep_calls(facts: Facts, event: Event, now: datetime) -> Step | None:
    """The rep asks us to call, both are rung one after the other, and the call itself tells how it went."""
    match facts.state.status, event:
        case _, CallRequested():
            return calling.requested(facts, event, now)
        case status, RepJoinedCall() if status in IN_HANDS:
            return calling.joined(facts, event, now)
        case status, LeadPickedUp() if status in IN_HANDS:
            return calling.picked_up(facts, event, now)
        case status, LeadCallEnded() if status in IN_HANDS:
            return calling.ended(facts, event, now)
        case status, RepCallEnded() if status in IN_HANDS:
            return calling.rep_ended(facts, event, now)
    return None


def it_is_answered(facts: Facts, event: Event, now: datetime) -> Step | None:
    """A person gets back to the lead, or says how it went."""
    match facts.state.status, event:
        case status, HumanResponded() if status in IN_HANDS:
            return responding.responded(facts, event, now)
        case status, ResponseAttempted() if status in IN_HANDS:
            return responding.attempted(facts, event, now)
        case status, ReplyLost() if status in IN_HANDS:
            return responding.lost(facts, event, now)
        case status, OutcomeReported() if status in IN_HANDS or status == Status.QUARANTINED:
            return responding.finished(facts, event, now)
        case Status.RESPONDED, CloseDue():
            return responding.closed(facts, outcome="no further word", now=now)
        case status, LeadErased() if status != Status.CLOSED:
            return responding.closed(facts, outcome="erased", now=now)
    return None


def nobody_answers(facts: Facts, event: Event, now: datetime) -> Step | None:
    """The clock and the ladder, until a human responds."""
    match facts.state.status, event:
        case status, AcceptDue() if status in UNANSWERED:
            return ladder.accept_missed(facts, now)
        case status, ResponseDue() if status in UNANSWERED:
            return ladder.breached(facts, now)
        case status, RungReached() if status in UNANSWERED:
            return ladder.climb(facts, event, now)
        case status, EscalationAcknowledged() if status in UNANSWERED or status == Status.QUARANTINED:
            return ladder.acknowledged(facts, event, now)
        case status, AcknowledgementExpired() if status in UNANSWERED:
            return ladder.climb_again(facts, now)
    return None


def words_in_between(facts: Facts, event: Event, now: datetime) -> Step | None:
    """What the lead says meanwhile, what could not be told to them, what the team notes."""
    match facts.state.status, event:
        case status, MessageArrived() if status in OPEN or status == Status.QUARANTINED:
            return wrote_again(facts, event, now)
        case status, VoicemailLeft() if status in OPEN or status == Status.QUARANTINED:
            return left_voicemail(facts, event, now)
        case status, AcknowledgementFailed(channel=channel) if status in UNANSWERED and channel in facts.state.acked_on[-1:]:
            return not_acknowledged(facts, event, now)
        case status, LeadsJoined() if status in OPEN and status is not Status.RINGING:
            return joining.joined(facts, event, now)
        case status, LeadFolded() if status in OPEN:
            return joining.folded(facts, event, now)
        case Status.CLOSED, LeadParted() if facts.state.outcome == joining.MERGED:
            return joining.parted(facts, event, now)
        case _, StageReported():
            return staging.reported(facts, event, now)
        case _, NoteAdded():
            return Step(facts.state, why=f"{event.by} noted: {event.text}")
    return None


def by_call(state: State) -> bool:
    """Was the first response a call, as the provider told it?"""
    return state.response_how == "call" and state.owner is not None


def arrived(facts: Facts, now: datetime) -> Step:
    """A form or a first message: promise a time, look for a rep with room, answer the lead."""
    state = promise.promised(facts)
    facts = replace(facts, state=state)
    if not answering.reachable(facts):
        return quarantined(facts)
    offered = offering.offer(facts, now, because="new lead")
    return answering.acknowledged(facts, replace(offered, alarms=(*promise.alarms(facts), *offered.alarms)), now)


def quarantined(facts: Facts) -> Step:
    """No phone, no address, no handle: nobody can answer it. Keep it, show it, tell the managers."""
    why = "no usable phone, e-mail or handle: nobody could answer. Kept for a person to look at"
    return Step(replace(facts.state, status=Status.QUARANTINED), why=why, messages=telling.uncontactable(facts, why))


def wrote_again(facts: Facts, event: MessageArrived, now: datetime) -> Step:
    """The lead wrote again: whoever has it gets the words."""
    reader = facts.state.owner
    to = (
        name_of(facts, reader)
        if reader in facts.team.reps
        else "the managers: who had it has left"
        if reader
        else "whoever takes it"
    )
    state = remembered(facts.state, f"by {event.channel}: {event.text}")
    by_itself = is_automatic(event.channel, event.text)
    why = f"the lead's phone answered by itself by {event.channel}" if by_itself else f"the lead wrote by {event.channel}"
    return Step(state, why=f"{why}; passed to {to}", details=event.files, messages=telling.lead_said(facts, event, now))


def left_voicemail(facts: Facts, event: VoicemailLeft, now: datetime) -> Step:
    """A recorded message; under two seconds it is only a hang-up (the carrier's beep)."""
    if event.seconds < 2:
        return Step(facts.state, why=f"hung up at the voicemail ({event.seconds}s)", details=("no voicemail",))
    said = MessageArrived("call", f"Voicemail, {event.seconds}s: {event.url}")
    state = remembered(facts.state, f"voicemail, {event.seconds}s: {event.url}")
    return Step(state, why=f"left a voicemail of {event.seconds}s", messages=telling.lead_said(facts, said, now))


def remembered(state: State, words: str) -> State:
    """The state with what they said, for whoever takes the lead next; once somebody has answered, the owner has had it all."""
    return replace(state, said=(*state.said, words[:LONGEST_WORDS])[-WORDS_KEPT:]) if state.responded_at is None else state


def not_acknowledged(facts: Facts, event: AcknowledgementFailed, now: datetime) -> Step:
    """The acknowledgement did not arrive: try the other channel once; if there is none, whoever has the lead must know."""
    other = answering.acknowledgement(facts, now, without=(*facts.state.acked_on, event.channel))
    why = f"the acknowledgement by {event.channel} failed ({event.reason})"
    if other:
        state = replace(facts.state, acked_on=(*facts.state.acked_on, other[0].channel))
        return Step(state, why=f"{why}; sent by {other[0].channel} instead", messages=other)
    return Step(facts.state, why=f"{why}; no other channel is left", messages=telling.not_acked(facts, event.reason))


def unchanged(facts: Facts, event: Event) -> Step:
    """Late or crossed: written down, nothing else."""
    return Step(
        facts.state, why=f"too late, or the same again: it changes nothing, the lead is {facts.state.status}", changed=False
    )
