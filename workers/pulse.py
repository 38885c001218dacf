"""A worker's sign of life in the database: left when the bell was answered, at most every few seconds."""

from collections.abc import Callable

from config import clock
from store import beats
from store.engine import Engine
from store.reports import StoreFault

EVERY = 5.0  # seconds: as often as the clock rings when there is nothing to do


class Pulse:
    """Call it after each answer."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._engine = engine
        self._left_at = float("-inf")

    def __call__(self) -> None:
        """Leave the sign if the last one is old. A database that is away has been complained of already."""
        if clock.monotonic() - self._left_at < EVERY:
            return
        try:
            beats.beat(self._engine(), "worker", clock.now(), {})
        except StoreFault:
            return
        self._left_at = clock.monotonic()
