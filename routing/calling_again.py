"""A caller whose lead is open already: no second lead. Who has it is rung first; nobody's lead rings whoever was asked, then the next."""

from dataclasses import replace
from datetime import datetime

from routing import ringing, telling
from routing.events import CallArrived, CallBridged, CallMissed, MessageArrived, RingUnanswered
from routing.hours import is_open
from routing.model import Alarm, Facts, RepChange, Seat, State, Status, Step
from routing.naming import name_of


def rings_owner(facts: Facts, event: CallArrived, now: datetime) -> Step:
    """The rep who has it is rung, if they can take a call now; else the caller is asked for a message and the rep is told."""
    owner = facts.state.owner or ""
    seat = facts.bench.named.get(owner)
    state = replace(facts.state, call_sid=event.call_sid, line=None)
    if seat is None or not seat.phone or seat.absence or not is_open(facts.policy.pool.calendar, now):
        facts = replace(facts, state=state)
        return _tell(facts, "called just now and was asked for a message. Please call back", now, why="cannot take a call now")
    return Step(
        replace(state, line=owner),
        why=f"they call again: ringing {seat.name}, who has it",
        alarms=(Alarm("ring", now + ringing.NO_WORD, CallMissed(ringing.SILENCE)),),
    )


def rings_anybody(facts: Facts, event: CallArrived, now: datetime) -> Step:
    """Nobody has it yet, and they are on the line: whoever was asked is rung first, then the next with room."""
    state = replace(facts.state, call_sid=event.call_sid)
    facts = replace(facts, state=state)
    asked = tuple(seat for rep in state.offered_to if (seat := facts.bench.named.get(rep)) and _can_talk(seat))
    rung = ringing.ring(facts, now, because="they call while nobody has it", first=asked)
    return rung or Step(state, why="they called again; nobody is free to ring, so they are asked for a message")


def rings_on(facts: Facts, event: CallArrived, now: datetime) -> Step:
    """They hung up and called again while it still rang: the same phone rings for the new call."""
    return Step(
        replace(facts.state, call_sid=event.call_sid),
        why=f"they called again at once: still ringing {name_of(facts, facts.state.offered_to[0])}",
        alarms=(Alarm("ring", now + ringing.NO_WORD, CallMissed(ringing.SILENCE)),),
    )


def not_taken(facts: Facts, event: RingUnanswered | CallMissed, now: datetime) -> Step:
    """The rep who has it did not take it, or the caller gave up: no second lead, but they are told."""
    return _tell(facts, f"called just now and nobody took it ({event.reason}). Please call back", now, why=event.reason)


def talked_again(facts: Facts, event: CallBridged, now: datetime) -> Step:
    """The rep who has an answered lead talks with the caller once more."""
    state = replace(facts.state, line=None)
    return Step(state, why=f"{name_of(facts, event.rep)} took the call", reps=(RepChange(event.rep, lapses=0),))


def whose_phone_rings(state: State) -> str | None:
    """The rep who is to be rung for the caller on the line, None: nobody."""
    if state.status is Status.RINGING and state.offered_to:
        return state.offered_to[0]
    return state.line


def _can_talk(seat: Seat) -> bool:
    return bool(seat.phone) and seat.absence is None


def _tell(facts: Facts, words: str, now: datetime, *, why: str) -> Step:
    state = replace(facts.state, line=None)
    told = telling.lead_said(replace(facts, state=state), MessageArrived("call", words), now)
    return Step(state, why=f"they called again; {name_of(facts, state.owner)} was told ({why})", messages=told)
