"""The rep who has the lead; while it is only offered, those it is offered to. Nobody when nobody has it."""

from routing.escalation.people import Contact, reps
from routing.model import Facts


def contacts(facts: Facts) -> tuple[Contact, ...]:
    """The owner, or the reps who hold the offer; empty while the lead waits: there is nobody to remind."""
    return reps(facts, [facts.state.owner] if facts.state.owner else facts.state.offered_to)
