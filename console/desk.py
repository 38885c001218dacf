"""What every page and the API work with: the database, the settings, the bell, and the team file that is in force."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from config.settings import Settings
from routing.hours import local_day
from routing.team import Team
from store import policies
from store.engine import Engine


@dataclass(frozen=True, slots=True)
class Desk:
    """One per web process. `ring` tells the workers that there is something to do; it never blocks."""

    engine: Engine
    settings: Settings
    ring: Callable[[], None]

    def team(self) -> Team:
        """The team as it is now."""
        return policies.current(self.engine, self.settings)

    def midnight(self, now: datetime) -> datetime:
        """When today began where the site is."""
        return local_day(self.team().site.zone, now).start

    def local(self, now: datetime) -> datetime:
        """`now` on the site's wall clock."""
        return now.astimezone(ZoneInfo(self.team().site.zone))
