"""The directors of the lead's pool; its managers where it names none who can be reached."""

from routing.escalation import pool_managers
from routing.escalation.people import Contact, managers
from routing.model import Facts


def contacts(facts: Facts) -> tuple[Contact, ...]:
    """Never empty when the team has any manager at all."""
    return managers(facts, facts.policy.pool.directors) or pool_managers.contacts(facts)
