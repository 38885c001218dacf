"""What became of the leads of some days, as they stand now: answered, reported by the rep, and told by the CRM.

Of leads that arrived in the span; without tests, and without those that went into another one. Each lead counts once, under its newest
stage. Rows of sources, campaigns and reps are at most MOST; the rest is told as one row, "others".
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from routing.conversion import BOUNDS, Speed, curve
from store.reports import COUNTED, Row, look_up

MOST = 100
WAYS = {  # what leads are put together by -> where it stands
    "source": "source",
    "campaign": "coalesce(nullif(content -> 'utm' ->> 'campaign', ''), nullif(content -> 'campaign' ->> 'name', ''),"
    " nullif(content -> 'campaign' ->> 'id', ''))",
    "rep": "owner",
}
FIGURES = ("leads", "answered", "talked", "not_now", "bad_number", "qualified", "won", "lost")


@dataclass(frozen=True, slots=True)
class Days:
    """From an instant to another one, which is not in it."""

    since: datetime
    until: datetime


def by(engine: Engine, way: str, days: Days) -> list[Row]:
    """`name` (None: it has none, or nobody has it) with FIGURES and `stage_at`, the newest stage's instant; most leads first."""
    rows = look_up(engine, _BY.format(key=WAYS[way]), {"since": days.since, "until": days.until, "most": MOST})
    return [{name: row[name] for name in ("name", "is_rest", *FIGURES, "stage_at")} for row in rows]


def total(engine: Engine, days: Days) -> Row:
    """FIGURES and `stage_at` of all of them."""
    return look_up(engine, _TOTAL, {"since": days.since, "until": days.until})[0]


def speeds(engine: Engine, days: Days) -> list[Speed]:
    """By how soon a human answered (not counted in business hours: the person's wait), for all and for each source."""
    bounds = [bound.total_seconds() for bound in BOUNDS]
    found = look_up(engine, _SPEEDS, {"since": days.since, "until": days.until, "bounds": bounds, "never": len(bounds) + 1})
    return curve({(row["source"], row["bucket"]): (row["leads"], row["qualified"], row["won"]) for row in found})


def newest(engine: Engine, days: Days, *, most: int = 50) -> list[Row]:
    """The leads whose stage is known, the newest stage first: code, source, campaign, owner, stage, stage_at, arrived_at."""
    return look_up(engine, _NEWEST, {"since": days.since, "until": days.until, "most": most})


_THEIRS = f"""
    SELECT *, state ->> 'outcome' AS outcome, state ->> 'stage' AS stage, CAST(state ->> 'stage_at' AS timestamptz) AS stage_at
    FROM leads WHERE arrived_at >= :since AND arrived_at < :until AND {COUNTED}
"""
_COUNTS = """
    count(*) AS leads, count(responded_at) AS answered,
    count(*) FILTER (WHERE outcome = 'talked') AS talked, count(*) FILTER (WHERE outcome = 'not_now') AS not_now,
    count(*) FILTER (WHERE outcome = 'bad_number') AS bad_number, count(*) FILTER (WHERE stage = 'qualified') AS qualified,
    count(*) FILTER (WHERE stage = 'won') AS won, count(*) FILTER (WHERE stage = 'lost') AS lost, max(stage_at) AS stage_at
"""
_TOTAL = f"SELECT {_COUNTS} FROM ({_THEIRS}) AS theirs"
_BY = f"""
    WITH theirs AS ({_THEIRS}), named AS (SELECT {{key}} AS name, theirs.* FROM theirs),
    first AS (SELECT name FROM named GROUP BY name ORDER BY count(*) DESC, name NULLS LAST LIMIT :most)
    SELECT CASE WHEN f.is_first THEN n.name END AS name, NOT f.is_first AS is_rest, {_COUNTS}
    FROM named n CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM first WHERE first.name IS NOT DISTINCT FROM n.name) AS is_first) AS f
    GROUP BY 1, 2 ORDER BY is_rest, leads DESC, name NULLS LAST
"""
_SPEEDS = f"""
    SELECT source, CASE WHEN responded_at IS NULL THEN :never
      ELSE width_bucket(CAST(extract(epoch FROM greatest(responded_at - arrived_at, interval '0')) AS double precision), CAST(:bounds AS double precision[])) END AS bucket,
      count(*) AS leads, count(*) FILTER (WHERE stage IN ('qualified', 'won')) AS qualified, count(*) FILTER (WHERE stage = 'won') AS won
    FROM ({_THEIRS}) AS theirs GROUP BY 1, 2
"""
_NEWEST = f"""
    SELECT code, source, {WAYS["campaign"]} AS campaign, owner, stage, stage_at, arrived_at FROM ({_THEIRS}) AS theirs
    WHERE stage IS NOT NULL ORDER BY stage_at DESC NULLS LAST, id DESC LIMIT :most
"""
