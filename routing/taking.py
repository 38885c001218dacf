"""Who has it: yes, no and silence to an offer, a rep who leaves, a lead given by hand."""

from dataclasses import replace
from datetime import datetime

from routing import ladder, offering, promise, telling
from routing.capacity import has_room
from routing.events import WRITTEN, LeadAssigned, OfferAccepted, OfferPassed, OfferUndelivered, RepLeft
from routing.model import Facts, RepChange, Status, Step
from routing.naming import name_of, names
from routing.words import ago


def accepted(facts: Facts, event: OfferAccepted, now: datetime) -> Step:
    """One of those asked said yes: it is theirs, the others are told who was quicker."""
    losers = tuple(rep for rep in facts.state.offered_to if rep != event.rep)
    state = offering.owned(facts.state, event.rep, now)
    asked_at = facts.state.offered_at
    when = f"after {ago(now - asked_at)}" if asked_at else "late, but nobody had it"
    return Step(
        state,
        why=f"{name_of(facts, event.rep)} accepted by {event.via} {when}",
        messages=(*telling.yours(facts, event.rep, now), *telling.withdrawn(facts, losers, now, winner=event.rep)),
        reps=(RepChange(event.rep, lapses=0),),
    )


def may_still(facts: Facts, rep: str) -> bool:
    """May a rep who was asked before take the lead now that it waits and nobody has it? Their yes ends a back-off, not a shift."""
    seat = facts.bench.named.get(rep)
    awake = seat is not None and (seat.absence is None or seat.absence in offering.SILENT)
    return rep in facts.state.tried and awake and seat is not None and has_room(seat)


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
    """The rep never saw the offer: ask the next at once. No blame, but a rest, or a dead number is asked for ever."""
    state = facts.state
    rested = offering.rested(facts, event.rep, now)
    rest = tuple(rep for rep in state.offered_to if rep != event.rep)
    state = replace(state, lapsed_by=(*state.lapsed_by, event.rep), offered_to=rest, undelivered=True)
    why = f"the offer did not reach {name_of(facts, event.rep)} ({event.reason})"
    if rest:
        return Step(state, why=f"{why}; still asking {names(facts, rest)}", reps=(rested,))
    onward = offering.offer(replace(facts, state=state), now, because=why, besides=(event.rep,))
    return replace(onward, reps=(rested, *onward.reps))


def lapsed(facts: Facts, now: datetime) -> Step:
    """Nobody said yes in time: back off those who were silent, ask the next; twice silent in a row is Away."""
    silent = facts.state.offered_to
    state = replace(facts.state, lapsed_by=(*facts.state.lapsed_by, *silent), offered_to=())
    waited = now - (facts.state.offered_at or now)
    because = f"no answer from {names(facts, silent)} in {ago(waited)}"
    onward = offering.offer(replace(facts, state=state), now, because=because, besides=silent)
    changes = offering.silenced(facts, silent, now)
    told = telling.moved_on(facts, changes, to=onward.state.holders, waited=ago(waited))
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
    """A manager gave it to a rep by hand. Their word counts more than caps and shifts, and they are on it for a while:
    the ladder does not take back at once what they have just given."""
    before = tuple(dict.fromkeys(rep for rep in (facts.state.owner, *facts.state.offered_to) if rep and rep != event.rep))
    state = offering.owned(replace(facts.state, turn=facts.state.turn + 1), event.rep, now)
    given = Step(
        state,
        why=f"{event.by} assigned it to {name_of(facts, event.rep)}",
        messages=(*telling.yours(facts, event.rep, now), *telling.withdrawn(facts, before, now, winner=event.rep)),
        reps=(RepChange(event.rep, assigned=True),),
    )
    if state.responded_at:
        return replace(given, state=replace(state, status=Status.RESPONDED))
    # nobody could answer a quarantined lead, so it had no clock: it gets the one of its arrival
    first = promise.alarms(facts) if facts.state.status is Status.QUARANTINED else ()
    paused = ladder.paused(state, facts.policy.sla, by=event.by, now=now)
    return replace(given, state=paused.state, alarms=(*first, *paused.alarms))


def too_late(facts: Facts, event: OfferAccepted, now: datetime) -> Step:
    """A yes that came after somebody else's, or after the offer had moved on. Said at once, and nothing changes."""
    if event.rep == facts.state.owner:
        again = f"{facts.lead.code} is yours already." if event.via in WRITTEN else ""  # a page shows it, words deserve an answer
        messages = telling.answered(facts, event.rep, again, now) if again else ()
        return Step(facts.state, why=f"{name_of(facts, event.rep)} has it already", messages=messages, changed=False)
    return Step(
        facts.state,
        why=f"{name_of(facts, event.rep)} said yes too late",
        messages=telling.too_late(facts, event.rep, now),
        reps=(RepChange(event.rep, lapses=0),),
        changed=False,
    )
