"""Shares with Wilson's interval, and the firm's own decay curve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.conversion import BOUNDS, BUCKETS, Share, curve, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_published_table(count, of, low, high):
    """Newcombe 1998, Statistics in Medicine 17, table I: method 3, the score interval without continuity correction."""
    assert tuple(round(end, 4) for end in wilson(count, of)) == (low, high)


@given(st.integers(0, 10**6).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_holds_the_share_and_stays_within_nothing_and_all(pair):
    count, of = pair
    low, high = wilson(count, of)
    assert 0 <= low <= (count / of if of else 0.5) <= high <= 1
    mirrored = wilson(of - count, of)
    assert mirrored == pytest.approx((1 - high, 1 - low))


def test_more_leads_make_it_narrower():
    widths = [high - low for low, high in (wilson(n // 4, n) for n in (4, 40, 400, 4000))]
    assert widths == sorted(widths, reverse=True)


def test_of_nothing_there_is_no_share():
    assert Share(0, 0).value is None and Share(0, 0).interval == (0.0, 1.0)
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


def test_the_curve_tells_all_together_first_and_every_bucket_of_every_source():
    found = curve({("website", 0): (10, 4, 3), ("website", 7): (5, 0, 0), ("ads", 0): (20, 2, 1)})
    assert [speed.source for speed in found[:: len(BUCKETS)]] == [None, "ads", "website"]
    assert [speed.bucket for speed in found] == [*BUCKETS] * 3
    first = found[0]
    assert (first.leads, first.qualified, first.won) == (30, Share(6, 30), Share(4, 30))
    assert (found[7].leads, found[7].won.value) == (5, 0.0)
    assert found[1].leads == 0 and found[1].won.value is None


def test_without_leads_there_is_no_curve_and_the_buckets_fit_their_bounds():
    assert curve({}) == []
    assert len(BUCKETS) == len(BOUNDS) + 2 and list(BOUNDS) == sorted(BOUNDS)
