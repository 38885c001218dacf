"""What an operator must know, until it is over: shown on the start page and at /ops/invariants."""

from datetime import datetime

from sqlalchemy import Connection, Engine, text

from store.engine import transaction

OVER = text("UPDATE notices SET over_at = :now WHERE key = :key AND over_at IS NULL")


def raise_notice(engine: Engine, key: str, words: str, now: datetime) -> bool:
    """Say it, or say that it still holds. `words`: what is wrong and how to mend it. True when it is news."""
    with transaction(engine) as db:
        return say(db, key, words, now)


def say(db: Connection, key: str, words: str, now: datetime) -> bool:
    """The same inside a transaction."""
    return bool(db.execute(_RAISE, {"key": key, "text": words, "now": now}).scalar_one())


def end_notice(engine: Engine, key: str, now: datetime) -> None:
    """It is over."""
    with transaction(engine) as db:
        db.execute(OVER, {"key": key, "now": now})


def open_since(engine: Engine, key: str) -> datetime | None:
    """Since when it holds; None when it does not."""
    with transaction(engine) as db:
        found: datetime | None = db.execute(
            text("SELECT since FROM notices WHERE key = :key AND over_at IS NULL"), {"key": key}
        ).scalar()
    return found


_RAISE = text(
    """
    INSERT INTO notices AS n (key, text, since, seen_at) VALUES (:key, :text, :now, :now)
    ON CONFLICT (key) DO UPDATE SET text = :text, seen_at = :now, over_at = NULL,
        since = CASE WHEN n.over_at IS NULL THEN n.since ELSE :now END
    RETURNING since = :now
    """
)
