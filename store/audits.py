"""What must not be: looked for every 30 s and shown at /ops/invariants. Every question is answered by an index, within 1,000 rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import OperationalError

from store.engine import transaction
from store.retrying import RETRYABLE
from store.saving import REFRESH_SEATS

T = TypeVar("T")

MOST = 1_000
EXAMPLES = 10
LOOK_MS = 2_000  # for one question
TOO_LONG = "57014"  # statement_timeout


@dataclass(frozen=True, slots=True)
class Check:
    """One question: rows with a column `id` are findings. `late` is how long ago it must have been due."""

    name: str
    means: str
    late: timedelta
    question: TextClause


def findings(engine: Engine, now: datetime) -> dict[str, object]:
    """{"clean": ..., "at": ..., "findings": [{"check", "means", "count", "examples"}], "notices": [...]} as JSON values.

    A question that takes too long is a finding itself: the others are asked all the same.
    """
    found = [finding for check in CHECKS if (finding := _look(engine, check, now))]
    with transaction(engine) as db:
        said = db.execute(text("SELECT key, text, since FROM notices WHERE over_at IS NULL ORDER BY since LIMIT 50")).mappings()
        notices = [{"key": n["key"], "text": n["text"], "since": n["since"].isoformat()} for n in said]
    return {"clean": not found, "at": now.isoformat(), "findings": found, "notices": notices}


def _look(engine: Engine, check: Check, now: datetime) -> dict[str, object] | None:
    values = {"now": now, "before": now - check.late, "most": MOST}
    try:
        with transaction(engine) as db:
            db.execute(text(f"SET LOCAL statement_timeout = {LOOK_MS}"))
            ids = db.execute(check.question, values).scalars().all()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != TOO_LONG:
            raise
        means = f"not found out within {LOOK_MS / 1000:g} s: {check.means}"
        return {"check": check.name, "means": means, "count": 1, "examples": []}
    examples = [str(i) for i in ids[:EXAMPLES]]
    return {"check": check.name, "means": check.means, "count": len(ids), "examples": examples} if ids else None


def mend_loads(engine: Engine, now: datetime) -> list[Mapping[str, object]]:
    """Put right what a rep's counters say where the leads say something else. Returns what was wrong, for the log.

    In one snapshot: a step that moves the same counters meanwhile makes this give way (the next pass looks again).
    """
    return _giving_way(engine, lambda db: [dict(row) for row in db.execute(_MEND, {"now": now}).mappings()])


def mend_seats(engine: Engine) -> list[str]:
    """Put right seats that do not say what their rep's row says: a full rep would be asked, or one with room never. Returns the reps."""

    def mend(db: Connection) -> list[str]:
        reps = list(db.execute(_DRIFTED_SEATS, {"most": MOST}).scalars())
        if reps:
            db.execute(REFRESH_SEATS, {"reps": reps})
        return reps

    return _giving_way(engine, mend)


def _giving_way(engine: Engine, mend: Callable[[Connection], list[T]]) -> list[T]:
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db, db.begin():
            return mend(db)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in RETRYABLE:
            return []
        raise


def pools_asleep(engine: Engine) -> list[str]:
    """Pools with a lead that waits and a seat with room: a process died between a change and the waking that follows from it.

    Or the lead is one that nobody with room may take; to wake its pool is harmless.
    """
    with transaction(engine) as db:
        return list(db.execute(_ASLEEP).scalars())


def _check(name: str, means: str, late: timedelta, question: str) -> Check:
    return Check(name, means, late, text(question + " LIMIT :most"))


