"""The promise to a lead: its due instants, the alarms that guard them, how much of the time is gone, and what may be named."""

from dataclasses import replace
from datetime import datetime, timedelta

from routing import sla
from routing.capacity import FULL, FULL_TODAY, reason
from routing.events import AcceptDue, CloseDue, ResponseDue, RungReached
from routing.hours import due, elapsed, local_day, next_open
from routing.model import Alarm, Cause, Facts, State, Status
from routing.words import ago

MINUTE = timedelta(minutes=1)


def promised(facts: Facts) -> State:
    """The state with the lead's due instants, counted from arrival in business time.

    A calendar that never opens gives no due instant; then wall time counts, so that the lead cannot be forgotten.
    """
    terms, arrived_at = facts.policy.sla, facts.lead.arrived_at
    dues = sla.deadlines(terms, arrived_at)
    return replace(
        facts.state,
        accept_due_at=dues.accept_due_at or arrived_at + terms.accept_within,
        response_due_at=dues.response_due_at or arrived_at + terms.first_response_within,
        cause=None if dues.response_due_at else Cause.CONFIGURATION_GAP,
    )


def alarms(facts: Facts) -> tuple[Alarm, ...]:
    """The alarms of the lead. They count from arrival and stay armed while it waits for room."""
    state = facts.state
    assert state.accept_due_at and state.response_due_at  # set by `promised` just before
    dues = dict(sla.rung_dues(facts.policy.sla, facts.lead.arrived_at))
    rungs = [rung_alarm(facts, index, dues.get(index)) for index in range(len(facts.policy.sla.rungs))]
    if not rungs:
        rungs = [Alarm("rung:0", state.response_due_at, RungReached(0))]
    return (Alarm("accept", state.accept_due_at, AcceptDue()), Alarm("response", state.response_due_at, ResponseDue()), *rungs)


def rung_alarm(facts: Facts, index: int, at: datetime | None) -> Alarm:
    """The alarm of one rung; without business time it counts in wall time."""
    rungs = facts.policy.sla.rungs
    return Alarm(f"rung:{index}", at or facts.lead.arrived_at + rungs[index].at, RungReached(index))


def close_alarm(facts: Facts, now: datetime) -> Alarm:
    """Free the rep's room some time after the response when nobody says how it went."""
    return Alarm("close", now + facts.policy.pool.close_after, CloseDue())


def is_for_anybody(facts: Facts) -> bool:
    """Has the pool anybody, at work or not, with the skills that this lead needs and a cap above zero?"""
    needs, reps, named = facts.policy.rule.needs, facts.team.reps, facts.bench.named

    def ever(rep: str) -> bool:
        cap, seat = reps[rep].cap, named.get(rep)
        caps = (seat.cap_open, seat.cap_unanswered) if seat else (cap.open, cap.unanswered)  # a seat's may have been set by hand
        return needs <= reps[rep].skills and 0 not in caps

    return any(ever(rep) for rep in facts.policy.pool.members if rep in reps)


def used(facts: Facts, now: datetime) -> float:
    """Share of the response time that is gone, in business time; 1.0 or more is late."""
    return sla.share_used(facts.policy.sla, facts.lead.arrived_at, now)


def will_breach(facts: Facts, opens_at: datetime | None) -> bool:
    """Will a waiting lead miss its due instant unless somebody makes room? Told once, when the wait begins."""
    state = facts.state
    if state.response_due_at is None or (state.status is Status.WAITING and state.hold_until is None):
        return False
    return opens_at is None or opens_at > state.response_due_at


def told_at(facts: Facts, at: datetime | None, now: datetime) -> datetime:
    """The instant at which a response counts: when we were told of it, not when a backlog lets us read it; never before the lead."""
    return now if at is None else min(max(at, facts.lead.arrived_at), now)


def in_time(facts: Facts, at: datetime) -> str:
    """How long a response given `at` took, and "in time" or how late; the business time too, where the office was shut meanwhile."""
    arrived_at, due_at = facts.lead.arrived_at, facts.state.response_due_at
    took, open_for = at - arrived_at, elapsed(facts.policy.sla.calendar, arrived_at, at)
    verdict = "in time" if due_at is None or at <= due_at else f"{ago(at - due_at)} late"
    shut = f" ({ago(open_for)} of office hours)" if took - open_for >= MINUTE else ""
    return f" after {ago(took)}{shut}, {verdict}"


def new_day(facts: Facts, now: datetime) -> datetime | None:
    """When those who have had their leads of today are at work on another day; None if there are none."""
    spent = [rep for rep, seat in facts.bench.named.items() if seat.absence is None and reason(seat) == FULL_TODAY]
    calendars = [facts.team.reps[rep].calendar for rep in spent if rep in facts.team.reps]
    return min((at for calendar in calendars if (at := next_open(calendar, local_day(calendar.zone, now).end))), default=None)


def promise(facts: Facts, now: datetime) -> datetime:
    """The instant we can truthfully name to the lead: the SLA, or later when that has passed or nobody has room.

    Counted from when somebody is there, one SLA for each round of leads that wait before it (a rep takes one at a time),
    and one more while all are full: first somebody must get free.
    """
    state, bench, terms = facts.state, facts.bench, facts.policy.sla
    waits = state.status is Status.WAITING and not bench.able and state.hold_until is None
    if not waits and state.response_due_at and state.response_due_at > now:
        return state.response_due_at
    begins, rounds = now, 1
    if waits:
        full = FULL in bench.others
        opens_at = min((at for at in (bench.opens_at, new_day(facts, now)) if at), default=None)
        begins = now if full or opens_at is None else max(now, opens_at)
        rounds = bench.waiting // max(bench.size, 1) + (2 if full else 1)
    span = terms.first_response_within * rounds
    return due(terms.calendar, begins, span) or begins + span
