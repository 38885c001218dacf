"""Working hours as people write them: `mon-fri: "08:30-12:00, 13:00-17:30"`, holidays by region, dated exceptions."""

import re
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import holidays

from config.teamfile.findings import Findings, nearest
from config.teamfile.section import Section, as_day, is_id
from config.teamfile.tree import Node
from routing.hours import ALWAYS, Calendar, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG = {"monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6}
_NUMBER = {day: index for index, day in enumerate(DAYS)} | _LONG
_WINDOW = re.compile(r"(\d{1,2}):(\d{2})\s*(?:-|–|to)\s*(\d{1,2}):(\d{2})")
_FORM = 'Write it as "09:00-17:30", "09:00-12:00, 13:00-17:30" or closed.'
_ROUND_THE_CLOCK = ("24/7", "always")
_YEARS_BACK, _YEARS_AHEAD = 10, 5  # `headroom due` and reports look back; a deadline is never so far ahead


def read_calendars(node: Node | None, zone: str, findings: Findings, *, today: date) -> dict[str, Calendar]:
    """Every calendar under `hours`, and `always`, which needs no entry."""
    calendars = {
        "always": Calendar(zone, ALWAYS.weekly, name="always")
    }  # in the firm's zone: leave and daily caps go by its midnight
    if node is None or node.is_none:
        return calendars
    if node.kind != "map":
        findings.error(
            node.line, "hours", "must be a mapping of names.", 'Write it as `hours: {office: {mon-fri: "09:00-17:00"}}`.'
        )
        return calendars
    for name, value in node.entries:
        section = Section(value if value.kind == "map" else Node(value.line, "null"), f"hours.{name}", findings)
        if name == "always":
            section.fail("", "'always' is built in: every hour of every day.", "Choose another name.")
        elif is_id(name, section):
            calendars[name] = _calendar(name, value, section, (zone, today))
    return calendars


def _calendar(name: str, node: Node, section: Section, site: tuple[str, date]) -> Calendar:
    zone, today = site
    if node.kind != "map":
        if node.text.strip() in _ROUND_THE_CLOCK:
            return Calendar(zone, ALWAYS.weekly, name=name)
        section.fail("", "must be a mapping of days, or 24/7.", 'For example `{mon-fri: "09:00-17:00"}`.')
        return Calendar(zone, name=name)
    zone = read_zone(section, "zone", "time_zone", "timezone", "tz", default=zone)
    named = _holidays(section, today)
    closed: dict[date, tuple[Window, ...] | None] = {day: () for day in named}  # noqa: C420 (its type is wider than ())
    overrides = {day: windows for day, windows in (closed | _overrides(section)).items() if windows is not None}
    _note_holidays(section, {day: word for day, word in named.items() if overrides.get(day) == ()}, today)
    return Calendar(zone, _weekly(section), overrides, name)


def _note_holidays(section: Section, named: dict[date, str], today: date) -> None:
    """Imported holidays often hold days on which one works: list the coming ones, so that a person looks them over."""
    ahead = [f"{day} {word}" for day, word in sorted(named.items()) if word and today <= day < today + timedelta(days=366)]
    if ahead:
        section.findings.notes.append(
            f"{section.path} is closed on {', '.join(ahead)}. Do you work on one? Write `date: usual` in overrides."
        )


def read_zone(section: Section, key: str, *synonyms: str, default: str) -> str:
    """An IANA time zone such as America/Chicago."""
    node = section.scalar(key, *synonyms)
    if node is None:
        return default
    if _is_zone(node.text):
        return node.text
    near = nearest(node.text, sorted(available_timezones()))
    hint = f"Did you mean {near!r}?" if near else "Use a name like America/Chicago or Europe/Berlin."
    section.fail(key, f"{node.text!r} is not a time zone.", hint, line=node.line)
    return default


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name).key) and "/" in name or name == "UTC"
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError on some, an OSError for a folder such as "America"
        return False
    except KeyError:
        return False


def _weekly(section: Section) -> dict[int, tuple[Window, ...]]:
    weekly: dict[int, tuple[Window, ...]] = {}
    for key, node in section.rest():
        windows = read_windows(node, section, key)
        for day in days_of(key):
            if day in weekly:
                section.fail(key, f"{DAYS[day]} is given twice.", "Let each day stand in one line only.", line=node.line)
            weekly[day] = windows
        if not days_of(key):
            section.fail(key, f"{key!r} is neither a day nor a setting.", _day_hint(key), line=node.line)
    return weekly


