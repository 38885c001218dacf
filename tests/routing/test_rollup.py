"""When a manager is told: never a flood, never silence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rollup import CODES_NAMED, HOUR, SEVERITY, WINDOW, History, is_mixed, joined, tell_at, worst

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
    held = joined({"codes": "A1", "count": "1", "pool": "Sales"}, {"codes": "B1", "count": "1", "pool": "Sales"})
    assert (held["codes"], held["count"], held["pool"]) == ("A1 B1", "2", "Sales")
    assert joined(held, {"codes": "B1", "pool": "Sales"}) == held
    assert joined(held, {"codes": "C1 D1 A1"})["count"] == "4"


def test_leads_of_several_pools_are_said_to_be_of_none():
    assert joined({"codes": "A1", "pool": "Sales"}, {"codes": "B1", "pool": "Service"})["pool"] == ""


AWAY = {"all_away": "Priya Shah", "set_away": "Priya Shah", "lapses": "2", "pool": "Sales"}
LATE = {"codes": "A1", "count": "1", "pool": "Service", "target": "5m"}


def test_who_is_set_away_joins_what_is_held_and_each_is_named_once():
    both = joined(AWAY, {**AWAY, "all_away": "Tom Becker; Priya Shah", "lapses": "10"})
    assert (both["set_away"], both["lapses"], both["pool"]) == ("Priya Shah, Tom Becker", "10", "Sales")
    many = joined(both, {"all_away": "Ana; Joe; Lou"})
    assert many["set_away"] == "Priya Shah, Tom Becker, Ana and 2 more"
    assert joined(many, AWAY)["all_away"] == many["all_away"] == "Priya Shah; Tom Becker; Ana; Joe; Lou"


@pytest.mark.parametrize("both", [joined(AWAY, LATE), joined(LATE, AWAY)], ids=["away first", "late first"])
def test_a_message_of_a_rep_and_of_a_lead_tells_of_both(both):
    assert {name: both[name] for name in LATE} == LATE
    assert both["set_away"] == "Priya Shah"


@pytest.mark.parametrize(
    ("one", "other", "mixed"), [("breach", "breach", False), ("breach", "waiting", True), ("away", "breach", False)]
)
def test_leads_in_different_need_are_told_apart(one, other, mixed):
    assert is_mixed(one, other) is is_mixed(other, one) is mixed


@pytest.mark.parametrize(
    ("history", "at_most", "late", "less"),
    [(told(30), 1, 30, 30), (told(30), 2, 0, 30), (told(30, 20), 3, 0, 30), (told(30, 20), 4, 0, 0), (told(30, 20), 0, 0, 0)],
)
def test_the_last_of_the_hour_is_kept_for_what_is_late(history, at_most, late, less):
    assert tell_at(history, NOW, at_most, "breach") == NOW + late * MINUTE
    assert {tell_at(history, NOW, at_most, each) for each in SEVERITY if each != "breach"} == {NOW + less * MINUTE}


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
        ("away", "waiting", "waiting"),
    ],
)
def test_a_message_for_several_speaks_of_the_worst(one, other, both):
    assert worst(one, other) == worst(other, one) == both
    assert both in SEVERITY


ALARMS = st.lists(
    st.tuples(st.integers(0, 600), st.sampled_from([f"L{n}" for n in range(30)]), st.sampled_from(SEVERITY)),
    min_size=1,
    max_size=80,
)


@given(alarms=ALARMS, at_most=st.integers(1, 6))
def test_never_a_flood_and_never_silence(alarms, at_most):
    """Alarms at these minutes' tenths, kept as the outbox keeps them: one held message gathers what comes before it goes."""
    sent: list[tuple[datetime, set[str]]] = []
    for tenth, code, template in sorted(alarms):
        now = NOW + tenth * MINUTE / 10
        held = sent.pop() if sent and sent[-1][0] > now else None
        history = [at for at, _ in sent]
        at = tell_at(History(tuple(history)), now, at_most, template)
        assert now <= at <= now + HOUR
        if template == "breach" and len([each for each in history if each > now - HOUR]) < at_most:
            assert at <= now + WINDOW
        sent.append((min(at, held[0]), held[1] | {code}) if held else (at, {code}))
    instants = [at for at, _ in sent]
    assert {code for _, codes in sent for code in codes} == {code for _, code, _ in alarms}
    assert instants[0] == NOW + min(alarms)[0] * MINUTE / 10
    assert all(later - earlier >= WINDOW for earlier, later in zip(instants, instants[1:], strict=False))
    assert all(later - earlier >= HOUR for earlier, later in zip(instants, instants[at_most:], strict=False))
