"""What happens to a lead, top to bottom. Read this first.

`step(facts, event, now)` is one table: where the lead is, what happened, and the function that decides. A decision returns a
`Step`: the new state, the reason in words, and the alarms and messages that go with it. Nothing is done here; the store saves
a step whole, or not at all. A late or crossed event falls through to `unchanged`: it is recorded, never an error.
"""

from dataclasses import replace
from datetime import datetime

from routing import answering, ladder, offering, promise, ringing, telling
from routing.model import (
    OPEN,
    UNANSWERED,
    AcceptDue,
    AcknowledgementExpired,
    AcknowledgementFailed,
    CallArrived,
    CallBridged,
    CallMissed,
    CloseDue,
    EscalationAcknowledged,
    Event,
    Facts,
    HumanResponded,
    LeadArrived,
    LeadAssigned,
    MessageArrived,
    NoteAdded,
    OfferAccepted,
    OfferLapsed,
    OfferPassed,
    OfferUndelivered,
    OutcomeReported,
    RepChange,
    RepLeft,
    ResponseAttempted,
    ResponseDue,
    RetryDue,
    RingUnanswered,
    RoomOpened,
    RungReached,
    Status,
    Step,
    VoicemailLeft,
)  # fmt: skip
from routing.naming import name_of, names
from routing.words import ago

NEW, RINGING, WAITING, OFFERED = Status.NEW, Status.RINGING, Status.WAITING, Status.OFFERED
ACCEPTED, RESPONDED, CLOSED, QUARANTINED = Status.ACCEPTED, Status.RESPONDED, Status.CLOSED, Status.QUARANTINED


def step(facts: Facts, event: Event, now: datetime) -> Step:
    """The one table of the journey. Pure: the same facts, event and now give the same step."""
    state = facts.state
    match state.status, event:
        # it comes in
        case Status.NEW, LeadArrived():
            return arrived(facts, now)
        case Status.NEW, CallArrived():
            return ringing.ring_first(facts, event, now)
        case Status.RINGING, RingUnanswered(rep=rep) if rep in state.offered_to:
            return ringing.ring_next(facts, event, now)
        case Status.RINGING, CallMissed():
            return ringing.missed(facts, event.reason, now)
        case Status.RINGING | Status.WAITING | Status.OFFERED | Status.ACCEPTED, CallBridged():
            return bridged(facts, event, now)
        case Status.RESPONDED, CallMissed() if state.response_how == "call" and state.owner:
            return ringing.unbridged(facts, event, now)
        # it is offered, until somebody takes it
        case Status.OFFERED, OfferAccepted(rep=rep) if rep in state.offered_to:
            return accepted(facts, event, now)
        case Status.OFFERED, OfferPassed(rep=rep) if rep in state.offered_to:
            return passed(facts, event, now)
        case Status.ACCEPTED, OfferPassed(rep=rep) if rep == state.owner:
            return passed(facts, event, now)
        case Status.OFFERED, OfferUndelivered(rep=rep) if rep in state.offered_to:
            return undelivered(facts, event, now)
        case Status.OFFERED, OfferLapsed(turn=turn) if turn == state.turn:
            return lapsed(facts, now)
        case Status.OFFERED | Status.ACCEPTED, RepLeft(rep=rep) if rep in (state.owner, *state.offered_to):
            return taken_back(facts, event, now)
        case Status.WAITING, RoomOpened() | RetryDue():
            return offering.offer(facts, now, because="room opened" if isinstance(event, RoomOpened) else "looked again")
        case _, LeadAssigned() if state.status not in (CLOSED, RINGING, NEW):
            return assigned(facts, event, now)
        case _, OfferAccepted():
            return too_late(facts, event, now)
        # somebody answers it
        case Status.WAITING | Status.OFFERED | Status.ACCEPTED | Status.RESPONDED, HumanResponded():
            return responded(facts, event, now)
        case Status.OFFERED | Status.ACCEPTED | Status.RESPONDED | Status.WAITING, ResponseAttempted():
            return attempted(facts, event, now)
        case Status.OFFERED | Status.ACCEPTED | Status.RESPONDED | Status.WAITING | Status.QUARANTINED, OutcomeReported():
            return finished(facts, event, now)
        case Status.RESPONDED, CloseDue():
            return closed(facts, outcome="no further word", now=now)
        # nobody answers it
        case status, AcceptDue() if status in UNANSWERED:
            return ladder.accept_missed(facts, now)
        case status, ResponseDue() if status in UNANSWERED:
            return ladder.breached(facts, now)
        case status, RungReached() if status in UNANSWERED:
            return ladder.climb(facts, event, now)
        case status, EscalationAcknowledged() if status in UNANSWERED or status == QUARANTINED:
            return ladder.acknowledged(facts, event, now)
        case status, AcknowledgementExpired() if status in UNANSWERED:
            return ladder.climb_again(facts, now)
        # words in between
        case status, MessageArrived() if status in OPEN or status == QUARANTINED:
            return wrote_again(facts, event)
        case status, VoicemailLeft() if status in OPEN:
            return left_voicemail(facts, event)
        case status, AcknowledgementFailed() if status in OPEN:
            return not_acknowledged(facts, event, now)
        case _, NoteAdded():
            return Step(state, why=f"{event.by} noted: {event.text}")
        case _:
            return unchanged(facts, event)


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
    return Step(replace(facts.state, status=QUARANTINED), why=why, messages=telling.uncontactable(facts, why))


