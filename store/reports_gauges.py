"""Numbers for machines: one reading of every queue, for /metrics."""

from datetime import datetime

from sqlalchemy import Engine

from store.reports import Row, look_up

_BY_LABEL = {
    "leads": "SELECT status AS label, count(*) AS n FROM leads WHERE closed_at IS NULL GROUP BY 1",
    "queued": "SELECT state AS label, count(*) AS n FROM outbox WHERE state IN ('pending', 'claimed', 'sending', 'ambiguous') GROUP BY 1",
    "sends": "SELECT channel || '/' || state AS label, count(*) AS n FROM outbox GROUP BY 1",
    "events": "SELECT endpoint || '/' || state AS label, count(*) AS n FROM dispatches WHERE state IN ('pending', 'sending', 'dead') GROUP BY 1",
    "beats": "SELECT name AS label, extract(epoch FROM :now - at) AS n FROM beats",
    "breakers": "SELECT provider AS label, CASE state WHEN 'closed' THEN 0 WHEN 'open' THEN 2 ELSE 1 END AS n FROM breakers",
}
_SINGLE = """
    SELECT (SELECT extract(epoch FROM :now - min(arrived_at)) FROM leads WHERE closed_at IS NULL
              AND status IN ('new', 'ringing', 'waiting', 'offered', 'accepted')) AS waiting_age,
           (SELECT count(*) FROM leads WHERE closed_at IS NULL AND response_due_at < :now
              AND status IN ('new', 'ringing', 'waiting', 'offered', 'accepted')) AS late_leads,
           (SELECT extract(epoch FROM :now - min(not_before)) FROM outbox WHERE state = 'pending' AND not_before <= :now) AS outbox_age,
           (SELECT count(*) FROM alarms WHERE armed) AS alarms_armed,
           (SELECT count(*) FROM alarms WHERE armed AND due_at < :now - interval '2 seconds') AS alarms_late,
           (SELECT count(*) FROM inbox WHERE done_at IS NULL) AS inbox_waiting,
           (SELECT extract(epoch FROM :now - min(received_at)) FROM inbox WHERE done_at IS NULL) AS inbox_age,
           (SELECT count(*) FROM notices WHERE over_at IS NULL) AS notices,
           (SELECT count(*) FROM reps WHERE in_team AND absence IS NULL) AS reps_on_duty
"""


def by_label(engine: Engine, now: datetime) -> dict[str, dict[str, float]]:
    """leads by status, queued messages by state, sends by "channel/state", events by "endpoint/state", seconds since each beat, breakers (0 closed, 2 open)."""
    return {
        name: {row["label"]: float(row["n"]) for row in look_up(engine, sql, {"now": now} if ":now" in sql else {})}
        for name, sql in _BY_LABEL.items()
    }


def single(engine: Engine, now: datetime) -> Row:
    """Ages in seconds (0 when nothing waits) and counts."""
    return {name: float(value or 0) for name, value in look_up(engine, _SINGLE, {"now": now})[0].items()}
