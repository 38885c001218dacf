"""Messages that leave with the decision: written with their attempt in the step's own commit, and handed to the provider right after it.

Whoever decides a lead in a process that also sends need not queue a message, claim it and write the attempt ahead in two more
commits. What cannot go at once (no room in its lane, the gate speaks against it, quiet hours) is written as due, for the usual way.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, text

from routing.sending import CALL_LEASE
from store.outbox import SEEN, Begun, Claimed, claimed_from
from store.saving import rows
from store.together import Together

COLUMNS = "lead_id, key, recipient, channel, address, purpose, template, words, fields, not_before, expires_at"
TYPES = """lead_id bigint, key text, recipient text, channel text, address text, purpose text, template text, words text, fields jsonb,
     not_before timestamptz, expires_at timestamptz"""

INSERT = text(f"""
INSERT INTO outbox ({COLUMNS}, created_at)
SELECT {COLUMNS}, :now FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({TYPES})
ON CONFLICT (key) DO NOTHING
""")

# as the sender sees them, before they are rows: each with the id that it will have
LOOK = text(
    f"""
WITH fresh AS MATERIALIZED (
  SELECT nextval(pg_get_serial_sequence('outbox', 'id')) AS id, 0 AS fence, {COLUMNS}, CAST(:now AS timestamptz) AS created_at, 0 AS attempts,
         0 AS lookups, NULL::text AS subject, NULL::text AS body, NULL::text AS provider, NULL::text AS provider_id, NULL::timestamptz AS ambiguous_at
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r({TYPES})
)
"""
    + SEEN.format(o="fresh")
    + "ORDER BY fresh.purpose <> 'ack', fresh.id"
)
INSERT_BEGUN = text(f"""
WITH made AS (
  INSERT INTO outbox (id, {COLUMNS}, created_at, state, attempts, lease_until, provider, subject, body) OVERRIDING SYSTEM VALUE
  SELECT id, {COLUMNS}, :now, 'sending', 1, :until, provider, subject, body
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, {TYPES}, provider text, subject text, body text)
  ON CONFLICT (key) DO NOTHING RETURNING id, fence
)
INSERT INTO attempts (message_id, n, fence, started_at) SELECT id, 1, fence, :now FROM made RETURNING message_id
""")


class Outgoing(Protocol):
    """Who sends from this process."""

    def channels(self, now: datetime) -> frozenset[str]:
        """On which it could send at once."""

    def prepare(self, messages: Sequence[Claimed], now: datetime) -> Sequence[Begun]:
        """Those of the messages that can go at once, with their words. May be asked again, when a transaction is done anew."""

    def go(self, ids: set[int]) -> None:
        """These are on disk with their attempts: call the provider."""


def hand_over(db: Connection, messages: Sequence[Mapping[str, object]], outgoing: Outgoing, now: datetime) -> set[int]:
    """Write the rows (columns of `outbox`), those that can go at once as begun. Returns the ids of these."""
    can_go = outgoing.channels(now)
    soon = [each for each in messages if each["channel"] in can_go and each["not_before"] == now]
    by_key = {str(each["key"]): each for each in soon}
    seen = claimed_from(db.execute(LOOK, {"rows": rows(by_key.values()), "now": now})) if by_key else []
    keys = {each.id: each.key for each in seen}
    begun = {keys[each.id]: each for each in outgoing.prepare(seen, now)} if seen else {}
    writes = Together(db)
    made = None
    if begun:
        values = [
            {**by_key[key], "id": b.id, "provider": b.provider, "subject": b.subject, "body": b.body} for key, b in begun.items()
        ]
        made = writes.add(INSERT_BEGUN, {"rows": rows(values), "now": now, "until": now + CALL_LEASE})
    others = [each for each in messages if str(each["key"]) not in begun]
    if others:
        writes.add(INSERT, {"rows": rows(others), "now": now})
    writes.send()
    return {int(row["message_id"]) for row in made.rows} if made else set()
