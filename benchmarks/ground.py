"""What the benchmarks stand on: a durable PostgreSQL of their own in a temporary folder, gone afterwards."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.team import SECRET
from config import clock
from config.settings import Settings
from console.embedded import Postgres
from store import policies, schema
from store.engine import Engine, connect


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a fresh server with the product's own settings; its data are on disk and synced as in production."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-bench-"))
    server = Postgres(folder)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(server: str, name: str) -> Iterator[str]:
    """A migrated database, dropped afterwards."""
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"')
    url = server.rpartition("/")[0] + f"/{name}"
    try:
        schema.migrate(url)
        yield url
    finally:
        with psycopg.connect(server, autocommit=True) as db:
            db.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def firm(url: str, team: str, environ: Mapping[str, str] | None = None) -> Iterator[tuple[Engine, Settings]]:
    """An engine on a database in which the team file is in force."""
    settings = settings_for(url, environ)
    engine = connect(url, role="worker", size=4, statement_timeout_ms=600_000)
    try:
        policies.apply(engine, team, settings, clock.now(), by="benchmark")
        yield engine, settings
    finally:
        engine.dispose()


def settings_for(url: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a process on that database; nothing is read from this machine's environment."""
    values = {"DATABASE_URL": url, "SECRET_KEY": "benchmark" * 4, "BENCH_SECRET": SECRET, **(environ or {})}
    return Settings.read(values, None, role="cli")


def version_of(server: str) -> str:
    """PostgreSQL's version in words."""
    with psycopg.connect(server) as db:
        return str(db.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]
