"""Working hours against published cases, cases worked by hand, and a clock that is watched minute by minute."""

import json
import pickle
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from routing.hours import ALWAYS, Calendar, Interval, due, elapsed, intervals, is_open, local_day, next_change, next_open, working

CASES = json.loads((Path(__file__).parents[1] / "data" / "sla_clock_cases.json").read_text())
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def at(text):
    return datetime.fromisoformat(text)


def minutes(text):
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def windows(pairs):
    return tuple((minutes(start), minutes(end)) for start, end in pairs)


def calendar_of(schedule):
    weekly = {WEEKDAYS.index(day): windows(pairs) for day, pairs in schedule["weekly"].items()}
    overrides = {date.fromisoformat(day): windows(pairs) for day, pairs in schedule["overrides"].items()}
    return Calendar(schedule["tz"], weekly, overrides)


def daily(zone, *pairs, overrides=None):
    return Calendar(zone, dict.fromkeys(range(7), windows(pairs)), overrides or {})


OFFICE = Calendar("America/New_York", dict.fromkeys(range(5), windows([("09:00", "17:00")])))
NEVER = Calendar("Europe/London", {0: ((540, 540),)})


# --- the published cases -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: f"{case['id']}-{case['tag']}")
def test_a_published_case_is_due_when_it_says(case):
    expected = at(case["due_utc"]) if case["due_utc"] else None
    calendar = calendar_of(case["schedule"])
    assert due(calendar, at(case["start_utc"]), timedelta(minutes=case["budget_minutes"])) == expected


@pytest.mark.parametrize("case", CASES["elapsed_cases"], ids=lambda case: case["id"])
def test_a_published_case_takes_as_long_as_it_says(case):
    took = elapsed(calendar_of(case["schedule"]), at(case["start_utc"]), at(case["end_utc"]))
    assert took == timedelta(minutes=case["open_minutes"])


# --- worked by hand ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calendar", "start", "until", "hours"),
    [
        pytest.param(
            daily("America/New_York", ("22:00", "06:00")), "2025-03-09T02:00Z", "2025-03-09T20:00Z", 7, id="spring night"
        ),
        pytest.param(
            daily("America/New_York", ("22:00", "06:00")), "2025-11-02T01:00Z", "2025-11-02T20:00Z", 9, id="autumn night"
        ),
        pytest.param(daily("America/New_York", ("01:30", "02:00")), "2025-11-02T04:00Z", "2025-11-02T12:00Z", 1, id="open twice"),
        pytest.param(
            daily("America/New_York", ("02:00", "03:00")), "2025-03-09T05:00Z", "2025-03-10T04:00Z", 0, id="inside the gap"
        ),
        pytest.param(
            daily("America/New_York", ("02:30", "03:30")), "2025-03-09T05:00Z", "2025-03-10T04:00Z", 0.5, id="edge in the gap"
        ),
        pytest.param(
            daily("America/New_York", ("00:30", "01:30")), "2025-11-02T04:00Z", "2025-11-02T12:00Z", 1.5, id="edge in the fold"
        ),
        pytest.param(
            daily("Australia/Lord_Howe", ("00:00", "24:00")), "2025-04-05T13:00Z", "2025-04-06T13:30Z", 24.5, id="Lord Howe"
        ),
        pytest.param(
            daily("America/Havana", ("00:00", "01:00")), "2025-11-02T03:00Z", "2025-11-02T12:00Z", 2, id="Havana folds midnight"
        ),
        pytest.param(
            daily("America/Santiago", ("00:00", "02:00")),
            "2025-09-07T00:00Z",
            "2025-09-08T00:00Z",
            1,
            id="Santiago skips midnight",
        ),
        pytest.param(
            daily("America/Santiago", ("23:00", "24:00")), "2025-04-05T12:00Z", "2025-04-06T12:00Z", 2, id="Santiago's hour twice"
        ),
        pytest.param(
            Calendar("Pacific/Apia", {4: ((540, 1020),)}),
            "2011-12-28T00:00Z",
            "2012-01-02T00:00Z",
            0,
            id="Apia has no Friday the 30th",
        ),
        pytest.param(
            Calendar("Pacific/Apia", {3: ((1320, 360),)}), "2011-12-28T00:00Z", "2012-01-02T00:00Z", 2, id="Apia loses the tail"
        ),
        pytest.param(
            daily("Africa/Monrovia", ("00:00", "00:30")), "1972-01-06T23:00Z", "1972-01-07T23:00Z", 0, id="Monrovia's 44:30"
        ),
        pytest.param(
            daily("America/New_York", ("22:00", "06:00")), "2180-03-12T02:00Z", "2180-03-12T20:00Z", 7, id="a far spring"
        ),
    ],
)
def test_a_stretch_of_odd_days_is_open_for(calendar, start, until, hours):
    assert elapsed(calendar, at(start), at(until)) == hours * HOUR


