"""What happens when the promise is not kept: the rungs of the ladder, breaches and their cause."""

from dataclasses import replace
from datetime import datetime, timedelta

from routing import offering, promise, telling
from routing.escalation import get
from routing.events import AcknowledgementExpired, EscalationAcknowledged, RungReached
from routing.model import Alarm, Cause, Facts, State, Status, Step
from routing.naming import at, manager_name, names
from routing.team import Rung, RungAction, Sla
from routing.words import ago

LAST_RUNG_REPEATS = timedelta(minutes=30)  # a ladder that ends without `every` still goes on until a human acts


def rung_of(facts: Facts, index: int) -> Rung:
    """The rung with this index; a team file without a ladder tells the pool's managers."""
    rungs = facts.policy.sla.rungs
    fallback = Rung(RungAction.TELL, facts.policy.sla.first_response_within, who="pool_managers")
    return rungs[index] if index < len(rungs) else fallback


def climb(facts: Facts, event: RungReached, now: datetime) -> Step:
    """The ladder's next rung: remind, take back and re-offer, or tell somebody higher up."""
    rung, state = rung_of(facts, event.rung), replace(facts.state, rung=max(facts.state.rung, event.rung + 1))
    again = repetition(facts, rung, event, now)
    if state.acknowledged_by and rung.action is not RungAction.REMIND:
        who = manager_name(facts, state.acknowledged_by)
        return Step(state, why=f"rung {event.rung + 1} not climbed: {who} is on it", alarms=again)
    facts = replace(facts, state=state)
    if rung.action is RungAction.REMIND:
        taken = reminded(facts, now)
    elif rung.action is RungAction.REOFFER:
        taken = reoffered(facts, now)
    else:
        taken = told(facts, rung, event, now)
    return replace(taken, alarms=(*taken.alarms, *again))


def repetition(facts: Facts, rung: Rung, event: RungReached, now: datetime) -> tuple[Alarm, ...]:
    """The next alarm of a rung that repeats. The last rung always does: no lead is forgotten."""
    is_last = event.rung >= len(facts.policy.sla.rungs) - 1
    every = rung.every or (LAST_RUNG_REPEATS if is_last else None)
    if every is None:
        return ()
    return (Alarm(f"rung:{event.rung}", now + every, RungReached(event.rung, event.repeat + 1)),)


def reminded(facts: Facts, now: datetime) -> Step:
    """Remind whoever holds the lead or the offer."""
    holders = facts.state.holders
    if not holders:
        return Step(facts.state, why="nobody to remind: it waits for room")
    reps = tuple(rep for rep in holders if rep)
    return Step(facts.state, why=f"reminded {names(facts, reps)}", messages=telling.reminded(facts, reps, now))


def reoffered(facts: Facts, now: datetime) -> Step:
    """Take the lead back from a silent owner and ask others; if nobody else has room it stays where it is."""
    state = facts.state
    silent = state.holders
    fresh = replace(
        facts, state=replace(state, lapsed_by=tuple(dict.fromkeys((*state.lapsed_by, *silent))), owner=None, offered_to=())
    )
    if not offering.candidates(fresh):
        stays = names(facts, silent) if silent else "the queue"
        return Step(state, why=f"nobody else has room: stays with {stays}")
    if state.status is Status.RINGING:
        return Step(state, why="the caller is on the line: left ringing")
    onward = offering.offer(fresh, now, because=f"taken back from {names(facts, silent)}" if silent else "offered more widely")
    told = telling.withdrawn(facts, silent, now, winner=None, asked=onward.state.holders)
    return replace(onward, messages=(*told, *onward.messages))


def told(facts: Facts, rung: Rung, event: RungReached, now: datetime) -> Step:
    """Tell the people of the rung."""
    contacts = get(rung.who or "pool_managers").contacts(facts)
    people = ", ".join(contact.name for contact in contacts) or "nobody: the team has no managers"
    late = facts.state.response_due_at is not None and now >= facts.state.response_due_at
    messages = telling.escalated(facts, contacts, key=f"rung{event.rung}:{at(now)}", late=late, now=now)
    return Step(facts.state, why=f"{'late' if late else 'at risk'}: told {people}", messages=messages)


