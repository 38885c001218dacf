"""A caller on the line: ring a rep who has room, then the next; a call that nobody takes is a lead that gets a text back."""

from dataclasses import replace
from datetime import datetime, timedelta

from routing import answering, ladder, offering, promise, telling
from routing.events import CallArrived, CallMissed, RingUnanswered
from routing.hours import is_open
from routing.model import Alarm, Facts, RepChange, Seat, Status, Step
from routing.naming import name_of

SILENCE = "no word from the provider"
NO_WORD = timedelta(minutes=2)  # longer than any ring: the provider's status callback was lost
RING_AT_MOST = 4  # reps, one after the other, before the voicemail: nobody listens to ringing for longer


def ring_first(facts: Facts, event: CallArrived, now: datetime) -> Step:
    """The call comes in: ring the best rep with room, or take it as missed when nobody can be rung."""
    facts = replace(facts, state=replace(promise.promised(facts), call_sid=event.call_sid))
    rung = ring(facts, now, because="call came in")
    if rung is None:
        shut = not is_open(facts.policy.pool.calendar, now)
        return first_alarms(facts, missed(facts, "outside hours" if shut else "nobody free to ring", now))
    return first_alarms(facts, rung)


def ring_next(facts: Facts, event: RingUnanswered, now: datetime) -> Step:
    """The rung rep did not take it: the next one, or the voicemail."""
    state = replace(facts.state, lapsed_by=(*facts.state.lapsed_by, event.rep), offered_to=())
    facts = replace(facts, state=state)
    name = name_of(facts, event.rep)
    rung = ring(facts, now, because=f"{name} did not take it ({event.reason})")
    return rung or missed(facts, f"{name} did not take it ({event.reason})", now)


def ring(facts: Facts, now: datetime, *, because: str, first: tuple[Seat, ...] = ()) -> Step | None:
    """Ring one rep, None when there is nobody (left) to ring. `first` are asked before all others."""
    able = [*first, *(seat for seat in offering.candidates(facts) if seat.phone and seat not in first)]
    if not able or len(facts.state.lapsed_by) >= RING_AT_MOST or not is_open(facts.policy.pool.calendar, now):
        return None
    seat = able[0]
    state = replace(
        facts.state, status=Status.RINGING, offered_to=(seat.rep,), turn=facts.state.turn + 1, offered_at=now,
        tried=offering.tried(facts.state, (seat.rep,)),
    )  # fmt: skip
    return Step(
        state,
        why=f"{because}: ringing {seat.name} ({offering.reason(facts, seat)})",
        details=offering.considered(facts, (seat,)),
        alarms=(Alarm("ring", now + NO_WORD, CallMissed(SILENCE)),),
        reps=(assigned(seat),),
    )


def missed(facts: Facts, reason: str, now: datetime) -> Step:
    """Nobody talked with the caller: text them back at once and route it like any other lead."""
    state = replace(facts.state, offered_to=(), lapsed_by=())  # who could not pick up may still call back
    facts = replace(facts, state=state)
    if not answering.reachable(facts):
        why = f"missed call ({reason}) without a number to call back"
        return Step(replace(state, status=Status.QUARANTINED), why=why, messages=telling.uncontactable(facts, why), disarm=True)
    onward = offering.offer(facts, now, because=f"missed call ({reason})")
    return answering.acknowledged(facts, onward, now)


def missed_elsewhere(facts: Facts, event: CallMissed, now: datetime) -> Step:
    """A call that another system rang and nobody took: told afterwards, and a lead like any other."""
    facts = replace(facts, state=promise.promised(facts))
    return first_alarms(facts, missed(facts, event.reason, now))


def unbridged(facts: Facts, event: CallMissed, now: datetime) -> Step:
    """The rep pressed 1, but the caller had gone: nobody talked, so the clock runs again and the rep calls back."""
    owner = facts.state.owner or ""
    state = replace(facts.state, status=Status.ACCEPTED, responded_at=None, response_how=None, acknowledged_by=None)
    facts = replace(facts, state=state)
    back = Step(
        state,
        why=f"the caller had hung up before {name_of(facts, owner)} was connected ({event.reason}): call back",
        alarms=ladder.armed_again(facts, now),
        messages=telling.yours(facts, owner, now),
        disarm=True,
    )
    return answering.acknowledged(facts, back, now)


def first_alarms(facts: Facts, step: Step) -> Step:
    """The step with the alarms that every lead has from its arrival; one that nobody could answer has no clock."""
    if step.state.status is Status.QUARANTINED:
        return step
    return replace(step, alarms=(*promise.alarms(facts), *step.alarms))


def assigned(seat: Seat) -> RepChange:
    """Being rung counts as a turn, so that the next caller goes to somebody else."""
    return RepChange(seat.rep, assigned=True)
