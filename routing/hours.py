"""Working hours: when a calendar is open, and when a budget of open time is used up.

An instant is open iff its local wall-clock reading lies in a window of its date, or in the tail of a window of the day
before. So an hour skipped in spring is never open and an hour repeated in autumn is open twice. All arithmetic is done in
UTC, on whole microseconds: the line is cut into blocks of four weeks and these where the zone's offset changes; inside a
piece the offset is constant and a window is a plain shift. Timedeltas are never added to local datetimes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

Window = tuple[int, int]
"""Minutes since local midnight, [start, end). `end <= start` runs into the next date; 1440 is 24:00; start == end is empty."""

Span = tuple[int, int]  # [start, end) in microseconds since 1970, UTC

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 1440 * MINUTE
BLOCK = 28 * DAY
LOOK = 4 * DAY  # the shortest stretch between two offset changes in tzdata 2026f is 6.96 days (Gaza, October 2040)
MIDNIGHT = 1440
MONDAY = 3  # 1970-01-01 was a Thursday, weekday 3
EPOCH_ORDINAL = EPOCH.toordinal()
# A few days inside what `datetime` can hold, so that no zone's offset runs over the edge.
FIRST = (datetime(1, 1, 8, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
LAST = (datetime(9999, 12, 24, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


class _Hashed:
    """A place to keep a calendar's hash: it is asked for on every look-up, and the weekly mapping is slow to hash."""

    __slots__ = ("_hash",)
    _hash: int


@dataclass(frozen=True, slots=True)
class Calendar(_Hashed):
    """When work is done: windows by weekday (0 = Monday), and by date where it differs (an empty tuple = closed).

    An override replaces every window that starts on its date; a tail from the day before stays. `zone` is an IANA name
    (`zoneinfo.ZoneInfoNotFoundError` on first use if there is no such zone). Raises ValueError for a window outside 0..1440.
    """

    zone: str
    weekly: Mapping[int, tuple[Window, ...]] = field(default_factory=dict)
    overrides: Mapping[date, tuple[Window, ...]] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        for key, windows in (*self.weekly.items(), *self.overrides.items()):
            for start, end in windows:
                if not (0 <= start <= MIDNIGHT and 0 <= end <= MIDNIGHT):
                    raise ValueError(f"calendar {self.name!r}, {key}: the window {start}-{end} is not within 0..1440 minutes")

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            parts = (self.zone, self.name, frozenset(self.weekly.items()), frozenset(self.overrides.items()))
            object.__setattr__(self, "_hash", hash(parts))
            return self._hash


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time, [start, end), in UTC."""

    start: datetime
    end: datetime


ALWAYS = Calendar("UTC", dict.fromkeys(range(7), ((0, MIDNIGHT),)), name="always")


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Whether the local wall-clock reading of `at` lies in a window of its date or in a tail of the day before."""
    reading = _number(at.astimezone(ZoneInfo(calendar.zone)).replace(tzinfo=UTC))
    today = reading // DAY
    return any(opens <= reading - day * DAY < closes for day in (today, today - 1) for opens, closes in _windows(calendar, day))


def due(calendar: Calendar, start: datetime, budget: timedelta) -> datetime | None:
    """The first instant by which `budget` of open time has passed since `start`; `start` itself for no budget.

    A budget that ends at closing time is due at closing time. None if so much open time never comes.
    """
    left = budget // timedelta(microseconds=1)
    if left <= 0:
        return start.astimezone(UTC)
    for opens, closes in _spans(calendar, _number(start)):
        if closes - opens >= left:
            return _instant(opens + left)
        left -= closes - opens
    return None