@pytest.mark.parametrize(
    ("overrides", "hours"),
    [
        pytest.param({}, 16, id="two nights"),
        pytest.param({date(2025, 6, 4): ()}, 8, id="closed, yet the tail of the day before stays"),
        pytest.param({date(2025, 6, 3): ()}, 8, id="the day before closed, its tail gone"),
        pytest.param({date(2025, 6, 4): ((600, 660), (1320, 1440))}, 11, id="other windows"),
    ],
)
def test_an_override_replaces_the_windows_that_start_on_its_date(overrides, hours):
    nights = daily("Asia/Tokyo", ("22:00", "06:00"), overrides=overrides)
    assert elapsed(nights, at("2025-06-03T12:00+09:00"), at("2025-06-05T12:00+09:00")) == hours * HOUR


@pytest.mark.parametrize(
    ("start", "budget", "expected"),
    [
        pytest.param("2025-06-06T20:30Z", 0, "2025-06-06T20:30Z", id="no budget is due at once"),
        pytest.param("2025-06-07T20:30Z", 0, "2025-06-07T20:30Z", id="no budget, closed"),
        pytest.param("2025-06-06T20:30Z", 30, "2025-06-06T21:00Z", id="a budget that ends at closing is due at closing"),
        pytest.param("2025-06-06T20:30Z", 31, "2025-06-09T13:01Z", id="the rest comes on Monday"),
        pytest.param("2025-06-06T16:30:00.25-04:00", 1, "2025-06-06T20:31:00.25Z", id="another offset, parts of a second"),
    ],
)
def test_a_budget_is_due(start, budget, expected):
    due_at = due(OFFICE, at(start), budget * MINUTE)
    assert due_at == at(expected)
    assert due_at.tzinfo is UTC


def test_a_calendar_that_never_opens_is_never_due():
    closed = Calendar("Europe/London", {0: ((540, 540),)}, {date(2030, 1, 1): (), date(2031, 1, 1): ((1440, 0),)})
    for never in (NEVER, closed):
        assert due(never, at("2025-06-06T20:30Z"), MINUTE) is None
        assert due(never, at("2025-06-06T20:30Z"), timedelta(0)) == at("2025-06-06T20:30Z")
        assert next_open(never, at("2025-06-06T20:30Z")) is None
        assert next_change(never, at("2025-06-06T20:30Z")) is None
        assert working(never, at("2025-06-06T20:30Z"), MINUTE) == []


def test_a_calendar_open_on_one_date_only_is_due_on_it_and_never_after():
    fair = Calendar("Europe/London", {}, {date(2040, 5, 1): ((600, 720),)})
    assert due(fair, at("2025-06-06T20:30Z"), 2 * HOUR) == at("2040-05-01T11:00Z")
    assert due(fair, at("2025-06-06T20:30Z"), 2 * HOUR + MINUTE) is None
    assert next_change(fair, at("2040-05-01T10:00Z")) == at("2040-05-01T11:00Z")
    assert next_change(fair, at("2040-05-01T11:00Z")) is None


def test_a_calendar_that_is_always_open_never_changes():
    assert due(ALWAYS, at("2025-06-06T20:30Z"), timedelta(days=3650)) == at("2025-06-06T20:30Z") + timedelta(days=3650)
    assert next_change(ALWAYS, at("2025-06-06T20:30Z")) is None
    overlapping = Calendar("Asia/Gaza", dict.fromkeys(range(7), ((0, 800), (700, 30))))
    assert next_change(overlapping, at("2025-06-06T20:30Z")) is None


