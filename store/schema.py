"""Bring a database to the newest schema. Old code keeps running meanwhile: changes are expand first, contract later."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

HERE = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Run every migration that is missing. Raises sqlalchemy.exc.OperationalError when the database cannot be reached."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["url"] = normal(url)
    command.upgrade(config, "head")


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
