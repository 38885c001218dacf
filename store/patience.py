"""How long we wait for PostgreSQL, and when we stop asking: one that is gone, full or hangs must not hold up every request.

The server's own statement_timeout cannot help when the server itself is stopped, so each wait has a limit on our side too.
"""

from collections.abc import Callable, Generator
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

from config import clock

T = TypeVar("T")
GRACE = 2.0  # seconds beyond the server's own limit for the answer to come through
TOO_SLOW = frozenset({"57014", "55P03"})  # statement_timeout, lock_timeout
COMING = (
    "starting up",
    "shutting down",
    "recovery",
    "too many",
    "not yet accepting",
    "reserved for",
)  # said by a server while we connect
AWAY = frozenset({"53300", "57P01", "57P02", "57P03"})  # too many connections; shut down, crashed, not yet up


class AskedInVain(psycopg.OperationalError):
    """The database did not answer a moment ago: it is not asked again so soon."""


class NotAsked(SQLAlchemyError):
    """The same, before anything was tried."""


class NoAnswer(psycopg.OperationalError):
    """The server has kept silent for longer than its own limit allows. The connection is closed."""


class Fuse:
    """Blown by a failed connect or a hang; for so many seconds from then on everybody is refused at once. 0: never."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._whole_at = float("-inf")

    def blow(self) -> None:
        """The database did not answer."""
        self._whole_at = clock.monotonic() + self._seconds

    @property
    def is_blown(self) -> bool:
        """Should nobody ask now?"""
        return clock.monotonic() < self._whole_at

    def check(self) -> None:
        """Raises AskedInVain while it is blown."""
        if self.is_blown:
            raise AskedInVain("the database did not answer a moment ago")


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives up on a silent server. `longest` is in seconds, None for ever."""

    longest: float | None = None
    fuse: Fuse | None = None

    def wait(self, gen: Generator[Any, Any, T], *args: Any, **named: Any) -> T:
        """As psycopg's own, with an end. Raises NoAnswer."""
        if self.longest is None:
            return super().wait(gen, *args, **named)
        try:
            return super().wait(_until(gen, clock.monotonic() + self.longest), *args, **named)
        except NoAnswer:
            if self.fuse is not None:
                self.fuse.blow()
            self.close()
            raise


_fuses: WeakKeyDictionary[Engine, Fuse] = WeakKeyDictionary()


def be_patient(engine: Engine, *, statement_timeout_ms: int, fuse_seconds: float) -> None:
    """Let every connection of this engine have an end to its waits, and this engine a fuse."""
    fuse = _fuses[engine] = Fuse(fuse_seconds)

    def connect(_dialect: object, _record: object, args: list[Any], named: dict[str, Any]) -> PatientConnection:
        fuse.check()
        try:
            made = PatientConnection.connect(*args, **named)
        except psycopg.OperationalError:
            fuse.blow()
            raise
        made.longest = statement_timeout_ms / 1000 + GRACE if statement_timeout_ms else None
        made.fuse = fuse
        return made

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", lambda *_: fuse.check())


def ask(engine: Engine, work: Callable[[], T]) -> T:
    """Do `work`, which must be harmless to repeat: where a connection was lost (a restart) it is done once more.

    Raises what it raises; a database too slow or too busy blows the engine's fuse, so that the next request does not wait as well.
    """
    fuse = _fuses.get(engine) or Fuse()
    if fuse.is_blown:
        raise NotAsked("the database did not answer a moment ago")
    try:
        return _once_more(work)
    except TimeoutError:
        fuse.blow()
        raise
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in TOO_SLOW | AWAY:
            fuse.blow()
        raise


def is_away(error: SQLAlchemyError) -> bool:
    """May the same be answered later, since nobody answers now? A wrong password or name will be wrong then as well."""
    if isinstance(error, NotAsked | TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in AWAY:
        return True
    said = str(error.orig)
    has_answered = "FATAL" in said or getattr(error.orig, "sqlstate", None) is not None
    return isinstance(error.orig, psycopg.OperationalError) and (not has_answered or any(word in said for word in COMING))


def _once_more(work: Callable[[], T]) -> T:
    try:
        return work()
    except DBAPIError as error:
        if not error.connection_invalidated or isinstance(error.orig, NoAnswer):
            raise
    return work()


def _until(gen: Generator[Any, Any, T], ends: float) -> Generator[Any, Any, T]:
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and clock.monotonic() > ends:
                raise NoAnswer("the database does not answer")
            wanted = gen.send(ready)
    except StopIteration as done:
        result: T = done.value
        return result
