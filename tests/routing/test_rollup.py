"""When a manager is told: never a flood, never silence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rollup import CODES_NAMED, HOUR, SEVERITY, WINDOW, History, joined, tell_at, worst

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def told(*minutes_ago):
    return History(tuple(NOW - ago * MINUTE for ago in sorted(minutes_ago, reverse=True)))


@pytest.mark.parametrize(
    ("history", "at_most", "minutes"),
    [
        (told(), 6, 0),
        (told(30), 6, 0),
        (told(1), 6, 0),
        (told(0.5), 6, 0.5),
        (told(0), 6, 1),
        (told(-5), 6, 6),
        (told(50, 40, 30), 3, 10),
        (told(50, 40, 30, 20), 3, 20),
        (told(60, 40, 30), 3, 0),
        (told(50, 40, 0), 3, 10),
        (told(59.5, 0), 2, 1),
        (told(50, 40, 30), 4, 0),
    ],
)
def test_the_first_at_once_then_one_a_window_and_so_many_an_hour(history, at_most, minutes):
    assert tell_at(history, NOW, at_most) == NOW + minutes * MINUTE


def test_a_lead_joins_a_held_message_once():
    held = joined({"codes": "A1", "count": "1", "pool": "Sales"}, {"codes": "B1", "count": "1"})
    assert (held["codes"], held["count"], held["pool"]) == ("A1 B1", "2", "Sales")
    assert joined(held, {"codes": "B1"}) == held
    assert joined(held, {"codes": "C1 D1 A1"})["count"] == "4"


def test_more_than_twelve_are_counted_and_not_named_and_each_counts_once():
    held = {"codes": "L0", "count": "1"}
    for number in [*range(1, 30), *range(30)]:
        held = joined(held, {"codes": f"L{number}"})
    assert held["count"] == "30"
    assert held["codes"] == " ".join(f"L{number}" for number in range(CODES_NAMED)) + " and 18 more"


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("waiting", "breach", "breach"),
        ("breach", "at_risk", "breach"),
        ("at_risk", "waiting", "at_risk"),
        ("uncontactable", "at_risk", "uncontactable"),
        ("elsewhere", "waiting", "waiting"),
    ],
)
def test_a_message_for_several_speaks_of_the_worst(one, other, both):
    assert worst(one, other) == worst(other, one) == both
    assert both in SEVERITY


ALARMS = st.lists(st.tuples(st.integers(0, 600), st.sampled_from([f"L{n}" for n in range(30)])), min_size=1, max_size=80)


@given(alarms=ALARMS, at_most=st.integers(1, 6))
def test_never_a_flood_and_never_silence(alarms, at_most):
    """Alarms at these minutes' tenths, kept as the outbox keeps them: one held message gathers what comes before it goes."""
    sent: list[tuple[datetime, set[str]]] = []
    for tenth, code in sorted(alarms):
        now = NOW + tenth * MINUTE / 10
        if sent and sent[-1][0] > now:
            sent[-1][1].add(code)
        else:
            at = tell_at(History(tuple(at for at, _ in sent)), now, at_most)
            assert now <= at <= now + HOUR
            sent.append((at, {code}))
        assert code in sent[-1][1]
    instants = [at for at, _ in sent]
    assert instants[0] == NOW + min(alarms)[0] * MINUTE / 10
    assert all(later - earlier >= WINDOW for earlier, later in zip(instants, instants[1:], strict=False))
    assert all(later - earlier >= HOUR for earlier, later in zip(instants, instants[at_most:], strict=False))
