"""How fast, in the four instants that are never mixed up: acknowledgement, attempt, response, contact (theory.md, section 1).

Each is told as its middle and its slow end, in wall time and in working time, never as a mean; and beside it how many leads had it at
all. The share in time counts a lead that nobody answered as missed from its due instant on, and leaves out what is not yet due.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.hours import Calendar, elapsed

NAMES = ("acknowledgement", "attempt", "response", "contact")
SHARES = (50, 90, 95)


@dataclass(frozen=True, slots=True)
class Lived:
    """One lead's life: when it came, what was due when, the calendar of its promise, and its instants by name, None for none yet."""

    arrived_at: datetime
    due_at: datetime | None
    calendar: Calendar
    instants: Sequence[datetime | None]
    is_open: bool
    is_reported: bool = False  # that it was answered, only the rep says


@dataclass(frozen=True, slots=True)
class Speed:
    """How long it took to one of the instants: percentiles by share, of the `count` leads that had it."""

    name: str
    count: int
    wall: dict[int, timedelta]
    working: dict[int, timedelta]


@dataclass(frozen=True, slots=True)
class InTime:
    """How many were answered by when they were promised to be, how many were not, and how many still can be.

    `reported`: so many of those that were answered in time we know from the rep alone.
    """

    met: int
    missed: int
    still_open: int
    reported: int = 0

    @property
    def share(self) -> float | None:
        """Met of what is decided, 0 to 1; None while nothing is."""
        return self.met / (self.met + self.missed) if self.met + self.missed else None


def speeds(leads: Sequence[Lived]) -> tuple[Speed, ...]:
    """The four, in the order in which a lead meets them."""
    return tuple(_speed(name, [(lead, lead.instants[place]) for lead in leads]) for place, name in enumerate(NAMES))


def in_time(leads: Iterable[Lived], now: datetime) -> InTime:
    """The promise: a first response by the due instant."""
    met = missed = still_open = reported = 0
    for lead in leads:
        responded_at = lead.instants[NAMES.index("response")]
        if responded_at is not None:
            late = lead.due_at is not None and responded_at > lead.due_at
            met, missed = met + (not late), missed + late
            reported += lead.is_reported and not late
        elif lead.due_at is not None and lead.due_at <= now:
            missed += 1
        else:
            still_open += lead.is_open
    return InTime(met, missed, still_open, reported)


def percentile(spans: Sequence[timedelta], share: int) -> timedelta:
    """The nearest rank: a span that was really lived, of which `share` percent were no longer. `spans` must be sorted."""
    return spans[max(math.ceil(share / 100 * len(spans)) - 1, 0)]


def _speed(name: str, lived: Sequence[tuple[Lived, datetime | None]]) -> Speed:
    had = [(lead, max(at, lead.arrived_at)) for lead, at in lived if at is not None]
    wall = sorted(at - lead.arrived_at for lead, at in had)
    working = sorted(elapsed(lead.calendar, lead.arrived_at, at) for lead, at in had)
    told = {share: (percentile(wall, share), percentile(working, share)) for share in SHARES} if had else {}
    return Speed(
        name, len(had), {share: pair[0] for share, pair in told.items()}, {share: pair[1] for share, pair in told.items()}
    )
