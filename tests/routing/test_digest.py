"""When a pool's digest is due, in the pool's own time, and how its figures read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from routing.digest import Figures, Span, due, fields, zone_of
from routing.hours import ALWAYS, Calendar
from routing.team import Digest, Pool, Site

HALF_PAST_FIVE = Digest(17 * 60 + 30, slack="C0SALES01")
CHICAGO = "America/Chicago"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-11-24T23:29:59", None),  # 17:29:59 in Chicago: yesterday's is no news any more
        ("2026-11-24T23:30:00", date(2026, 11, 24)),
        ("2026-11-25T05:29:59", date(2026, 11, 24)),
        ("2026-11-25T05:30:00", None),
    ],
)
def test_it_is_due_at_its_local_time_and_for_six_hours(now, day):
    span = due(HALF_PAST_FIVE, CHICAGO, utc(now))
    assert (span.day if span else None) == day


def test_it_tells_of_the_time_since_the_last_one():
    span = due(HALF_PAST_FIVE, CHICAGO, utc("2026-11-25T01:00:00"))
    assert span == Span(date(2026, 11, 24), utc("2026-11-23T23:30:00"), utc("2026-11-24T23:30:00"))


@pytest.mark.parametrize(("day", "hours"), [("2026-11-02T00:00:00", 25), ("2026-03-09T00:00:00", 23)])
def test_a_day_on_which_the_clocks_change_is_told_whole(day, hours):
    span = due(HALF_PAST_FIVE, CHICAGO, utc(day))
    assert span.until - span.since == timedelta(hours=hours)


def test_a_time_that_the_clocks_jump_over_still_comes():
    jumped = due(Digest(2 * 60 + 30), CHICAGO, utc("2026-03-08T09:00:00"))  # 02:30 does not exist on 8 March
    assert jumped is not None
    assert jumped.day == date(2026, 3, 8)


def test_the_figures_in_words():
    told = fields(
        "Sales", Figures(9, 7, 6, 2, timedelta(seconds=185), {"all full": 1, "offers ignored": 2}, 3, timedelta(minutes=40))
    )
    assert (told["median"], told["causes"], told["longest"]) == ("3m 5s", "offers ignored 2, all full 1", "40m")
    empty = fields("Sales", Figures(0, 0, 0, 0, None, {}, 0, None))
    assert (empty["median"], empty["causes"], empty["longest"]) == ("", "", "")


def test_a_quiet_day_says_so_and_any_figure_ends_the_quiet():
    quiet = Figures(0, 0, 0, 0, None, {}, 0, None)
    assert fields("Sales", quiet)["is_quiet"] == "yes"
    for change in ({"leads": 1}, {"answered": 1}, {"breaches": 1}, {"waiting": 1}, {"stages": {"won": 1}}):
        assert fields("Sales", replace(quiet, **change))["is_quiet"] == "", change


def test_stages_are_told_in_the_order_of_a_deal():
    figures = replace(Figures(0, 0, 0, 0, None, {}, 0, None), stages={"qualified": 2, "won": 1})
    assert fields("Sales", figures)["stages"] == "2 qualified, 1 won"


def test_a_pool_is_where_its_hours_are():
    site = Site("Acme", CHICAGO)
    assert zone_of(Pool("east", "East", (), calendar=Calendar("America/New_York")), site) == "America/New_York"
    assert zone_of(Pool("sales", "Sales", (), calendar=ALWAYS), site) == CHICAGO
