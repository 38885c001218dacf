"""Who has room: shifts, leave and presence say who is on duty; caps and the ramp say how much more they may take."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from routing.hours import Calendar, is_open, local_day, next_change, next_open
from routing.model import Seat
from routing.team import Cap, Rep

DAY = timedelta(days=1)
WHOLE_DAY = ((0, 1440),)
FULL, FULL_TODAY = "full", "full today"
UNCAPPED_HALF_LOAD = 10  # open leads at which a rep without a cap counts as half loaded: the default cap of team.Cap


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a rep is not on duty, and the instant at which they are back for all we know now; None if that is open."""

    reason: str
    back_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Live:
    presence: str
    presence_until: datetime | None
    backoff_until: datetime | None


def absence(
    rep: Rep, presence: str, presence_until: datetime | None, backoff_until: datetime | None, now: datetime
) -> Absence | None:
    """Why this rep cannot be offered a lead now; None if on duty.

    `presence` is "on", "off", "busy" or "away"; anything but "on" holds until `presence_until`, for good without one.
    Reasons in the order in which they are named: on leave, off shift, off / busy / away, backing off. `back_at` looks
    through all of them: a shift that opens during a leave does not bring anybody back.
    """
    live = _Live(presence, presence_until, backoff_until)
    first = next(_absences(rep, live, now), None)
    return Absence(first.reason, _back_at(rep, live, now)) if first else None


def caps(rep: Rep, now: datetime) -> Cap:
    """The rep's caps on this local day. During a ramp they grow day by day; a cap above 0 never falls below 1.

    Before the ramp begins, and without one, the caps are whole. No cap (None) stays no cap.
    """
    share = _ramp_share(rep, _today(rep, now))
    return Cap(*(_scaled(cap, share) for cap in (rep.cap.open, rep.cap.unanswered, rep.cap.per_day)))


def next_duty_change(
    rep: Rep, presence: str, presence_until: datetime | None, backoff_until: datetime | None, now: datetime
) -> datetime | None:
    """The first instant after `now` at which a rep's absence, caps or count of today may change by time alone; None if never."""
    ends = [presence_until if presence != "on" else None, backoff_until, next_change(rep.calendar, now)]
    ends += [_begins(rep, day, now) for day in _turning_days(rep, _today(rep, now))]
    if rep.cap.per_day is not None:
        ends.append(local_day(rep.calendar.zone, now).end)
    return min((end for end in ends if end and end > now), default=None)


def room(seat: Seat) -> int | None:
    """How many more leads the counts and caps of a seat allow, never below 0; None without any cap. Absence is not looked at."""
    left = [cap - count for count, cap, _ in _counts(seat) if cap is not None]
    return max(min(left), 0) if left else None


def has_room(seat: Seat) -> bool:
    """Whether one more lead would keep every cap. Absence is not looked at."""
    return room(seat) != 0


def can_take(seat: Seat) -> bool:
    """Whether the rep is on duty and has room."""
    return seat.absence is None and has_room(seat)


def load(seat: Seat) -> float:
    """How full a rep is: open leads by cap, 1.0 = full. Without a cap it nears 1 and never gets there; a cap of 0 is full."""
    if seat.cap_open is None:
        return seat.open / (seat.open + UNCAPPED_HALF_LOAD)
    return seat.open / seat.cap_open if seat.cap_open else 1.0


def why_not(seat: Seat) -> str:
    """Why this rep cannot take a lead, in words ("off shift", "full: 5 of 5 open"); empty if they can."""
    if seat.absence is not None:
        return seat.absence
    full = ((count, cap, words) for count, cap, words in _counts(seat) if cap is not None and count >= cap)
    return next((words.format(count, cap) for count, cap, words in full), "")


def reason(seat: Seat) -> str:
    """The same as it is counted: an absence by name, the leads of the day as "full today", any other cap as "full"; "free" if they can."""
    if seat.absence is not None or has_room(seat):
        return seat.absence or "free"
    return FULL_TODAY if seat.cap_today is not None and seat.today >= seat.cap_today else FULL


def _counts(seat: Seat) -> tuple[tuple[int, int | None, str], ...]:
    return (
        (seat.open, seat.cap_open, "full: {} of {} open"),
        (seat.unanswered, seat.cap_unanswered, "{} of {} unanswered"),
        (seat.today, seat.cap_today, "{} of {} today"),
    )


def _absences(rep: Rep, live: _Live, at: datetime) -> Iterator[Absence]:
    """Everything that keeps a rep off duty at that instant, each with its own end."""
    if rep.leave:
        today = _today(rep, at)
        for leave in rep.leave:
            if leave.first <= today <= leave.last:
                yield Absence("on leave", _begins(rep, _after(leave.last), at))
    if not is_open(rep.calendar, at):
        yield Absence("off shift", next_open(rep.calendar, at))
    if live.presence != "on" and (live.presence_until is None or at < live.presence_until):
        yield Absence(live.presence, live.presence_until)
    if live.backoff_until is not None and at < live.backoff_until:
        yield Absence("backing off", live.backoff_until)


def _back_at(rep: Rep, live: _Live, now: datetime) -> datetime | None:
    """The first instant at which nothing keeps the rep away. Each turn goes past one leave or end, so it stops."""
    at = now
    while bars := list(_absences(rep, live, at)):
        ends = [bar.back_at for bar in bars if bar.back_at is not None]
        if len(ends) < len(bars):
            return None
        at = max(ends)
    return at


def _ramp_share(rep: Rep, today: date) -> float:
    if rep.ramp is None or today < rep.ramp.begins_on or rep.ramp.weeks <= 0:
        return 1.0
    passed = (today - rep.ramp.begins_on) / timedelta(weeks=rep.ramp.weeks)
    return min(rep.ramp.start + (1 - rep.ramp.start) * passed, 1.0)


def _scaled(cap: int | None, share: float) -> int | None:
    # The hair's breadth undoes binary fractions: 29 % of 100 is 29, not 28.
    return cap if not cap else max(int(cap * share + 1e-9), 1)


def _turning_days(rep: Rep, today: date) -> Iterator[date]:
    """The local dates after today on which a leave begins or has ended, and the next one on which the ramp may grow."""
    for leave in rep.leave:
        yield from (day for day in (leave.first, _after(leave.last)) if day > today)
    if rep.ramp is not None and today < rep.ramp.begins_on + timedelta(weeks=rep.ramp.weeks):
        yield max(rep.ramp.begins_on, _after(today))


def _today(rep: Rep, at: datetime) -> date:
    return at.astimezone(ZoneInfo(rep.calendar.zone)).date()


def _after(day: date) -> date:
    return day if day == date.max else day + DAY


def _begins(rep: Rep, day: date, now: datetime) -> datetime | None:
    """The first instant from now on of a local date (of the next one where the zone skips it); None past the last year."""
    if day.year == date.max.year:
        return None
    two_days = Calendar(rep.calendar.zone, overrides={day: WHOLE_DAY, day + DAY: WHOLE_DAY})
    return next_open(two_days, max(now, datetime.combine(day - DAY, time(), UTC)))
