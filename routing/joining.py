"""Two leads that turn out to be one person's: one goes on, the other goes into it; and back again when that was wrong."""

from dataclasses import replace
from datetime import datetime

from routing import answering, ladder, offering, promise, responding, staging, telling
from routing.events import LeadFolded, LeadParted, LeadsJoined, MessageArrived
from routing.model import Facts, RepChange, State, Status, Step
from routing.naming import name_of

MERGED = "merged"  # the outcome of a lead that went into another


def folded(facts: Facts, event: LeadFolded, now: datetime) -> Step:
    """It goes into the person's other lead: who had it or was asked hears so, and it says no more."""
    holders = responding.others(facts, event.owner or "")
    told = telling.withdrawn(facts, holders, now, winner=event.owner)
    return replace(
        responding.closed(facts, outcome=MERGED, now=now),
        why=f"{event.by} says that it is the same person as {event.into}: it goes on there",
        messages=told,
    )


def joined(facts: Facts, event: LeadsJoined, now: datetime) -> Step:
    """Another lead of the same person goes into this one: its owner, its answer, its acknowledgement, and its words.

    Whoever answered first, else accepted first, goes on with both; the clock is the one of the first inquiry.
    """
    before = facts.state
    state = replace(before, acked_on=tuple(dict.fromkeys((*before.acked_on, *event.acked_on))))
    state = staging.newest(state, event.stage, event.stage_at)
    owner = event.owner or before.owner
    if owner:
        state = state if owner == before.owner else offering.owned(replace(state, turn=state.turn + 1), owner, now)
    if event.responded_at and owner and state.responded_at is None:
        state = replace(state, status=Status.RESPONDED, responded_at=event.responded_at, response_how=event.how)
    return _told(facts, state, event, now)


def _told(facts: Facts, state: State, event: LeadsJoined, now: datetime) -> Step:
    """Who hears what: the owner the other's words, those who had it before that it moved."""
    before, after = facts.state, replace(facts, state=state)
    moved = bool(state.owner and state.owner != before.owner)
    words = MessageArrived(event.channel, event.text or "(the same person asked once more)")
    said = telling.lead_said(after, words, now) if state.owner else ()
    gone = tuple(rep for rep in responding.others(facts, state.owner or "")) if moved else ()
    answered = state.status is Status.RESPONDED and before.status is not Status.RESPONDED
    return Step(
        state,
        why=f"{event.by} says that {event.code} is the same person: it goes on here"
        + (f", with {name_of(facts, state.owner)}" if moved else ""),
        alarms=(promise.close_alarm(after, now),) if answered else (),
        messages=(*telling.withdrawn(facts, gone, now, winner=state.owner), *said),
        reps=(RepChange(state.owner, assigned=True),) if moved and state.owner else (),
        disarm=answered,
    )


def parted(facts: Facts, event: LeadParted, now: datetime) -> Step:
    """They were two people after all: the lead goes on where it stood, with its first clock."""
    state = replace(facts.state, closed_at=None, outcome=None)
    why = f"{event.by} says that it is somebody else's than {event.from_}: it goes on by itself"
    if state.responded_at and state.owner:
        open_again = replace(state, status=Status.RESPONDED)
        return Step(open_again, why=why, alarms=(promise.close_alarm(facts, now),))
    if state.owner:
        held = replace(facts, state=replace(state, status=Status.ACCEPTED))
        return Step(held.state, why=why, alarms=ladder.armed_again(held, now), messages=telling.yours(held, state.owner, now))
    fresh = replace(facts, state=replace(state, status=Status.NEW))
    if state.response_due_at is None:
        fresh = replace(fresh, state=promise.promised(fresh))
    offered = offering.offer(fresh, now, because=why)
    return answering.acknowledged(fresh, replace(offered, alarms=(*ladder.armed_again(fresh, now), *offered.alarms)), now)
