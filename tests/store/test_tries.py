"""Wrong tries are counted together, whichever process they come to and however many come at once."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from store import tries
from store.engine import connect
from tests.queue_builders import NOW

KIM = {"address": "203.0.113.7", "account": "kim@cole.example"}


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test", size=8)
    yield engine
    engine.dispose()


def test_two_processes_count_together_and_many_at_once_get_no_more_tries(engine, database):
    other = connect(database, role="other", size=8)
    let_in = []

    def guess(n: int) -> None:
        by = {"address": f"203.0.113.{n}", "account": "kim@cole.example"}
        let_in.append(tries.begin((engine, other)[n % 2], by, NOW) is not None)

    threads = [threading.Thread(target=guess, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.dispose()
    assert sorted(let_in) == [False] * 11 + [True] * 5


def test_the_address_the_account_and_all_together_each_have_an_end(engine):
    assert [tries.begin(engine, {**KIM, "account": f"a{n}@x.example"}, NOW) is not None for n in range(6)] == [True] * 5 + [False]
    later = NOW + timedelta(seconds=61)
    swarm = [tries.begin(engine, {"address": f"a{n}", "account": f"{n}@x.example"}, later) is not None for n in range(61)]
    assert swarm == [True] * 60 + [False]


def test_what_was_right_counts_for_nobody(engine):
    for _ in range(20):
        begun = tries.begin(engine, KIM, NOW)
        assert begun is not None
        tries.take_back(engine, begun)


def test_slow_guessing_has_an_end_and_that_end_has_one_too(engine):
    answered = [
        tries.begin(engine, {"address": f"a{n}", "account": "kim@x.example"}, NOW + n * timedelta(seconds=15)) is not None
        for n in range(30)
    ]
    assert answered == [True] * 20 + [False] * 10
    assert tries.begin(engine, {"address": "a", "account": "kim@x.example"}, NOW + timedelta(minutes=30)) is not None


def test_nobody_reads_from_it_who_tried_and_old_tries_are_forgotten(engine):
    tries.begin(engine, KIM, NOW)
    with engine.connect() as db:
        kept = str(db.execute(text("SELECT * FROM sign_in_tries")).all())
    assert "kim" not in kept and "203.0.113" not in kept
    tries.begin(engine, {"address": "203.0.113.9"}, NOW + timedelta(minutes=16))
    with engine.connect() as db:
        assert db.execute(text("SELECT count(*) FROM sign_in_tries")).scalar_one() == 2
