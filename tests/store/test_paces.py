"""One bucket a sender, for all processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from routing.pacing import Asked, Budget
from store import paces
from store.engine import Engine, connect
from tests.queue_builders import rows

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
ONE = Asked(1)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    yield engine
    engine.dispose()


def granted(admitted, sender=""):
    return sum(verdict.until is None for verdict in admitted[sender].verdicts)


def test_what_is_taken_is_taken_for_all_and_fills_again(engine):
    allowed = Budget(per_minute=75, per_day=100)
    assert granted(paces.admit(engine, {"": (allowed, [ONE] * 10)}, NOW)) == 10
    assert granted(paces.admit(engine, {"": (allowed, [ONE] * 10)}, NOW)) == 2
    assert granted(paces.admit(engine, {"": (allowed, [ONE] * 10)}, NOW + timedelta(seconds=2.9))) == 3
    (row,) = rows(engine, "paces")
    assert (row["sender"], row["used"], row["day"].isoformat()) == ("", 15, "2026-11-24")
    assert row["tail"] > NOW


def test_senders_are_counted_apart(engine):
    wanted = {"": (Budget(per_minute=60), [ONE] * 30), "+18005550100": (Budget(per_minute=180), [ONE] * 30)}
    first = paces.admit(engine, wanted, NOW)
    assert (granted(first), granted(first, "+18005550100")) == (12, 18)
    again = paces.admit(engine, wanted, NOW)
    assert (granted(again), granted(again, "+18005550100")) == (0, 0)


def test_the_first_of_a_new_day_is_told(engine):
    allowed = Budget(per_day=1)
    assert not paces.admit(engine, {"": (allowed, [ONE])}, NOW)[""].is_new_day
    over = paces.admit(engine, {"": (allowed, [ONE])}, NOW)[""]
    assert over.verdicts[0].is_day_over
    assert paces.admit(engine, {"": (allowed, [ONE])}, NOW + timedelta(days=1))[""].is_new_day


def test_many_processes_at_once_take_no_more_than_there_is(database):
    engines = [connect(database, role="test") for _ in range(4)]
    allowed = Budget(per_minute=240, per_day=20)
    try:
        with ThreadPoolExecutor(8) as threads:
            asked = [threads.submit(paces.admit, engines[n % 4], {"": (allowed, [ONE, ONE])}, NOW) for n in range(40)]
            total = sum(granted(each.result()) for each in asked)
    finally:
        for engine in engines:
            engine.dispose()
    assert total == 20, "24 in the bucket, but 20 a day"
