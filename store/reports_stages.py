"""What became of the leads of some days, as they stand now: answered, reported by the rep, and told by the CRM.

Of leads that arrived in the span; without tests, and without those that went into another one. Each lead counts once, under its newest
stage. Of sources, campaigns and reps the MOST with the most leads have rows of their own; the rest is one row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from routing.conversion import BOUNDS, Speed, curve
from store.reports import COUNTED, Row, look_up

MOST = 100
WAYS = {"source": "source", "campaign": "campaign", "rep": "owner"}  # what leads are put together by -> its column
FIGURES = ("leads", "answered", "talked", "not_now", "bad_number", "qualified", "won", "lost")


@dataclass(frozen=True, slots=True)
class Days:
    """From an instant to another one, which is not in it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """`total` and the rows of `by` (by WAYS) hold FIGURES and `stage_at`, the newest stage's instant; rows also `name` and `is_rest`.

    A name is None where there is none, and for the rest. `speeds`: by how soon a human answered, by the clock on the wall.
    """

    total: Row
    by: Mapping[str, list[Row]]
    speeds: list[Speed]


class TooMuch(Exception):
    """So many leads cannot be counted in the time that a question may take (5 s for pages): ask for fewer days."""


def of(engine: Engine, days: Days) -> Report:
    """One look at the leads of these days for all of it: 0.7 s for 300,000. Raises TooMuch."""
    bounds = [bound.total_seconds() for bound in BOUNDS]
    values = {"since": days.since, "until": days.until, "bounds": bounds, "never": len(bounds) + 1}
    groups = _ask(engine, _GROUPS, values)
    mine = {way: [row for row in groups if row["kind"] == way] for way in (*WAYS, "speed", "total")}
    counts = {(row["source"], row["bucket"]): (row["leads"], row["qualified"] + row["won"], row["won"]) for row in mine["speed"]}
    by = {way: _first_and_rest([_figures(row, row[column]) for row in mine[way]]) for way, column in WAYS.items()}
    return Report(_figures(mine["total"][0], None), by, curve(counts))


def newest(engine: Engine, days: Days, *, most: int = 50) -> list[Row]:
    """Leads whose stage is known, the newest stage first: code, source, campaign, owner, stage, stage_at, arrived_at. Raises TooMuch."""
    return _ask(engine, _NEWEST, {"since": days.since, "until": days.until, "most": most})


def _ask(engine: Engine, sql: str, values: Mapping[str, object]) -> list[Row]:
    try:
        return look_up(engine, sql, values)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "57014":
            raise TooMuch from error
        raise


def _figures(row: Row, name: str | None) -> Row:
    return {"name": name, "is_rest": False, **{figure: row[figure] for figure in (*FIGURES, "stage_at")}}


def _first_and_rest(rows: list[Row]) -> list[Row]:
    """Most leads first, then by name; what is beyond MOST as one."""
    ordered = sorted(rows, key=lambda row: (-row["leads"], row["name"] is None, row["name"] or ""))
    rest = ordered[MOST:]
    if not rest:
        return ordered
    summed = {figure: sum(row[figure] for row in rest) for figure in FIGURES}
    at = max((row["stage_at"] for row in rest if row["stage_at"]), default=None)
    return [*ordered[:MOST], {"name": None, "is_rest": True, **summed, "stage_at": at}]


_THEIRS = f"""
    SELECT id, code, source, owner, arrived_at, responded_at, state ->> 'outcome' AS outcome, state ->> 'stage' AS stage,
      CAST(state ->> 'stage_at' AS timestamptz) AS stage_at,
      coalesce(nullif(content -> 'utm' ->> 'campaign', ''), nullif(content -> 'campaign' ->> 'name', ''), nullif(content -> 'campaign' ->> 'id', '')) AS campaign
    FROM leads WHERE arrived_at >= :since AND arrived_at < :until AND {COUNTED}
"""
_GROUPS = f"""
    WITH theirs AS ({_THEIRS}), timed AS (
      SELECT *, CASE WHEN responded_at IS NULL THEN :never ELSE width_bucket(
        CAST(extract(epoch FROM greatest(responded_at - arrived_at, interval '0')) AS double precision), CAST(:bounds AS double precision[])) END AS bucket
      FROM theirs)
    SELECT source, campaign, owner, bucket,
      CASE grouping(source, campaign, owner, bucket) WHEN 7 THEN 'source' WHEN 11 THEN 'campaign' WHEN 13 THEN 'rep' WHEN 6 THEN 'speed' ELSE 'total' END AS kind,
      count(*) AS leads, count(responded_at) AS answered,
      count(*) FILTER (WHERE outcome = 'talked') AS talked, count(*) FILTER (WHERE outcome = 'not_now') AS not_now,
      count(*) FILTER (WHERE outcome = 'bad_number') AS bad_number, count(*) FILTER (WHERE stage = 'qualified') AS qualified,
      count(*) FILTER (WHERE stage = 'won') AS won, count(*) FILTER (WHERE stage = 'lost') AS lost, max(stage_at) AS stage_at
    FROM timed GROUP BY GROUPING SETS ((source), (campaign), (owner), (source, bucket), ())
"""
_NEWEST = f"""
    SELECT code, source, campaign, owner, stage, stage_at, arrived_at FROM ({_THEIRS}) AS theirs
    WHERE stage IS NOT NULL ORDER BY stage_at DESC NULLS LAST, id DESC LIMIT :most
"""
