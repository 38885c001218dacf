"""A migration runs while the version before it works on: it only adds, and it gives way to whoever is at work.

The version before can name no other tables and columns than it knew. So its statements are tried against each newer schema.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, event, inspect, text
from sqlalchemy.engine import Engine as AnyEngine
from sqlalchemy.exc import OperationalError

from store import schema
from store.engine import connect, transaction
from tests.queue_builders import a_lead, a_message, rows

HERE = Path(schema.__file__).parent / "migrations"
VERSIONS = [found.revision for found in ScriptDirectory(str(HERE)).walk_revisions()][::-1]
STEPS = list(zip(VERSIONS, VERSIONS[1:], strict=False))


# --- the rules ---------------------------------------------------------------------------------------------------------


def faults(statements: Sequence[str]) -> list[str]:
    """The statements of one migration that the version before, or whoever is at work, could not bear."""
    said = [" ".join(statement.split()) for statement in statements]
    made = {found[1] for each in said if (found := re.match(r"CREATE TABLE (\w+)", each))}
    added = {(found[1], found[2]) for each in said if (found := re.match(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", each))}
    return [each for each in said if not is_harmless(each, made, added)]


def is_harmless(said: str, made: set[str], added: set[tuple[str, str]]) -> bool:
    """Is it about a table that nobody uses yet, or does it add what nobody has to know of?"""
    if re.match(r"CREATE TABLE|SELECT|SET|SHOW|INSERT INTO|(INSERT INTO|UPDATE) alembic_version|COMMENT ON", said):
        return True
    if found := re.match(r"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?\w+ ON (\w+)", said):
        return bool(found[1]) or found[2] in made
    if found := re.match(r"ALTER TABLE (\w+) ADD COLUMN \w+ (.*)", said):
        return found[1] in made or "NOT NULL" not in found[2] or "DEFAULT" in found[2]
    if found := re.match(r"ALTER TABLE (\w+) ADD CONSTRAINT \w+ FOREIGN KEY ?\((\w+)\)", said):
        return found[1] in made or (found[1], found[2]) in added or said.endswith("NOT VALID")
    return False


@pytest.mark.parametrize(
    "harmful",
    [
        "DROP TABLE people",
        "ALTER TABLE people DROP COLUMN zone",
        "ALTER TABLE people RENAME COLUMN zone TO place",
        "ALTER TABLE people RENAME TO persons",
        "ALTER TABLE people ADD COLUMN born DATE NOT NULL",
        "ALTER TABLE people ALTER COLUMN zone SET NOT NULL",
        "ALTER TABLE people ALTER COLUMN zone TYPE VARCHAR(10)",
        "ALTER TABLE people ADD CONSTRAINT ck CHECK (zone <> '')",
        "ALTER TABLE leads ADD CONSTRAINT fk FOREIGN KEY(owner) REFERENCES reps (id)",
        "CREATE INDEX ix ON people (zone)",
        "CREATE UNIQUE INDEX ix ON people (phone)",
        "UPDATE people SET zone = 'UTC'",
        "DELETE FROM people",
        "TRUNCATE people",
    ],
)
def test_what_the_version_before_could_not_bear_is_found(harmful):
    assert faults([harmful]) == [harmful]


@pytest.mark.parametrize(
    "harmless",
    [
        ["CREATE TABLE likes (id BIGINT)", "CREATE UNIQUE INDEX ix ON likes (id)"],
        ["CREATE INDEX CONCURRENTLY ix ON people (zone)"],
        ["ALTER TABLE people ADD COLUMN born DATE"],
        ["ALTER TABLE people ADD COLUMN is_old BOOLEAN DEFAULT false NOT NULL"],
        [
            "ALTER TABLE people ADD COLUMN twin BIGINT",
            "ALTER TABLE people ADD CONSTRAINT fk FOREIGN KEY(twin) REFERENCES people (id)",
        ],
        ["INSERT INTO addresses SELECT 'mailbox', value, person_id FROM addresses"],
    ],
)
def test_what_it_need_not_know_of_is_let_through(harmless):
    assert faults(harmless) == []


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_every_migration_only_adds(empty_database, before, after):
    schema.migrate(empty_database, to=before)
    with written_down() as statements:
        schema.migrate(empty_database, to=after)
    assert any("alembic_version" in each for each in statements)
    assert faults(statements) == []


class written_down:
    """The statements that are run inside a `with`."""

    def __enter__(self) -> list[str]:
        self._said: list[str] = []
        event.listen(AnyEngine, "before_cursor_execute", self._hear)
        return self._said

    def __exit__(self, *_: object) -> None:
        event.remove(AnyEngine, "before_cursor_execute", self._hear)

    def _hear(self, _c: object, _cursor: object, statement: str, *_: object) -> None:
        if not re.match(r"\s*(SELECT|SET|SHOW)", statement):
            self._said.append(statement)


# --- old code on the new schema -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_every_statement_the_version_before_can_make_is_still_taken(empty_database, before, after):
    """F65: the roles are restarted one by one, so old code works on the new schema for a while."""
    schema.migrate(empty_database, to=before)
    engine = create_engine(schema.normal(empty_database))
    old = MetaData()
    old.reflect(engine)
    schema.migrate(empty_database, to=after)
    with engine.connect() as db:
        for table in old.sorted_tables:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            values = ", ".join(f"NULL::{column.type.compile(engine.dialect)}" for column in table.columns)
            writable = "OVERRIDING SYSTEM VALUE " if any(column.identity for column in table.columns) else ""
            for statement in (
                f"SELECT {names} FROM {table.name}",
                f"INSERT INTO {table.name} ({names}) {writable}SELECT {values} WHERE false",
                f"DELETE FROM {table.name} WHERE false",
                *(f'UPDATE {table.name} SET "{c.name}" = "{c.name}" WHERE false' for c in table.columns if not c.identity),
            ):
                db.execute(text(statement))
    assert must_be_named(engine, old) == []
    engine.dispose()


def must_be_named(engine: AnyEngine, old: MetaData) -> list[str]:
    """New columns of old tables that an INSERT without them would be refused for."""
    found = inspect(engine)
    return [
        f"{table.name}.{column['name']}"
        for table in old.sorted_tables
        for column in found.get_columns(table.name)
        if column["name"] not in table.columns and not column["nullable"] and column["default"] is None
    ]


# --- while others are at work -------------------------------------------------------------------------------------------


class AtWork:
    """The version before, taking leads and writing messages with the time-outs of the real processes until told to stop."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url, role="web", size=2)
        self.done, self.failures = 0, list[Exception]()
        self._over, self.has_written = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "AtWork":
        self._thread.start()
        assert self.has_written.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        self.engine.dispose()

    def writes_again(self) -> bool:
        """Is something written after this call?"""
        self.has_written.clear()
        return self.has_written.wait(10)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                lead = a_lead(self.engine, phone=f"+1512556{self.done:04}")
                a_message(self.engine, lead)
                assert rows(self.engine, "leads", id=lead)
            except Exception as failure:
                self.failures.append(failure)
            self.done += 1
            self.has_written.set()


