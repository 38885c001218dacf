"""Texts at the pace of the carriers: no minute sees more than the class allows, acknowledgements go first, nothing is lost."""

import heapq
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.teamfile.rules import rulebook
from routing.pacing import Asked, Budget, Pace, Rate, Spent, admit, budget, unspent

BOOK = rulebook()
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kind", "per_minute"),
    [
        ("a", 4500), ("b", 4500), ("c", 2400), ("d", 2400), ("e", 240), ("f", 240), ("t", 75), ("long_code", 60), ("toll_free", 180),
        ("short_code", 6000), ("no such", None),
    ],
)  # fmt: skip
def test_the_classes_of_the_carriers(kind, per_minute):
    assert budget(Rate(kind=kind), BOOK, date(2026, 11, 24)).per_minute == per_minute


@pytest.mark.parametrize(("brand", "per_day"), [("low", 2000), ("lower_mid", 10_000), ("upper_mid", 40_000), ("top", 200_000)])
def test_the_tiers_of_t_mobile(brand, per_day):
    found = budget(Rate("t", brand), BOOK, date(2026, 11, 24))
    assert (found.per_minute, found.per_day, found.day_zone) == (75, per_day, "America/Los_Angeles")


def test_a_firms_own_numbers_win_over_the_classes():
    assert budget(Rate("t", "low", per_minute=30, per_day=500), BOOK, date(2026, 11, 24)) == Budget(30, 500)


def test_senders_with_a_rate_of_their_own_are_counted_by_themselves():
    own = Rate("toll_free")
    pace = Pace(Rate("c"), {"+18005550100": own})
    assert pace.of("+18005550100") == ("+18005550100", own)
    assert pace.of("+15125550100") == pace.of("MG1") == ("", Rate("c")), "one campaign, one budget for all its numbers"


def asked(cost=1, first=False, new=True):
    return Asked(cost, first, new)


def test_a_full_bucket_lets_a_burst_through_and_then_one_by_one():
    allowed = Budget(per_minute=75)  # a burst of 12, then 63 a minute
    verdicts, spent = admit(allowed, unspent(allowed, NOW), [asked() for _ in range(20)], NOW)
    assert [verdict.until is None for verdict in verdicts] == [True] * 12 + [False] * 8
    waits = [(verdict.until - NOW).total_seconds() for verdict in verdicts[12:]]
    assert waits == pytest.approx([60 / 63 * n for n in range(1, 9)], abs=0.02)
    later, _ = admit(allowed, spent, [asked(new=False)], verdicts[12].until)
    assert later[0].until is None


def test_acknowledgements_go_before_what_was_asked_earlier():
    allowed = Budget(per_minute=60)
    empty = Spent(1.0, NOW, date(2026, 11, 24))
    verdicts, _ = admit(allowed, empty, [asked(), asked(), asked(first=True)], NOW)
    assert [verdict.until is None for verdict in verdicts] == [False, False, True]


def test_a_short_text_does_not_pass_a_long_one_that_waits():
    little = Spent(2.0, NOW, date(2026, 11, 24))
    verdicts, _ = admit(Budget(per_minute=60), little, [asked(cost=3), asked(cost=1)], NOW)
    assert NOW < verdicts[0].until < verdicts[1].until


def test_an_acknowledgement_waits_for_the_next_token_and_not_behind_the_line():
    allowed = Budget(per_minute=60)
    queued = Spent(0.0, NOW, date(2026, 11, 24), tail=NOW + timedelta(minutes=30))
    (ack,), _ = admit(allowed, queued, [asked(first=True)], NOW)
    (new,), spent = admit(allowed, queued, [asked()], NOW)
    (old,), _ = admit(allowed, queued, [asked(new=False)], NOW)
    assert ack.until < NOW + 2 * SECOND
    assert NOW < old.until < NOW + timedelta(minutes=30), "somewhere in the line: an acknowledgement took its place"
    assert new.until > NOW + timedelta(minutes=30)
    assert spent.tail == new.until, "the next new one goes behind this one"


def test_a_long_text_costs_its_segments_and_one_longer_than_the_bucket_goes_when_that_is_full():
    allowed = Budget(per_minute=6)  # a bucket of 3
    (verdict,), spent = admit(allowed, unspent(allowed, NOW), [asked(cost=5)], NOW)
    assert verdict.until is None
    assert spent.tokens == -2
    (next_one,), _ = admit(allowed, spent, [asked()], NOW)
    assert next_one.until - NOW == timedelta(minutes=1, milliseconds=1), "three segments at three a minute"


