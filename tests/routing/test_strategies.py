"""Who is asked first. The bounds of smooth weighted round robin are exact facts, not hopes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.model import Seat
from routing.strategies import UnknownStrategy, get, names
from routing.strategies.order import COLUMNS, Direction, best_first, key

MORNING = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
ROUND_ROBIN = get("round_robin")
WEIGHTED = get("weighted")
EPSILON = 1e-9

EVERY = pytest.mark.parametrize("strategy", [get(name) for name in names()], ids=names())


def seats_of(weights):
    return tuple(Seat(rep=f"rep{rank}", name=f"Rep {rank}", rank=rank, weight=weight) for rank, weight in enumerate(weights))


def take_turn(strategy, seats, present=None):
    """One lead: the best of those present takes it and is charged. Returns who, and all seats afterwards."""
    eligible = [seat for seat in seats if present is None or seat.rep in present]
    chosen = best_first(eligible, strategy.order)[0].rep
    changed = {seat.rep: seat for seat in strategy.charge(eligible, chosen)}
    return chosen, tuple(changed.get(seat.rep, seat) for seat in seats)


def turns(strategy, seats, number, present=None):
    taken = []
    for _ in range(number):
        chosen, seats = take_turn(strategy, seats, present)
        taken.append(chosen)
    return taken, seats


def counts_after_each_turn(strategy, seats, number):
    """After each turn: how many leads everyone has had, and the seats."""
    counts = dict.fromkeys((seat.rep for seat in seats), 0)
    for _ in range(number):
        chosen, seats = take_turn(strategy, seats)
        counts[chosen] += 1
        yield dict(counts), seats


@st.composite
def a_pool(draw):
    """Seats in any state, each with its own rank, in any order."""
    size = draw(st.integers(1, 8))
    ranks = draw(st.permutations(range(size)))
    return tuple(
        Seat(
            rep=f"rep{number}",
            name=f"Rep {number}",
            rank=ranks[number],
            weight=draw(st.integers(1, 3)),
            open=draw(st.integers(0, 4)),
            cap_open=draw(st.sampled_from([None, 3, 6, 10])),
            last_assigned_at=draw(
                st.sampled_from([None, MORNING, MORNING + timedelta(microseconds=1), MORNING - timedelta(days=1)])
            ),
            credit=draw(st.integers(-3, 3)),
            served=draw(st.sampled_from([0.0, 0.1 + 0.2, 0.3, 1.0, 2.5])),
        )
        for number in range(size)
    )


@EVERY
@given(pool=a_pool(), random=st.randoms(use_true_random=False))
def test_everybody_is_ordered_once_and_always_alike(strategy, pool, random):
    ordered = best_first(pool, strategy.order)
    assert sorted(ordered, key=lambda seat: seat.rank) == sorted(pool, key=lambda seat: seat.rank)
    shuffled = list(pool)
    random.shuffle(shuffled)
    assert best_first(shuffled, strategy.order) == ordered


@EVERY
@given(pool=a_pool(), random=st.randoms(use_true_random=False))
def test_other_names_change_nothing_but_the_names(strategy, pool, random):
    names_then = [seat.rep for seat in pool]
    names_now = [f"new{name}" for name in random.sample(names_then, len(names_then))]
    renaming = dict(zip(names_then, names_now, strict=True))
    renamed = tuple(replace(seat, rep=renaming[seat.rep], name=renaming[seat.rep]) for seat in pool)
    taken, after = turns(strategy, pool, 6)
    taken_renamed, after_renamed = turns(strategy, renamed, 6)
    assert [renaming[rep] for rep in taken] == taken_renamed
    assert [replace(seat, rep="", name="") for seat in after] == [replace(seat, rep="", name="") for seat in after_renamed]


@EVERY
@given(pool=a_pool())
def test_a_charge_touches_only_those_who_were_eligible(strategy, pool):
    chosen = best_first(pool, strategy.order)[0].rep
    changed = strategy.charge(pool, chosen)
    assert {seat.rep for seat in changed} <= {seat.rep for seat in pool}
    assert len({seat.rep for seat in changed}) == len(changed)
    assert strategy.charge(pool, "somebody else") == ()


@EVERY
def test_every_order_ends_with_rank_and_names_known_columns(strategy):
    assert strategy.order[-1] == ("rank", Direction.ASC)
    assert {column for column, _ in strategy.order} <= set(COLUMNS)


def test_a_strategy_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UnknownStrategy, match=r"no strategy 'round-robin'; did you mean round_robin\?"):
        get("round-robin")
    with pytest.raises(UnknownStrategy, match="one of least_loaded, owner_first, round_robin, weighted"):
        get("astrology")


@pytest.mark.parametrize("name", ["least_loaded", "owner_first"])
@pytest.mark.parametrize(
    ("ann", "bob", "first"),
    [
        ({"open": 2, "cap_open": 10}, {"open": 2, "cap_open": 5}, "ann"),
        ({"open": 1, "cap_open": 2}, {"open": 3, "cap_open": 10}, "bob"),
        ({"open": 9}, {"open": 1, "cap_open": 2}, "ann"),  # no cap: 9 / (9 + 10) = 0.47
        ({"last_assigned_at": MORNING}, {"last_assigned_at": MORNING - timedelta(seconds=1)}, "bob"),
        ({"last_assigned_at": MORNING}, {}, "bob"),
        ({}, {}, "ann"),
    ],
)
def test_the_emptiest_desk_goes_first_and_then_the_longest_wait(name, ann, bob, first):
    pool = (Seat("bob", "Bob", 1, **bob), Seat("ann", "Ann", 0, **ann))
    assert best_first(pool, get(name).order)[0].rep == first


def test_a_never_assigned_rep_sorts_before_any_instant_and_last_when_turned_round():
    new, old = Seat("new", "New", 0), Seat("old", "Old", 1, last_assigned_at=datetime(1969, 1, 1, tzinfo=UTC))
    assert best_first([old, new], (("last_assigned_at", Direction.ASC),))[0] == new
    assert best_first([new, old], (("last_assigned_at", Direction.DESC),))[0] == old
    assert key(new, get("least_loaded").order) == (0.0, float("-inf"), 0)


def test_smooth_turns_for_weights_5_1_1():
    taken, after = turns(ROUND_ROBIN, seats_of((5, 1, 1)), 7)
    assert taken == ["rep0", "rep0", "rep1", "rep0", "rep2", "rep0", "rep0"]
    assert [seat.credit for seat in after] == [0, 0, 0]


@pytest.mark.parametrize("strategy", [ROUND_ROBIN, WEIGHTED], ids=["round_robin", "weighted"])
@given(size=st.integers(1, 12), weight=st.integers(1, 5))
def test_equal_weights_take_plain_turns(strategy, size, weight):
    taken, _ = turns(strategy, seats_of([weight] * size), 3 * size)
    assert taken == [f"rep{rank}" for rank in range(size)] * 3


@given(weights=st.lists(st.integers(1, 12), min_size=1, max_size=8))
def test_after_a_period_everyone_had_their_share_and_all_credits_are_zero(weights):
    common = gcd(*weights)
    *_, (counts, seats) = counts_after_each_turn(ROUND_ROBIN, seats_of(weights), sum(weights) // common)
    assert list(counts.values()) == [weight // common for weight in weights]
    assert all(seat.credit == 0 for seat in seats)


@given(weights=st.lists(st.integers(1, 20), min_size=1, max_size=4))
def test_with_up_to_four_reps_nobody_is_a_whole_lead_from_their_share(weights):
    total = sum(weights)
    for turn, (counts, _) in enumerate(counts_after_each_turn(ROUND_ROBIN, seats_of(weights), total), start=1):
        assert all(abs(count * total - weight * turn) <= total for count, weight in zip(counts.values(), weights, strict=True))


def test_with_five_reps_somebody_can_wait_a_little_over_a_lead():
    """Why the bound above stops at four: with weights 1, 1, 1, 11, 11 one rep falls 26/25 of a lead behind."""
    weights = (1, 1, 1, 11, 11)
    behind = [
        max(weight * turn - 25 * count for count, weight in zip(counts.values(), weights, strict=True))
        for turn, (counts, _) in enumerate(counts_after_each_turn(ROUND_ROBIN, seats_of(weights), 25), start=1)
    ]
    assert max(behind) == 26


@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=60))
def test_nobody_is_overserved_by_more_than_the_exact_bound_nor_underserved_by_two(weights):
    total, size = sum(weights), len(weights)
    for turn, (counts, seats) in enumerate(counts_after_each_turn(ROUND_ROBIN, seats_of(weights), min(total, 120)), start=1):
        assert sum(seat.credit for seat in seats) == 0
        over = [count * total - weight * turn for count, weight in zip(counts.values(), weights, strict=True)]
        assert max(over) * size <= (size - 1) * total  # over-service <= 1 - 1/n, in whole numbers
        assert min(over) > -2 * total


@given(
    weights=st.lists(st.integers(1, 9), min_size=2, max_size=6),
    comings=st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=30),
)
def test_credits_sum_to_zero_whoever_comes_and_goes(weights, comings):
    seats = seats_of(weights)
    for present in comings:
        here = {f"rep{rank % len(weights)}" for rank in present}
        _, seats = take_turn(ROUND_ROBIN, seats, here)
        assert sum(seat.credit for seat in seats) == 0


@given(weights=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_weighted_shares_stay_within_a_lead_above_and_are_exact_after_a_period(weights):
    """Virtual time never lets anyone begin a lead before their share is due: less than one lead too many at any time."""
    total = sum(weights)
    for turn, (counts, _) in enumerate(counts_after_each_turn(WEIGHTED, seats_of(weights), 2 * total), start=1):
        virtual = min(count / weight for count, weight in zip(counts.values(), weights, strict=True))
        assert all(
            count / weight <= virtual + 1 / weight + EPSILON for count, weight in zip(counts.values(), weights, strict=True)
        )
        if turn % total == 0:
            assert list(counts.values()) == [weight * (turn // total) for weight in weights]


def test_weighted_charges_the_taker_alone_by_one_over_their_weight():
    ann, bob = Seat("ann", "Ann", 0, weight=4, served=1.0), Seat("bob", "Bob", 1, served=1.5)
    assert WEIGHTED.charge((ann, bob), "ann") == (replace(ann, served=1.25),)


@pytest.mark.parametrize("away_for", [10, 100, 1000])
def test_a_rep_who_returns_is_not_flooded_however_long_they_were_away(away_for):
    _, seats = turns(WEIGHTED, seats_of((1, 1, 1)), away_for, present={"rep1", "rep2"})
    taken, _ = turns(WEIGHTED, seats, 12)
    assert 4 <= taken.count("rep0") <= 5


def test_reps_who_stayed_away_together_do_not_starve_the_one_who_worked():
    _, seats = turns(WEIGHTED, seats_of((1, 1, 1, 1)), 50, present={"rep0"})
    taken, _ = turns(WEIGHTED, seats, 12)
    assert taken.count("rep0") >= 2


def test_reps_who_left_before_do_not_come_back_to_a_queue_of_debts():
    _, seats = turns(WEIGHTED, seats_of((1, 1, 1)), 30, present={"rep0"})
    _, seats = turns(WEIGHTED, seats, 10, present={"rep1", "rep2"})
    taken, _ = turns(WEIGHTED, seats, 12)
    assert all(3 <= taken.count(rep) <= 5 for rep in ("rep0", "rep1", "rep2"))