def accepted(facts: Facts, event: OfferAccepted, now: datetime) -> Step:
    """One of those asked said yes: it is theirs, the others are told who was quicker."""
    losers = tuple(rep for rep in facts.state.offered_to if rep != event.rep)
    state = offering.owned(facts.state, event.rep, now)
    took = ago(now - (facts.state.offered_at or now))
    return Step(
        state,
        why=f"{name_of(facts, event.rep)} accepted by {event.via} after {took}",
        messages=(*telling.yours(facts, event.rep, now), *telling.withdrawn(facts, losers, winner=event.rep)),
        reps=(RepChange(event.rep, lapses=0),),
    )


def passed(facts: Facts, event: OfferPassed, now: datetime) -> Step:
    """A rep said no: never ask them about this lead again; ask the next when nobody else is still being asked."""
    name, state = name_of(facts, event.rep), facts.state
    still_asked = tuple(rep for rep in state.offered_to if rep != event.rep)
    state = replace(state, declined_by=(*state.declined_by, event.rep), offered_to=still_asked)
    sign_of_life = RepChange(event.rep, lapses=0)
    if still_asked:
        return Step(state, why=f"{name} passed by {event.via}; still asking {names(facts, still_asked)}", reps=(sign_of_life,))
    onward = offering.offer(replace(facts, state=replace(state, owner=None)), now, because=f"{name} passed by {event.via}")
    return replace(onward, reps=(sign_of_life, *onward.reps))


def undelivered(facts: Facts, event: OfferUndelivered, now: datetime) -> Step:
    """The rep never saw the offer: ask the next at once, without blame."""
    state = facts.state
    rest = tuple(rep for rep in state.offered_to if rep != event.rep)
    state = replace(state, lapsed_by=(*state.lapsed_by, event.rep), offered_to=rest, undelivered=True)
    why = f"the offer did not reach {name_of(facts, event.rep)} ({event.reason})"
    if rest:
        return Step(state, why=f"{why}; still asking {names(facts, rest)}")
    return offering.offer(replace(facts, state=state), now, because=why)


def lapsed(facts: Facts, now: datetime) -> Step:
    """Nobody said yes in time: back off those who were silent, ask the next; twice silent in a row is Away."""
    silent = facts.state.offered_to
    state = replace(facts.state, lapsed_by=(*facts.state.lapsed_by, *silent), offered_to=())
    minutes = ago(now - (facts.state.offered_at or now))
    because = f"no answer from {names(facts, silent)} in {minutes}"
    onward = offering.offer(replace(facts, state=state), now, because=because, besides=silent)
    changes = offering.silenced(facts, silent, now)
    goes_to = onward.state.owner or (onward.state.offered_to[0] if onward.state.offered_to else None)
    told = telling.moved_on(facts, changes, to=goes_to, minutes=minutes)
    return replace(onward, reps=(*changes, *onward.reps), messages=(*told, *onward.messages))


def taken_back(facts: Facts, event: RepLeft, now: datetime) -> Step:
    """A rep is gone with the lead unanswered: it goes back to the pool with its first clock."""
    state = facts.state
    rest = tuple(rep for rep in state.offered_to if rep != event.rep)
    why = f"{name_of(facts, event.rep)} {event.why}"
    if rest:
        return Step(replace(state, offered_to=rest), why=f"{why}; still asking {names(facts, rest)}")
    state = replace(state, owner=None, offered_to=(), accepted_at=None)
    return offering.offer(replace(facts, state=state), now, because=why, besides=(event.rep,))


def assigned(facts: Facts, event: LeadAssigned, now: datetime) -> Step:
    """A manager gave it to a rep by hand. Their word counts more than caps and shifts."""
    before = tuple(rep for rep in {facts.state.owner, *facts.state.offered_to} if rep and rep != event.rep)
    state = offering.owned(replace(facts.state, turn=facts.state.turn + 1), event.rep, now)
    if facts.state.responded_at:
        state = replace(state, status=RESPONDED)
    return Step(
        state,
        why=f"{event.by} assigned it to {name_of(facts, event.rep)}",
        messages=(*telling.yours(facts, event.rep, now), *telling.withdrawn(facts, tuple(sorted(before)), winner=event.rep)),
        reps=(RepChange(event.rep, assigned=True),),
    )