@pytest.mark.parametrize(
    ("now", "midnight"),
    [("2026-11-24T15:00:00", "2026-11-25T08:00:00"), ("2026-11-25T07:59:59", "2026-11-25T08:00:00"), ("2026-07-01T15:00:00", "2026-07-02T07:00:00")],
)  # fmt: skip
def test_a_day_ends_at_midnight_pacific_and_nothing_of_it_goes_over_the_budget(now, midnight):
    now, midnight = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (now, midnight))
    allowed = Budget(per_day=3)
    verdicts, spent = admit(allowed, unspent(allowed, now), [asked(cost=2)] * 3, now)
    assert [verdict.is_day_over for verdict in verdicts] == [False, True, True]
    assert verdicts[1].until == midnight
    (late,), spent = admit(allowed, spent, [asked(cost=2)], midnight - SECOND)
    assert late.is_day_over
    (fresh,), spent = admit(allowed, spent, [asked(cost=2)], midnight)
    assert (fresh.until, spent.used) == (None, 2)


def test_a_day_that_is_over_for_a_long_text_is_not_over_for_a_short_one():
    allowed = Budget(per_day=3)
    verdicts, _ = admit(allowed, unspent(allowed, NOW), [asked(cost=2), asked(cost=2), asked(cost=1)], NOW)
    assert [verdict.until is None for verdict in verdicts] == [True, False, True]


def test_a_clock_that_is_behind_takes_nothing_away():
    allowed = Budget(per_minute=60)
    spent = unspent(allowed, NOW)
    verdicts, after = admit(allowed, spent, [asked()], NOW - timedelta(seconds=5))
    assert (verdicts[0].until, after.at, after.tokens) == (None, NOW, 11)


# --- whole days, simulated -----------------------------------------------------------------------------------------------


def run(allowed, texts):
    """Every text is asked about when it is due, as the queue does it; returns (when it went, how often it was asked) of each."""
    spent, went, looks = unspent(allowed, NOW), {}, dict.fromkeys(range(len(texts)), 0)
    due = [(at, not first, n) for n, (at, _, first) in enumerate(texts)]
    heapq.heapify(due)
    while due:
        now = due[0][0]
        batch = []
        while due and due[0][0] <= now and len(batch) < 96:
            batch.append(heapq.heappop(due))
        batch.sort(key=lambda each: each[1])
        some = [Asked(texts[n][1], texts[n][2], looks[n] == 0, n) for _, _, n in batch]
        verdicts, spent = admit(allowed, spent, some, now)
        for (_, is_late, n), verdict in zip(batch, verdicts, strict=True):
            looks[n] += 1
            if verdict.until is None:
                went[n] = now
            else:
                assert verdict.until > now
                heapq.heappush(due, (verdict.until, is_late, n))
    return went, looks


TEXTS = st.lists(
    st.tuples(st.integers(0, 240_000).map(lambda ms: NOW + timedelta(milliseconds=ms)), st.integers(1, 11), st.booleans()),
    min_size=1, max_size=150,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(per_minute=st.sampled_from([60, 75, 180, 240, 2400]), texts=TEXTS)
def test_no_sixty_seconds_see_more_than_the_class_and_every_text_goes(per_minute, texts):
    went, looks = run(Budget(per_minute=per_minute), texts)
    assert set(went) == set(range(len(texts))), "nothing is lost"
    log = sorted((at, texts[n][1]) for n, at in went.items())
    for start, (begin, _) in enumerate(log):
        assert sum(cost for at, cost in log[start:] if at < begin + timedelta(seconds=60)) <= per_minute + 1e-6
    assert all(went[n] >= at for n, (at, _, _) in enumerate(texts))
    assert sum(looks.values()) < 12 * len(texts), "and nobody is asked about it without end"


def test_under_a_flood_the_line_is_long_and_acknowledgements_do_not_stand_in_it():
    flood = [(NOW, 1, False)] * 600
    acks = [(NOW + timedelta(seconds=10 * n), 1, True) for n in range(1, 31)]
    went, looks = run(Budget(per_minute=75), [*flood, *acks])
    delays = [(went[600 + n] - at).total_seconds() for n, (at, _, _) in enumerate(acks)]
    assert max(delays) < 3
    last = max(went.values()) - NOW
    assert timedelta(minutes=9) < last < timedelta(minutes=10.5), "630 texts at 63 a minute: as fast as it may"
    assert sum(looks.values()) < 3 * len(went)


@settings(max_examples=30, deadline=None)
@given(texts=TEXTS, per_day=st.integers(5, 400))
def test_no_day_sees_more_than_the_brand_allows(texts, per_day):
    went, _ = run(Budget(per_minute=240, per_day=max(per_day, 11)), texts)
    days: dict[date, int] = {}
    for n, at in went.items():
        day = at.astimezone(ZoneInfo("America/Los_Angeles")).date()
        days[day] = days.get(day, 0) + texts[n][1]
    assert max(days.values()) <= max(per_day, 11)
    assert set(went) == set(range(len(texts)))