def test_shifts_that_hand_over_at_every_hour_of_the_week_never_close():
    shifts = daily("America/New_York", ("06:00", "02:00"), ("02:00", "06:00"))
    assert next_change(shifts, at("2025-06-06T20:30Z")) is None


def test_a_week_with_one_closed_hour_is_not_always_open():
    closed_for_an_hour = dict.fromkeys(range(6), windows([("00:00", "24:00")])) | {
        6: windows([("00:00", "03:00"), ("04:00", "24:00")])
    }
    assert next_change(Calendar("UTC", closed_for_an_hour), at("2025-06-06T20:30Z")) == at("2025-06-08T03:00Z")


def test_a_window_from_midnight_to_midnight_that_has_no_length_is_empty():
    assert list(intervals(daily("UTC", ("24:00", "00:00")), at("2025-06-06T00:00Z"), at("2025-06-09T00:00Z"))) == []


@pytest.mark.parametrize(
    ("zone", "first", "normal", "summer"),
    [("America/Recife", "2000-10-02", 12, 11), ("America/Noronha", "2000-10-02", 11, 10), ("Asia/Gaza", "2040-10-14", 6, 7)],
)
def test_a_summer_time_that_lasts_or_rests_for_one_week_is_seen(zone, first, normal, summer):
    """Recife and Noronha had seven days of summer time in October 2000; Gaza is to have seven of it after Ramadan 2040."""
    opening = daily(zone, ("09:00", "10:00"))
    start = at(f"{first}T00:00Z")
    opens = {day.start.hour for day in intervals(opening, start, start + timedelta(days=20))}
    assert opens == {normal, summer}


def test_a_calendar_that_is_always_open_but_for_one_date():
    but_christmas = daily("Europe/London", ("00:00", "24:00"), overrides={date(2025, 12, 25): ()})
    assert next_change(but_christmas, at("2025-06-06T20:30Z")) == at("2025-12-25T00:00Z")
    assert next_change(but_christmas, at("2025-12-25T00:00Z")) == at("2025-12-26T00:00Z")
    assert next_change(but_christmas, at("2025-12-26T00:00Z")) is None
    assert elapsed(but_christmas, at("2025-12-24T00:00Z"), at("2026-12-24T00:00Z")) == timedelta(days=364)


def test_a_budget_of_years_is_due_in_its_year():
    assert due(OFFICE, at("2025-06-06T13:00Z"), 8 * HOUR * 5 * 521) == at("2035-06-01T13:00Z") - timedelta(days=1) + 8 * HOUR


def test_a_budget_beyond_the_last_year_is_never_due():
    assert due(daily("Europe/London", ("09:00", "09:30")), at("9990-01-01T00:00Z"), 3650 * HOUR) is None
    assert due(ALWAYS, at("2025-01-01T00:00Z"), timedelta.max) is None


def test_the_ends_of_the_calendar_are_no_error():
    for edge in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        assert elapsed(ALWAYS, edge, edge) == timedelta(0)
        assert due(ALWAYS, edge, timedelta(days=5)) is None or edge.year == 1


def test_the_working_lists_what_a_budget_uses_up():
    assert working(OFFICE, at("2025-06-06T20:30Z"), HOUR) == [
        Interval(at("2025-06-06T20:30Z"), at("2025-06-06T21:00Z")),
        Interval(at("2025-06-09T13:00Z"), at("2025-06-09T13:30Z")),
    ]
    assert working(OFFICE, at("2025-06-06T20:30Z"), timedelta(0)) == []


def test_a_stretch_of_many_weeks_is_one_interval():
    assert list(intervals(ALWAYS, at("2020-01-01T00:00Z"), at("2025-01-01T00:00Z"))) == [
        Interval(at("2020-01-01T00:00Z"), at("2025-01-01T00:00Z"))
    ]


def test_closing_is_closed_and_opening_is_open():
    assert [is_open(OFFICE, at(f"2025-06-06T{clock}Z")) for clock in ("12:59", "13:00", "20:59", "21:00")] == [
        False,
        True,
        True,
        False,
    ]
    assert next_open(OFFICE, at("2025-06-06T21:00Z")) == at("2025-06-09T13:00Z")
    assert next_open(OFFICE, at("2025-06-06T20:00Z")) == at("2025-06-06T20:00Z")


