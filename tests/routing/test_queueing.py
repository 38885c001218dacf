"""Which waiting lead is next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.queueing import LATE_EVERY, next_up

LEADS = st.lists(st.integers(), max_size=12)


@pytest.mark.parametrize(
    ("fresh", "late", "starts", "order"),
    [
        ("abcd", "", 0, "abcd"),
        ("", "xyz", 0, "xyz"),
        ("abcdefg", "xy", 0, "abcxdefyg"),
        ("abcd", "xy", 3, "xabcyd"),
        ("abcd", "xy", 2, "axbcdy"),
        ("a", "xyz", 0, "axyz"),
        ("abcd", "x", 99, "xabcd"),
        ("", "", 5, ""),
    ],
)
def test_fresh_ones_first_and_every_fourth_is_a_late_one(fresh, late, starts, order):
    tried = list(next_up(fresh, late, starts))
    assert "".join(lead for lead, _ in tried) == order
    assert all(is_fresh == (lead in fresh) for lead, is_fresh in tried)


@given(fresh=LEADS, late=LEADS, starts=st.integers(0, 5))
def test_nobody_is_lost_nobody_overtaken_and_at_least_every_fourth_is_late(fresh, late, starts):
    tried = list(next_up(fresh, late, starts))
    assert [lead for lead, is_fresh in tried if is_fresh] == fresh
    assert [lead for lead, is_fresh in tried if not is_fresh] == late
    since, left = starts, len(late)
    for _, is_fresh in tried:
        since, left = (since + 1, left) if is_fresh else (0, left - 1)
        assert not left or since < LATE_EVERY or since <= starts


@given(fresh=LEADS, late=LEADS, starts=st.integers(0, 5), stop=st.integers(0, 12))
def test_stopping_and_going_on_later_is_the_same_order(fresh, late, starts, stop):
    whole = list(next_up(fresh, late, starts))
    first, streak = whole[:stop], starts
    for _, is_fresh in first:
        streak = streak + 1 if is_fresh else 0
    done = sum(is_fresh for _, is_fresh in first)
    assert first + list(next_up(fresh[done:], late[len(first) - done :], streak)) == whole
