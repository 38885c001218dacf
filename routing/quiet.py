"""Quiet hours: where a person may be, and when a text may be sent in all of these places at once.

The hours follow 47 CFR 64.1200(c)(1) and the states' own laws (config/rules/hours-*.yaml), at the person's place and not ours. A
number can have moved and a form can be filled in on a journey, so every plausible place counts, and only what all of them allow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from routing.hours import ALWAYS, MIDNIGHT, Calendar, is_open, next_open
from routing.rulebook import Rulebook, TextHours, day_of, hours_on, states_on
from routing.team import QuietHours

FURTHEST = timedelta(days=8)  # holidays and a Sunday in a row; what does not open by then has hours that never meet
ASK_AGAIN = timedelta(days=1)  # ... and is asked about again: a rule or the firm's hours may have changed by then
_STATE_FIELDS = frozenset({"state", "stateprovince", "province", "region", "usstate", "addressstate", "stateregion"})
_ADDRESS_FIELDS = frozenset({"address", "fulladdress", "location", "streetaddress", "city"})
_STATE_AND_ZIP = re.compile(r",\s*([A-Za-z]{2})\.?,?\s+\d{5}(?:-\d{4})?\b|,\s*([A-Z]{2})\s*$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person may be: a time zone (IANA), and the region (US-TX) where it is known."""

    zone: str
    region: str = ""


def stated_state(fields: Mapping[str, str]) -> str:
    """The state a person gave, as they wrote it, from a field of its own or the end of an address; "" where they gave none."""
    found = ""
    for name, value in fields.items():
        squashed = "".join(char for char in name.lower() if char.isalpha())
        if squashed in _STATE_FIELDS and value.strip():
            return value.strip()[:40]
        if squashed in _ADDRESS_FIELDS and (match := _STATE_AND_ZIP.search(value)):
            found = match[1] or match[2]
    return found


def places(book: Rulebook, phone: str | None, *, zone: str | None, state: str, day: date) -> tuple[Place, ...]:
    """Every place where somebody with this number may be: its area, the state they gave, the zone we know. None: nobody can tell."""
    area = phone[2:5] if phone and phone.startswith("+1") else ""
    return _places(book, day, area, zone or "", state if area else "")


@lru_cache(maxsize=8192)
def _places(book: Rulebook, day: date, area: str, zone: str, state: str) -> tuple[Place, ...]:
    atlas = states_on(book, day)
    region, zones = atlas.areas.get(area, ("", ()))
    regions = {region: zones} if region else {}
    stated = atlas.states.get(_plain(state)) if state else None
    if stated is not None:
        regions.setdefault(stated.region, stated.zones)
    known = zone if zone and _is_zone(zone) else None
    found = [Place(each, region) for region, zones in regions.items() for each in ((known,) if known in zones else zones)]
    if known and all(place.zone != known for place in found):
        found.append(Place(known))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Opens:
    """When a text may go out, and why not before."""

    at: datetime
    why: str


def quiet(book: Rulebook, own: QuietHours, where: tuple[Place, ...], now: datetime) -> Opens | None:
    """Until when a text must wait; None: it may go now. `own` are the firm's hours, which can only make it stricter."""
    return _opens(book, own, where, now.astimezone(UTC).replace(second=0, microsecond=0))


@lru_cache(maxsize=8192)
def _opens(book: Rulebook, own: QuietHours, where: tuple[Place, ...], now: datetime) -> Opens | None:
    """The same for a whole minute: hours begin and end at one, so all of it is alike, and a message is judged twice in its minute."""
    at, why = now, ""
    while at - now <= FURTHEST:
        shut = [(calendar, words) for calendar, words in _calendars(book, own, where, at) if not is_open(calendar, at)]
        if not shut:
            return Opens(at, why) if at > now else None
        opens = [(next_open(calendar, at) or now + 2 * FURTHEST, words) for calendar, words in shut]
        at, last = max(opens, key=lambda each: each[0])
        why = why or last
    return Opens(now + ASK_AGAIN, why)


def _calendars(book: Rulebook, own: QuietHours, where: tuple[Place, ...], at: datetime) -> list[tuple[Calendar, str]]:
    """The firm's hours and the law's at each place on its date; where nobody can tell, the strict ones."""
    if not where:
        strict = [(_law(rule, rule.zone), _unknown(rule)) for rule in hours_on(book, day_of(at)) if rule.zone]
        return strict + [(_firm(own, calendar.zone), _firms(own, calendar.zone)) for calendar, _ in strict]
    found = [(_firm(own, place.zone), _firms(own, place.zone)) for place in where]
    for place in where:
        found += _laws_at(book, place, at.astimezone(ZoneInfo(place.zone)).date())
    return found


@lru_cache(maxsize=4096)
def _laws_at(book: Rulebook, place: Place, day: date) -> tuple[tuple[Calendar, str], ...]:
    return tuple((_law(rule, place.zone), _laws(rule, place, day)) for rule in hours_on(book, day) if _holds(rule, place))


def _holds(rule: TextHours, place: Place) -> bool:
    """A country's rule holds in all its states, and where only the zone is known in its zones."""
    if not rule.region:
        return False
    return f"{place.region}-".startswith(f"{rule.region}-") if place.region else place.zone in rule.zones


@lru_cache(maxsize=512)
def _law(rule: TextHours, zone: str) -> Calendar:
    return Calendar(zone, rule.weekly, dict.fromkeys(rule.closed_on, ()), rule.id)


@lru_cache(maxsize=512)
def _firm(own: QuietHours, zone: str) -> Calendar:
    """Open is what is not quiet."""
    starts, ends = own.starts % MIDNIGHT, own.ends % MIDNIGHT
    if own.starts == own.ends:
        return Calendar(zone, ALWAYS.weekly)
    return Calendar(zone, {} if starts == ends else dict.fromkeys(range(7), ((ends, starts),)))


def _firms(own: QuietHours, zone: str) -> str:
    return f"quiet hours {_clock(own.starts)}-{_clock(own.ends)} in {zone}"


def _laws(rule: TextHours, place: Place, day: date) -> str:
    windows = () if day in rule.closed_on else rule.weekly.get(day.weekday(), ())
    when = ", ".join(f"{_clock(start)}-{_clock(end)}" for start, end in windows)
    return f"quiet hours of {rule.region}: texts {when or 'not at all'} that day in {place.zone}"


def _unknown(rule: TextHours) -> str:
    starts, ends = next(iter(rule.weekly.values()))[0]
    return f"quiet hours {_clock(ends)}-{_clock(starts)} in {rule.zone}, since the person's zone is unknown"


def _plain(state: str) -> str:
    """How a state is looked up: `D.C.`, `us-tx` and ` Texas ` as `dc`, `tx` and `texas`."""
    return state.casefold().replace(".", "").strip().removeprefix("us-")


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for a name that is none, or leads to a folder
        return False


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
