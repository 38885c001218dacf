"""What a server's settings are worth, each with what to do about it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from store import durability
from store.engine import connect

GOOD = {
    "server_version": "16.4", "server_version_num": "160004", "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
    "data_checksums": "on", "synchronous_standby_names": "", "archive_mode": "on", "default_transaction_read_only": "off",
    "max_connections": "100", "superuser_reserved_connections": "3",
}  # fmt: skip
ALONE = {"is_standby": 0, "standbys": 0, "others": 0}


def judged(settings: dict[str, str] | None = None, needed: int = 31, **server: int) -> dict[str, durability.Verdict]:
    return {each.part: each for each in durability.judge({**GOOD, **(settings or {})}, {**ALONE, **server}, needed)}


def test_a_good_server_has_nothing_to_mend():
    found = judged()
    assert all(each.is_well and not each.mend for each in found.values())
    assert "synchronous_commit = on" in found["database durability"].what and "archived" in found["database standby"].what


@pytest.mark.parametrize(
    ("settings", "server", "part", "words"),
    [
        ({"fsync": "off"}, {}, "database durability", "fsync = on"),
        ({"full_page_writes": "off"}, {}, "database durability", "full_page_writes = on"),
        ({"synchronous_commit": "off"}, {}, "database durability", "synchronous_commit = on"),
        ({"default_transaction_read_only": "on"}, {}, "database writes", "default_transaction_read_only"),
        ({}, {"is_standby": 1}, "database writes", "primary"),
        ({"synchronous_standby_names": "b"}, {}, "database standby", "Start the standby"),
        ({"server_version_num": "140012", "server_version": "14.12"}, {}, "database version", "PostgreSQL 15"),
        ({"max_connections": "30"}, {}, "database connections", "by 4 or more"),
        ({}, {"others": 70}, "database connections", "by 4 or more"),
    ],
)
def test_what_could_lose_or_refuse_leads_is_to_be_mended(settings, server, part, words):
    found = judged(settings, **server)
    assert not found[part].is_well and words in found[part].mend
    assert [each.part for each in found.values() if not each.is_well] == [part]


@pytest.mark.parametrize("commit", ["on", "local", "remote_write", "remote_apply"])
def test_every_kind_of_commit_that_reaches_the_disk_does(commit):
    assert judged({"synchronous_commit": commit})["database durability"].is_well


def test_what_could_be_better_is_a_hint():
    found = judged({"data_checksums": "off", "archive_mode": "off"})
    assert all(each.is_well for each in found.values())
    assert "pg_checksums" in found["database checksums"].what and "headroom backup" in found["database standby"].what
    assert "asynchronous" in judged(standbys=1)["database standby"].what
    assert "asynchronous" not in judged({"synchronous_standby_names": "b"}, standbys=1)["database standby"].what


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    """A database of which somebody once thought that it should be faster."""
    before = connect(database, role="test")
    with before.begin() as db:
        db.execute(text(f'ALTER DATABASE "{before.url.database}" SET synchronous_commit = off'))
    before.dispose()
    engine = connect(database, role="test")
    yield engine
    engine.dispose()


def test_a_real_server_is_read_as_our_own_session_sees_it(engine):
    found = {each.part: each for each in durability.look(engine, 31) if "synchronous_commit" in each.what}
    assert not found["database durability"].is_well
    assert durability.look(engine, 10_000)[-1].part == "database connections"
    assert not durability.look(engine, 10_000)[-1].is_well
