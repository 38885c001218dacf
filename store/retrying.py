"""One transaction, and again when another one was quicker: what is decided is decided anew from fresh facts."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from store.saving import Crowded

TRIES = 5
RETRYABLE = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock time-out

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
