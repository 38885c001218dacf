"""The days that a report is of, out of an address: ?days=28, or ?since=2026-11-01&until=2026-11-30."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from console.api import Wrong
from console.openapi import MOST_DAYS
from console.words import typed
from routing.hours import Interval, local_day
from store.reports_stages import Days

USUAL = 28
CHOICES = (7, USUAL, 90, 365)
PARAMETERS = frozenset({"days", "since", "until"})


@dataclass(frozen=True, slots=True)
class Period:
    """The span, and how it was asked for: in whole `days` up to now, or by two ends."""

    span: Days
    days: int | None = None

    @property
    def asked(self) -> dict[str, str]:
        """The same again, as parameters of an address."""
        if self.days is not None:
            return {"days": str(self.days)}
        return {"since": self.span.since.isoformat(), "until": self.span.until.isoformat()}


def period_of(given: Mapping[str, str], zone: str, now: datetime, *, known: frozenset[str] = PARAMETERS) -> Period:
    """Days begin at midnight where the site is. Raises Wrong for a parameter that is not known or makes no sense."""
    unknown = sorted(set(given) - known)
    if unknown:
        raise Wrong(typed(unknown[0]), f"Known parameters: {', '.join(sorted(known))}.")
    if given.get("since") is None:
        if given.get("until") is not None:
            raise Wrong("until", "Give since too, or days alone.")
        days = _days(given.get("days", str(USUAL)))
        first = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=days - 1)
        return Period(Days(_day(zone, first).start, now), days)
    if given.get("days") is not None:
        raise Wrong("days", "Give either days, or since and until.")
    since, until = _end("since", given["since"], zone), now
    if given.get("until") is not None:
        until = _end("until", given["until"], zone, is_last=True)
    if not since < until:
        raise Wrong("until", "It must be later than since.")
    if until - since > timedelta(days=MOST_DAYS):
        raise Wrong("since", f"At most {MOST_DAYS} days at once.")
    return Period(Days(since, until))


def _days(said: str) -> int:
    if said.isascii() and said.isdigit() and len(said) < 4 and 1 <= int(said) <= MOST_DAYS:
        return int(said)
    raise Wrong("days", f"A whole number from 1 to {MOST_DAYS}.")


def _day(zone: str, day: date) -> Interval:
    return local_day(zone, datetime.combine(day, time(12), ZoneInfo(zone)))


def _end(name: str, said: str, zone: str, *, is_last: bool = False) -> datetime:
    """A day's beginning, or its end where it is the last one; or an instant."""
    try:
        if len(said) == len("2026-11-01"):
            day = _day(zone, date.fromisoformat(said))
            at: datetime | None = day.end if is_last else day.start
        else:
            at = datetime.fromisoformat(said)
    except (ValueError, OverflowError):
        at = None
    if at is None or at.tzinfo is None or not 1970 <= at.year <= 9000:
        raise Wrong(name, "A day like 2026-11-01, or an instant with zone like 2026-11-01T10:00:00Z (write + as %2B).")
    return at
