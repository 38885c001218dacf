"""Leads of which only an id was posted: the rest is fetched from the sender's API. The row waits in the inbox meanwhile."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from store.engine import transaction

LEASE = timedelta(seconds=30)  # a fetch takes 13 s at most; who dies in it leaves the row to the next one


@dataclass(frozen=True, slots=True)
class ToFetch:
    """A row of the inbox that lacks its content. `attempts` counts this one."""

    id: int
    source: str
    content: Mapping[str, object]
    attempts: int


def fetchable(engine: Engine, now: datetime, limit: int = 10) -> list[ToFetch]:
    """Take rows that are due for 30 s. Rivals skip each other's."""
    with transaction(engine) as db:
        rows = db.execute(_TAKE, {"now": now, "until": now + LEASE, "limit": limit}).mappings()
        return [ToFetch(**row) for row in rows]


def fetched(engine: Engine, inbox_id: int, content: Mapping[str, object], now: datetime) -> None:
    """The row has all it needs: from now on it is a form like any other."""
    with transaction(engine) as db:
        db.execute(_FETCHED, {"id": inbox_id, "content": json.dumps(content), "now": now})


def postpone(engine: Engine, inbox_id: int, error: str, until: datetime) -> None:
    """Not this time; the row stays, whatever the error."""
    with transaction(engine) as db:
        db.execute(
            text("UPDATE inbox SET due_at = :until, error = :error WHERE id = :id AND event = 'fetch_required'"),
            {"id": inbox_id, "error": error, "until": until},
        )


_TAKE = text(
    """
    UPDATE inbox SET due_at = :until, attempts = attempts + 1 WHERE id IN (
        SELECT id FROM inbox WHERE done_at IS NULL AND due_at <= :now AND event = 'fetch_required'
        ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ) RETURNING id, source, content, attempts
    """
)

_FETCHED = text(
    """
    UPDATE inbox SET event = 'form', content = CAST(:content AS jsonb), due_at = :now, error = NULL, attempts = 0
    WHERE id = :id AND event = 'fetch_required' AND done_at IS NULL
    """
)