def days_of(key: str) -> tuple[int, ...]:
    """The weekdays (0 = Monday) that `mon`, `mon-fri`, `fri-mon`, `sat,sun` or `daily` mean; empty if none."""
    if key.strip().lower() in ("daily", "everyday"):
        return tuple(range(7))
    found: list[int] = []
    for part in key.lower().split(","):
        first, _, last = (piece.strip() for piece in part.partition("-"))
        if first not in _NUMBER or (last and last not in _NUMBER) or ("-" in part and not last):
            return ()
        start, length = _NUMBER[first], (_NUMBER[last or first] - _NUMBER[first]) % 7
        found += [(start + step) % 7 for step in range(length + 1)]
    return tuple(dict.fromkeys(found))


def _day_hint(key: str) -> str:
    near = nearest(key, ("holidays", "overrides", "zone", "daily", *DAYS, *_LONG, "mon-fri"))
    days = "Days are mon ... sun, mon-fri, `sat,sun` or daily; settings are zone, holidays, overrides."
    return f"Did you mean {near!r}?" if near else days


def read_windows(node: Node, section: Section, key: str) -> tuple[Window, ...]:
    """The windows of a day: text, a list of texts, or a list of pairs; closed, none or [] for none."""
    if node.is_none or node.text.strip().lower() == "closed":
        return ()
    if node.kind == "seq" and any(item.kind == "seq" for item in node.items):
        texts = ["-".join(part.text for part in item.items) for item in node.items]
    elif node.kind == "seq":
        texts = [item.text for item in node.items]
    else:
        texts = node.text.split(",")
    windows = []
    for text in texts:
        window = _window(text.strip(), (section, key, node.line))
        if window:
            windows.append(window)
    return tuple(windows)


def _window(text: str, place: tuple[Section, str, int]) -> Window | None:
    section, key, line = place
    if text in _ROUND_THE_CLOCK:
        return 0, 1440
    match = _WINDOW.fullmatch(text)
    if not match:
        section.fail(key, f"{text!r} is not a stretch of hours.", _FORM, line=line)
        return None
    from_hour, from_minute, to_hour, to_minute = (int(number) for number in match.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or start >= 1440 or end > 1440:
        section.fail(key, f"{text!r} has a time that no clock shows.", _FORM, line=line)
        return None
    if start == end:
        section.warn(key, f"{text!r} holds no time.", "For the whole day write 00:00-24:00, for none closed.", line=line)
        return None
    return start, end


def windows_text(windows: tuple[Window, ...]) -> str:
    """Windows as the team file writes them; the reverse of `read_windows`."""
    return ", ".join(f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}" for start, end in windows) or "closed"


def _overrides(section: Section) -> dict[date, tuple[Window, ...] | None]:
    """Dated exceptions; `usual` (None here) makes a holiday a day like any other."""
    node = section.node("overrides", "except")
    found: dict[date, tuple[Window, ...] | None] = {}
    if node is None or node.is_none:
        return found
    if node.kind != "map":
        section.fail("overrides", "must be a mapping of dates.", 'For example {2026-12-24: "09:00-12:00", 2026-12-25: closed}.')
        return found
    for key, value in node.entries:
        day = as_day(key)
        if day is None:
            section.fail(f"overrides.{key}", f"{key!r} is not a date.", "Write it as 2026-12-24.", line=value.line)
        else:
            usual = value.text.strip().lower() in ("usual", "as usual")
            found[day] = None if usual else read_windows(value, section, f"overrides.{key}")
    return found


def _holidays(section: Section, today: date) -> dict[date, str]:
    """Dates and their names; a date that the file gives itself has no name."""
    found: dict[date, str] = {}
    for node in section.several("holidays"):
        day, region = as_day(node.text), node.text.strip()
        days = {day: ""} if day else public_holidays(region, today.year)
        if not days:
            section.fail("holidays", f"no holidays are known for {region!r}.", _region_hint(region), line=node.line)
        found |= days
    return found


@lru_cache(maxsize=64)
def public_holidays(region: str, year: int) -> dict[date, str]:
    """The holidays of a region (US, US-TX, DE-BY) by date, from ten years ago to five years on; empty if it is not known."""
    country, _, part = region.partition("-")
    try:
        days = holidays.country_holidays(country, subdiv=part or None, years=range(year - _YEARS_BACK, year + _YEARS_AHEAD + 1))
    except NotImplementedError:
        return {}
    return dict(days.items())


def _region_hint(region: str) -> str:
    countries = holidays.list_supported_countries()
    country, _, _ = region.partition("-")
    if country in countries:
        parts = ", ".join(f"{country}-{part}" for part in countries[country])
        return f"Write {country}, or one of {parts}." if parts else f"Write just {country}."
    return "Use a country (US), a part of one (US-TX), or dates (2026-12-24)."


def week_from(day: date) -> date:
    """The Monday on or after `day`."""
    return day + timedelta(days=-day.weekday() % 7)
