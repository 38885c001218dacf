"""Looks every 30 s for what must not be, puts right what can be put right, and says the rest in the log."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from store import audits, batch, notices
from store.engine import Engine

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=30)
NOTICE = "auditor"


class Auditor:
    """Call `look` as often as you like: it looks when it is time. `when_clean` is called after a pass that found nothing."""

    def __init__(self, engine: Engine, when_clean: Callable[[], None]) -> None:
        self._engine, self._when_clean = engine, when_clean
        self._looked_at: datetime | None = None

    def look(self, now: datetime) -> None:
        """One pass, if the last is 30 s ago."""
        if self._looked_at is None:
            self._looked_at = now  # not in the first moments: what waited while everything was down is late by nature
            return
        if timedelta(0) <= now - self._looked_at < EVERY:
            return
        self._looked_at = now
        mended = audits.mend_loads(self._engine, now)
        for load in mended:
            log.error("load_drifted", **load)
        drifted = audits.mend_seats(self._engine)
        if drifted:
            log.error("seats_drifted", reps=drifted)
        batch.wake(self._engine, audits.pools_asleep(self._engine), now)
        found = audits.findings(self._engine, now)
        if not found["clean"]:
            log.error("not_clean", findings=found["findings"])
            notices.raise_notice(self._engine, NOTICE, in_words(found), now)
            return
        notices.end_notice(self._engine, NOTICE, now)
        if not mended and not drifted:
            self._when_clean()


def in_words(found: Mapping[str, Any]) -> str:
    """For the board."""
    said = "; ".join(f"{each['means']} ({each['count']})" for each in found["findings"][:3])
    return f"The auditor found what must not be: {said}. docs/runbook.md says what to do; it looks again every 30 s."