def accept_missed(facts: Facts, now: datetime) -> Step:
    """Nobody accepted in time. Recorded; the ladder decides whom to tell."""
    if facts.state.status is Status.ACCEPTED or facts.state.accept_breached_at:
        return Step(facts.state, why="accepted in time", changed=False)
    state = replace(facts.state, accept_breached_at=now)
    return Step(state, why=f"nobody accepted within {ago(facts.policy.sla.accept_within)} ({cause(facts)})")


def breached(facts: Facts, now: datetime) -> Step:
    """The promise is broken. The clock runs on until a human responds."""
    found = cause(facts)
    state = replace(facts.state, breached_at=facts.state.breached_at or now, cause=found)
    return Step(state, why=f"no human response within {ago(facts.policy.sla.first_response_within)}: {found}")


def cause(facts: Facts) -> Cause:
    """Why nobody has answered, as far as the facts show. Whoever has it comes first: what went wrong before is mended."""
    state, bench = facts.state, facts.bench
    if state.cause is Cause.CONFIGURATION_GAP or not promise.is_for_anybody(facts):
        return Cause.CONFIGURATION_GAP
    if state.owner:
        return Cause.REP_SILENT
    if state.undelivered:
        return Cause.PROVIDER_FAILED
    if state.offered_to or state.tried:
        return Cause.OFFERS_IGNORED
    full = any("full" in why for why in bench.others)
    return Cause.ALL_FULL if full else Cause.NOBODY_ON_SHIFT


def acknowledged(facts: Facts, event: EscalationAcknowledged, now: datetime) -> Step:
    """A manager is on it: the climb stops for a while, the clock does not."""
    return replace(
        paused(facts.state, facts.policy.sla, by=event.manager, now=now),
        why=f"{manager_name(facts, event.manager)} is on it: the climb stops for {ago(facts.policy.sla.acknowledged_for)},"
        " the clock does not",
        messages=telling.on_it(facts, event.manager, now),
    )


def paused(state: State, sla: Sla, *, by: str, now: datetime) -> Step:
    """The climb stands still for `acknowledged_for` because somebody is on it."""
    alarm = Alarm("acknowledged", now + sla.acknowledged_for, AcknowledgementExpired())
    return Step(replace(state, acknowledged_by=by, acknowledged_at=now), why=f"{by} is on it", alarms=(alarm,))


def climb_again(facts: Facts, now: datetime) -> Step:
    """The manager's time is over and still nobody responded: the ladder goes on from where it stood."""
    if not facts.state.acknowledged_by:
        return Step(facts.state, why="nobody had acknowledged it", changed=False)
    who = manager_name(facts, facts.state.acknowledged_by)
    last = facts.state.rung - 1  # below 0: no rung was reached meanwhile, all are still ahead and armed
    return Step(
        replace(facts.state, acknowledged_by=None, acknowledged_at=None),
        why=f"{who} was on it, but still no response: the climb goes on",
        alarms=(Alarm(f"rung:{last}", now, RungReached(last)),) if last >= 0 else (),
    )


def armed_again(facts: Facts, now: datetime) -> tuple[Alarm, ...]:
    """The alarms of a lead whose clock had stopped and runs again: what is still ahead, and always the last rung."""
    state, last = facts.state, max(len(facts.policy.sla.rungs) - 1, 0)
    passed = {"accept", *(f"rung:{index}" for index in range(state.rung)), *(["response"] if state.breached_at else [])}
    ahead = tuple(alarm for alarm in promise.alarms(facts) if alarm.key not in passed)
    if state.rung <= last:
        return ahead
    every = rung_of(facts, last).every or LAST_RUNG_REPEATS
    return (*ahead, Alarm(f"rung:{last}", now + every, RungReached(last)))