_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CHECKS = (
    _check("inbox", "deliveries that nobody has decided for 10 s", 10 * _SECOND,
           "SELECT id FROM inbox WHERE done_at IS NULL AND due_at < :before AND event <> 'fetch_required' ORDER BY due_at"),
    _check("fetches", "leads whose words could not be fetched for 10 min", 10 * _MINUTE,
           "SELECT id FROM inbox WHERE done_at IS NULL AND event = 'fetch_required' AND received_at < :before"),
    _check("alarms", "alarms that should have rung 15 s ago", 15 * _SECOND,
           "SELECT lead_id AS id FROM alarms WHERE armed AND due_at < :before ORDER BY due_at"),
    _check("unwatched", "open leads without any alarm: nobody would notice if they were forgotten", 10 * _SECOND,
           "SELECT l.id FROM leads l WHERE closed_at IS NULL AND status IN ('new', 'ringing', 'waiting', 'offered', 'accepted') "
           "AND changed_at < :before AND NOT EXISTS (SELECT FROM alarms a WHERE a.lead_id = l.id AND a.armed)"),
    _check("ownerless", "leads that are offered or accepted, by nobody", 10 * _SECOND,
           "SELECT id FROM leads WHERE closed_at IS NULL AND status IN ('offered', 'accepted') AND holders = '{}' "
           "AND changed_at < :before"),
    _check("unacknowledged", "leads just decided whose acknowledgement was lost between the decision and the queue", 10 * _SECOND,
           "SELECT l.id FROM leads l WHERE l.arrived_at < :before AND l.arrived_at > CAST(:before AS timestamptz) - interval '90 s' "
           "AND l.closed_at IS NULL AND l.state -> 'acked_on' ->> 0 IS NOT NULL "
           "AND NOT EXISTS (SELECT FROM outbox o WHERE o.lead_id = l.id AND o.purpose = 'ack') "
           "AND NOT EXISTS (SELECT FROM steps s WHERE s.lead_id = l.id AND s.event = 'LeadsJoined')"),
    _check("owners", "leads of which owner and holders say different things: two could think that it is theirs", 10 * _SECOND,
           "SELECT id FROM leads WHERE closed_at IS NULL AND changed_at < :before AND ("
           "status IN ('accepted', 'responded') AND (owner IS NULL OR holders <> '{}' AND holders <> ARRAY[owner]) "
           "OR status IN ('offered', 'ringing') AND owner IS NOT NULL OR status = 'waiting' AND (owner IS NOT NULL OR holders <> '{}'))"),
    _check("unsent", "messages that nobody has taken for 30 s", 30 * _SECOND,
           "SELECT id FROM outbox WHERE state = 'pending' AND not_before < :before ORDER BY not_before"),
    _check("leases", "messages whose sender vanished and which nobody has looked after", 5 * _SECOND,
           "SELECT id FROM outbox WHERE state IN ('claimed', 'sending') AND lease_until < :before"),
    _check("in_doubt", "messages of which nobody has known for 10 min whether they went out", 10 * _MINUTE,
           "SELECT id FROM outbox WHERE state = 'ambiguous' AND ambiguous_at < :before"),
    _check("unacted", "failed messages that nobody has acted on", 30 * _SECOND,
           "SELECT message_id AS id FROM receipts WHERE applied_at IS NULL AND message_id IS NOT NULL AND received_at < :before"),
    _check("no_report", "texts of which Twilio has not said for 15 min what became of them (is PUBLIC_URL reachable from outside?)",
           15 * _MINUTE,
           "SELECT id FROM outbox WHERE id > (SELECT max(id) FROM outbox) - 20000 AND state = 'sent' AND provider = 'twilio' "
           "AND sent_at < :before AND sent_at > CAST(:now AS timestamptz) - interval '2 hours'"),
    _check("events", "events that nobody has delivered or put off for 5 min although their endpoint is on", 5 * _MINUTE,
           "SELECT d.id FROM dispatches d JOIN endpoints e ON e.id = d.endpoint AND e.enabled AND e.disabled_at IS NULL "
           "AND coalesce(e.open_until, :now) <= :now WHERE d.state = 'pending' AND d.not_before < :before "
           "UNION ALL SELECT id FROM dispatches WHERE state = 'sending' AND lease_until < :before"),
    _check("clock", "the clock process has not ticked for 10 s: without it no alarm rings", 10 * _SECOND,
           "SELECT name AS id FROM beats WHERE name = 'clock' AND at < :before"),
    _check("bloat", "tables with more dead rows than living ones: autovacuum cannot keep up", 0 * _SECOND,
           "SELECT relname AS id FROM pg_stat_user_tables WHERE n_dead_tup > 50000 AND n_dead_tup > n_live_tup"),
)  # fmt: skip

_ASLEEP = text("""
SELECT p.id FROM pools p WHERE EXISTS (SELECT FROM leads l WHERE l.pool = p.id AND l.status = 'waiting')
  AND EXISTS (SELECT FROM seats s WHERE s.pool = p.id AND s.free) ORDER BY p.id
""")
_DRIFTED_SEATS = text("""
SELECT DISTINCT s.rep FROM seats s JOIN reps r ON r.id = s.rep
WHERE s.last_assigned_at IS DISTINCT FROM r.last_assigned_at
   OR s.free <> (r.in_team AND r.absence IS NULL AND (r.cap_open IS NULL OR r.open < r.cap_open)
      AND (r.cap_unanswered IS NULL OR r.unanswered < r.cap_unanswered) AND (r.cap_today IS NULL OR r.today < r.cap_today))
ORDER BY s.rep LIMIT :most
""")
_MEND = text(
    """
    WITH held AS (
        SELECT rep, count(*) AS open, count(*) FILTER (WHERE status <> 'responded') AS unanswered
        FROM leads, unnest(holders) AS rep
        WHERE closed_at IS NULL AND status IN ('ringing', 'offered', 'accepted', 'responded') GROUP BY rep
    ),
    wrong AS (
        SELECT r.id, r.open AS was_open, r.unanswered AS was_unanswered, coalesce(h.open, 0) AS open, coalesce(h.unanswered, 0) AS unanswered
        FROM reps r LEFT JOIN held h ON h.rep = r.id
        WHERE r.open <> coalesce(h.open, 0) OR r.unanswered <> coalesce(h.unanswered, 0)
    )
    UPDATE reps SET open = wrong.open, unanswered = wrong.unanswered, duty_changes_at = least(reps.duty_changes_at, :now)
    FROM wrong WHERE reps.id = wrong.id
    RETURNING reps.id, wrong.was_open, wrong.open, wrong.was_unanswered, wrong.unanswered
    """
)
