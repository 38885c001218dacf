"""The clock process: rings for what is due, and does itself whatever is left alone for 2 s.

So the alarms share no failure with the workers and Redis, and without any Redis the whole product still works. Two may run.
"""

import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from config import clock, logs
from config.bell import Bell, make_bell
from config.heartbeat import beat as touch
from config.settings import Settings
from store import beats, due, notices
from store.drain import Drain
from store.due import Due
from store.engine import Engine, connect
from store.reports import StoreFault
from store.sealing import Seal
from store.spool import Spool
from workers.auditor import Auditor
from workers.complaint import Complaint
from workers.deadman import Deadman
from workers.digests import Digests
from workers.lost_reports import LostReports
from workers.undone import Undone
from workers.work import CLOCK_NOTICE, Work

log = structlog.get_logger(__name__)

NAP = timedelta(seconds=1)  # longest sleep: what is written meanwhile may be due sooner
SHORT_NAP = timedelta(seconds=0.2)  # without Redis, where nobody else does the work
BLINK = timedelta(seconds=0.02)  # shortest
HEARD_WITHIN = timedelta(
    seconds=0.2
)  # a lead or a message whose own ring was lost is rung for again; looking every 20 ms costs a twelfth of a core
TO_BE_HEARD = timedelta(seconds=0.05)  # what was just rung for needs a moment
A_WHILE = 0.5  # seconds of doing it ourselves before the next beat
BEAT_EVERY = 1.0  # seconds
KNOCK_EVERY = 5.0  # seconds between rings when there is nothing to do: do Redis and the workers still answer?
JUMP = timedelta(seconds=30)  # between the wall clock and the steady one, or ours and the database's
DOUBT_LASTS = 60.0  # seconds without a further jump until the clock is believed again
AFTER_FAILURE = timedelta(seconds=1)
DRAIN_AGAIN = 5.0  # seconds after the spool could not be drained


