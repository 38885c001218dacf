"""Leads of which only an id was posted: the rest is fetched from the sender's API. The row waits in the inbox meanwhile."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from store.engine import transaction

LEASE = timedelta(seconds=30)  # a fetch takes 13 s at most; who dies in it leaves the row to the next one
ALONE = "this lead alone: "  # begins the error of what is refused for itself and not for what is wrong with all
VENDOR = "coalesce(content->'fetch'->>'vendor', 'meta')"
PAGE = "coalesce(content->'extra'->>'page_id', '')"  # tokens and limits are a page's, where there are pages


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


def go_on(engine: Engine, inbox_id: int, content: Mapping[str, object], now: datetime) -> None:
    """A list is not at its end: the next page at once."""
    with transaction(engine) as db:
        db.execute(_GO_ON, {"id": inbox_id, "content": json.dumps(content), "now": now})


def ended(engine: Engine, inbox_id: int, content: Mapping[str, object], now: datetime) -> None:
    """A list is at its end."""
    with transaction(engine) as db:
        db.execute(_GO_ON, {"id": inbox_id, "content": json.dumps(content), "now": now})
        db.execute(text("UPDATE inbox SET done_at = :now, number = NULL WHERE id = :id"), {"id": inbox_id, "now": now})


def named_since(engine: Engine, source: str, since: datetime) -> set[str]:
    """The objects that a vendor's events have named, where the events have ids of their own."""
    with transaction(engine) as db:
        return {str(row.named) for row in db.execute(_NAMED, {"source": source, "since": since}) if row.named}


def rest(engine: Engine, row: ToFetch, error: str, until: datetime) -> None:
    """Not this one, and nothing else of the same page either: its vendor would say the same, and asks us not to ask."""
    with transaction(engine) as db:
        db.execute(_REST, {"id": row.id, "source": row.source, "page": page_of(row), "error": error, "until": until})


def wake(engine: Engine, row: ToFetch, now: datetime) -> None:
    """What had failed for the same page is tried again at once, but for leads that are refused alone."""
    with transaction(engine) as db:
        db.execute(_WAKE, {"source": row.source, "page": page_of(row), "now": now})


def are_failing(engine: Engine, row: ToFetch, *, alone: bool) -> bool:
    """Is there anything else of its vendor that could not be fetched yet: leads refused alone, or for what is wrong with all?"""
    with transaction(engine) as db:
        return db.execute(_FAILING, {"id": row.id, "alone": alone}).first() is not None


def page_of(row: ToFetch) -> str:
    """The page whose lead it is, "" where its vendor has none."""
    extra = row.content.get("extra")
    return str(extra.get("page_id") or "") if isinstance(extra, Mapping) else ""


def postpone(engine: Engine, inbox_id: int, error: str, until: datetime) -> None:
    """Not this time; the row stays, whatever the error."""
    with transaction(engine) as db:
        db.execute(
            text("UPDATE inbox SET due_at = :until, error = :error WHERE id = :id AND event = 'fetch_required'"),
            {"id": inbox_id, "error": error, "until": until},
        )


_REST = text(f"""
UPDATE inbox SET due_at = CASE WHEN id = :id THEN :until ELSE greatest(due_at, :until) END,
  error = CASE WHEN id = :id THEN :error ELSE coalesce(error, :error) END
WHERE done_at IS NULL AND event = 'fetch_required' AND source = :source AND {PAGE} = :page
""")
_WAKE = text(f"""
UPDATE inbox SET due_at = :now WHERE done_at IS NULL AND event = 'fetch_required' AND source = :source AND {PAGE} = :page
AND due_at > :now AND error NOT LIKE '{ALONE}%'
""")
_FAILING = text(f"""
SELECT 1 FROM inbox WHERE done_at IS NULL AND event = 'fetch_required' AND id <> :id
AND {VENDOR} = (SELECT {VENDOR} FROM inbox WHERE id = :id) AND (error LIKE '{ALONE}%') = :alone LIMIT 1
""")
_GO_ON = text(
    "UPDATE inbox SET content = CAST(:content AS jsonb), due_at = :now, attempts = 0, error = NULL WHERE id = :id AND done_at IS NULL"
)
_NAMED = text("""
SELECT DISTINCT substring(encode(body, 'escape') FROM '"objectId": "?([0-9]+)') AS named
FROM inbox WHERE source = :source AND received_at >= :since
""")
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