def too_late(facts: Facts, event: OfferAccepted, now: datetime) -> Step:
    """A yes that came after somebody else's, or after the offer had moved on. Said at once, and nothing changes."""
    if event.rep == facts.state.owner:
        return replace(unchanged(facts, event), why=f"{name_of(facts, event.rep)} has it already")
    return Step(
        facts.state,
        why=f"{name_of(facts, event.rep)} said yes too late",
        messages=telling.too_late(facts, event.rep, now),
        reps=(RepChange(event.rep, lapses=0),),
        changed=False,
    )


def bridged(facts: Facts, event: CallBridged, now: datetime) -> Step:
    """A rep and the caller talk: taken and answered in one."""
    state = offering.owned(facts.state, event.rep, now)
    state = replace(state, status=RESPONDED, responded_at=now, response_how="call", accepted_at=now)
    return Step(
        state,
        why=f"{name_of(facts, event.rep)} took the call{promise.in_time(facts, now)}",
        alarms=(promise.close_alarm(facts, now),),
        messages=telling.withdrawn(facts, tuple(r for r in facts.state.offered_to if r != event.rep), winner=event.rep),
        reps=(RepChange(event.rep, lapses=0, assigned=True),),
        disarm=True,
    )


def responded(facts: Facts, event: HumanResponded, now: datetime) -> Step:
    """A person's own call, text or e-mail reached the lead: the clock stops. Whoever answers owns it."""
    first = facts.state.responded_at is None
    state = offering.owned(facts.state, event.rep, now) if facts.state.owner != event.rep else facts.state
    if first:
        state = replace(state, responded_at=now, response_how="reported" if event.reported else event.how)
    said = f"{name_of(facts, event.rep)} {'says they answered' if event.reported else 'answered'} by {event.how}"
    losers = tuple(rep for rep in facts.state.offered_to if rep != event.rep)
    return Step(
        replace(state, status=RESPONDED),
        why=said + (f": the first response{promise.in_time(facts, now)}" if first else ""),
        alarms=(promise.close_alarm(facts, now),),
        messages=(*answering.relayed(facts, event, now), *telling.withdrawn(facts, losers, winner=event.rep)),
        reps=(RepChange(event.rep, lapses=0),),
        disarm=first,
    )


def attempted(facts: Facts, event: ResponseAttempted, now: datetime) -> Step:
    """A voicemail or an unanswered call of the rep's: counted, but the clock goes on."""
    state = replace(facts.state, attempted_at=facts.state.attempted_at or now)
    why = f"{name_of(facts, event.rep)} tried ({event.how}); nobody was reached, the clock goes on"
    return Step(state, why=why, reps=(RepChange(event.rep, lapses=0),))


def finished(facts: Facts, event: OutcomeReported, now: datetime) -> Step:
    """The rep says how it went. Talking is a response too, kept apart as reported; the room is free again."""
    state, in_time = facts.state, ""
    if event.outcome in ("talked", "not_now") and state.responded_at is None:
        state, in_time = replace(state, responded_at=now, response_how="reported"), promise.in_time(facts, now)
    if state.owner is None:
        state = offering.owned(state, event.rep, now)
    done = closed(replace(facts, state=state), outcome=event.outcome, now=now)
    who = name_of(facts, event.rep)
    return replace(done, why=f"{who} reports: {event.outcome.replace('_', ' ')}{in_time}", reps=(RepChange(event.rep, lapses=0),))


def closed(facts: Facts, *, outcome: str, now: datetime) -> Step:
    """Final. Later words of the person begin a new lead."""
    state = replace(facts.state, status=CLOSED, closed_at=now, outcome=outcome, offered_to=())
    return Step(state, why=f"closed: {outcome}", disarm=True)


def wrote_again(facts: Facts, event: MessageArrived) -> Step:
    """The lead wrote again: whoever has it gets the words."""
    reader = facts.state.owner
    to = name_of(facts, reader) if reader else "whoever takes it"
    return Step(facts.state, why=f"the lead wrote by {event.channel}; passed to {to}", messages=telling.lead_said(facts, event))


def left_voicemail(facts: Facts, event: VoicemailLeft) -> Step:
    """A recorded message; under two seconds it is only a hang-up (the carrier's beep)."""
    if event.seconds < 2:
        return Step(facts.state, why=f"hung up at the voicemail ({event.seconds}s)", details=("no voicemail",))
    said = MessageArrived("call", f"Voicemail, {event.seconds}s: {event.url}")
    return Step(facts.state, why=f"left a voicemail of {event.seconds}s", messages=telling.lead_said(facts, said))


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
    return Step(facts.state, why=f"{type(event).__name__} changes nothing: the lead is {facts.state.status}", changed=False)
