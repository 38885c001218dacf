"""Writing what a batch of steps has decided: a few statements for all of it, whatever the number of leads."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from routing.model import Alarm, State, Status, Step
from store.records import LeadRecord, event_to_json, state_to_json
from store.roster import Change, Roster
from store.together import Answer, Together

DONE = frozenset({Status.CLOSED})


class Crowded(Exception):
    """Another pool took the rep's last room at the same moment: decide again with fresh facts."""


def rows(values: Iterable[Mapping[str, object]]) -> str:
    """Rows as one JSON parameter."""
    return json.dumps(list(values), default=plain)


def plain(value: object) -> object:
    """Instants as text, sets as lists."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"cannot write {type(value).__name__}")


INSERT_LEADS = text("""
INSERT INTO leads (id, code, person_id, source, kind, channel, pool, policy_version, rule, sla, matched, needs, content, message,
                   is_test, arrived_at, status, owner, holders, call_sid, accept_due_at, response_due_at, accepted_at, attempted_at,
                   responded_at, breached_at, closed_at, changed_at, state)
SELECT id, code, person_id, source, kind, channel, pool, policy_version, rule, sla, matched, needs, content, message,
       is_test, arrived_at, status, owner, holders, call_sid, accept_due_at, response_due_at, accepted_at, attempted_at,
       responded_at, breached_at, closed_at, :now, state
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, code text, person_id bigint, source text, kind text, channel text,
     pool text, policy_version int, rule text, sla text, matched text[], needs text[], content jsonb, message text, is_test boolean,
     arrived_at timestamptz, status text, owner text, holders text[], call_sid text, accept_due_at timestamptz,
     response_due_at timestamptz, accepted_at timestamptz, attempted_at timestamptz, responded_at timestamptz,
     breached_at timestamptz, closed_at timestamptz, state jsonb)
""")

UPDATE_LEADS = text("""
UPDATE leads SET status = r.status, owner = r.owner, holders = r.holders, call_sid = coalesce(r.call_sid, leads.call_sid),
       accept_due_at = r.accept_due_at, response_due_at = r.response_due_at, accepted_at = r.accepted_at,
       attempted_at = r.attempted_at, responded_at = r.responded_at, breached_at = r.breached_at, closed_at = r.closed_at,
       changed_at = :now, state = r.state
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, status text, owner text, holders text[], call_sid text,
     accept_due_at timestamptz, response_due_at timestamptz, accepted_at timestamptz, attempted_at timestamptz,
     responded_at timestamptz, breached_at timestamptz, closed_at timestamptz, state jsonb)
WHERE leads.id = r.id
""")

INSERT_STEPS = text("""
INSERT INTO steps (lead_id, at, event, data, was, became, owner, why, details, late_by)
SELECT lead_id, :now, event, data, was, became, owner, why, details, late_by
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(lead_id bigint, event text, data jsonb, was text, became text, owner text,
     why text, details text[], late_by double precision)
""")

DISARM = text("UPDATE alarms SET armed = false WHERE lead_id = ANY(:leads) AND armed")

ARM = text("""
INSERT INTO alarms (lead_id, key, due_at, event, data, armed)
SELECT lead_id, key, due_at, event, data, true
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(lead_id bigint, key text, due_at timestamptz, event text, data jsonb)
ON CONFLICT (lead_id, key) DO UPDATE SET due_at = excluded.due_at, event = excluded.event, data = excluded.data, armed = true,
   rung_at = NULL
