"""The lead's own record that it was answered: set when a provider takes an acknowledgement, not when we decide to send it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from routing.announcing import Happening
from store import announcements
from store.batch import LEADS
from store.records import record_of

EVENT = "LeadAcknowledged"


@dataclass(frozen=True, slots=True)
class Taken:
    """A provider took an acknowledgement of this lead on this channel."""

    lead_id: int
    channel: str


def acknowledge(db: Connection, taken: Sequence[Taken], now: datetime) -> None:
    """Note it on the leads and their timelines, once per channel. Locks the leads in the order of their ids."""
    if taken:
        rows = json.dumps([{"lead_id": t.lead_id, "channel": t.channel} for t in taken])
        noted = db.execute(_ACKNOWLEDGE, {"rows": rows, "now": now}).all()
        if any(row.in_confidence is not None for row in noted):
            announce(db, [Taken(row.lead_id, row.channel) for row in noted], in_confidence=noted[0].in_confidence, now=now)


def announce(db: Connection, taken: Sequence[Taken], *, in_confidence: bool, now: datetime) -> None:
    """Tell the endpoints: this is the one step that is not taken by the journey."""
    found = db.execute(_LEADS, {"ids": [each.lead_id for each in taken]}).mappings()
    records = {row["id"]: record_of(row) for row in found}
    told = []
    for each in taken:
        record = records[each.lead_id]
        happened = Happening(EVENT, {"channel": each.channel}, record.state.status, f"acknowledged by {each.channel}")
        told.append(announcements.row(record, record.state, happened, in_confidence=in_confidence))
    announcements.write(db, told, now)


_LEADS = text(LEADS + "WHERE l.id = ANY(:ids) ORDER BY l.id")

# by arrays of ids, and a question for each row: joined, the planner reads all steps and all leads for the few that are meant
_ACKNOWLEDGE = text(
    """
    WITH ack AS (
        SELECT r.lead_id, array_agg(DISTINCT r.channel) AS channels
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(lead_id bigint, channel text) WHERE (
            SELECT id FROM steps WHERE steps.lead_id = r.lead_id AND event = 'LeadAcknowledged' AND data ->> 'channel' = r.channel
            LIMIT 1) IS NULL
        GROUP BY r.lead_id
    ),
    locked AS MATERIALIZED (
        SELECT id FROM leads WHERE id = ANY(ARRAY(SELECT lead_id FROM ack)) ORDER BY id FOR NO KEY UPDATE
    ),
    acked AS (
        UPDATE leads SET acked_at = coalesce(acked_at, :now), changed_at = :now WHERE id = ANY(ARRAY(SELECT id FROM locked))
        RETURNING id, status, owner
    ),
    noted AS (INSERT INTO steps (lead_id, at, event, data, was, became, owner, why)
    SELECT acked.id, :now, 'LeadAcknowledged', jsonb_build_object('channel', channel), status, status, owner, 'acknowledged by ' || channel
    FROM acked CROSS JOIN LATERAL unnest((SELECT channels FROM ack WHERE lead_id = acked.id)) AS channel RETURNING lead_id, data ->> 'channel' AS channel)
    SELECT lead_id, channel, (SELECT bool_or(contact) FROM endpoints WHERE enabled AND disabled_at IS NULL) AS in_confidence FROM noted
    """
)
