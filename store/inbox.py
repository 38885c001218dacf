"""Whatever comes in is on disk before it is answered: one statement, one commit. What it means is decided later."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from routing.codes import code_of
from store.engine import straight
from store.saving import rows

INQUIRIES = frozenset({"form", "call", "message"})
TOLD_CALLS = frozenset({"call_answered", "missed_call", "voicemail"})  # of calls that another system connected, told afterwards

ERASED = ""  # the digest of a delivery whose words were erased: whoever sends it again is told that we had it

# Both ask row by row (a scalar question, LATERAL .. LIMIT): as a join each would read the whole inbox, see store/engine.py.
# `also` is the key that the same words would have had in the time bucket before: a double click across the edge is one lead
STORE = """
WITH asked AS (
  SELECT * FROM jsonb_to_recordset(CAST(%(rows)s AS jsonb)) AS r(source text, external_id text, event text, content jsonb, headers jsonb,
    body text, digest text, received_at timestamptz, also text, also_since timestamptz, numbered boolean)
)
INSERT INTO inbox (source, external_id, event, content, headers, body, digest, received_at, due_at, number)
SELECT source, external_id, event, content, headers, decode(body, 'base64'), digest, received_at, %(now)s,
  CASE WHEN numbered THEN nextval('lead_numbers') END
FROM asked a
WHERE a.also IS NULL
  OR (SELECT b.id FROM inbox b WHERE b.source = a.source AND b.external_id = a.also AND b.received_at >= a.also_since) IS NULL
ON CONFLICT (source, external_id) DO NOTHING
RETURNING id, source, external_id, number, lead_id, digest
"""
FIND = """
SELECT DISTINCT ON (r.source, r.external_id) b.id, b.source, b.number, b.lead_id, b.digest, r.external_id AS asked
FROM jsonb_to_recordset(CAST(%(rows)s AS jsonb)) AS r(source text, external_id text, also text, also_since timestamptz)
CROSS JOIN LATERAL (
  SELECT * FROM inbox i WHERE i.source = r.source AND i.external_id = ANY(ARRAY[r.external_id, r.also])
    AND (i.external_id = r.external_id OR i.received_at >= r.also_since) LIMIT 2
) AS b
ORDER BY r.source, r.external_id, b.external_id <> r.external_id, b.id
"""


@dataclass(frozen=True, slots=True)
class Received:
    """One thing that came in. `content` is the common lead as JSON; `external_id` the sender's own id, or one derived from the words."""

    source: str
    external_id: str
    event: str
    content: Mapping[str, object]
    body: bytes
    headers: Mapping[str, str]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where it is kept. `lead` is the code answered to the sender; `conflict` means the same key came before with another body.

    With a `receipt` it is on the spool, for want of a database: there is no row and no code yet.
    """

    inbox_id: int
    lead: str | None
    duplicate: bool = False
    conflict: bool = False
    receipt: str | None = None


def record(engine: Engine, received: Sequence[Received], now: datetime) -> list[Recorded]:
    """Keep what came in, in one statement; when this returns it is on disk. The answers are in the order of `received`."""
    if not received:
        return []
    values = [row(each) for each in received]
    with straight(engine) as db:
        stored = {_key(r): r for r in db.execute(STORE, {"rows": rows(values), "now": now})}
        missing = [value for value in values if _key(value) not in stored]
        known = {(r["source"], r["asked"]): r for r in db.execute(FIND, {"rows": rows(missing)})} if missing else {}
    answers = []
    for value in values:
        key = _key(value)
        is_new = key in stored and key not in known  # the same thing twice in one delivery: the second is a duplicate
        found = known.setdefault(key, stored[key]) if is_new else known[key]
        number = found["lead_id"] or found["number"]
        conflict = not is_new and found["digest"] not in (value["digest"], ERASED)
        answers.append(Recorded(found["id"], code_of(number) if number else None, not is_new, conflict))
    return answers


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["source"], row["external_id"]


def begins_a_lead(event: str, content: Mapping[str, object]) -> bool:
    """May it become a lead? A step of a call that rang here (it has a call_sid) belongs to the lead that the call began."""
    return event in INQUIRIES or (event in TOLD_CALLS and not content.get("call_sid"))


def row(received: Received) -> dict[str, object]:
    """A row of the inbox; the raw bytes are kept as they came."""
    content = dict(received.content)
    also, also_since = content.pop("also", None), content.pop("also_since", None)
    return {
        "source": received.source, "external_id": received.external_id, "event": received.event, "content": content,
        "headers": received.headers, "body": base64.b64encode(received.body).decode(), "digest": hashlib.sha256(received.body).hexdigest(),
        "received_at": received.received_at, "also": also, "also_since": also_since,
        "numbered": received.event == "fetch_required" or begins_a_lead(received.event, content),
    }  # fmt: skip
