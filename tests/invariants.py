"""What must hold after every commit, read from the database as an outsider would: counts, caps, alarms, owners."""

from sqlalchemy import Engine, text

# the reps' counters against the leads that hold their room
DRIFT = text("""
SELECT r.id, r.open, r.unanswered, coalesce(h.open, 0) AS really_open, coalesce(h.unanswered, 0) AS really_unanswered
FROM reps r LEFT JOIN (
  SELECT rep, count(*) AS open, count(*) FILTER (WHERE status <> 'responded') AS unanswered
  FROM leads, unnest(holders) AS rep WHERE closed_at IS NULL AND status IN ('offered', 'ringing', 'accepted', 'responded')
  GROUP BY rep) h ON h.rep = r.id
WHERE r.open <> coalesce(h.open, 0) OR r.unanswered <> coalesce(h.unanswered, 0)
""")
FORGOTTEN = text("""
SELECT code, status FROM leads l WHERE closed_at IS NULL AND status <> 'quarantined'
  AND NOT EXISTS (SELECT 1 FROM alarms a WHERE a.lead_id = l.id AND a.armed)
""")
OVERFULL = text("""
SELECT id, open, cap_open, unanswered, cap_unanswered, today, cap_today FROM reps
WHERE open > cap_open OR unanswered > cap_unanswered OR today > cap_today
""")
TWO_MINDS = text("""
SELECT code, status, owner, holders FROM leads
WHERE (status IN ('accepted', 'responded') AND (owner IS NULL OR holders <> ARRAY[owner]))
   OR (status IN ('offered', 'ringing') AND (owner IS NOT NULL OR cardinality(holders) = 0))
   OR (status IN ('waiting', 'closed', 'quarantined', 'new') AND cardinality(holders) > 0)
   OR (status IN ('waiting') AND owner IS NOT NULL)
   OR status <> coalesce(state ->> 'status', 'new') OR owner IS DISTINCT FROM state ->> 'owner'
""")
SEATS = text("""
SELECT s.pool, s.rep, s.load, s.free FROM seats s JOIN reps r ON r.id = s.rep
WHERE s.last_assigned_at IS DISTINCT FROM r.last_assigned_at OR s.next_credit <> s.credit + s.weight
   OR s.free <> (r.in_team AND r.absence IS NULL AND r.open < coalesce(r.cap_open, 1000000)
      AND r.unanswered < coalesce(r.cap_unanswered, 1000000) AND r.today < coalesce(r.cap_today, 1000000))
""")
STRANDED = text("""
SELECT l.code, s.rep, s.pool FROM leads l JOIN seats s ON s.pool = l.pool AND s.free
WHERE l.status = 'waiting' AND l.state -> 'hold_for' IS NULL AND l.needs <@ s.skills
  AND NOT coalesce(l.state -> 'declined_by', '[]') ? s.rep
""")
CHECKS = {
    "counters have drifted from the leads": DRIFT,
    "open leads without an armed alarm": FORGOTTEN,
    "leads whose columns, owner and holders disagree": TWO_MINDS,
    "seats that do not say what their rep's row says": SEATS,
}


def broken(engine: Engine, *, over_caps_allowed: bool = False) -> list[str]:
    """Every invariant that does not hold, with the rows that break it. A manager's own hand may go over a cap."""
    checks = CHECKS if over_caps_allowed else {**CHECKS, "reps above a cap": OVERFULL}
    with engine.connect() as db:
        found = {name: [tuple(row) for row in db.execute(query)] for name, query in checks.items()}
    return [f"{name}: {rows}" for name, rows in found.items() if rows]


def stranded(engine: Engine) -> list[str]:
    """Leads that wait although somebody in their pool who may take them has room."""
    with engine.connect() as db:
        return [f"{row.code} waits, {row.rep} has room in {row.pool}" for row in db.execute(STRANDED)]
