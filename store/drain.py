"""From the spool into the database: in the order in which it came, once (the keys of deliveries see to that), by itself.

One drainer at a time per folder. A crash in the middle means that everything is brought again, which changes nothing.
"""

import heapq
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError

from config import clock
from store import inbox, notices, receipts
from store.engine import at_once
from store.inbox import Received, Recorded
from store.safekeeping import Entry, packed, receipt_of, unpacked
from store.sealing import Seal, erased_at
from store.spool import DAMAGED, Spool, Torn, read

log = structlog.get_logger(__name__)

BATCH = 50  # deliveries in one statement
BATCH_BYTES = 1_000_000
DAMAGED_WORDS = (
    "The spool on {host} has {count} damaged file(s) in {folder}: what could be read is in the database, the rest may be a lead "
    "that was accepted. Look into them (docs/runbook.md, spool), then delete them."
)


@dataclass(slots=True)
class _Round:
    """The files being drained, and what is left of them."""

    lock: int
    files: list[Path]
    batches: Iterator[Sequence[Entry]]
    damaged: set[Path] = field(default_factory=set)
    done: int = 0


class Drain:
    """Call `pump` as often as you like: it drains when there is something. From one thread."""

    def __init__(self, engine: Engine, spool: Spool, seal: Seal | None = None) -> None:
        self._engine, self._spool, self._seal = engine, spool, seal
        self._round: _Round | None = None
        self._told_of: int | None = None

    def pump(self, now: datetime, *, longest: float = 0.5) -> int:
        """Drain for about `longest` seconds, and go on at the next call. Returns how many deliveries and reports were brought.

        Raises StoreFault while the database does not take them; nothing is lost by that.
        """
        waiting = self._spool.waiting()
        self._tell(waiting.damaged, now)
        self._round = self._round or (self._begin() if waiting.is_any else None)
        if self._round is None:
            return 0
        before, ends = self._round.done, clock.monotonic() + longest
        try:
            for batch in self._round.batches:
                self._round.done += self._bring(batch, now)
                if clock.monotonic() > ends:
                    return self._round.done - before
            self._finish(self._round)
        except BaseException:
            self.close()
            raise
        done, self._round = self._round.done - before, None
        return done

    def close(self) -> None:
        """Let go; what is not drained stays."""
        if self._round is not None:
            os.close(self._round.lock)
            self._round = None

    def _begin(self) -> _Round | None:
        lock = self._spool.sole_use()
        if lock is None:
            return None
        files = self._spool.take()
        begun = _Round(lock, files, iter(()))
        begun.batches = _batches(heapq.merge(*(self._entries(begun, path) for path in files), key=lambda entry: entry.at))
        return begun

    def _entries(self, begun: _Round, path: Path) -> Iterator[Entry]:
        for record in read(path):
            if isinstance(record, Torn):
                log.error("spool_torn", file=path.name, offset=record.offset, why=record.why)
                begun.damaged.add(path)
                continue
            try:
                yield unpacked(record)
            except (ValueError, KeyError, TypeError) as error:
                log.error("spool_unreadable", file=path.name, reason=type(error).__name__)
                begun.damaged.add(path)

    def _bring(self, batch: Sequence[Entry], now: datetime) -> int:
        try:
            return self._into_database(batch, now)
        except (DataError, IntegrityError) as error:
            if len(batch) > 1:
                return sum(self._bring([entry], now) for entry in batch)
            log.error("spool_refused", reason=type(error).__name__)
            self._spool.set_aside(packed(batch[0]))
            return 0

    def _into_database(self, batch: Sequence[Entry], now: datetime) -> int:
        received = self._without_erased([each for entry in batch for each in entry.received])
        for each, recorded in zip(received, inbox.record(self._engine, received, now), strict=True):
            _tell_of(each, recorded)
        reports = [(entry.at, entry.reports) for entry in batch if entry.reports]
        for at, said in reports:
            receipts.record(self._engine, said, at)
        return len(received) + sum(len(said) for _, said in reports)

    def _without_erased(self, received: list[Received]) -> list[Received]:
        """Who was erased after they had written, and while it waited here, does not come back by it."""
        if self._seal is None:
            return received
        everybody = {address for each in received for address in _addresses(each)}
        with at_once(self._engine) as db:
            erased = erased_at(db, everybody, self._seal)
        kept = []
        for each in received:
            if any(erased[address] >= each.received_at for address in _addresses(each) & erased.keys()):
                log.info("spooled_erased", receipt=receipt_of(each))
            else:
                kept.append(each)
        return kept

    def _finish(self, ended: _Round) -> None:
        for path in ended.files:
            with suppress(FileNotFoundError):
                path.rename(path.with_suffix(DAMAGED)) if path in ended.damaged else path.unlink()
        os.close(ended.lock)
        log.info("spool_drained", brought=ended.done, files=len(ended.files), damaged=len(ended.damaged))

    def _tell(self, damaged: int, now: datetime) -> None:
        if damaged == self._told_of:
            return
        if damaged:
            words = DAMAGED_WORDS.format(host=socket.gethostname(), count=damaged, folder=self._spool.folder)
            notices.raise_notice(self._engine, f"spool:{self._spool.name()}", words, now)
        elif self._spool.folder.is_dir():
            notices.end_notice(self._engine, f"spool:{self._spool.name()}", now)
        self._told_of = damaged


def _addresses(received: Received) -> set[str]:
    said = received.content
    handles = said.get("handles")
    theirs = (said.get("phone"), said.get("email"), *(handles.values() if isinstance(handles, dict) else ()))
    return {str(address) for address in theirs if address}


def _tell_of(received: Received, recorded: Recorded) -> None:
    log.info(
        "brought_from_spool",
        receipt=receipt_of(received),
        inbox=recorded.inbox_id,
        lead=recorded.lead,
        duplicate=recorded.duplicate,
    )


def _batches(entries: Iterator[Entry]) -> Iterator[Sequence[Entry]]:
    """Entries in portions that make one statement of bearable size."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        batch.append(entry)
        size += sum(len(each.body) for each in entry.received) + 1000 * len(entry.reports)
        if size > BATCH_BYTES or sum(len(each.received) for each in batch) >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
