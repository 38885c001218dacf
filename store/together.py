"""Statements that go to the server together: one round trip for all of them, in their order, within the transaction at hand.

A statement alone costs the round trip and the two wake-ups that go with it, three times what a small statement itself takes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow, dict_row
from sqlalchemy import Connection, TextClause
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.exc import DBAPIError

_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]
Rows = Sequence[DictRow]


@dataclass(slots=True)
class Answer:
    """What a statement gave, once it was sent; empty for one that gives no rows."""

    rows: Rows = field(default=())


class Together:
    """Collects statements for one connection; `send` does them all. Use it again afterwards for the next ones."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._asked: list[tuple[str, Mapping[str, object], Answer]] = []

    def add(self, statement: TextClause, values: Mapping[str, object]) -> Answer:
        """One more; the answer is filled in by `send`."""
        answer = Answer()
        self._asked.append((driver_words(statement), values, answer))
        return answer

    def send(self) -> None:
        """Do what was collected. Raises SQLAlchemy's errors, of the first statement that fails; those after it are not done."""
        asked, self._asked = self._asked, []
        if not asked:
            return
        if not self._db.in_transaction():
            self._db.begin()  # as any statement would; else nobody would end what the driver begins
        driver: psycopg.Connection[Any] = self._db.connection.driver_connection  # type: ignore[assignment]
        try:
            cursors = _executed(driver, asked)
            for (_, _, answer), cursor in zip(asked, cursors, strict=True):
                if cursor.description is not None:
                    answer.rows = cursor.fetchall()
        except psycopg.Error as error:
            lost = driver.closed or driver.broken
            if lost:
                self._db.invalidate(error)
            raise DBAPIError.instance(None, None, error, psycopg.Error, connection_invalidated=lost) from error


def _executed(
    driver: psycopg.Connection[Any], asked: Sequence[tuple[str, Mapping[str, object], Answer]]
) -> list[psycopg.Cursor[DictRow]]:
    if len(asked) == 1 and driver.info.transaction_status is not TransactionStatus.IDLE:  # else BEGIN goes with it
        return [_cursor(driver).execute(asked[0][0], asked[0][1])]
    with driver.pipeline():
        return [_cursor(driver).execute(words, values) for words, values, _ in asked]


def _cursor(driver: psycopg.Connection[Any]) -> psycopg.Cursor[DictRow]:
    return driver.cursor(row_factory=dict_row)


@cache
def driver_words(statement: TextClause) -> str:
    """The statement as the driver wants it: %(name)s for :name."""
    return str(statement.compile(dialect=_DIALECT))
