"""The lives of the leads of a span, as the report on speed looks at them."""

from datetime import datetime

from sqlalchemy import Engine

from routing.hours import ALWAYS
from routing.instants import Lived
from routing.team import Team
from store.reports import look_up

MOST = 20_000  # the newest leads of the span: their working time is counted one by one

# an answer at once is an attempt too: the first human try; what was folded into another lead is counted there
_LIVES = """
    SELECT sla, arrived_at, response_due_at, closed_at IS NULL AS is_open, acked_at, least(attempted_at, responded_at) AS attempted_at,
           responded_at, CAST(state ->> 'contacted_at' AS timestamptz) AS contacted_at, state ->> 'response_how' = 'reported' AS is_reported
    FROM leads
    WHERE arrived_at >= :since AND arrived_at < :until AND NOT is_test AND status <> 'quarantined'
      AND coalesce(state ->> 'outcome', '') NOT IN ('merged', 'erased') AND (CAST(:pool AS text) IS NULL OR pool = :pool)
    ORDER BY arrived_at DESC LIMIT :most
"""


def lives(engine: Engine, team: Team, *, since: datetime, until: datetime, pool: str | None = None) -> list[Lived]:
    """Leads that arrived in [since, until), test leads, unreachable and folded ones left out."""
    asked = {"since": since, "until": until, "pool": pool, "most": MOST}
    return [
        Lived(
            arrived_at=row["arrived_at"], due_at=row["response_due_at"], is_open=row["is_open"], is_reported=bool(row["is_reported"]),
            calendar=team.slas[row["sla"]].calendar if row["sla"] in team.slas else ALWAYS,
            instants=(row["acked_at"], row["attempted_at"], row["responded_at"], row["contacted_at"]),
        )
        for row in look_up(engine, _LIVES, asked)
    ]  # fmt: skip
