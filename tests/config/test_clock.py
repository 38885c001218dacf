"""The one line that reads the time."""

from datetime import UTC, datetime

from freezegun import freeze_time

from config import clock


def test_now_is_aware_and_can_be_frozen():
    with freeze_time("2026-11-22 10:00:00"):
        assert clock.now() == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_monotonic_never_runs_backwards():
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)
