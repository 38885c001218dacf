"""Signs of life in the database: what /health/engine reads."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, text

from store.engine import transaction


def beat(engine: Engine, name: str, now: datetime, detail: Mapping[str, object]) -> datetime:
    """Say "I am working", and hear what time it is at the database: only to compare, no rule reads it."""
    with transaction(engine) as db:
        row = {"name": name, "now": now, "detail": json.dumps(detail)}
        heard: datetime = db.execute(_BEAT, row).scalar_one()
    return heard


_BEAT = text(
    """
    INSERT INTO beats (name, at, detail) VALUES (:name, :now, CAST(:detail AS jsonb))
    ON CONFLICT (name) DO UPDATE SET at = greatest(beats.at, excluded.at), detail = excluded.detail
    RETURNING clock_timestamp()
    """
)
