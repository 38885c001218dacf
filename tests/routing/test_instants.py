"""The four instants: told apart, counted as they are defined, and an unanswered lead is a missed promise."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.hours import ALWAYS, Calendar
from routing.instants import NAMES, Lived, in_time, percentile, speeds
from tests.builders import NOW, OFFICE

MINUTE = timedelta(minutes=1)


def lived(*after: float | None, due: float = 15, calendar: Calendar = ALWAYS, is_open: bool = True) -> Lived:
    """A lead that came at NOW; ack, attempt, response and contact so many minutes later."""
    instants = [None if minutes is None else NOW + minutes * MINUTE for minutes in after]
    return Lived(NOW, NOW + due * MINUTE, calendar, [*instants, *[None] * (4 - len(instants))], is_open)


def test_each_instant_is_counted_by_itself():
    told = {speed.name: speed for speed in speeds([lived(0.1, 2, 5, 30), lived(0.2, 4), lived(0.3)])}
    assert list(told) == list(NAMES)
    assert [told[name].count for name in NAMES] == [3, 2, 1, 1]
    assert told["acknowledgement"].wall[50] == 0.2 * MINUTE
    assert told["attempt"].wall[95] == 4 * MINUTE
    assert told["response"].wall == {50: 5 * MINUTE, 90: 5 * MINUTE, 95: 5 * MINUTE}
    assert speeds([])[0].wall == {}


def test_working_time_is_that_of_the_promise():
    day = timedelta(days=1)
    speed = speeds([Lived(NOW, None, OFFICE, [None, None, NOW + day, None], False)])[2]
    assert speed.wall[50] == day
    assert timedelta(0) < speed.working[50] < day


@pytest.mark.parametrize(
    ("leads", "minutes", "expected"),
    [
        ([lived(0.1, 5, 5)], 60, (1, 0, 0)),
        ([lived(0.1, 15, 15)], 60, (1, 0, 0)),
        ([lived(0.1, 16, 16)], 60, (0, 1, 0)),
        ([lived(0.1)], 14, (0, 0, 1)),
        ([lived(0.1)], 15, (0, 1, 0)),
        ([lived(0.1, is_open=False)], 10, (0, 0, 0)),
        ([lived(0.1, is_open=False)], 60, (0, 1, 0)),
    ],
    ids=[
        "in time",
        "at the due instant",
        "late",
        "not yet due",
        "never answered",
        "closed before it was due",
        "closed unanswered",
    ],
)
def test_a_promise_is_kept_missed_or_still_open(leads, minutes, expected):
    kept = in_time(leads, NOW + minutes * MINUTE)
    assert (kept.met, kept.missed, kept.still_open) == expected


def test_what_only_the_rep_says_is_counted_apart():
    reported, heard, late = lived(0.1, 5, 5), lived(0.1, 5, 5), lived(0.1, 16, 16)
    kept = in_time([replace(reported, is_reported=True), heard, replace(late, is_reported=True)], NOW + 60 * MINUTE)
    assert (kept.met, kept.missed, kept.reported) == (2, 1, 1)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_a_span_that_was_lived_and_has_its_share_below(seconds, share):
    spans = sorted(timedelta(seconds=each) for each in seconds)
    found = percentile(spans, share)
    assert found in spans
    assert sum(span <= found for span in spans) >= share / 100 * len(spans)
