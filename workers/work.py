"""Everything there is to do, in the order in which it matters: the same for a worker that was rung for and for the clock."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from config import clock
from config.settings import Settings
from store import advance, doubts, due, duty, notices, policies
from store.due import Due
from store.engine import Engine
from workers.announce import Announcer
from workers.fetch import Fetcher
from workers.followups import follow_up
from workers.lookups import look_up
from workers.send import Sender
from workers.wire import Wire

log = structlog.get_logger(__name__)

INBOX_BATCH, ALARM_BATCH = 40, 50  # a lead costs 7 ms of CPU decided alone, 0.85 ms among 20, 0.73 ms among 40
LONGEST = 20.0  # seconds one answer to the bell lasts; the calls then under way are waited for, still far below the task's limit
CALLS_TAKE = 16.0  # seconds at most: a provider 3 to connect and 10 to read, an endpoint 15
PATIENCE = 0.1  # seconds to wait for a provider's answer when there is nothing else to do
IDLE_WAIT = 0.05  # seconds to wait for an endpoint when there is nothing else to do
CLOCK_NOTICE = "clock"  # raised by workers/clock.py when a clock jumped
HELD_AT_MOST = 3.0  # seconds that alarms wait for what came in before they fell due
FEW_ALARMS, FEW_EVERY = 20, timedelta(seconds=1)  # while it is not sure that so many alarms are really due


class Work:
    """The work of one process. Use it from one thread. `is_over`: has the process been told to stop? Then nothing new is begun."""

    def __init__(self, engine: Engine, settings: Settings, *, is_over: Callable[[], bool] = lambda: False) -> None:
        self._engine, self._settings, self._is_over = engine, settings, is_over
        self._wire = Wire()
        policies.open_book(engine, settings)
        self.sender = Sender(engine, settings, wire=self._wire)
        self._fetcher = Fetcher(engine, settings, self._wire)
        self._announcer = Announcer(engine, settings)
        self._rung_few_at: datetime | None = None
        self._held_since: float | None = None

    @property
    def is_busy(self) -> bool:
        """Is a call to a provider, a vendor or an endpoint under way, or what came of it not yet on disk?"""
        return self.sender.is_busy or self._fetcher.is_busy or self._announcer.is_busy

    def until_done(self, *, longest: float = LONGEST) -> bool:
        """Work until nothing is left; False when there is more after `longest` seconds. What is under way is put on disk first."""
        is_done = self.for_a_while(longest)
        ends = clock.monotonic() + CALLS_TAKE
        while self.is_busy and clock.monotonic() < ends and not self._is_over():
            self.once()
        if self._is_over():
            self.finish()
        return is_done

    def for_a_while(self, longest: float) -> bool:
        """Work until nothing is left, True, or for `longest` seconds, False: calls may then be under way still."""
        ends = clock.monotonic() + longest
        while clock.monotonic() < ends and not self._is_over():
            if not self.once() and not self.is_busy:
                return True
        return False

    def once(self) -> int:
        """One round of whatever is due. Returns how much was done; 0 means there is nothing that can be done now."""
        now = clock.now()
        waiting = due.look(self._engine)
        is_due = _is(waiting.messages, now)
        at_once = None if is_due else self.sender  # what waits already goes before what is decided now
        done = advance.drain_inbox(self._engine, now, INBOX_BATCH, at_once) if _is(waiting.inbox, now) else 0
        if is_due or self.sender.is_busy:
            done += self.sender.step(clock.now(), claim=is_due, patience=0.0 if done else PATIENCE)
        if _is(waiting.alarms, now) and self._comes_first(waiting):
            done += self._ring_alarms(now, at_once)
        done += self._rarer(waiting, now)
        if _is(waiting.fetches, now) or self._fetcher.is_busy:
            done += self._fetcher.step(now, claim=_is(waiting.fetches, now), patience=0.0 if done else IDLE_WAIT)
        return done + self._tell(waiting, now, patience=0.0 if done else IDLE_WAIT)

    def _tell(self, waiting: Due, now: datetime, *, patience: float) -> int:
        """Events for the world outside, last of all: whatever is wrong with them, leads and alarms go on."""
        is_due = _is(waiting.events, now)
        if not is_due and not self._announcer.is_busy:
            return 0
        try:
            return self._announcer.step(now, claim=is_due, patience=patience)
        except Exception:
            log.exception("events_failed")
            return 0

    def _rarer(self, waiting: Due, now: datetime) -> int:
        done = 0
        if _is(waiting.receipts, now):
            done += follow_up(self._engine, self._settings, self.sender.lanes, now)
        if _is(waiting.duty, now):
            done += duty.turn(self._engine, now)
        if _is(waiting.leases, now):
            done += sum(doubts.release(self._engine, now)) + look_up(self._engine, self.sender.lanes, now)
        return done

    def _comes_first(self, waiting: Due) -> bool:
        """Did the first alarm fall due before what waits in the inbox came in? After a halt a rep's answer is read before the alarm
        that it silences; but nothing that is stuck in the inbox holds alarms up for more than a few seconds.
        """
        steady = clock.monotonic()
        if waiting.inbox is None or waiting.alarms is None or waiting.alarms < waiting.inbox:
            self._held_since = None
            return True
        self._held_since = self._held_since or steady
        return steady - self._held_since > HELD_AT_MOST

    def _ring_alarms(self, now: datetime, at_once: Sender | None) -> int:
        """While a clock is in doubt only a few alarms a second ring: a wrong clock must not wake every manager at once."""
        if notices.open_since(self._engine, CLOCK_NOTICE) is None:
            return advance.ring_alarms(self._engine, now, ALARM_BATCH, at_once)
        if self._rung_few_at is not None and now - self._rung_few_at < FEW_EVERY:
            return 0
        self._rung_few_at = now
        return advance.ring_alarms(self._engine, now, FEW_ALARMS, at_once)

    def finish(self) -> None:
        """Put what is under way on disk; begin nothing."""
        self.sender.finish(clock.now())
        self._fetcher.finish(clock.now())
        self._announcer.finish(clock.now())

    def close(self) -> None:
        """The same, and let go of everything."""
        self.finish()
        self.sender.close()
        self._fetcher.close()
        self._announcer.close()


def _is(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now
