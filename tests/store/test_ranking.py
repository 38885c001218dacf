"""A ranking kept up to date seat by seat says the same as sorting all seats anew."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import strategies
from routing.capacity import can_take, reason
from routing.model import Seat
from routing.strategies.order import best_first
from store.ranking import Ranking

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CHANGES = st.fixed_dictionaries(
    {
        "open": st.integers(0, 6),
        "unanswered": st.integers(0, 3),
        "absence": st.sampled_from([None, None, "off shift", "backing off"]),
        "last_assigned_at": st.none() | st.integers(0, 5).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        "credit": st.integers(-5, 5),
        "served": st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    }
)


def crew(size: int) -> dict[str, Seat]:
    return {f"rep{n}": Seat(f"rep{n}", f"Rep {n}", rank=n, weight=1 + n % 3, cap_open=5, cap_unanswered=3) for n in range(size)}


@pytest.mark.parametrize("strategy", strategies.names())
@given(size=st.integers(0, 6), changes=st.lists(st.tuples(st.integers(0, 6), CHANGES), max_size=20))
def test_it_agrees_with_sorting_anew_after_every_change(strategy, size, changes):
    seats, order = crew(size), strategies.get(strategy).order
    ranking = Ranking(seats.values(), order)
    for number, change in changes:
        rep = f"rep{number}"
        seats[rep] = replace(seats.get(rep) or Seat(rep, rep, rank=number, cap_open=5), **change)
        ranking.put(seats[rep])
        assert ranking.able() == best_first([seat for seat in seats.values() if can_take(seat)], order)
        assert ranking.others() == Counter(reason(seat) for seat in seats.values() if not can_take(seat))
        assert ranking.has_room() == any(map(can_take, seats.values()))


def test_who_is_off_shift_is_not_counted_as_full():
    ann, bob, cy = crew(3).values()
    seats = [replace(ann, open=5), replace(bob, open=5, absence="off shift"), cy]
    ranking = Ranking(seats, strategies.get("least_loaded").order)
    assert [seat.rep for seat in ranking.able()] == ["rep2"]
    assert ranking.others() == {"full": 1, "off shift": 1}
