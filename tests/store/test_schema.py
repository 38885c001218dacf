"""The definitions of the tables and the migrations say the same."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from store import schema
from store.tables import metadata


@pytest.fixture
def db(database):
    engine = create_engine(schema.normal(database))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_migrations_lead_to_the_tables_as_they_are_defined(db):
    context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
    assert compare_metadata(context, metadata) == []


def test_partial_indexes_have_the_conditions_they_are_defined_with(db):
    """`compare_metadata` does not look at conditions; the queues' speed hangs on them."""
    there = {
        row.indexname: row.indexdef
        for row in db.execute(text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"))
    }
    for table in metadata.tables.values():
        for index in table.indexes:
            condition = index.dialect_options["postgresql"]["where"]
            found = there[str(index.name)]
            assert (" WHERE " in found) == (condition is not None), found
            if condition is not None:
                bare = str.maketrans("", "", "()'")
                words = str(condition).translate(bare).replace(" IN ", " = ANY ARRAY").split()
                assert words[0] in found.partition(" WHERE ")[2].translate(bare), found


def test_check_constraints_and_sequences_are_there(db):
    with pytest.raises(Exception, match="ck_reps_counts"):
        db.execute(text("INSERT INTO reps (id, open) VALUES ('x', -1)"))
    db.rollback()
    assert db.execute(text("SELECT nextval('lead_numbers')")).scalar() == 1


def test_migrating_twice_changes_nothing_and_the_version_is_told(empty_database):
    assert schema.version(empty_database) is None
    schema.migrate(empty_database)
    version = schema.version(empty_database)
    schema.migrate(empty_database)
    assert schema.version(empty_database) == version is not None
