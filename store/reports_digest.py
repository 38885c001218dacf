"""The figures of a pool's day: each thing is counted in the span in which it happened, so in one digest and no other.

A lead is new when it arrived, answered when a human responded, and late when its promise was broken, whenever it arrived. Without test
leads and those that went into another one, like the figures of the pages.
"""

from datetime import datetime, timedelta

from sqlalchemy import Engine

from routing.conversion import STAGES
from routing.digest import Figures, Span
from store.reports import COUNTED, look_up

LOOK_BACK = timedelta(days=60)  # how old a lead may be that is answered; bounds the scan of ix_leads_arrived
STAGE_LOOK_BACK = timedelta(days=400)  # a deal takes its time

_THEIRS = f"""
    SELECT *, coalesce(breached_at, CASE WHEN responded_at > response_due_at THEN response_due_at END) AS late_at FROM leads
    WHERE pool = :pool AND arrived_at >= :earliest AND arrived_at < :until AND {COUNTED}
"""
_HAPPENED = f"""
    SELECT count(*) FILTER (WHERE arrived_at >= :since) AS leads,
           count(*) FILTER (WHERE responded_at >= :since AND responded_at < :until) AS answered,
           count(*) FILTER (WHERE responded_at >= :since AND responded_at < :until AND responded_at <= coalesce(response_due_at, responded_at)) AS on_time,
           count(*) FILTER (WHERE late_at >= :since AND late_at < :until) AS breaches,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM responded_at - arrived_at))
             FILTER (WHERE responded_at >= :since AND responded_at < :until) AS median
    FROM ({_THEIRS}) AS theirs
"""
_CAUSES = f"""
    SELECT state ->> 'cause' AS cause, count(*) AS n FROM ({_THEIRS}) AS theirs
    WHERE late_at >= :since AND late_at < :until AND state ->> 'cause' IS NOT NULL GROUP BY 1
"""
# told in the span, and still the newest
_STAGES = f"""
    SELECT state ->> 'stage' AS stage, count(*) AS n FROM leads l
    WHERE pool = :pool AND arrived_at >= :earliest AND changed_at >= :since AND state ? 'stage' AND {COUNTED} AND EXISTS (
      SELECT FROM steps s WHERE s.lead_id = l.id AND s.event = 'StageReported' AND s.at >= :since AND s.at < :until
        AND s.data ->> 'stage' = l.state ->> 'stage')
    GROUP BY 1
"""
_WAITING = f"""
    SELECT count(*) AS waiting, min(arrived_at) AS since FROM leads
    WHERE pool = :pool AND closed_at IS NULL AND status IN ('new', 'ringing', 'waiting', 'offered', 'accepted') AND {COUNTED}
"""


def of_pool(engine: Engine, pool: str, span: Span, now: datetime) -> Figures:
    """What happened in the span, and who waits at `now`."""
    within = {"pool": pool, "since": span.since, "until": span.until, "earliest": span.since - LOOK_BACK}
    happened = look_up(engine, _HAPPENED, within)[0]
    waiting = look_up(engine, _WAITING, {"pool": pool})[0]
    told = {row["stage"]: row["n"] for row in look_up(engine, _STAGES, {**within, "earliest": span.since - STAGE_LOOK_BACK})}
    median = happened.pop("median")
    return Figures(
        **happened,
        median=None if median is None else timedelta(seconds=float(median)),
        causes={row["cause"]: row["n"] for row in look_up(engine, _CAUSES, within)},
        waiting=waiting["waiting"],
        longest=now - waiting["since"] if waiting["since"] else None,
        stages={stage: told[stage] for stage in STAGES if stage in told},
    )
