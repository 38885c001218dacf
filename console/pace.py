"""How a lead stands against its promise, as an icon and a word: colour alone tells nobody anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.hours import is_open
from routing.sla import is_met, share_used
from routing.team import Sla, Team

AT_RISK = 0.75  # of the time gone, in business time (ux: "under 25 % left")


@dataclass(frozen=True, slots=True)
class Pace:
    """`word` is also the icon's name, with - for blanks. `ticks` says whether a countdown runs."""

    word: str
    due_at: datetime | None = None
    ticks: bool = False

    @property
    def icon(self) -> str:
        """The name of the icon and of the colour."""
        return self.word.replace(" ", "-")


def pace_of(lead: Mapping[str, Any], team: Team, now: datetime) -> Pace:
    """late, at risk, paused (out of hours), running; once answered: on time or answered late."""
    due_at, responded_at = lead["response_due_at"], lead["responded_at"]
    if lead["status"] == "quarantined":
        return Pace("no contact")
    if responded_at:
        return Pace("on time" if is_met(responded_at, due_at) else "answered late", due_at)
    if lead["status"] == "closed":
        return Pace("closed", due_at)
    if due_at is None:
        return Pace("no deadline")
    if now > due_at:
        return Pace("late", due_at, ticks=True)
    return _running(lead, team.slas.get(lead["sla"]), due_at, now)


def _running(lead: Mapping[str, Any], sla: Sla | None, due_at: datetime, now: datetime) -> Pace:
    if sla is None:  # removed from the team file since; the promise still stands, in plain time
        used = (now - lead["arrived_at"]) / max(due_at - lead["arrived_at"], due_at.resolution)
        return Pace("at risk" if used >= AT_RISK else "running", due_at, ticks=True)
    if not is_open(sla.calendar, now):
        return Pace("paused", due_at)
    return Pace("at risk" if share_used(sla, lead["arrived_at"], now) >= AT_RISK else "running", due_at, ticks=True)
