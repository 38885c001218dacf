"""The pool's day in one message: when it is due, and how its figures are put into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from routing.hours import ALWAYS
from routing.team import Digest, Pool, Site
from routing.words import ago

STILL_NEWS = timedelta(hours=6)  # a clock that was down for longer leaves it: tomorrow's says what there is to say
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a digest tells of, from the last one's instant to its own; `day` is the local date it is of."""

    day: date
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in the span, test leads left out: `causes` of broken promises by how often; `waiting` is now.

    `stages`: qualified, won and lost as the CRM told in the span, each lead by its newest one.
    """

    leads: int
    answered: int
    on_time: int
    breaches: int
    median: timedelta | None
    causes: Mapping[str, int]
    waiting: int
    longest: timedelta | None
    stages: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_quiet(self) -> bool:
        """Did nothing happen, and does nobody wait?"""
        return not (self.leads or self.answered or self.breaches or self.waiting or self.stages)


def zone_of(pool: Pool, site: Site) -> str:
    """Where the pool is: the zone of its hours; the site's where its hours name none."""
    return site.zone if pool.calendar is ALWAYS else pool.calendar.zone


def due(digest: Digest, zone: str, now: datetime) -> Span | None:
    """The digest that is due at `now`, None when there is none: the latest instant of its local time, if still news."""
    place = ZoneInfo(zone)
    today = now.astimezone(place).date()
    day = today if _instant(today, digest, place) <= now else today - _DAY
    until = _instant(day, digest, place)
    return Span(day, _instant(day - _DAY, digest, place), until) if now - until < STILL_NEWS else None


def _instant(day: date, digest: Digest, place: ZoneInfo) -> datetime:
    """The local time on that day; one that the clocks jump over comes as much later as they are put forward."""
    return datetime.combine(day, time(*divmod(digest.at, 60)), place).astimezone(UTC)


def fields(pool: str, figures: Figures) -> dict[str, str]:
    """As a message's template names them."""
    causes = sorted(figures.causes.items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "pool": pool,
        "leads": str(figures.leads),
        "answered": str(figures.answered),
        "on_time": str(figures.on_time),
        "breaches": str(figures.breaches),
        "median": ago(figures.median) if figures.median is not None else "",
        "causes": ", ".join(f"{name} {count}" for name, count in causes),
        "waiting": str(figures.waiting),
        "longest": ago(figures.longest) if figures.longest is not None else "",
        "stages": ", ".join(f"{count} {stage}" for stage, count in figures.stages.items()),
        "is_quiet": "yes" if figures.is_quiet else "",
    }
