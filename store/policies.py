"""The team file in force, its earlier versions, and what it means for reps, seats and pools."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from config import teamfile
from config.settings import Settings
from routing.team import Team
from store import duty
from store.batch import wake
from store.book import NoTeam, at, current, look_again, open_book, text_of
from store.saving import rows

__all__ = ["NoTeam", "apply", "at", "current", "open_book", "text_of"]


def apply(engine: Engine, body: str, settings: Settings, now: datetime, by: str) -> int:
    """Put a team file in force and return its version; the same text again changes nothing.

    Raises TeamFileError with every problem, and then the running version stays.
    """
    open_book(engine, settings)
    team = teamfile.load(body, settings=settings)
    digest = hashlib.sha256(body.encode()).hexdigest()
    with engine.begin() as db:
        db.execute(text("SELECT pg_advisory_xact_lock(7261302)"))
        newest = db.execute(text("SELECT version, digest FROM policies ORDER BY version DESC LIMIT 1")).one_or_none()
        if newest is not None and newest.digest == digest:
            return int(newest.version)
        version = db.execute(
            text(
                "INSERT INTO policies (body, digest, applied_at, applied_by) VALUES (:body, :digest, :now, :by) RETURNING version"
            ),
            {"body": body, "digest": digest, "now": now, "by": by},
        ).scalar_one()
        seat(db, team)
        duty.refresh(db, team, list(team.reps), now)
    look_again(engine)
    wake(engine, sorted(team.pools), now)
    return int(version)


def seat(db: Connection, team: Team) -> None:
    """Pools, reps and seats as the team file names them. A rep who left keeps their row: leads still name it."""
    db.execute(
        text("INSERT INTO pools (id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"), {"ids": list(team.pools)}
    )
    db.execute(text("INSERT INTO reps (id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"), {"ids": list(team.reps)})
    db.execute(text("UPDATE reps SET in_team = id = ANY(:ids), duty_changes_at = NULL"), {"ids": list(team.reps)})
    seats = [
        {
            "pool": pool.id, "rep": rep.id, "name": rep.name, "rank": rank, "weight": rep.weight, "skills": sorted(rep.skills),
        }
        for pool in team.pools.values()
        for rank, rep in enumerate(team.reps[member] for member in pool.members)
    ]  # fmt: skip
    db.execute(text(DROP_SEATS), {"rows": rows(seats)})
    db.execute(text(KEEP_SEATS), {"rows": rows(seats)})


RECORDSET = (
    """jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(pool text, rep text, name text, rank int, weight int, skills text[])"""
)
DROP_SEATS = f"DELETE FROM seats WHERE (pool, rep) NOT IN (SELECT pool, rep FROM {RECORDSET})"
KEEP_SEATS = f"""
INSERT INTO seats (pool, rep, name, rank, weight, skills, next_credit)
SELECT pool, rep, name, rank, weight, skills, weight FROM {RECORDSET}
ON CONFLICT (pool, rep) DO UPDATE SET name = excluded.name, rank = excluded.rank, weight = excluded.weight,
   skills = excluded.skills, next_credit = seats.credit + excluded.weight
"""
