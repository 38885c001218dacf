"""The managers of the lead's pool; every manager of the team where the pool names none who can be reached."""

from routing.escalation.people import Contact, every_manager, managers
from routing.model import Facts


def contacts(facts: Facts) -> tuple[Contact, ...]:
    """Never empty when the team has any manager at all."""
    return managers(facts, facts.policy.pool.managers) or every_manager(facts)
