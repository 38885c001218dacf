"""The lead's own record that it was answered: set when a provider takes an acknowledgement, not when we decide to send it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Taken:
    """A provider took an acknowledgement of this lead on this channel."""

    lead_id: int
    channel: str


def acknowledge(db: Connection, taken: Sequence[Taken], now: datetime) -> None:
    """Note it on the leads and their timelines, once per channel. Locks the leads in the order of their ids."""
    if taken:
        rows = json.dumps([{"lead_id": t.lead_id, "channel": t.channel} for t in taken])
        db.execute(_ACKNOWLEDGE, {"rows": rows, "now": now})


_ACKNOWLEDGE = text(
    """
    WITH ack AS (
        SELECT DISTINCT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(lead_id bigint, channel text) WHERE NOT EXISTS (
            SELECT FROM steps WHERE steps.lead_id = r.lead_id AND event = 'LeadAcknowledged' AND data ->> 'channel' = r.channel)
    ),
    locked AS MATERIALIZED (
        SELECT id FROM leads WHERE id IN (SELECT lead_id FROM ack) ORDER BY id FOR NO KEY UPDATE
    ),
    acked AS (
        UPDATE leads SET acked_at = coalesce(acked_at, :now), changed_at = :now FROM locked WHERE leads.id = locked.id
        RETURNING leads.id, leads.status, leads.owner
    )
    INSERT INTO steps (lead_id, at, event, data, was, became, owner, why)
    SELECT acked.id, :now, 'LeadAcknowledged', jsonb_build_object('channel', ack.channel), acked.status, acked.status, acked.owner,
           'acknowledged by ' || ack.channel
    FROM acked JOIN ack ON ack.lead_id = acked.id
    """
)
