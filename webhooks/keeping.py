"""Writes down what comes in, and sees to it that what had to go on the spool reaches the database.

The clock process drains the spool when it shares our folder. Where it does not (another machine), a thread of ours does.
"""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from config import clock
from config.settings import Settings
from store import safekeeping
from store.drain import Drain
from store.engine import Engine
from store.inbox import Received, Recorded
from store.receipts import Report
from store.sealing import Seal
from store.spool import Spool

log = structlog.get_logger("webhooks")
LOOK_EVERY = 5.0  # seconds; the clock process is usually there first
AT_ONCE = 5.0  # seconds of draining between two looks


class Keeper:
    """One per web process."""

    def __init__(self, engine: Engine, settings: Settings, ring: Callable[[], None], *, look_every: float = LOOK_EVERY) -> None:
        self._engine, self._ring, self._look_every = engine, ring, look_every
        self._spool, self._seal = Spool.of(settings), Seal(settings.secret_keys)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        if self._spool.waiting().is_any:  # left by a process before us
            self.drain_soon()

    def record(self, received: Sequence[Received], now: datetime) -> list[Recorded]:
        """On disk when this returns. Raises SpoolFailed when nothing takes it."""
        recorded = safekeeping.record(self._engine, self._spool, received, now)
        if any(each.receipt for each in recorded):
            self.drain_soon()
        return recorded

    def receive(self, reports: Sequence[Report], now: datetime) -> None:
        """The same for delivery reports."""
        if not safekeeping.receive(self._engine, self._spool, reports, now):
            self.drain_soon()

    def drain_soon(self) -> None:
        """Have a thread look after the spool until it is empty."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._drain, name="spool-drain", daemon=True)
                self._thread.start()

    def _drain(self) -> None:
        drain, pause = Drain(self._engine, self._spool, self._seal), threading.Event()
        while not pause.wait(self._look_every) and self._spool.waiting().is_any:
            try:
                if drain.pump(clock.now(), longest=AT_ONCE):
                    self._ring()
            except Exception as error:  # the database is still away, most likely; the spool keeps what it has
                log.debug("spool_not_drained", reason=type(error).__name__)
        drain.close()
