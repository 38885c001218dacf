"""Numbers for machines: one reading of every queue, for /metrics. What looks back does so by an index, however much there is."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from store.reports import Row, look_up

_BY_LABEL = {
    "leads": "SELECT status AS label, count(*) AS n FROM leads WHERE closed_at IS NULL GROUP BY 1",
    "queued": "SELECT state AS label, count(*) AS n FROM outbox WHERE state IN ('pending', 'claimed', 'sending', 'ambiguous') GROUP BY 1",
    "sends": """
        SELECT o.channel || '/' || o.state AS label, count(*) AS n FROM leads l JOIN outbox o ON o.lead_id = l.id
        WHERE l.arrived_at >= :day_ago GROUP BY 1""",
    "breaches": """
        SELECT coalesce(state ->> 'cause', 'unknown') AS label, count(*) AS n FROM leads
        WHERE arrived_at >= :day_ago AND breached_at IS NOT NULL AND NOT is_test GROUP BY 1""",
    "events": "SELECT endpoint || '/' || state AS label, count(*) AS n FROM dispatches WHERE state IN ('pending', 'sending', 'dead') GROUP BY 1",
    "beats": "SELECT name AS label, extract(epoch FROM :now - at) AS n FROM beats",
    "breakers": "SELECT provider AS label, CASE state WHEN 'closed' THEN 0 WHEN 'throttled' THEN 1 ELSE 2 END AS n FROM breakers",
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
           (SELECT count(*) FROM reps WHERE in_team AND absence IS NULL) AS reps_on_duty,
           (SELECT max(late_by) FROM (SELECT at, late_by FROM steps ORDER BY id DESC LIMIT 5000) s WHERE at >= :short_ago) AS alarm_lateness
"""
_ACKNOWLEDGED = """
    SELECT count(*) AS arrived, count(acked_at) AS acknowledged,
           percentile_cont(CAST(:shares AS double precision[])) WITHIN GROUP (ORDER BY extract(epoch FROM acked_at - arrived_at)) AS seconds
    FROM leads WHERE arrived_at >= :while_ago AND NOT is_test
"""
SHARES = (0.5, 0.95, 0.99)
SHORT, WHILE, DAY = timedelta(minutes=5), timedelta(minutes=15), timedelta(days=1)


def by_label(engine: Engine, now: datetime) -> dict[str, dict[str, float]]:
    """leads by status, queued messages by state, seconds since each beat, breakers (0 closed, 1 throttled, 2 open).

    Of the leads of the last day: messages by "channel/state", broken promises by cause. Events by "endpoint/state".
    """
    values = {"now": now, "day_ago": now - DAY}
    return {
        name: {row["label"]: float(row["n"]) for row in look_up(engine, sql, _named(sql, values))}
        for name, sql in _BY_LABEL.items()
    }


def single(engine: Engine, now: datetime) -> Row:
    """Ages in seconds (0 when nothing waits) and counts; alarm_lateness is the most of the last 5 minutes."""
    return {
        name: float(value or 0) for name, value in look_up(engine, _SINGLE, {"now": now, "short_ago": now - SHORT})[0].items()
    }


def acknowledged(engine: Engine, now: datetime) -> Row:
    """Of the leads of the last 15 minutes: how many arrived, how many were acknowledged, and the seconds in between at each of SHARES."""
    found = look_up(engine, _ACKNOWLEDGED, {"while_ago": now - WHILE, "shares": list(SHARES)})[0]
    return {**found, "seconds": dict(zip(SHARES, found["seconds"] or (), strict=False))}


def _named(sql: str, values: dict[str, datetime]) -> dict[str, datetime]:
    return {name: value for name, value in values.items() if f":{name}" in sql}
