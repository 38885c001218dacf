"""Working hours as text, there and back; and the forms people write them in."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Settings
from config.teamfile import check
from config.teamfile.findings import Findings
from config.teamfile.hours import days_of, read_calendars, read_windows, week_from, windows_text
from config.teamfile.section import Section, as_span, as_words
from config.teamfile.tree import Node, read_tree
from routing.hours import ALWAYS, Calendar

TODAY = date(2026, 11, 22)
minute = st.integers(0, 1439)
window = st.tuples(minute, st.integers(0, 1440)).filter(lambda pair: pair[0] != pair[1])


def office(written: str) -> Calendar:
    findings = Findings()
    tree = read_tree(f"hours:\n  office: {written}\n", findings)
    assert tree
    calendar = read_calendars(tree.get("hours"), "America/Chicago", findings, today=TODAY)["office"]
    assert findings.errors == []
    return calendar


@given(st.lists(window, max_size=4).map(tuple))
def test_hours_are_read_as_they_are_written(windows: tuple[tuple[int, int], ...]):
    findings = Findings()
    section = Section(Node(1, "map"), "hours.office", findings)
    assert read_windows(Node(1, "str", windows_text(windows)), section, "mon") == windows
    assert findings.errors == []


@given(st.integers(0, 366 * 86400))
def test_lengths_of_time_are_read_as_they_are_written(seconds: int):
    span = as_span(f"{seconds}s")
    assert span is not None and as_span(as_words(span)) == span and span.total_seconds() == seconds


@given(st.text(alphabet="0123456789:-, closedto24/7", max_size=30))
def test_no_text_crashes_the_reader_of_hours(text: str):
    section = Section(Node(1, "map"), "hours.office", Findings())
    for start, end in read_windows(Node(1, "str", text), section, "mon"):
        assert 0 <= start < 1440 and 0 <= end <= 1440 and start != end


@pytest.mark.parametrize(
    ("written", "weekday", "windows"),
    [
        ('{mon-fri: "08:30-17:30"}', 4, ((510, 1050),)),
        ('{mon-fri: "08:30-17:30"}', 5, ()),
        ('{mon: "09:00-12:00, 13:00-17:30"}', 0, ((540, 720), (780, 1050))),
        ('{mon: ["09:00-12:00", "13:00-17:30"]}', 0, ((540, 720), (780, 1050))),
        ('{mon: [["09:00", "12:00"], ["13:00", "17:30"]]}', 0, ((540, 720), (780, 1050))),
        ("{mon: [[9:00, 12:00]]}", 0, ((540, 720),)),
        ('{"sat,sun": "10:00-14:00"}', 6, ((600, 840),)),
        ('{daily: "22:00-06:00"}', 6, ((1320, 360),)),
        ('{fri-mon: "10:00-24:00"}', 6, ((600, 1440),)),
        ('{Monday: "09:00 to 10:00"}', 0, ((540, 600),)),
        ('{daily: "00:00-24:00"}', 3, ((0, 1440),)),
        ("{mon-fri: 24/7, sat: closed, sun: []}", 0, ((0, 1440),)),
        ("24/7", 6, ((0, 1440),)),
    ],
)
def test_forms_of_a_week(written: str, weekday: int, windows: tuple[tuple[int, int], ...]):
    assert office(written).weekly.get(weekday, ()) == windows


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon", (0,)),
        ("sat-mon", (5, 6, 0)),
        ("mon-fri, sun", (0, 1, 2, 3, 4, 6)),
        ("daily", (0, 1, 2, 3, 4, 5, 6)),
        ("mon-", ()),
        ("-fri", ()),
        ("", ()),
        ("mon,", ()),
        ("holiday", ()),
    ],
)
def test_days(key: str, days: tuple[int, ...]):
    assert days_of(key) == days


def test_a_calendar_has_its_zone_or_the_sites():
    assert office('{mon: "09:00-10:00"}').zone == "America/Chicago"
    assert office('{mon: "09:00-10:00", zone: Europe/Berlin}').zone == "Europe/Berlin"
    assert office('{mon: "09:00-10:00", time_zone: UTC}').zone == "UTC"
    assert office("24/7") == Calendar("America/Chicago", ALWAYS.weekly, name="office")


def test_holidays_close_and_single_dates_win_over_them():
    calendar = office(
        '{mon-fri: "09:00-17:00", holidays: [US, 2026-12-31], overrides: {2026-12-25: "10:00-11:00", 2026-11-26: usual, 2026-12-24: closed}}'
    )
    assert calendar.overrides[date(2027, 7, 5)] == (), "Independence Day, observed on Monday"
    assert calendar.overrides[date(2026, 12, 31)] == calendar.overrides[date(2026, 12, 24)] == ()
    assert calendar.overrides[date(2026, 12, 25)] == ((600, 660),)
    assert date(2026, 11, 26) not in calendar.overrides
    assert {day.year for day in calendar.overrides} == set(range(2016, 2032))


def test_always_is_there_without_an_entry():
    assert read_calendars(None, "UTC", Findings(), today=TODAY) == {"always": ALWAYS}


def test_a_week_begins_on_the_next_monday():
    assert week_from(date(2026, 11, 22)) == date(2026, 11, 23) == week_from(date(2026, 11, 23))


def test_holidays_are_of_the_years_around_today(small: str, settings: Settings):
    text = small.replace('mon-fri: "09:00-17:00"', 'mon-fri: "09:00-17:00"\n    holidays: DE-BY')
    team = check(text, settings, today=date(2030, 5, 1)).team
    assert team is not None
    closed = team.calendars["office"].overrides
    assert date(2035, 12, 25) in closed and date(2020, 12, 25) in closed, "`headroom due` and reports look back"
    assert date(2019, 12, 25) not in closed
