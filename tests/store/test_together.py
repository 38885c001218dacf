"""Statements in one round trip: in their order, all or none, with the errors that everything else knows."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from store.engine import Engine, connect
from store.retrying import in_turn
from store.together import Together

ADD = text("INSERT INTO beats (name, at) VALUES (:name, now()) RETURNING name")
SEEN = text("SELECT name FROM beats ORDER BY name")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    yield engine
    engine.dispose()


def names(engine) -> list[str]:
    with engine.connect() as db:
        return list(db.execute(SEEN).scalars())


def test_each_sees_what_those_before_it_wrote_and_answers_by_itself(engine):
    with engine.begin() as db:
        asks = Together(db)
        first, seen, second = asks.add(ADD, {"name": "a"}), asks.add(SEEN, {}), asks.add(ADD, {"name": "b"})
        assert first.rows == ()
        asks.send()
        assert [row["name"] for answer in (first, seen, second) for row in answer.rows] == ["a", "a", "b"]
        asks.send()  # nothing is done twice
    assert names(engine) == ["a", "b"]


def test_what_comes_after_the_one_that_fails_is_not_done(engine):
    with pytest.raises(IntegrityError), engine.begin() as db:
        asks = Together(db)
        for name in ("a", "a", "b"):
            asks.add(ADD, {"name": name})
        asks.send()
    assert names(engine) == []


def test_it_is_part_of_the_transaction_at_hand(engine):
    with engine.connect() as db:
        asks = Together(db)
        asks.add(ADD, {"name": "a"})
        asks.send()
        assert names(engine) == []
        db.commit()
    assert names(engine) == ["a"]


def test_a_lock_that_does_not_come_is_waited_for_again(engine):
    """The retries know it by its state, as that of any statement."""
    tries = []

    def work(db) -> None:
        tries.append(db)
        asks = Together(db)
        if len(tries) == 1:
            asks.add(text("SET LOCAL lock_timeout = '10ms'"), {})
        asks.add(text("UPDATE beats SET at = now() WHERE name = :name"), {"name": "a"})
        try:
            asks.send()
        finally:
            other.rollback()

    with engine.begin() as db:
        db.execute(ADD, {"name": "a"})
    with engine.connect() as other:
        other.execute(text("SELECT 1 FROM beats FOR UPDATE"))
        in_turn(engine, work)
    assert len(tries) == 2


def test_a_connection_that_was_lost_is_not_used_again(engine):
    with engine.connect() as db:
        pid = db.execute(text("SELECT pg_backend_pid()")).scalar()
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        asks = Together(db)
        asks.add(SEEN, {})
        with pytest.raises(OperationalError) as caught:
            asks.send()
        assert caught.value.connection_invalidated
    assert names(engine) == []
