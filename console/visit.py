"""A command's visit to the database. If it is our own and the service is down, the database is started for the visit."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config.settings import LOCAL_ENV, Settings
from console.embedded import Postgres
from console.output import Trouble
from console.processes import take_lock
from store.engine import Engine, connect


@dataclass(frozen=True, slots=True)
class Visit:
    """What a command works with."""

    settings: Settings
    engine: Engine
    url: str


@contextmanager
def visit() -> Iterator[Visit]:
    """The database by its settings, for as long as the block lasts. Raises Trouble, SettingsError or StartFailed."""
    with running_database() as (settings, url):
        engine = connect(url, role="cli", size=4, statement_timeout_ms=60_000)
        try:
            yield Visit(settings, engine, url)
        finally:
            engine.dispose()


@contextmanager
def running_database() -> Iterator[tuple[Settings, str]]:
    """The settings and the address of a database that runs: the one given, the service's own, or that started just now."""
    given = Settings.read(role="up")
    if given.database_url is None and not (given.data / LOCAL_ENV).exists():
        raise Trouble(
            f"There is no database: DATABASE_URL is not set and nothing was ever started in {given.data.resolve()}. "
            "Set DATABASE_URL, or start the service with `headroom up`, or go to the folder where you started it."
        )
    settings = Settings.read(role="cli")
    assert settings.database_url is not None
    if given.database_url is not None or is_up(given):
        yield settings, settings.database_url
        return
    server = Postgres(given.data, bin_dir=pg_bin(given))
    url = server.start()
    try:
        yield settings, url
    finally:
        server.stop()


def is_up(settings: Settings) -> bool:
    """Does `headroom up` run on these data at this moment?"""
    lock = settings.data / "run" / "up.lock"
    if not lock.exists():
        return False
    held = take_lock(lock)
    if held is None:
        return True
    held.close()
    return False


def pg_bin(settings: Settings) -> Path | None:
    """HEADROOM_PG_BIN: where PostgreSQL's programs are, if we were told."""
    chosen = settings.environ.get("HEADROOM_PG_BIN")
    return Path(chosen) if chosen else None