""")

# reps are locked in the order of their ids: two pools that share reps then wait for one another instead of deadlocking
UPDATE_REPS = text("""
WITH change AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id text, open int, unanswered int, today int, lapses int,
    backoff_until timestamptz, away boolean, assigned boolean, checked boolean)
), held AS MATERIALIZED (
  SELECT reps.id FROM reps WHERE reps.id IN (SELECT id FROM change) ORDER BY reps.id FOR UPDATE
)
UPDATE reps SET open = greatest(reps.open + c.open, 0), unanswered = greatest(reps.unanswered + c.unanswered, 0),
  today = greatest(reps.today + c.today, 0), lapses = coalesce(c.lapses, reps.lapses),
  backoff_until = CASE WHEN c.lapses IS NULL THEN reps.backoff_until ELSE c.backoff_until END,
  presence = CASE WHEN c.away THEN 'away' WHEN c.lapses = 0 AND reps.presence = 'away' THEN 'on' ELSE reps.presence END,
  presence_until = CASE WHEN c.away THEN NULL ELSE reps.presence_until END,
  absence = CASE WHEN c.away THEN 'away' WHEN c.backoff_until IS NOT NULL THEN 'backing off'
                 WHEN c.lapses = 0 AND reps.absence IN ('backing off', 'away') THEN NULL ELSE reps.absence END,
  back_at = CASE WHEN c.away THEN NULL WHEN c.lapses IS NOT NULL THEN c.backoff_until ELSE reps.back_at END,
  duty_changes_at = CASE WHEN c.lapses IS NOT NULL THEN least(reps.duty_changes_at, coalesce(c.backoff_until, :now))
                         ELSE reps.duty_changes_at END,
  last_assigned_at = CASE WHEN c.assigned THEN :now ELSE reps.last_assigned_at END
FROM change c, held WHERE reps.id = c.id AND held.id = c.id
RETURNING reps.id, c.checked, (reps.in_team AND reps.absence IS NULL
  AND (reps.cap_open IS NULL OR reps.open <= reps.cap_open)
  AND (reps.cap_unanswered IS NULL OR reps.unanswered <= reps.cap_unanswered)
  AND (reps.cap_today IS NULL OR reps.today <= reps.cap_today)) AS kept
""")

# the same as routing/capacity.py load() and can_take(); tests/store/test_roster.py holds the two together
REFRESH_SEATS = text("""
WITH held AS MATERIALIZED (SELECT pool, rep FROM seats WHERE rep = ANY(:reps) ORDER BY pool, rep FOR UPDATE)
UPDATE seats SET last_assigned_at = r.last_assigned_at,
  load = CASE WHEN r.cap_open IS NULL THEN r.open::double precision / (r.open + 10)
              WHEN r.cap_open = 0 THEN 1.0 ELSE r.open::double precision / r.cap_open END,
  free = r.in_team AND r.absence IS NULL AND (r.cap_open IS NULL OR r.open < r.cap_open)
     AND (r.cap_unanswered IS NULL OR r.unanswered < r.cap_unanswered) AND (r.cap_today IS NULL OR r.today < r.cap_today)
FROM reps r, held WHERE seats.rep = r.id AND r.id = ANY(:reps) AND held.pool = seats.pool AND held.rep = seats.rep
""")

# all the seats that CHARGE_SEATS and REFRESH_SEATS will touch, in one order; the reps are locked before them
LOCK_SEATS = text("""
SELECT pool, rep FROM seats WHERE rep = ANY(:reps) OR (pool, rep) IN (
  SELECT pool, rep FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(pool text, rep text))
ORDER BY pool, rep FOR UPDATE
""")

CHARGE_SEATS = text("""
UPDATE seats SET credit = r.credit, next_credit = r.credit + seats.weight, served = r.served
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(pool text, rep text, credit int, served double precision)
WHERE seats.pool = r.pool AND seats.rep = r.rep
""")


def insert_leads(writes: Together, records: Iterable[LeadRecord], needs: Mapping[int, frozenset[str]], now: datetime) -> None:
    """New leads as they are after their first steps."""
    values = [
        {
            **columns(r.state),
            "id": r.lead.id, "code": r.lead.code, "person_id": r.person_id, "source": r.lead.source, "kind": r.lead.kind,
            "channel": r.lead.channel, "pool": r.pool, "policy_version": r.version, "rule": r.rule, "sla": r.sla,
            "matched": r.matched, "needs": needs.get(r.lead.id, ()), "content": r.content or {}, "message": r.lead.message,
            "is_test": r.lead.is_test, "arrived_at": r.lead.arrived_at,
        }
        for r in records if r.is_new
    ]  # fmt: skip
    if values:
        writes.add(INSERT_LEADS, {"rows": rows(values), "now": now})


def update_leads(writes: Together, records: Iterable[LeadRecord], now: datetime) -> None:
    """The states of known leads after the batch; the columns are copies of the state's fields for queries."""
    values = [
        {**columns(record.state), "id": record.lead.id}
        for record in records
        if not record.is_new and record.state != record.before
    ]
    if values:
        writes.add(UPDATE_LEADS, {"rows": rows(values), "now": now})


