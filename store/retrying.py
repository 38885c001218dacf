"""One transaction, and again when another one was quicker: what is decided is decided anew from fresh facts."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from store.patience import NotAsked
from store.saving import Crowded

TRIES = 5
RETRYABLE = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock time-out

READ_ONLY = "25006"
TOO_MUCH = "54"  # class of errors about what one statement holds: it will be too much the next time as well

T = TypeVar("T")


def in_turn(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Do `work` in one transaction, again when another one was quicker. Raises what the last try raised."""
    for left in reversed(range(TRIES)):
        try:
            with engine.begin() as db:
                return work(db)
        except Crowded:
            if not left:
                raise
        except OperationalError as error:
            if not left or getattr(error.orig, "sqlstate", None) not in RETRYABLE:
                raise
    raise AssertionError("unreachable")


def is_passing(error: Exception) -> bool:
    """Is it the database's trouble of the moment (away, full, locked, too slow), or rivals', and no fault of what was to be done?"""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, OperationalError):
        return not str(getattr(error.orig, "sqlstate", None) or "").startswith(TOO_MUCH)
    if isinstance(error, DBAPIError):
        return isinstance(error, InterfaceError) or getattr(error.orig, "sqlstate", None) == READ_ONLY
    return isinstance(error, (Crowded, TimeoutError, NotAsked))