@pytest.fixture
def old_database(empty_database) -> Iterator[str]:
    schema.migrate(empty_database, to=VERSIONS[0])
    yield empty_database


def test_whoever_is_at_work_meanwhile_notices_nothing(old_database):
    with AtWork(old_database) as at_work:
        schema.migrate(old_database)
        assert at_work.writes_again()
    assert schema.version(old_database) == VERSIONS[-1]
    assert at_work.failures == []


def test_a_transaction_that_takes_its_time_is_given_way_to(old_database):
    """Those who come after it wait behind the migration, so it must give up before they would."""
    gave_way: list[float] = []
    with psycopg.connect(old_database.replace("postgresql+psycopg", "postgresql")) as slow, AtWork(old_database) as at_work:
        slow.execute("UPDATE people SET name = name")

        def wait(seconds: float) -> None:
            gave_way.append(seconds)
            assert at_work.writes_again()
            slow.commit()

        schema.migrate(old_database, wait=wait)
        assert at_work.writes_again()
    assert len(gave_way) == 1
    assert schema.version(old_database) == VERSIONS[-1]
    assert at_work.failures == []


def test_a_lock_that_is_never_had_is_an_error_and_leaves_the_last_whole_version(old_database):
    engine = connect(old_database, role="test")
    waits: list[float] = []
    with transaction(engine) as db:
        db.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        db.execute(text("LOCK TABLE people IN SHARE UPDATE EXCLUSIVE MODE"))
        with pytest.MonkeyPatch.context() as hurried, pytest.raises(OperationalError):
            hurried.setattr(schema, "TRIES", 2)
            schema.migrate(old_database, wait=waits.append)
    assert waits == [schema.PAUSE]
    assert schema.version(old_database) == VERSIONS[VERSIONS.index("0005") - 1]
    engine.dispose()
