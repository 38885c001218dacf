"""Fetching what a notification only named: the sender posts the id of a lead, its words are in the sender's API.

Several at a time and each in a thread: a vendor that is slow or silent must not hold up acknowledgements and alarms. A row is never
dropped, whatever the vendor answers.
"""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from config import lead
from config.settings import Settings
from routing.sending import Fault
from routing.team import Team
from store import fetches, notices, policies
from store.engine import Engine
from store.fetches import ToFetch
from workers import backfill
from workers.fetching import Vendor, vendor_of
from workers.outcomes import NotAccepted
from workers.wire import Wire

log = structlog.get_logger(__name__)

AT_ONCE = 4  # calls under way at one time, of one process
# while the vendor fails, or asks to be left alone without saying for how long
BACKOFF = tuple(timedelta(seconds=s) for s in (2, 5, 15, 60, 300))
# while it refuses: a dead token does not come back by itself, a lead we may not read seldom; Meta keeps leads for 90 days
REFUSED = tuple(timedelta(minutes=m) for m in (5, 10, 20, 40, 60))
REFUSED_ONE = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))


@dataclass(frozen=True, slots=True)
class Task:
    """A row in hand, and whom to ask for it; None where this version knows nobody of that name."""

    row: ToFetch
    vendor: Vendor | None

    def notice(self, *, alone: bool) -> str:
        """Under which key the operator is told: that nothing can be fetched, or that some leads alone cannot."""
        return f"{self.vendor.name if self.vendor else 'unknown'}:{'lead' if alone else 'fetch'}"


class Fetcher:
    """Asks for what is due. One per process, used from one thread; only the calls are made in others."""

    def __init__(self, engine: Engine, settings: Settings, wire: Wire) -> None:
        self._engine, self._settings, self._wire = engine, settings, wire
        self._threads = ThreadPoolExecutor(AT_ONCE, "fetch")
        self._under_way: dict[Future[object], Task] = {}

    @property
    def is_busy(self) -> bool:
        """Is a call under way?"""
        return bool(self._under_way)

    def step(self, now: datetime, *, claim: bool = True, patience: float = 0.0) -> int:
        """One round; waits at most `patience` seconds. Returns how many rows moved. No transaction is open during a call."""
        return (self.begin(now) if claim else 0) + self._gather(patience, now)

    def begin(self, now: datetime) -> int:
        """Take on as many as there are threads free. Returns how many."""
        free = AT_ONCE - len(self._under_way)
        due = fetches.fetchable(self._engine, now, limit=free) if free else []
        for row in due:
            task = Task(row, _vendor(row))
            self._under_way[self._threads.submit(self._ask(task))] = task
        return len(due)

    def finish(self, now: datetime) -> None:
        """Wait for what is under way (13 s a call at most) and put it on disk; take on nothing new."""
        while self._under_way:
            self._gather(0.5, now)

    def close(self) -> None:
        """Let go of the threads. Call `finish` first."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, task: Task) -> Callable[[], object]:
        row, vendor = task.row, task.vendor
        if vendor is None:
            return lambda: vendor_of(row.content)  # raises
        if backfill.is_backfill(row):
            return lambda: backfill.page_of(vendor, row, self._settings, self._wire)
        return lambda: vendor.ask(row.content, self._settings, self._wire)

    def _gather(self, patience: float, now: datetime) -> int:
        if not self._under_way:
            return 0
        done, _ = wait(self._under_way, timeout=patience, return_when=FIRST_COMPLETED)
        for future in done:
            self._take(self._under_way.pop(future), future, now)
        return len(done)

    def _take(self, task: Task, future: Future[object], now: datetime) -> None:
        """Put on disk what was answered. An answer nobody foresaw must not lose the lead, nor hold up the next one."""
        try:
            self._keep(task, future.result(), now)
        except NotAccepted as failure:
            self._later(task, failure, now)
        except Exception as error:
            log.exception("fetch_broke", inbox=task.row.id)
            self._later(task, NotAccepted(f"unexpected {type(error).__name__}"), now)

    def _keep(self, task: Task, answer: object, now: datetime) -> None:
        row, vendor = task.row, task.vendor
        assert vendor is not None
        if backfill.is_backfill(row):
            backfill.take_page(self._engine, row, answer, vendor=vendor, now=now)  # type: ignore[arg-type]
        else:
            team = policies.current(self._engine, self._settings)
            made = vendor.common_lead(row.content, answer, region=_region(team, row.source))
            content = lead.without_own(made, frozenset((self._settings.twilio_from, *team.site.numbers)))
            fetches.fetched(self._engine, row.id, {**content, "heard_as": "fetch_required"}, now)
        self._mended(task, now)

    def _mended(self, task: Task, now: datetime) -> None:
        """Something came: those behind need not wait, and the operator is told when all is well."""
        for alone in (False, True):
            notice = task.notice(alone=alone)
            if notices.open_since(self._engine, notice) is None:
                continue
            if not alone:
                fetches.wake(self._engine, task.row, now)
            if not fetches.are_failing(self._engine, task.row, alone=alone):
                notices.end_notice(self._engine, notice, now)

    def _later(self, task: Task, failure: NotAccepted, now: datetime) -> None:
        row, vendor = task.row, task.vendor
        log.warning(
            "fetch_failed", inbox=row.id, vendor=vendor.name if vendor else None, attempts=row.attempts, code=failure.code
        )
        until, alone = now + wait_after(failure, row.attempts), failure.fault is Fault.PERMANENT
        if failure.fault in (Fault.CONFIGURATION, Fault.THROTTLED):
            fetches.rest(self._engine, row, failure.reason, until)
        else:
            fetches.postpone(self._engine, row.id, f"{fetches.ALONE if alone else ''}{failure.reason}", until)
        if failure.fault is Fault.CONFIGURATION or alone or row.attempts >= len(BACKOFF):
            notices.raise_notice(self._engine, task.notice(alone=alone), _in_words(task, failure, alone=alone), now)


def _in_words(task: Task, failure: NotAccepted, *, alone: bool) -> str:
    whom, mend = (task.vendor.name, task.vendor.mend) if task.vendor else ("its vendor", "Update Headroom.")
    which = "Some leads" if alone else "Leads"
    return f"{which} of {task.row.source} cannot be fetched from {whom} ({failure.reason}). They are kept and tried again. {mend}"


def wait_after(failure: NotAccepted, attempts: int) -> timedelta:
    """How long to leave it alone after so many tries, this one included."""
    if failure.fault is Fault.THROTTLED and failure.retry_after:
        return failure.retry_after
    steps = {Fault.CONFIGURATION: REFUSED, Fault.PERMANENT: REFUSED_ONE}.get(failure.fault, BACKOFF)
    return steps[min(max(attempts, 1), len(steps)) - 1]


def fetch_due(engine: Engine, settings: Settings, wire: Wire, now: datetime) -> int:
    """What is due at `now`, each once, to its end. Returns how many were tried."""
    fetcher, tried = Fetcher(engine, settings, wire), 0
    while begun := fetcher.begin(now):
        tried += begun
        fetcher.finish(now)
    fetcher.close()
    return tried


def _vendor(row: ToFetch) -> Vendor | None:
    try:
        return vendor_of(row.content)
    except LookupError:
        return None


def _region(team: Team, source: str) -> str:
    known = team.sources.get(source)
    return (known.region if known else None) or team.site.region
