"""Events for the world outside: written with the step in one transaction, then taken and delivered to each endpoint.

A dispatch is an event's way to one endpoint: pending -> sending -> delivered | dead | pending (again later) | superseded. It is
delivered at least once: a lease that runs out in mid-call makes it pending again, under the same id; the fence counts claims,
so who holds an old one cannot write. `replay` (store/dead_letters.py) begins one anew.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, text

from routing import announcing
from routing.announcing import Happening
from routing.model import State
from routing.team import Team
from store.engine import transaction
from store.records import LeadRecord
from store.saving import rows
from store.together import Together

LEASE = timedelta(seconds=45)  # a call takes 20 s at most, some CRMs need three of them


@dataclass(frozen=True, slots=True)
class Lane:
    """An endpoint that can take `room` more events; `latest`: only the newest of each lead, one at a time (the CRMs)."""

    endpoint: str
    room: int
    latest: bool = False


@dataclass(frozen=True, slots=True)
class Claimed:
    """An event that is ours to deliver to `endpoint`. `sequence` grows along each lead; `records` are the lead's ids in that CRM."""

    id: int
    fence: int
    endpoint: str
    lead_id: int
    key: str
    sequence: int
    type: str
    at: datetime
    body: Mapping[str, Any]
    contact: Mapping[str, Any] | None
    attempts: int
    queued_at: datetime
    records: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a dispatch: delivered, pending (again at `not_before`) or dead. `records`: ids that the CRM gave the lead.

    `failed`: does it count against the endpoint? `rest`: how long the endpoint asked to be left alone; `disable`: it said 410;
    `refused`: our keys or settings are refused, so nothing gets through until somebody mends them. `queued_at`: when it began.
    """

    id: int
    fence: int
    endpoint: str
    lead_id: int
    state: str
    status: int | None = None
    error: str | None = None
    not_before: datetime | None = None
    records: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False
    rest: timedelta | None = None
    disable: bool = False
    refused: bool = False
    queued_at: datetime | None = None


# --- written with the step ------------------------------------------------------------------------------------------


def row(record: LeadRecord, after: State, happened: Happening, *, in_confidence: bool) -> dict[str, object]:
    """The event of one step, for `write`. Call it only where somebody listens; `in_confidence`: may one of them know the person?"""
    placed = {"pool": record.pool, "rule": record.rule, "sla": record.sla}
    return {
        "lead_id": record.lead.id, "type": announcing.name_of(happened, record.state, after),
        "body": announcing.told(record.lead, after, happened, placed),
        "contact": announcing.told_in_confidence(record.lead, happened) if in_confidence else None,
    }  # fmt: skip


def write(writes: Together, announced: Sequence[Mapping[str, object]], now: datetime) -> None:
    """Keep events, and queue each for the endpoints that want it."""
    if announced:
        values = [{**each, "n": n} for n, each in enumerate(announced)]
        writes.add(_WRITE, {"rows": rows(values), "now": now})


def write_erased(db: Connection, leads: Sequence[tuple[int, str]], now: datetime) -> None:
    """(id, code) of leads whose person is forgotten: what was told before is emptied, and receivers are asked to forget too."""
    ids = [lead_id for lead_id, _ in leads]
    db.execute(_FORGET, {"leads": ids, "now": now})
    writes = Together(db)
    write(
        writes,
        [{"lead_id": lead_id, "type": announcing.ERASED, "body": {"lead": {"code": code}}} for lead_id, code in leads],
        now,
    )
    writes.send()


# --- taken and delivered --------------------------------------------------------------------------------------------


def claim(engine: Engine, now: datetime, lanes: Sequence[Lane]) -> list[Claimed]:
    """Take what is due, oldest first, for 45 s. Of an endpoint that failed lately one event by one process: it finds out."""
    wanted = {lane.endpoint: lane for lane in lanes if lane.room > 0}
    with transaction(engine) as db:
        db.execute(_RELEASE, {"now": now})
        if not wanted:
            return []
        known = db.execute(_OPEN, {"ids": list(wanted), "now": now, "most": announcing.OPENS_AT, "until": now + LEASE})
        found = [(wanted[row.id], row.is_probe) for row in known]
        for lane, _ in found:
            if lane.latest:
                db.execute(_SUPERSEDE, {"endpoint": lane.endpoint, "now": now})
        claimed = _take(db, _PROBE, [replace(lane, room=1) for lane, is_probe in found if is_probe], now)
        return claimed + _take(db, _CLAIM, [lane for lane, is_probe in found if not is_probe], now)


def _take(db: Connection, statement: TextClause, lanes: Sequence[Lane], now: datetime) -> list[Claimed]:
    if not lanes:
        return []
    taken = [{"endpoint": lane.endpoint, "room": lane.room, "latest": lane.latest} for lane in lanes]
    found = db.execute(statement, {"lanes": json.dumps(taken), "now": now, "until": now + LEASE}).mappings()
    return [Claimed(**row) for row in found]


def finish(engine: Engine, results: Sequence[Result], now: datetime) -> None:
    """Record what became of calls; what an endpoint's calls say about itself counts once a round."""
    if not results:
        return
    with transaction(engine) as db:
        kept = {r.id for r in db.execute(_FINISH, {"rows": rows(_flat(result) for result in results), "now": now})}
        records = [
            {"endpoint": r.endpoint, "lead_id": r.lead_id, "kind": kind, "record": record}
            for r in results for kind, record in r.records.items()
        ]  # fmt: skip
        if records:
            db.execute(_REMEMBER, {"rows": rows(records)})
        for name in sorted({result.endpoint for result in results if result.id in kept}):
            _judge(db, name, [result for result in results if result.endpoint == name], now)


