"""Deadlines, rungs and shares of an SLA, in business time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.hours import ALWAYS, Calendar
from routing.sla import Deadlines, deadlines, is_met, next_repeat, remaining, rung_dues, share_used
from routing.team import Rung, RungAction, Sla

MINUTE = timedelta(minutes=1)
OFFICE = Calendar("America/New_York", dict.fromkeys(range(5), ((540, 1020),)))
NEVER = Calendar("America/New_York", {0: ((540, 540),)})
LADDER = (
    Rung(RungAction.REMIND, at=10 * MINUTE),
    Rung(RungAction.TELL, at=60 * MINUTE, who="director", every=30 * MINUTE),
    Rung(RungAction.REOFFER, at=15 * MINUTE),
)
PROMISE = Sla("new leads", OFFICE, accept_within=5 * MINUTE, first_response_within=20 * MINUTE, rungs=LADDER)
FRIDAY_EVENING = datetime(2025, 6, 6, 20, 48, tzinfo=UTC)  # twelve minutes before the office closes
MONDAY = datetime(2025, 6, 9, 13, 0, tzinfo=UTC)  # it opens


def test_a_lead_of_friday_evening_must_be_answered_on_monday():
    assert deadlines(PROMISE, FRIDAY_EVENING) == Deadlines(FRIDAY_EVENING + 5 * MINUTE, MONDAY + 8 * MINUTE)


def test_the_ladder_is_climbed_in_business_time_earliest_rung_first():
    assert rung_dues(PROMISE, FRIDAY_EVENING) == [
        (0, FRIDAY_EVENING + 10 * MINUTE),
        (2, MONDAY + 3 * MINUTE),
        (1, MONDAY + 48 * MINUTE),
    ]


def test_a_calendar_that_never_opens_gives_no_deadline():
    gap = Sla("gap", NEVER, rungs=LADDER)
    assert deadlines(gap, MONDAY) == Deadlines(None, None)
    assert rung_dues(gap, MONDAY) == []
    assert remaining(gap, None, MONDAY) is None


def test_a_rung_repeats_in_wall_time_over_the_weekend():
    assert next_repeat(PROMISE, 1, FRIDAY_EVENING) == FRIDAY_EVENING + 30 * MINUTE
    assert next_repeat(PROMISE, 0, FRIDAY_EVENING) is None


@pytest.mark.parametrize(
    ("responded_at", "due_at", "met"),
    [
        (MONDAY, MONDAY, True),
        (MONDAY, MONDAY + MINUTE, True),
        (MONDAY + timedelta(microseconds=1), MONDAY, False),
        (None, MONDAY, False),
        (MONDAY, None, True),
        (None, None, False),
    ],
)
def test_a_promise_is_met_by_a_response_up_to_the_due_instant(responded_at, due_at, met):
    assert is_met(responded_at, due_at) is met


@pytest.mark.parametrize(
    ("at", "share", "left"),
    [
        pytest.param(FRIDAY_EVENING, 0.0, 20, id="at arrival"),
        pytest.param(FRIDAY_EVENING + 5 * MINUTE, 0.25, 15, id="five minutes on"),
        pytest.param(FRIDAY_EVENING + timedelta(days=1), 0.6, 8, id="on Saturday the clock stands still"),
        pytest.param(MONDAY + 8 * MINUTE, 1.0, 0, id="when due"),
        pytest.param(MONDAY + 18 * MINUTE, 1.5, 0, id="ten minutes late"),
    ],
)
def test_the_share_used_and_the_time_left(at, share, left):
    assert share_used(PROMISE, FRIDAY_EVENING, at) == share
    assert remaining(PROMISE, deadlines(PROMISE, FRIDAY_EVENING).response_due_at, at) == left * MINUTE


def test_a_promise_of_no_time_is_used_up_at_once():
    assert share_used(Sla("now", ALWAYS, first_response_within=timedelta(0)), MONDAY, MONDAY) == 1.0


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([OFFICE, ALWAYS, Calendar("Australia/Lord_Howe", dict.fromkeys(range(7), ((1320, 360),)))]),
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 3000),
    st.integers(0, 20_000),
)
def test_what_is_used_and_what_is_left_make_up_the_promise(calendar, arrived_at, promised, later):
    sla = Sla("any", calendar, first_response_within=promised * MINUTE)
    due_at = deadlines(sla, arrived_at).response_due_at
    now = arrived_at + later * MINUTE
    used, left = share_used(sla, arrived_at, now), remaining(sla, due_at, now)
    if now <= due_at:
        assert used * sla.first_response_within + left == pytest.approx(sla.first_response_within, abs=timedelta(milliseconds=1))
    else:
        assert used >= 1.0
        assert left == timedelta(0)
    assert share_used(sla, arrived_at, now + MINUTE) >= used
