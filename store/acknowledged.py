"""The lead's own record that it was answered: set when a provider takes an acknowledgement, not when we decide to send it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from routing.announcing import Happening
from store import announcements
from store.people import LEADS
from store.records import record_of
from store.together import Answer, Together

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
        announce(db, [dict(row) for row in db.execute(_ACKNOWLEDGE, {"rows": rows, "now": now}).mappings()], now)


def ask_to_acknowledge(writes: Together, messages: Sequence[int], now: datetime) -> Answer:
    """The same for those of these messages that a provider took, to be written with whatever else is; then `announce` the answer.

    A statement of its own after the one that says so: whoever noted the same meanwhile is seen.
    """
    return writes.add(_ACKNOWLEDGE_SENT, {"messages": list(messages), "now": now}) if messages else Answer()


def announce(db: Connection, noted: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Tell the endpoints, where there are any: this is the one step that is not taken by the journey."""
    if all(row["in_confidence"] is None for row in noted):
        return
    taken, in_confidence = [Taken(row["lead_id"], row["channel"]) for row in noted], noted[0]["in_confidence"]
    found = db.execute(_LEADS, {"ids": [each.lead_id for each in taken]}).mappings()
    records = {row["id"]: record_of(row) for row in found}
    told = []
    for each in taken:
        record = records[each.lead_id]
        happened = Happening(EVENT, {"channel": each.channel}, record.state.status, f"acknowledged by {each.channel}")
        told.append(announcements.row(record, record.state, happened, in_confidence=in_confidence))
    writes = Together(db)
    announcements.write(writes, told, now)
    writes.send()


_LEADS = text(LEADS + "WHERE l.id = ANY(:ids) ORDER BY l.id")

# `taken` gives (lead_id, channel). By arrays of ids, and a question for each row: joined, the planner reads all steps and all leads
# for the few that are meant
_NOTE = """
    ack AS (
        SELECT r.lead_id, array_agg(DISTINCT r.channel) AS channels FROM taken AS r WHERE (
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
_ACKNOWLEDGE = text(
    "WITH taken AS (SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(lead_id bigint, channel text)), " + _NOTE
)
_ACKNOWLEDGE_SENT = text(
    """
    WITH taken AS (
        SELECT DISTINCT lead_id, channel FROM outbox
        WHERE id = ANY(:messages) AND purpose = 'ack' AND recipient || '' = 'lead' AND lead_id IS NOT NULL AND sent_at IS NOT NULL
    ), """
    + _NOTE
)