def columns(state: State) -> dict[str, object]:
    """A state as columns and as a document."""
    holders = (state.owner,) if state.owner else state.offered_to
    return {
        "status": state.status, "owner": state.owner, "holders": holders if state.status not in DONE else (), "call_sid": state.call_sid,
        "accept_due_at": state.accept_due_at, "response_due_at": state.response_due_at, "accepted_at": state.accepted_at,
        "attempted_at": state.attempted_at, "responded_at": state.responded_at, "breached_at": state.breached_at,
        "closed_at": state.closed_at, "state": state_to_json(state),
    }  # fmt: skip


def step_row(record: LeadRecord, event: tuple[str, Mapping[str, object]], step: Step, late_by: float | None) -> dict[str, object]:
    """A line of the timeline. The record is as it was before the step."""
    name, data = event
    return {
        "lead_id": record.lead.id, "event": name, "data": data, "was": record.state.status, "became": step.state.status,
        "owner": step.state.owner, "why": step.why, "details": step.details, "late_by": late_by,
    }  # fmt: skip


def insert_steps(writes: Together, steps: Sequence[Mapping[str, object]], now: datetime) -> None:
    """The lines of the timelines."""
    if steps:
        writes.add(INSERT_STEPS, {"rows": rows(steps), "now": now})


def save_alarms(writes: Together, silenced: Sequence[int], armed: Sequence[tuple[int, Alarm]]) -> None:
    """Silence first, then arm; of two alarms with one key the later step's counts."""
    if silenced:
        writes.add(DISARM, {"leads": list(silenced)})
    latest: dict[tuple[int, str], dict[str, object]] = {}
    for lead_id, alarm in armed:
        name, data = event_to_json(alarm.event)
        latest[lead_id, alarm.key] = {"lead_id": lead_id, "key": alarm.key, "due_at": alarm.due_at, "event": name, "data": data}
    if latest:
        writes.add(ARM, {"rows": rows(latest.values())})


@dataclass(frozen=True, slots=True)
class Seated:
    """Reps whose counts were written. Ask `check` when the writes were sent."""

    changes: Mapping[str, Change]
    answer: Answer

    def check(self) -> None:
        """Raises Crowded when a rep has gone, or has no room for what was decided."""
        if any(row["checked"] and not row["kept"] and not self.changes[row["id"]].lapses for row in self.answer.rows):
            raise Crowded


def save_rosters(writes: Together, rosters: Iterable[Roster], now: datetime) -> Seated:
    """Counts, turns and silences of all reps touched."""
    changes: dict[str, Change] = {}
    charged: list[dict[str, object]] = []
    for roster in rosters:
        for rep, change in roster.changes.items():
            changes[rep] = merged(changes[rep], change) if rep in changes else change
        for rep in roster.charged:
            seat = roster.seats[rep]
            charged.append({"pool": roster.pool.id, "rep": rep, "credit": seat.credit, "served": seat.served})
    if not changes:
        return Seated({}, Answer())
    answer = writes.add(UPDATE_REPS, {"rows": rows(row_of(rep, change) for rep, change in changes.items()), "now": now})
    if charged:
        writes.add(LOCK_SEATS, {"rows": rows(charged), "reps": list(changes)})
        writes.add(CHARGE_SEATS, {"rows": rows(charged)})
    writes.add(REFRESH_SEATS, {"reps": list(changes)})
    return Seated(changes, answer)


def row_of(rep: str, change: Change) -> dict[str, object]:
    """A rep's change as a row of UPDATE_REPS."""
    return {
        "id": rep, "open": change.open, "unanswered": change.unanswered, "today": change.today, "lapses": change.lapses,
        "backoff_until": change.backoff_until, "away": change.away, "assigned": change.assigned, "checked": change.checked,
    }  # fmt: skip


def merged(one: Change, other: Change) -> Change:
    """Changes of one rep from two pools in the same batch."""
    return Change(
        open=one.open + other.open, unanswered=one.unanswered + other.unanswered, today=one.today + other.today,
        lapses=other.lapses if other.lapses is not None else one.lapses, backoff_until=other.backoff_until or one.backoff_until,
        away=one.away or other.away, assigned=one.assigned or other.assigned, checked=one.checked or other.checked,
    )  # fmt: skip
