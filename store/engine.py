"""Connections to PostgreSQL: pool, time-outs, and the one way to open a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from sqlalchemy import Connection, create_engine
from sqlalchemy import Engine as Engine  # the other rooms name this type without touching SQLAlchemy
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from store.patience import be_patient

# reliability: a stopped process must not hold locks (idle_in_transaction), nor a lost network a connection (tcp_user_timeout)
OPTIONS = "-c statement_timeout={statement} -c lock_timeout=2000 -c idle_in_transaction_session_timeout=10000 -c timezone=UTC -c jit=off"
# A step reads and writes a few rows by their keys, in tables of any size. The planner takes a JSON parameter for 100 rows and would
# read tables of up to 25,000 rows whole instead; and it keeps a plan that it made while a table was small. What is due
# lies in memory: where a random page counts four times as much, the planner sorts a whole queue for its first entries.
# And with only one way to go a plan is made once for each connection, not for each call: that took longer than the work itself.
BY_KEY = " -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c random_page_cost=1 -c plan_cache_mode=force_generic_plan"
STEPS_ONLY = frozenset({"worker", "clock"})  # roles that take steps and send; the others also count and list


def connect(url: str, *, role: str, size: int = 5, statement_timeout_ms: int = 15_000, fuse_seconds: float = 0.0) -> Engine:
    """A pooled engine. `role` names the process in pg_stat_activity; `size` is the most connections kept.

    After a failed connect nobody tries again for `fuse_seconds`: for processes in which many would wait.
    """
    target = make_url(url)
    if target.drivername in ("postgres", "postgresql"):
        target = target.set(drivername="postgresql+psycopg")
    engine = create_engine(
        target,
        pool_size=size,
        max_overflow=0,
        pool_timeout=3,
        pool_recycle=300,
        pool_pre_ping=False,
        connect_args={
            "application_name": f"headroom-{role}",
            "connect_timeout": 3,
            "tcp_user_timeout": 5000,
            "keepalives_idle": 30,
            "options": OPTIONS.format(statement=statement_timeout_ms) + (BY_KEY if role in STEPS_ONLY else ""),
        },
    )
    be_patient(engine, statement_timeout_ms=statement_timeout_ms, fuse_seconds=fuse_seconds)
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: commits when the block ends, rolls back when it raises."""
    with engine.begin() as db:
        yield db


@contextmanager
def at_once(engine: Engine) -> Iterator[Connection]:
    """For single statements: each is its own transaction, which saves the two round trips of BEGIN and COMMIT.

    Reading in `engine.connect()` ends with a ROLLBACK, and at that the driver forgets all statements it has prepared.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        yield db


@contextmanager
def straight(engine: Engine) -> Iterator["psycopg.Cursor[DictRow]"]:
    """As `at_once`, with the driver's own cursor (rows are mappings): for what is asked several times for every lead.

    A statement costs 0.1 ms of CPU this way and 0.4 ms through all of SQLAlchemy. Its errors are SQLAlchemy's all the same.
    """
    try:
        kept = engine.raw_connection()
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error) from error
    driver: psycopg.Connection[Any] = kept.driver_connection  # type: ignore[assignment]
    try:
        driver.autocommit = True
        with driver.cursor(row_factory=dict_row) as cursor:
            yield cursor
        driver.autocommit = False
    except psycopg.Error as error:
        lost = driver.closed or driver.broken
        kept.invalidate(error)  # whatever state it is in, nobody else must meet it
        raise DBAPIError.instance(None, None, error, psycopg.Error, connection_invalidated=lost) from error
    except BaseException:
        kept.invalidate()
        raise
    finally:
        kept.close()
