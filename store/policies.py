"""The team file in force, its earlier versions, and what it means for reps, seats and pools."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from config import teamfile
from config.settings import Settings
from routing.team import Team
from store import announcements, duty
from store.batch import wake
from store.book import NoTeam, at, current, look_again, open_book, text_of
from store.retrying import in_turn
from store.saving import rows

ADD = text("INSERT INTO policies (body, digest, applied_at, applied_by) VALUES (:body, :digest, :now, :by) RETURNING version")

__all__ = ["NoTeam", "apply", "at", "current", "open_book", "text_of"]


def apply(engine: Engine, body: str, settings: Settings, now: datetime, by: str) -> int:
    """Put a team file in force and return its version; the same text again changes nothing.

    Raises TeamFileError with every problem, and then the running version stays.
    """
    open_book(engine, settings)
    team = teamfile.load(body, settings=settings)
    version = in_turn(engine, lambda db: put_in_force(db, body, team, now=now, by=by))
    look_again(engine)
    duty.turn(engine, now, limit=len(team.reps))
    duty.give_back_of_gone(engine, now)
    wake(engine, sorted(team.pools), now)
    return version


def put_in_force(db: Connection, body: str, team: Team, *, now: datetime, by: str) -> int:
    """A new version, unless the newest has the same text. Who is on duty under it is worked out at once."""
    db.execute(text("SELECT pg_advisory_xact_lock(7261302)"))
    digest = hashlib.sha256(body.encode()).hexdigest()
    newest = db.execute(text("SELECT version, digest FROM policies ORDER BY version DESC LIMIT 1")).one_or_none()
    if newest is not None and newest.digest == digest:
        return int(newest.version)
    version = db.execute(ADD, {"body": body, "digest": digest, "now": now, "by": by}).scalar_one()
    seat(db, team, now)
    announcements.enroll(db, team)
    duty.refresh(db, team, list(team.reps), now)  # who must give leads back stays due: `apply` or the clock sees to them
    db.execute(text("ANALYZE reps, seats"))  # else the planner takes a new pool of 10,000 for a small one and sorts it each time
    return int(version)


def seat(db: Connection, team: Team, now: datetime) -> None:
    """Pools, reps and seats as the team file names them. A rep who left keeps their row: leads still name it.

    All reps are locked in the order of their ids, as every batch locks those it changes, and the seats after them.
    """
    db.execute(
        text("INSERT INTO pools (id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"), {"ids": list(team.pools)}
    )
    db.execute(text("INSERT INTO reps (id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING"), {"ids": list(team.reps)})
    db.execute(text("SELECT id FROM reps ORDER BY id FOR UPDATE"))
    db.execute(text("UPDATE reps SET in_team = id = ANY(:ids), duty_changes_at = :now"), {"ids": list(team.reps), "now": now})
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