@pytest.mark.parametrize(
    ("zone", "inside", "start", "end"),
    [
        ("America/New_York", "2025-03-09T12:00Z", "2025-03-09T05:00Z", "2025-03-10T04:00Z"),
        ("America/New_York", "2025-11-02T04:00Z", "2025-11-02T04:00Z", "2025-11-03T05:00Z"),
        ("America/Santiago", "2025-09-07T04:00Z", "2025-09-07T04:00Z", "2025-09-08T03:00Z"),
        ("Pacific/Apia", "2011-12-30T09:59Z", "2011-12-29T10:00Z", "2011-12-30T10:00Z"),
        ("Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z", "2011-12-31T10:00Z"),
    ],
)
def test_a_local_day_runs_from_midnight_to_midnight(zone, inside, start, end):
    assert local_day(zone, at(inside)) == Interval(at(start), at(end))


@pytest.mark.parametrize("window", [(-1, 60), (0, 1441), (1500, 60)])
def test_a_window_outside_the_day_is_refused(window):
    with pytest.raises(ValueError, match="late shift.*not within 0..1440"):
        Calendar("UTC", {0: (window,)}, name="late shift")


def test_calendars_that_say_the_same_are_the_same():
    twin = Calendar("America/New_York", dict.fromkeys(range(5), windows([("09:00", "17:00")])))
    assert twin == OFFICE
    assert hash(twin) == hash(OFFICE)
    assert twin != Calendar("America/New_York", OFFICE.weekly, {date(2025, 1, 1): ()})
    assert pickle.loads(pickle.dumps(OFFICE)) == OFFICE


# --- watched minute by minute ------------------------------------------------------------------------------------

TURNS = [
    ("America/New_York", date(2025, 3, 9)),
    ("America/New_York", date(2025, 11, 2)),
    ("Europe/London", date(2025, 10, 26)),
    ("Australia/Lord_Howe", date(2025, 4, 6)),
    ("Australia/Lord_Howe", date(2025, 10, 5)),
    ("America/Havana", date(2025, 3, 9)),
    ("America/Havana", date(2025, 11, 2)),
    ("America/Santiago", date(2025, 4, 5)),
    ("America/Santiago", date(2025, 9, 7)),
    ("America/St_Johns", date(2010, 11, 7)),  # 00:01 goes back to 23:01 of the day before
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("Asia/Gaza", date(2040, 10, 20)),
    ("Antarctica/Troll", date(2025, 10, 26)),
    ("Asia/Kathmandu", date(2025, 6, 1)),
    ("Pacific/Chatham", date(2150, 4, 5)),
    ("Europe/Dublin", date(2099, 3, 29)),
    ("UTC", date(2025, 1, 1)),
]
clocks = st.one_of(st.integers(0, 1440), st.sampled_from([0, 1, 30, 60, 90, 120, 150, 180, 1380, 1410, 1440]))
window_lists = st.lists(st.tuples(clocks, clocks), max_size=3).map(tuple)


@st.composite
def watches(draw):
    """A calendar, and a start within a day or two of a change of its zone's offset."""
    zone, day = draw(st.sampled_from(TURNS))
    weekly = draw(st.dictionaries(st.integers(0, 6), window_lists, max_size=7))
    near = st.integers(-3, 4).map(lambda days: day + timedelta(days=days))
    overrides = draw(st.dictionaries(near, window_lists, max_size=3))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    start = midnight + timedelta(minutes=draw(st.integers(-2880, 1440)), seconds=draw(st.sampled_from([0, 0, 1, 59.5])))
    return Calendar(zone, weekly, overrides), start


def reads_open(calendar, moment):
    """The definition, word by word, on the wall clock."""
    wall = moment.astimezone(ZoneInfo(calendar.zone))
    clock = wall.hour * 60 + wall.minute
    yesterday = wall.date() - timedelta(days=1)

    def on(day):
        return calendar.overrides.get(day, calendar.weekly.get(day.weekday(), ()))

    return any(
        (start <= clock < end) if start < end else (start <= clock and start != end) for start, end in on(wall.date())
    ) or any(end < start and clock < end for start, end in on(yesterday))


