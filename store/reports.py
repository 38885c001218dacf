"""What the pages ask: the board, the figures above it, the people, the first steps. Reads only; every `now` is handed in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from store.engine import at_once

Row = dict[str, Any]
StoreFault = SQLAlchemyError  # what reading raises when the database is gone or too slow

COUNTED = "NOT is_test AND state ->> 'outcome' IS DISTINCT FROM 'merged'"  # figures are of these: an inquiry that went into another is that one
_LOOK_BACK = timedelta(days=7)  # how old a lead may be that was answered today; bounds the scan of ix_leads_arrived

CARD = """
    l.id, l.code, l.kind, l.source, l.channel, l.pool, l.sla, l.rule, l.policy_version, l.is_test, l.status, l.owner, l.holders, l.message,
    l.arrived_at, l.accept_due_at, l.response_due_at, l.acked_at, l.accepted_at, l.attempted_at, l.responded_at, l.breached_at,
    l.closed_at, l.changed_at, l.content, l.state,
    coalesce(p.name, l.content->>'name') AS name, l.content->>'company' AS company, p.phone, p.email, p.handles, p.zone AS person_zone
"""
_OPEN_CARDS = f"""
    SELECT {CARD} FROM unnest(CAST(:statuses AS text[])) AS s(status)
    CROSS JOIN LATERAL (
        SELECT * FROM leads WHERE closed_at IS NULL AND leads.status = s.status ORDER BY response_due_at, id LIMIT :most
    ) AS l JOIN people p ON p.id = l.person_id ORDER BY l.response_due_at NULLS LAST, l.id
"""
_ANSWERED_CARDS = f"""
    SELECT {CARD} FROM leads l JOIN people p ON p.id = l.person_id
    WHERE l.arrived_at >= :earliest AND l.responded_at >= :day ORDER BY l.responded_at DESC LIMIT :most
"""
_COUNTS = """
    SELECT status, count(*) AS n FROM leads WHERE closed_at IS NULL GROUP BY status
    UNION ALL SELECT 'answered today', count(*) FROM leads WHERE arrived_at >= :earliest AND responded_at >= :day
"""
_WAITING = """
    SELECT count(*) AS waiting, min(arrived_at) AS waiting_since FROM leads
    WHERE closed_at IS NULL AND status IN ('new', 'ringing', 'waiting', 'offered', 'accepted')
"""
_TODAY = f"""
    SELECT count(*) FILTER (WHERE responded_at <= coalesce(response_due_at, responded_at)) AS on_time,
           count(*) FILTER (WHERE responded_at > response_due_at
                            OR (responded_at IS NULL AND response_due_at < :now AND status NOT IN ('quarantined', 'closed'))) AS late,
           count(*) AS arrived
    FROM leads WHERE arrived_at >= :day AND {COUNTED}
"""
_REPS = """
    SELECT r.id, r.presence, r.presence_until, r.backoff_until, r.absence, r.back_at, r.lapses, r.open, r.unanswered,
           CASE WHEN r.today_on = :date THEN r.today ELSE 0 END AS today,
           r.cap_open, r.cap_unanswered, r.cap_today, r.last_assigned_at,
           coalesce(bool_or(s.free), false) AS free, coalesce(min(s.name), r.id) AS name,
           coalesce(array_agg(s.pool ORDER BY s.pool) FILTER (WHERE s.pool IS NOT NULL), '{}') AS pools
    FROM reps r LEFT JOIN seats s ON s.rep = r.id WHERE r.in_team GROUP BY r.id ORDER BY r.id
"""
_POOLS = """
    SELECT s.pool AS id, count(*) AS seats, count(*) FILTER (WHERE s.free) AS free,
           (SELECT count(*) FROM leads l WHERE l.pool = s.pool AND l.status = 'waiting' AND l.closed_at IS NULL) AS waiting
    FROM seats s GROUP BY s.pool ORDER BY s.pool
