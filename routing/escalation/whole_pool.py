"""Every rep of the pool who is at work, as far as the facts show; who has declined is not asked again."""

from routing.escalation import pool_managers
from routing.escalation.people import Contact, reps
from routing.model import Facts


def contacts(facts: Facts) -> tuple[Contact, ...]:
    """Reps on duty, best first. With nobody on duty the managers: an alarm must not wake people who are off shift."""
    seats = (*facts.bench.able, *facts.bench.named.values())
    members = set(facts.policy.pool.members)
    at_work = [seat.rep for seat in seats if seat.absence is None and seat.rep in members]
    on_duty = reps(facts, [rep for rep in at_work if rep not in facts.state.declined_by])
    return on_duty or pool_managers.contacts(facts) or reps(facts, facts.policy.pool.members)