def watched(calendar, start, until):
    """Every minute of UTC between two instants, the first and last cut short, with whether it is open."""
    tick = start
    while tick < until:
        ahead = min(tick.replace(second=0, microsecond=0) + MINUTE, until)
        yield tick, ahead, reads_open(calendar, tick)
        tick = ahead


def open_time(calendar, start, until):
    return sum((ahead - tick for tick, ahead, is_open_now in watched(calendar, start, until) if is_open_now), timedelta(0))


LORD_HOWE_NIGHT = (daily("Australia/Lord_Howe", ("01:45", "02:15")), at("2025-04-05T14:00Z"))


@settings(max_examples=120, deadline=None)
@given(watches(), st.integers(1, 2880))
@example(LORD_HOWE_NIGHT, 600)
def test_the_intervals_are_what_a_watcher_of_the_clock_sees(watch, length):
    calendar, start = watch
    until = start + length * MINUTE
    found = list(intervals(calendar, start, until))
    seen = [Interval(tick, ahead) for tick, ahead, is_open_now in watched(calendar, start, until) if is_open_now]
    joined = []
    for minute in seen:
        if joined and joined[-1].end == minute.start:
            joined[-1] = Interval(joined[-1].start, minute.end)
        else:
            joined.append(minute)
    assert found == joined
    assert elapsed(calendar, start, until) == open_time(calendar, start, until)
    assert is_open(calendar, start) == reads_open(calendar, start)
    assert all(one.end < other.start for one, other in pairwise(found))


@settings(max_examples=120, deadline=None)
@given(watches(), st.integers(1, 900), st.integers(0, 59))
@example(LORD_HOWE_NIGHT, 61, 0)
def test_a_budget_is_due_when_a_watcher_has_seen_so_much(watch, budget, seconds):
    calendar, start = watch
    left = budget * MINUTE + timedelta(seconds=seconds)
    due_at = due(calendar, start, left)
    for tick, ahead, is_open_now in watched(calendar, start, start + timedelta(days=2)):
        if is_open_now and ahead - tick >= left:
            assert due_at == tick + left
            return
        left -= (ahead - tick) * is_open_now
    assert due_at is None or due_at > start + timedelta(days=2)


@settings(max_examples=80, deadline=None)
@given(watches())
def test_the_next_change_is_where_a_watcher_sees_it_flip(watch):
    calendar, start = watch
    now_open = reads_open(calendar, start)
    flips = (tick for tick, _, is_open_now in watched(calendar, start, start + timedelta(days=2)) if is_open_now != now_open)
    seen = next(flips, None)
    changes_at = next_change(calendar, start)
    if seen:
        assert changes_at == seen
        assert next_open(calendar, start) == (start if now_open else seen)
    else:
        assert changes_at is None or changes_at >= start + timedelta(days=2)


@settings(max_examples=150, deadline=None)
@given(watches(), st.integers(0, 100_000), st.integers(0, 100_000))
def test_due_never_runs_backwards(watch, one, other):
    calendar, start = watch
    less, more = sorted((one, other))
    early, late = due(calendar, start, less * MINUTE), due(calendar, start, more * MINUTE)
    assert late is None or early <= late
    later_start = due(calendar, start + less * MINUTE, more * MINUTE)
    assert later_start is None or (late is not None and late <= later_start)
    if late is not None:
        assert late >= start
        assert elapsed(calendar, start, late) == more * MINUTE
        assert sum((part.end - part.start for part in working(calendar, start, more * MINUTE)), timedelta(0)) == more * MINUTE


@settings(max_examples=150, deadline=None)
@given(watches(), st.integers(0, 20_000), st.integers(0, 20_000))
def test_elapsed_time_adds_up(watch, first, second):
    calendar, start = watch
    middle = start + first * MINUTE
    end = middle + second * MINUTE
    assert elapsed(calendar, start, middle) + elapsed(calendar, middle, end) == elapsed(calendar, start, end)
    assert elapsed(calendar, end, start) == timedelta(0)