class Clock:
    """The timetable. `tick` does one turn and says how long to sleep."""

    def __init__(self, engine: Engine, settings: Settings, *, bell: Bell, work: Work) -> None:
        self._engine, self._settings, self._bell, self._work = engine, settings, bell, work
        self._digests = Digests(engine, settings)
        self._lost_reports = LostReports(engine, settings)
        self._auditor = Auditor(engine, Deadman(settings).all_is_well)
        self._drain = Drain(engine, Spool.of(settings), Seal(settings.secret_keys))
        self._undone, self._is_at_it = Undone(), False
        self._drain_at = 0.0
        self._beat_at: float | None = None
        self._knocked_at = clock.monotonic()
        self._ticked: tuple[datetime, float] | None = None
        self._doubted_at: float | None = None

    def tick(self) -> timedelta:
        """Ring for what is due, or do it; returns the time until the next thing is due."""
        touch(self._settings.data, "clock")
        self._beat()
        self._empty_the_spool()
        now = clock.now()
        waiting = due.look(self._engine)
        at = waiting.earliest if self._bell.is_silent or self._is_at_it else waiting.unheard(HEARD_WITHIN)
        if self._work.is_busy or (at is not None and at <= now):
            at = self._serve(waiting, now)
        longest = SHORT_NAP if self._bell.is_silent else NAP
        return longest if at is None else min(longest, max(BLINK, at - clock.now()))

    def _serve(self, waiting: Due, now: datetime) -> datetime | None:
        """Ring; do it ourselves, to the end, when nobody hears it or when something was left alone for 2 s.

        Calls that we have begun are ours to bring to an end, also when nothing is due: nobody else knows how they went.
        """
        at = waiting.earliest
        is_left_alone = self._undone.look(waiting, now)
        if at is not None and at <= now and not self._bell.is_silent:
            self._bell.ring()
            if not is_left_alone and not self._is_at_it and not self._work.is_busy:
                return now + TO_BE_HEARD
        is_done = self._work.for_a_while(A_WHILE)
        self._is_at_it = self._work.is_busy or not is_done
        return clock.now() if self._is_at_it else clock.now() + SHORT_NAP

    def _empty_the_spool(self) -> None:
        """What came in while the database was away. Whatever is wrong with it, the alarms go on."""
        if clock.monotonic() < self._drain_at:
            return
        try:
            wait = 0.0 if self._drain.pump(clock.now()) else BEAT_EVERY
        except Exception:
            log.exception("spool_not_drained")
            wait = DRAIN_AGAIN
        self._drain_at = clock.monotonic() + wait

    def _beat(self) -> None:
        steady = clock.monotonic()
        if self._beat_at is not None and steady - self._beat_at < BEAT_EVERY:
            return
        now = clock.now()
        self._knock(steady)
        theirs = beats.beat(self._engine, "clock", now, {"pid": os.getpid(), "bell": self._bell.state})
        self._compare(now, theirs, clock.monotonic())
        self._beat_at = steady
        self._look_beside(now)

    def _look_beside(self, now: datetime) -> None:
        """What may take its time or fail, and must keep no alarm from ringing."""
        for each in (self._auditor, self._digests, self._lost_reports):
            try:
                each.look(now)
            except Exception:
                log.exception("look_failed", what=type(each).__name__)

    def _knock(self, steady: float) -> None:
        """A bell that has fallen silent is only heard again once it is rung; a worker that has nothing to do beats when it is rung for."""
        if steady - self._knocked_at >= KNOCK_EVERY:
            self._knocked_at = steady
            self._bell.ring()

    def _compare(self, now: datetime, theirs: datetime, steady: float) -> None:
        """A clock that jumped makes everything due at once: tell the operator, and let only a few alarms ring meanwhile."""
        before, self._ticked = self._ticked, (now, steady)
        jumped = before is not None and abs((now - before[0]).total_seconds() - (steady - before[1])) > JUMP.total_seconds()
        if jumped or abs(now - theirs) > JUMP:
            self._doubted_at = steady
            words = (
                f"The clock of this machine {'has jumped' if jumped else 'differs from the database by over 30 s'}. Alarms ring a "
                "few at a time until it is steady for 60 s. Check the time service (NTP) on both machines."
            )
            if notices.raise_notice(self._engine, CLOCK_NOTICE, words, now):
                log.error("clock_in_doubt", jumped=jumped, apart=round((now - theirs).total_seconds(), 1))
        elif self._doubted_at is None or steady - self._doubted_at > DOUBT_LASTS:
            if self._doubted_at is not None or before is None:
                notices.end_notice(self._engine, CLOCK_NOTICE, now)
            self._doubted_at = None


def run(settings: Settings, *, stop: threading.Event | None = None) -> None:
    """Tick until SIGTERM or SIGINT (or `stop`); then finish what is in hand."""
    over = stop or _until_signalled()
    assert settings.database_url is not None
    engine = connect(settings.database_url, role="clock", size=3)
    clockwork: Clock | None = None
    work: Work | None = None
    complaint = Complaint("tick_failed", "ticks_again")
    while not over.is_set():
        try:
            if clockwork is None:
                work = Work(engine, settings, is_over=over.is_set)
                clockwork = Clock(engine, settings, bell=make_bell(settings), work=work)
            nap = clockwork.tick()
            complaint.end()
        except Exception as error:  # a database that is gone comes back; the alarms must outlive it
            complaint.make(error)
            touch(settings.data, "clock")
            nap = AFTER_FAILURE
        over.wait(nap.total_seconds())
    if work is not None:
        end(work)
    engine.dispose()


def end(work: Work) -> None:
    """Finish what is in hand. Where the database is away too, what was called is in doubt, and looked up when it is back."""
    try:
        work.close()
    except StoreFault as fault:
        log.warning("left_in_doubt", reason=type(fault).__name__)


def _until_signalled() -> threading.Event:
    over = threading.Event()
    end: Callable[..., None] = lambda *_: over.set()  # noqa: E731
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    return over


if __name__ == "__main__":
    found = Settings.read(role="clock")
    logs.configure("clock", found)
    run(found)
