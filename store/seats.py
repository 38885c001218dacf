"""The questions for a pool's seats, in the strategy's order, and what a row of them is."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, TextClause, text

from routing import strategies
from routing.model import Seat
from routing.strategies.order import Direction, key
from routing.team import Team

NULLABLE = frozenset({"last_assigned_at"})
SHORTLIST = 64
Edge = tuple[float, ...] | None  # the order's key of the last seat loaded; None when all are

SEATS = """
SELECT r.id AS rep, coalesce(s.name, r.id) AS name, coalesce(s.rank, 0) AS rank, coalesce(s.weight, 1) AS weight,
       coalesce(s.skills, '{}') AS skills, coalesce(s.credit, 0) AS credit, coalesce(s.served, 0) AS served, s.last_assigned_at,
       r.open, r.unanswered, r.today, r.cap_open, r.cap_unanswered, r.cap_today, r.absence, r.back_at, r.lapses
"""
MEMBERS = SEATS + "FROM seats s JOIN reps r ON r.id = s.rep WHERE s.pool = :pool AND r.in_team "
NAMED = text(SEATS + "FROM reps r LEFT JOIN seats s ON s.rep = r.id AND s.pool = :pool WHERE r.id = ANY(:names)")
HEADING = text("""
SELECT (SELECT count(*) FROM (SELECT 1 FROM leads WHERE pool = :pool AND status = 'waiting' LIMIT :most) AS queue) AS waiting,
       (SELECT tally FROM pools WHERE id = :pool) AS tally,
       (SELECT opens_at FROM pools WHERE id = :pool) AS opens_at
""")


def order_by(strategy: str) -> str:
    """The strategy's order as SQL; the columns are those of `seats`, never a user's text.

    Letter by letter that of the indexes: NULLS FIRST on a column that is never null would sort the whole pool anew.
    """
    words = {Direction.ASC: "ASC", Direction.DESC: "DESC"}
    nulls = {Direction.ASC: " NULLS FIRST", Direction.DESC: " NULLS LAST"}
    order = strategies.get(strategy).order
    return ", ".join(f"s.{column} {words[way]}{nulls[way] if column in NULLABLE else ''}" for column, way in order)


@cache
def members(which: str) -> TextClause:
    """The seats of a pool in the team, under one more condition of ours."""
    return text(MEMBERS + which)


def next_best(strategy: str) -> str:
    """The next best free seats with some skills, beyond those known."""
    skilled = "s.skills @> CAST(:needs AS text[]) AND s.rep <> ALL(CAST(:known AS text[]))"
    return f"AND s.free AND {skilled} ORDER BY {order_by(strategy)} LIMIT :most"


def edge_of(loaded: Sequence[Seat], strategy: str) -> Edge:
    """How far a shortlist reaches; None when it holds all there are."""
    return key(loaded[-1], strategies.get(strategy).order) if len(loaded) == SHORTLIST else None


def seat_of(row: Mapping[str, Any] | RowMapping, team: Team) -> Seat:
    """A seat as decisions see it; how to reach the rep comes from the team file."""
    person = team.reps.get(row["rep"])
    return Seat(
        rep=row["rep"], name=person.name if person else row["name"], rank=row["rank"], weight=row["weight"],
        skills=frozenset(row["skills"]), open=row["open"], unanswered=row["unanswered"], today=row["today"],
        cap_open=row["cap_open"], cap_unanswered=row["cap_unanswered"], cap_today=row["cap_today"], absence=row["absence"],
        back_at=row["back_at"], last_assigned_at=row["last_assigned_at"], credit=row["credit"], served=row["served"],
        lapses=row["lapses"], phone=person.phone if person else None, email=person.email if person else None,
    )  # fmt: skip
