"""The rules of contact as frozen values: which words stop us, when texts may go out, how fast. Data with dates, never code.

`config/rules` reads them from files; the team carries them to whoever asks. Every entry says when it was read, where it stands,
and from which day on it holds: one with a day to come begins by itself. Of several entries of one id the newest in force counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from routing.hours import Window

PACIFIC = "America/Los_Angeles"  # where a carrier's day begins
RULES_ZONE = ZoneInfo(
    "America/New_York"
)  # where the day of a rule that is no place's begins: most are of the FCC and the carriers


@dataclass(frozen=True, slots=True)
class Dated:
    """What every entry has. It holds from `in_force_from` on and before `until`; `as_of` is the day it was read at its `source`."""

    id: str
    as_of: date
    in_force_from: date
    source: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Wording(Dated):
    """Words or phrases, bare (routing/wishes.py), and what they mean."""

    means: str = ""
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class TextHours(Dated):
    """When texts may go out in a region (US, US-TX), by weekday (0 = Monday), never on `closed_on`.

    `zones`: also where only the time zone is known. An entry of one `zone` and no region is for people of whom nothing is known.
    """

    region: str = ""
    weekly: Mapping[int, tuple[Window, ...]] = field(default_factory=dict)
    closed_on: frozenset[date] = frozenset()
    zones: frozenset[str] = frozenset()
    zone: str = ""


@dataclass(frozen=True, slots=True)
class OpenFor(Dated):
    """How long after a person's last words a platform takes ours; longer for what a human wrote, or as an approved template."""

    ours: timedelta = timedelta(hours=24)
    humans: timedelta | None = None
    by_template: bool = False


@dataclass(frozen=True, slots=True)
class DailyCap(Dated):
    """The most automatic messages a person gets in a day, in one region or (without one) everywhere."""

    at_most: int = 0
    region: str = ""


@dataclass(frozen=True, slots=True)
class SendingClass(Dated):
    """What carriers take from a sender of this class: segments a minute, or a day (which begins at `day_zone`'s midnight)."""

    per_minute: int | None = None
    per_day: int | None = None
    day_zone: str = PACIFIC
    words: str = ""


@dataclass(frozen=True, slots=True)
class State(Dated):
    """A state, its time zones, and its area codes with the zones of each."""

    region: str = ""
    name: str = ""
    zones: tuple[str, ...] = ()
    areas: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """All entries, past and to come. Two are equal only if they are the same one: what is worked out for one is kept by it."""

    words: tuple[Wording, ...] = ()
    hours: tuple[TextHours, ...] = ()
    windows: tuple[OpenFor, ...] = ()
    caps: tuple[DailyCap, ...] = ()
    carriers: tuple[SendingClass, ...] = ()
    states: tuple[State, ...] = ()


Entry = TypeVar("Entry", bound=Dated)


def in_force(entries: Iterable[Entry], day: date) -> tuple[Entry, ...]:
    """Those that hold on `day`: of each id the one that began last, unless it has ended."""
    begun: dict[str, Entry] = {}
    for entry in entries:
        if entry.in_force_from <= day and (entry.id not in begun or begun[entry.id].in_force_from <= entry.in_force_from):
            begun[entry.id] = entry
    return tuple(entry for entry in begun.values() if entry.until is None or day < entry.until)


def day_of(now: datetime) -> date:
    """The day on which a rule that belongs to no place begins."""
    return now.astimezone(RULES_ZONE).date()


@lru_cache(maxsize=64)
def said(book: Rulebook, day: date) -> Mapping[str, frozenset[str]]:
    """What words mean on that day: meaning -> all words that have it."""
    found: dict[str, frozenset[str]] = {}
    for entry in in_force(book.words, day):
        found[entry.means] = found.get(entry.means, frozenset()) | entry.words
    return found


@lru_cache(maxsize=64)
def hours_on(book: Rulebook, day: date) -> tuple[TextHours, ...]:
    """The hours for texts that hold on that day."""
    return in_force(book.hours, day)


@lru_cache(maxsize=64)
def open_for(book: Rulebook, day: date) -> Mapping[str, OpenFor]:
    """The platforms with a window, by channel."""
    return {entry.id: entry for entry in in_force(book.windows, day)}


@lru_cache(maxsize=64)
def caps_on(book: Rulebook, day: date) -> tuple[DailyCap, ...]:
    """The caps that hold on that day."""
    return in_force(book.caps, day)


@lru_cache(maxsize=64)
def classes_on(book: Rulebook, day: date) -> Mapping[str, SendingClass]:
    """The carriers' classes, by id."""
    return {entry.id: entry for entry in in_force(book.carriers, day)}


@lru_cache(maxsize=64)
def states_on(book: Rulebook, day: date) -> "Atlas":
    """The states and their area codes on that day."""
    states = in_force(book.states, day)
    names = {name.casefold(): state for state in states for name in (state.name, state.region.partition("-")[2])}
    return Atlas(names, {area: (state.region, zones) for state in states for area, zones in state.areas.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """States by name and by their two letters (small); area code -> (region, zones)."""

    states: Mapping[str, State]
    areas: Mapping[str, tuple[str, tuple[str, ...]]]