"""
_FIRST_STEPS = """
    SELECT EXISTS (SELECT FROM policies) AS has_policy, EXISTS (SELECT FROM leads WHERE is_test) AS has_test,
           EXISTS (SELECT FROM leads WHERE NOT is_test) AS has_lead,
           EXISTS (SELECT FROM leads WHERE responded_at IS NOT NULL) AS has_answer,
           (SELECT count(*) FROM reps WHERE in_team) AS reps, current_setting('server_version') AS postgres,
           (SELECT max(at) FROM beats WHERE name = 'backup') AS backed_up_at,
           (SELECT max(sent_at) FROM outbox WHERE channel = 'sms') AS last_text_at
"""
_CAN_TAKE = """
    SELECT to_regclass('inbox') IS NOT NULL AND NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off' AS ready
"""


def look_up(engine: Engine, sql: str, values: Mapping[str, object] | None = None) -> list[Row]:
    """The rows of a reading statement."""
    with at_once(engine) as db:
        return [dict(row) for row in db.execute(text(sql), values or {}).mappings()]


def open_cards(engine: Engine, statuses: list[str], *, most: int = 50) -> list[Row]:
    """Open leads in these statuses, at most `most` of each, the oldest deadline first."""
    return look_up(engine, _OPEN_CARDS, {"statuses": statuses, "most": most})


def answered_cards(engine: Engine, day: datetime, *, most: int = 30) -> list[Row]:
    """Leads a human answered since `day` (the site's midnight), the latest first."""
    return look_up(engine, _ANSWERED_CARDS, {"day": day, "earliest": day - _LOOK_BACK, "most": most})


def counts(engine: Engine, day: datetime) -> dict[str, int]:
    """How many open leads are in each status, and how many were answered since `day`."""
    return {row["status"]: row["n"] for row in look_up(engine, _COUNTS, {"day": day, "earliest": day - _LOOK_BACK})}


def figures(engine: Engine, day: datetime, now: datetime) -> Row:
    """waiting and waiting_since of all open leads; on_time, late, arrived without test leads. `day` is the site's midnight."""
    (waiting,), (today,) = look_up(engine, _WAITING), look_up(engine, _TODAY, {"day": day, "now": now})
    return {**waiting, **today}


def reps(engine: Engine, local: datetime) -> list[Row]:
    """Everyone on the team with load, caps and whether they can take a lead; `local` is now in the site's zone."""
    return look_up(engine, _REPS, {"date": local.date()})


def room_of(rep: Row) -> int | None:
    """How many more leads this rep can take; None without any cap. Nobody off duty has room."""
    if rep["absence"]:
        return 0
    pairs = (("cap_open", "open"), ("cap_unanswered", "unanswered"), ("cap_today", "today"))
    left = [rep[cap] - rep[held] for cap, held in pairs if rep[cap] is not None]
    return max(min(left), 0) if left else None


def pools(engine: Engine) -> list[Row]:
    """Seats, free seats and waiting leads of each pool."""
    return look_up(engine, _POOLS)


def notices(engine: Engine) -> list[Row]:
    """What an operator must know now, the oldest first."""
    return look_up(engine, "SELECT key, text, since FROM notices WHERE over_at IS NULL ORDER BY since, key")


def first_steps(engine: Engine) -> Row:
    """What the checklist of the start page needs to know."""
    return look_up(engine, _FIRST_STEPS)[0]


def beat_at(engine: Engine, name: str) -> datetime | None:
    """When the process of that name last gave a sign of life."""
    found = look_up(engine, "SELECT at FROM beats WHERE name = :name", {"name": name})
    return found[0]["at"] if found else None


def beats(engine: Engine) -> dict[str, Row]:
    """The last sign of life by the name of the process: `at`, and `bell` as the clock hears it (config/bell.py)."""
    found = look_up(engine, "SELECT name, at, detail ->> 'bell' AS bell FROM beats")
    return {row["name"]: row for row in found}


def can_take_a_lead(engine: Engine) -> bool:
    """Does the database answer, with its tables in place, and may be written to? Raises StoreFault when it does not answer."""
    return bool(look_up(engine, _CAN_TAKE)[0]["ready"])