def _judge(db: Connection, name: str, results: Sequence[Result], now: datetime) -> None:
    """Well again, worse, or to be left alone."""
    values: dict[str, object] = {"id": name, "now": now}
    if any(result.disable for result in results):
        db.execute(_DISABLE, {**values, "why": "the endpoint answered 410 Gone"})
        db.execute(_STRAND, {**values, "why": "the endpoint is disabled: it answered 410 Gone"})
    elif any(result.state == "delivered" for result in results):
        was = int(db.execute(_WELL, values).scalar() or 0)
        if was >= announcing.OPENS_AT:  # it was away and is back; below that one event may fail for reasons of its own
            db.execute(_HURRY, values)
    elif any(result.failed or result.rest for result in results):
        rest = max((result.rest for result in results if result.rest), default=None)
        since = {"row_since": now - announcing.IN_A_ROW, "most": announcing.OPENS_AT}
        failures = int(db.execute(_FAILURES, {"id": name, **since}).scalar() or 0) + any(result.failed for result in results)
        left = max(announcing.left_alone_for(failures), rest or timedelta(0))
        why = next((result.error for result in results if result.error), None)
        db.execute(_WORSE, {**values, "failures": failures, "until": now + left if left else None, "why": why})


def _flat(result: Result) -> dict[str, object]:
    return {
        "id": result.id, "fence": result.fence, "state": result.state, "status": result.status,
        "error": result.error[:500] if result.error else None, "not_before": result.not_before,
    }  # fmt: skip


def enroll(db: Connection, team: Team) -> None:
    """What the team file in force says of its endpoints; one that is gone or switched off gets nothing any more."""
    values = [
        {"id": e.id, "enabled": e.enabled, "wants": sorted(e.events), "contact": e.contact} for e in team.endpoints.values()
    ]  # fmt: skip
    db.execute(text("UPDATE endpoints SET enabled = false WHERE id <> ALL(:ids) AND enabled"), {"ids": list(team.endpoints)})
    if values:
        db.execute(_ENROLL, {"rows": rows(values)})


