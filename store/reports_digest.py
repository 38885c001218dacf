"""The figures of a pool's day, counted as on the pages: without test leads, late by the promise that each lead arrived under."""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from routing.digest import Figures, Span
from store.reports import COUNTED, look_up

_ARRIVED = f"""
    SELECT count(*) AS leads, count(responded_at) AS answered,
           count(*) FILTER (WHERE responded_at <= coalesce(response_due_at, responded_at)) AS on_time,
           count(*) FILTER (WHERE responded_at > response_due_at
                            OR (responded_at IS NULL AND response_due_at < :now AND status NOT IN ('quarantined', 'closed'))) AS breaches,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM responded_at - arrived_at)) AS median
    FROM leads WHERE pool = :pool AND arrived_at >= :since AND arrived_at < :until AND {COUNTED}
"""
_CAUSES = f"""
    SELECT state ->> 'cause' AS cause, count(*) AS n FROM leads
    WHERE pool = :pool AND arrived_at >= :since AND arrived_at < :until AND {COUNTED} AND breached_at IS NOT NULL
      AND state ->> 'cause' IS NOT NULL GROUP BY 1
"""
_WAITING = """
    SELECT count(*) AS waiting, min(arrived_at) AS since FROM leads
    WHERE pool = :pool AND closed_at IS NULL AND status IN ('new', 'ringing', 'waiting', 'offered', 'accepted') AND NOT is_test
"""


def of_pool(engine: Engine, pool: str, span: Span, now: datetime) -> Figures:
    """What happened to the leads that arrived in the span, and who waits at `now`."""
    within = {"pool": pool, "since": span.since, "until": span.until}
    arrived = look_up(engine, _ARRIVED, {**within, "now": now})[0]
    waiting = look_up(engine, _WAITING, {"pool": pool})[0]
    median = arrived.pop("median")
    return Figures(
        **arrived,
        median=None if median is None else timedelta(seconds=float(median)),
        causes={row["cause"]: row["n"] for row in look_up(engine, _CAUSES, within)},
        waiting=waiting["waiting"],
        longest=now - waiting["since"] if waiting["since"] else None,
    )
