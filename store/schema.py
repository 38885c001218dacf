"""Bring a database to the newest schema. Old code keeps running meanwhile: changes are expand first, contract later."""

import time
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

HERE = Path(__file__).parent / "migrations"
TRIES, PAUSE = 30, 1.0  # a migration gives way after 1 s (migrations/env.py) and tries again 1 s later: a minute in all
GAVE_WAY = frozenset({"55P03", "40P01"})  # a lock not had in time, a deadlock


def migrate(url: str, *, to: str = "head", wait: Callable[[float], None] = time.sleep) -> None:
    """Run every migration that is missing, up to the version `to`. One that cannot have its locks gives way and tries again.

    Raises sqlalchemy.exc.OperationalError when the database cannot be reached, or a lock cannot be had for a minute.
    """
    for tried in range(1, TRIES + 1):
        try:
            command.upgrade(_config(url), to)
            return
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in GAVE_WAY or tried == TRIES:
                raise
            wait(PAUSE)


def leave_a_gap(url: str) -> None:
    """After a restore: numbers that were given out since the backup are not given out again.

    Reps text with the codes of leads, and a provider's report names the message that it is about.
    """
    engine = create_engine(normal(url))
    try:
        with engine.begin() as db:
            db.execute(_LEAVE_A_GAP)
    finally:
        engine.dispose()


_LEAVE_A_GAP = text(
    """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
        coalesce(last_value, start_value) + CASE WHEN sequencename = 'lead_numbers' THEN 10000 ELSE 1000000 END)
    FROM pg_sequences WHERE schemaname = current_schema() AND sequencename NOT LIKE 'policies%'
    """
)


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["url"] = normal(url)
    return config


def normal(url: str) -> str:
    """The URL with the driver we use named in it."""
    target = make_url(url)
    if target.drivername in ("postgres", "postgresql"):
        target = target.set(drivername="postgresql+psycopg")
    return target.render_as_string(hide_password=False)


def version(url: str) -> str | None:
    """The schema version the database is at, None before the first migration."""
    engine = create_engine(normal(url))
    try:
        with engine.connect() as db:
            if db.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
                return None
            found = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return str(found) if found else None
    finally:
        engine.dispose()
