"""What is promised, as instants: when a lead must be accepted, when a human must have responded, when each rung is due.

Deadlines run in business time of the SLA's calendar, from the lead's arrival. A calendar that never opens gives no
deadlines (None): a gap in the configuration, which callers must show and never read as "in time".
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.hours import due, elapsed
from routing.team import Sla


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The two promises of an SLA for one lead; None where the calendar never opens for long enough."""

    accept_due_at: datetime | None
    response_due_at: datetime | None


def deadlines(sla: Sla, arrived_at: datetime) -> Deadlines:
    """By when a lead that arrived then must be accepted, and responded to by a human."""
    return Deadlines(
        accept_due_at=due(sla.calendar, arrived_at, sla.accept_within),
        response_due_at=due(sla.calendar, arrived_at, sla.first_response_within),
    )


def rung_dues(sla: Sla, arrived_at: datetime) -> list[tuple[int, datetime]]:
    """Each rung's place in the ladder and its first due instant, earliest first; rungs that are never due are left out."""
    dues = [(index, due(sla.calendar, arrived_at, rung.at)) for index, rung in enumerate(sla.rungs)]
    return sorted(((index, due_at) for index, due_at in dues if due_at), key=lambda rung: (rung[1], rung[0]))


def next_repeat(sla: Sla, rung: int, last_at: datetime) -> datetime | None:
    """When a rung that last rang at `last_at` rings again; None if it does not repeat. Raises IndexError for no such rung.

    Repeats run in wall time: once a breach has climbed to a person, that person is told on until somebody acts.
    """
    every = sla.rungs[rung].every
    return last_at + every if every else None


def is_met(responded_at: datetime | None, due_at: datetime | None) -> bool:
    """Whether a human responded, and not after the due instant. Without a deadline any response is in time."""
    return responded_at is not None and (due_at is None or responded_at <= due_at)


def share_used(sla: Sla, arrived_at: datetime, at: datetime) -> float:
    """The part of `first_response_within` that has passed, in business time: 0.0 at arrival, 1.0 when due, more when late."""
    if not sla.first_response_within:
        return 1.0
    return elapsed(sla.calendar, arrived_at, at) / sla.first_response_within


def remaining(sla: Sla, due_at: datetime | None, now: datetime) -> timedelta | None:
    """Business time left until `due_at`, zero once it has passed; None without a deadline."""
    return elapsed(sla.calendar, now, due_at) if due_at else None