def elapsed(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Open time in [start, end); zero if `end` is not after `start`."""
    return timedelta(microseconds=sum(closes - opens for opens, closes in _clipped(calendar, start, end)))


def intervals(calendar: Calendar, start: datetime, until: datetime) -> Iterator[Interval]:
    """The open stretches of [start, until), in order; stretches that touch are one."""
    for opens, closes in _clipped(calendar, start, until):
        yield Interval(_instant(opens), _instant(closes))


def working(calendar: Calendar, start: datetime, budget: timedelta) -> list[Interval]:
    """The open stretches a budget uses up until it is due: shows the working of `due`. Empty if it is never due."""
    due_at = due(calendar, start, budget)
    return list(intervals(calendar, start, due_at)) if due_at else []


def next_open(calendar: Calendar, at: datetime) -> datetime | None:
    """The first open instant from `at` on (`at` itself when open); None if there is none."""
    return next((_instant(opens) for opens, _ in _spans(calendar, _number(at))), None)


def next_change(calendar: Calendar, at: datetime) -> datetime | None:
    """The first instant after `at` at which the calendar opens or closes; None if it never does."""
    for opens, closes in _spans(calendar, _number(at)):
        changes = opens if opens > _number(at) else closes
        return _instant(changes) if changes < LAST else None
    return None


def local_day(zone: str, at: datetime) -> Interval:
    """The stretch around `at` that has the same local date: 23, 24 or 25 hours or so."""
    today = at.astimezone(ZoneInfo(zone)).date()
    only_today = Calendar(zone, overrides={today: ((0, MIDNIGHT),)})
    around = intervals(only_today, at - timedelta(days=2), at + timedelta(days=2))
    return next(day for day in around if day.start <= at < day.end)


def _number(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _instant(number: int) -> datetime:
    return EPOCH + timedelta(microseconds=number)


def _clipped(calendar: Calendar, start: datetime, until: datetime) -> Iterator[Span]:
    end = _number(until)
    for opens, closes in takewhile(lambda span: span[0] < end, _spans(calendar, _number(start))):
        yield opens, min(closes, end)


def _spans(calendar: Calendar, start: int) -> Iterator[Span]:
    """Open spans from `start` on, merged over the blocks' edges. A span that ends at LAST never ends."""
    opens = closes = start
    settles, forever = _settles(calendar)
    for index in range(start // BLOCK, settles):
        for span_opens, span_closes in _block(calendar, index):
            if span_closes <= start:
                continue
            if span_opens > closes:
                if opens < closes:
                    yield opens, closes
                opens = span_opens
            closes = span_closes
        if opens < closes < (index + 1) * BLOCK:
            yield opens, closes
            opens = closes
    if forever:
        settled = max(settles * BLOCK, start)
        if opens < closes < settled:
            yield opens, closes
        yield (opens if closes == settled else settled), LAST
    elif opens < closes:
        yield opens, closes


@lru_cache(maxsize=1024)
def _week(calendar: Calendar) -> tuple[tuple[Span, ...], ...]:
    return tuple(_sizes(calendar.weekly.get(weekday, ())) for weekday in range(7))


def _sizes(windows: tuple[Window, ...]) -> tuple[Span, ...]:
    """Windows as microseconds since their date's midnight, the tail running on past it; empty ones left out."""
    return tuple((start * MINUTE, (end if end > start else end + MIDNIGHT) * MINUTE) for start, end in windows if start != end)


@lru_cache(maxsize=1024)
def _settles(calendar: Calendar) -> tuple[int, bool]:
    """The first block from which on the calendar never changes again, and whether it is then always open.

    This is what lets "never open" and "always open" be known without walking to the end of time.
    """
    week = _week(calendar)
    open_time = sum(closes - opens for opens, closes in _merged(_wrapped(week)))
    if 0 < open_time < 7 * DAY:
        return LAST // BLOCK + 1, False
    last = max((day.toordinal() for day in calendar.overrides), default=None)
    quiet = FIRST // BLOCK if last is None else (last - EPOCH_ORDINAL + 3) * DAY // BLOCK + 1
    return min(quiet, LAST // BLOCK + 1), open_time > 0


def _wrapped(week: tuple[tuple[Span, ...], ...]) -> list[Span]:
    """A week's windows on a line of seven days, Sunday's tail brought round to Monday."""
    line = [(day * DAY + opens, day * DAY + closes) for day, spans in enumerate(week) for opens, closes in spans]
    tails = [(max(opens - 7 * DAY, 0), closes - 7 * DAY) for opens, closes in line if closes > 7 * DAY]
    return tails + [(opens, min(closes, 7 * DAY)) for opens, closes in line if opens < 7 * DAY]


@lru_cache(maxsize=8192)
def _block(calendar: Calendar, index: int) -> tuple[Span, ...]:
    """The open spans of one block, merged and in order."""
    found = []
    for begins, ends, offset in _pieces(calendar.zone, index):
        for day in range((begins + offset) // DAY - 1, (ends - 1 + offset) // DAY + 1):
            midnight = day * DAY - offset
            for opens, closes in _windows(calendar, day):
                if midnight + opens < ends and midnight + closes > begins:
                    found.append((max(midnight + opens, begins), min(midnight + closes, ends)))
    return tuple(_merged(found))


def _windows(calendar: Calendar, day: int) -> tuple[Span, ...]:
    """The windows that start on a local date, `day` days after 1970-01-01."""
    if calendar.overrides:
        override = calendar.overrides.get(date.fromordinal(day + EPOCH_ORDINAL))
        if override is not None:
            return _sizes(override)
    return _week(calendar)[(day + MONDAY) % 7]


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for opens, closes in sorted(spans):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
        else:
            merged.append((opens, closes))
    return merged


@lru_cache(maxsize=8192)
def _pieces(zone: str, index: int) -> tuple[tuple[int, int, int], ...]:
    """A block cut where the zone's offset changes: (begins, ends, offset)."""
    place = ZoneInfo(zone)
    begins = at = max(index * BLOCK, FIRST)
    end = min((index + 1) * BLOCK, LAST)
    offset = _offset(place, at)
    pieces = []
    while at < end:
        ahead = min(at + LOOK, end)
        if _offset(place, ahead) != offset:
            ahead = _cut(place, at, ahead)
            pieces.append((begins, ahead, offset))
            begins, offset = ahead, _offset(place, ahead)
        at = ahead
    pieces.append((begins, end, offset))
    return tuple(piece for piece in pieces if piece[0] < piece[1])


def _cut(place: ZoneInfo, before: int, after: int) -> int:
    """The second, between two instants whose offsets differ, at which the offset changes."""
    offset = _offset(place, before)
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        before, after = (middle, after) if _offset(place, middle) == offset else (before, middle)
    return after


def _offset(place: ZoneInfo, number: int) -> int:
    offset = _instant(number).astimezone(place).utcoffset()
    return (offset or timedelta()) // timedelta(microseconds=1)
