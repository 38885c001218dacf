"""Texts of which Twilio has long reported nothing final are asked after: a report that was lost must not leave them unknown."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from config.settings import Settings
from store import breakers, receipts, undelivered
from store.engine import Engine
from store.receipts import Report
from store.undelivered import Silent
from workers.channels import sms
from workers.outcomes import NotAccepted, SendFailed
from workers.wire import Wire

log = structlog.get_logger(__name__)

EVERY = timedelta(seconds=60)


class LostReports:
    """Call `look` as often as you like: it looks when it is time. Twilio is asked beside, so that no alarm waits for it."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._twilio = sms.make(settings, Wire())
        self._looked_at: datetime | None = None
        self._asking: threading.Thread | None = None

    def look(self, now: datetime) -> int:
        """Ask after what is silent, if the last look is 60 s ago. Returns how many texts are asked after; failures are logged."""
        if self._twilio is None or (self._asking is not None and self._asking.is_alive()):
            return 0
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < EVERY:
            return 0
        self._looked_at = now
        try:
            silent = self._silent(self._twilio.provider, now)
        except Exception:
            log.exception("reports_not_asked_for")
            return 0
        if silent:
            self._asking = threading.Thread(target=self._ask, args=(self._twilio, silent, now), name="lost-reports", daemon=True)
            self._asking.start()
        return len(silent)

    def finish(self, seconds: float) -> None:
        """Wait for the questions under way."""
        if self._asking is not None:
            self._asking.join(seconds)

    def _silent(self, provider: str, now: datetime) -> list[Silent]:
        breaker = breakers.states(self._engine).get(provider)
        return [] if breaker is not None and breaker.blocks(now) else undelivered.claim_silent(self._engine, provider, now)

    def _ask(self, twilio: sms.Twilio, silent: Sequence[Silent], now: datetime) -> None:
        """One after the other; a provider that cannot be asked now is left alone until the next time."""
        try:
            for each in silent:
                if not self._ask_after(twilio, each, now):
                    return
        except Exception:
            log.exception("reports_not_asked_for")

    def _ask_after(self, twilio: sms.Twilio, each: Silent, now: datetime) -> bool:
        """The key is the one a callback would have had, so whichever comes second changes nothing. False: it cannot be asked."""
        try:
            status, code = twilio.status_of(each.provider_id)
        except NotAccepted as failure:
            log.info("report_not_had", message=each.id, code=failure.code)
            return isinstance(failure, SendFailed)
        report = Report("twilio", f"{each.provider_id}:{status}", status, each.id, each.provider_id, code, {"asked": "by us"})
        if receipts.record(self._engine, [report], now):
            log.info("lost_report_found", message=each.id, status=status, code=code)
        return True
