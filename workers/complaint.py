"""A complaint about something that fails again and again: one line at first, then a line a minute with the count."""

import structlog

from config.clock import monotonic
from store.reports import StoreFault

log = structlog.get_logger(__name__)

EVERY = 60.0  # seconds between two lines about the same


class Complaint:
    """`make` it at every failure, `end` it at every success; it decides what is worth a line."""

    def __init__(self, event: str, relief: str) -> None:
        self._event, self._relief = event, relief
        self._about: str | None = None
        self._count = 0
        self._said_at = 0.0

    def make(self, error: Exception) -> None:
        """It failed. A fault of the database is told in one line; only of others, which may be ours, the traceback is shown, once."""
        about = type(error).__name__
        if about != self._about:
            self._about, self._said_at = about, monotonic()
            self._count += 1
            log.error(self._event, reason=_short(error), exc_info=None if isinstance(error, StoreFault) else error)
            return
        self._count += 1
        if monotonic() - self._said_at >= EVERY:
            self._said_at = monotonic()
            log.error(self._event, reason=_short(error), times=self._count)

    def end(self) -> None:
        """It works."""
        if self._about is not None:
            log.warning(self._relief, times=self._count)
        self._about, self._count = None, 0


def _short(error: Exception) -> str:
    """The database's own first line, without the statement and its values."""
    said = str(getattr(error, "orig", error)).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}"
