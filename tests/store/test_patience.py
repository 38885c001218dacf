"""Nobody waits long for a database that is gone, full or silent, and nobody gives up on one that merely restarted."""

import os
import signal

import psycopg
import pytest
from freezegun import freeze_time
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from console.processes import name_of
from store.engine import connect, straight
from store.patience import Fuse, NoAnswer, NotAsked, ask, is_away


@pytest.fixture
def engine(database):
    made = connect(database, role="test", size=2, statement_timeout_ms=300, fuse_seconds=60)
    yield made
    made.dispose()


def one(engine: Engine) -> int:
    with engine.connect() as db:
        return db.execute(text("SELECT 1")).scalar_one()


def pid_of(engine: Engine) -> int:
    with engine.connect() as db:
        return db.execute(text("SELECT pg_backend_pid()")).scalar_one()


def test_every_wait_of_a_connection_has_an_end(database):
    """Of the server's own: for a statement, for a lock, and for a process that is frozen in the middle of a transaction."""
    engine = connect(database, role="web", statement_timeout_ms=5000)
    shown = {}
    with engine.connect() as db:
        for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            shown[name] = db.execute(text(f"SHOW {name}")).scalar_one()
    engine.dispose()
    limits = {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s"}
    assert shown == limits


def failure_of(url: str) -> OperationalError:
    engine = connect(url, role="test")
    with pytest.raises(OperationalError) as failed:
        one(engine)
    return failed.value


def test_a_database_that_may_answer_later_is_told_from_one_that_never_will(database):
    user, _, rest = database.partition("://")[2].partition("@")
    assert is_away(failure_of("postgresql://nobody@127.0.0.1:1/gone"))
    assert not is_away(failure_of(f"postgresql://nobody:wrong@{rest}"))
    assert not is_away(failure_of(f"postgresql://{user}@{rest.partition('/')[0]}/no_such_database"))
    for said in ("FATAL:  the database system is starting up", "FATAL:  sorry, too many clients already"):
        assert is_away(OperationalError("", {}, psycopg.OperationalError(f"connection failed: {said}")))
    assert is_away(NotAsked())


def test_a_fuse_is_blown_for_its_seconds_and_whole_again():
    with freeze_time() as time:
        fuse = Fuse(1.5)
        fuse.check()
        fuse.blow()
        with pytest.raises(psycopg.OperationalError):
            fuse.check()
        time.tick(1.6)
        fuse.check()


def test_a_fuse_of_no_seconds_is_never_blown():
    fuse = Fuse()
    fuse.blow()
    fuse.check()


def test_after_a_failed_connect_nobody_tries_for_a_while(monkeypatch):
    tried = []
    real = psycopg.Connection.connect.__func__
    monkeypatch.setattr(psycopg.Connection, "connect", classmethod(lambda cls, *a, **k: tried.append(1) or real(cls, *a, **k)))
    engine = connect("postgresql://nobody@127.0.0.1:1/gone", role="test", fuse_seconds=60)
    for _ in range(5):
        with pytest.raises(OperationalError):
            one(engine)
    assert len(tried) == 1
    with pytest.raises(NotAsked):
        ask(engine, lambda: one(engine))
    engine.dispose()


def test_a_hot_question_fails_in_the_same_words_as_every_other(engine, database):
    """Whoever asks through the driver itself must be able to catch what all others catch."""
    gone = connect("postgresql://nobody@127.0.0.1:1/gone", role="test")
    with pytest.raises(OperationalError), straight(gone):
        pass
    gone.dispose()
    with pytest.raises(DBAPIError) as failed, straight(engine) as db:
        db.execute("SELECT nonsense")
    assert not failed.value.connection_invalidated
    with straight(engine) as db:
        assert db.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]


def test_a_restart_in_between_is_not_noticed(engine, database):
    killed = pid_of(engine)
    with psycopg.connect(database, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [killed])
    assert ask(engine, lambda: one(engine)) == 1


def test_what_takes_too_long_is_not_waited_for_by_the_next(engine):
    with pytest.raises(DBAPIError):
        ask(engine, lambda: slow(engine))
    with pytest.raises(NotAsked):
        ask(engine, lambda: one(engine))


def slow(engine: Engine) -> None:
    with engine.connect() as db:
        db.execute(text("SELECT pg_sleep(20)"))


def test_a_mistake_of_ours_blows_nothing(engine):
    with pytest.raises(DBAPIError):
        ask(engine, lambda: wrong(engine))
    assert ask(engine, lambda: one(engine)) == 1


def wrong(engine: Engine) -> None:
    with engine.connect() as db:
        db.execute(text("SELECT nothing FROM nowhere"))


def test_a_server_that_is_silent_is_given_up(engine):
    pid = pid_of(engine)
    if name_of(pid) != "postgres":
        pytest.skip("the server is not on this machine")
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(OperationalError) as told:
            ask(engine, lambda: one(engine))
        assert isinstance(told.value.orig, NoAnswer)
        with pytest.raises(NotAsked):
            ask(engine, lambda: one(engine))
    finally:
        os.kill(pid, signal.SIGCONT)