_WRITE = text("""
WITH told AS (
  INSERT INTO announcements (lead_id, type, at, body, contact)
  SELECT lead_id, type, :now, body, contact
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(n int, lead_id bigint, type text, body jsonb, contact jsonb)
  WHERE EXISTS (SELECT FROM endpoints WHERE enabled) ORDER BY n
  RETURNING id, lead_id, type
)
INSERT INTO dispatches (announcement_id, endpoint, lead_id, queued_at, not_before)
SELECT told.id, e.id, told.lead_id, :now, :now FROM told
JOIN endpoints e ON e.enabled AND e.disabled_at IS NULL AND (cardinality(e.wants) = 0 OR told.type = ANY(e.wants))
ORDER BY told.id, e.id
""")
_FORGET = text("""
WITH emptied AS (UPDATE announcements SET body = '{}', contact = NULL WHERE lead_id = ANY(:leads) RETURNING id),
records AS (DELETE FROM crm_records WHERE lead_id = ANY(:leads))
UPDATE dispatches SET state = 'dead', error = 'the person asked to be forgotten', done_at = :now, fence = fence + 1
WHERE announcement_id IN (SELECT id FROM emptied) AND state IN ('pending', 'sending')
""")
_RELEASE = text("""
UPDATE dispatches SET state = 'pending', lease_until = NULL, not_before = :now
WHERE id = ANY(ARRAY(SELECT id FROM dispatches WHERE state = 'sending' AND lease_until <= :now LIMIT 100 FOR UPDATE SKIP LOCKED))
""")
# whoever moves `open_until` of an endpoint that failed has the probe, and nobody else until the lease ends
_OPEN = text("""
WITH probe AS (
  UPDATE endpoints SET open_until = :until
  WHERE id = ANY(ARRAY(SELECT id FROM endpoints WHERE id = ANY(:ids) AND failures >= :most AND enabled AND disabled_at IS NULL
                       AND coalesce(open_until, :now) <= :now FOR UPDATE SKIP LOCKED))
  RETURNING id
)
SELECT id, true AS is_probe FROM probe
UNION ALL
SELECT id, false FROM endpoints
WHERE id = ANY(:ids) AND enabled AND disabled_at IS NULL AND failures < :most AND coalesce(open_until, :now) <= :now
""")
# a CRM mirrors how a lead stands: of several events of one lead only the newest is worth a call
_SUPERSEDE = text("""
UPDATE dispatches SET state = 'superseded', done_at = :now
WHERE id = ANY(ARRAY(
  SELECT d.id FROM dispatches d WHERE d.endpoint = :endpoint AND d.state = 'pending' AND EXISTS (
    SELECT FROM dispatches n WHERE n.endpoint = d.endpoint AND n.lead_id = d.lead_id AND n.state IN ('pending', 'sending') AND n.id > d.id
  ) FOR UPDATE SKIP LOCKED))
""")
# of one lead the earlier event goes first; only one that has to be tried again later holds up none behind it
_TAKE = """
WITH lane AS (SELECT * FROM jsonb_to_recordset(CAST(:lanes AS jsonb)) AS r(endpoint text, room int, latest boolean)),
picked AS MATERIALIZED (
  SELECT due.id FROM lane CROSS JOIN LATERAL (
    SELECT d.id FROM dispatches d WHERE d.endpoint = lane.endpoint AND d.state = 'pending' AND {due}
      AND NOT (lane.latest AND EXISTS (
        SELECT FROM dispatches s WHERE s.endpoint = d.endpoint AND s.lead_id = d.lead_id AND s.state = 'sending'))
      AND NOT EXISTS (
        SELECT FROM dispatches b WHERE b.endpoint = d.endpoint AND b.lead_id = d.lead_id AND b.id < d.id
          AND (b.state = 'sending' OR (b.state = 'pending' AND b.not_before <= :now)))
    ORDER BY {first}, d.id LIMIT lane.room FOR UPDATE SKIP LOCKED
  ) AS due
),
taken AS (
  UPDATE dispatches SET state = 'sending', fence = fence + 1, attempts = attempts + 1, lease_until = :until
  WHERE id = ANY(ARRAY(SELECT id FROM picked)) RETURNING *
)
SELECT t.id, t.fence, t.endpoint, t.lead_id, replace(a.key::text, '-', '') AS key, a.id AS sequence, a.type, a.at, a.body, a.contact, t.attempts, t.queued_at,
  coalesce((SELECT jsonb_object_agg(c.kind, c.record) FROM crm_records c WHERE c.endpoint = t.endpoint AND c.lead_id = t.lead_id), '{{}}') AS records
FROM taken t JOIN announcements a ON a.id = t.announcement_id ORDER BY t.id
"""
_CLAIM = text(_TAKE.format(due="d.not_before <= :now", first="d.not_before"))
_PROBE = text(_TAKE.format(due="d.not_before IS NOT NULL", first="d.queued_at"))  # the oldest, also before its time
_FINISH = text("""
UPDATE dispatches d SET state = r.state, status = r.status, error = r.error, lease_until = NULL,
  not_before = coalesce(r.not_before, d.not_before), done_at = CASE WHEN r.state <> 'pending' THEN CAST(:now AS timestamptz) END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, fence int, state text, status int, error text, not_before timestamptz)
WHERE d.id = r.id AND d.fence = r.fence AND d.state IN ('sending', 'pending')
RETURNING d.id
""")
_REMEMBER = text("""
INSERT INTO crm_records (endpoint, lead_id, kind, record)
SELECT endpoint, lead_id, kind, record FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(endpoint text, lead_id bigint, kind text, record text)
ON CONFLICT (endpoint, lead_id, kind) DO UPDATE SET record = excluded.record
""")
_WELL = text("""
UPDATE endpoints e SET failures = 0, open_until = NULL, why = NULL, delivered_at = :now
FROM (SELECT id, failures FROM endpoints WHERE id = :id FOR UPDATE) AS was WHERE e.id = was.id RETURNING was.failures
""")
_HURRY = text("UPDATE dispatches SET not_before = queued_at WHERE endpoint = :id AND state = 'pending' AND not_before > :now")
_FAILURES = text("""
SELECT CASE WHEN failures >= :most OR failed_at >= :row_since THEN failures ELSE 0 END FROM endpoints WHERE id = :id FOR UPDATE
""")
_WORSE = text("""
UPDATE endpoints SET failures = :failures, failed_at = :now, open_until = greatest(open_until, CAST(:until AS timestamptz)), why = :why WHERE id = :id
""")
_DISABLE = text("UPDATE endpoints SET disabled_at = :now, why = :why WHERE id = :id AND disabled_at IS NULL")
_STRAND = text("""
UPDATE dispatches SET state = 'dead', error = :why, done_at = :now, fence = fence + 1 WHERE endpoint = :id AND state IN ('pending', 'sending')
""")
_ENROLL = text("""
INSERT INTO endpoints (id, enabled, wants, contact)
SELECT id, enabled, wants, contact FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id text, enabled boolean, wants text[], contact boolean)
ON CONFLICT (id) DO UPDATE SET enabled = excluded.enabled, wants = excluded.wants, contact = excluded.contact
""")
