"""A worker leaves its sign of life at most every five seconds, and a database that is away does not stop it."""

from datetime import UTC, datetime

from config import clock
from store.engine import connect
from tests.queue_builders import rows
from workers.pulse import Pulse

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def test_it_is_left_every_five_seconds(engine, monkeypatch):
    steady = [100.0]
    monkeypatch.setattr(clock, "monotonic", lambda: steady[0])
    pulse = Pulse(lambda: engine)
    found = []
    for second in range(11):
        monkeypatch.setattr(clock, "now", lambda second=second: NOW.replace(second=second))
        pulse()
        found.append(rows(engine, "beats", name="worker")[0]["at"].second)
        steady[0] += 1
    assert found == [0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 10]


def test_without_a_database_it_is_left_the_next_time(engine):
    nowhere = connect("postgresql://nobody@127.0.0.1:1/nothing", role="test")
    engines = [nowhere, engine]
    pulse = Pulse(lambda: engines.pop(0))
    pulse()
    assert rows(engine, "beats") == []
    pulse()
    assert len(rows(engine, "beats", name="worker")) == 1
