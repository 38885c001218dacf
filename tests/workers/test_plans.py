"""No statement of a step reads a large table whole, whatever the planner knows of it: nothing yet, all, or half of it.

A database that was just made has no statistics, and under load the tables are analysed one after the other. In between the
planner once read all messages for each lead (24 s behind after two minutes at 300 leads a second).
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event

from config import clock
from store import inbox, policies, receipts
from store.engine import BY_KEY, Engine, connect
from store.inbox import Received
from store.receipts import Report
from tests import firm
from workers.work import Work

FIRST, OLD = 1_000_000, 25_000  # leads that are over, each with what belongs to one
A_FEW = 300  # rows of one table that a statement about ten leads may look at
TEAM = firm.team(
    dict.fromkeys(("ann", "bob", "cid", "dee"), "email: x@acme.example, cap: {open: 50}"),
    {"sales": "members: [ann, bob, cid, dee], strategy: least_loaded, offer: one_at_a_time, offer_for: 2m"},
    office='"00:00-24:00"',
).replace("mon-fri", "mon-sun")
numbers = count(1)
UNKNOWN = 705  # the type of a parameter that the server is left to guess
EXPLAINED = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")
KNOWLEDGE = {
    "nothing": (),
    "everything": ("people", "addresses", "leads", "inbox", "outbox", "attempts", "steps", "alarms"),
    "messages": ("outbox", "attempts"),
    "leads": ("leads",),
    "people": ("people", "addresses"),
    "inbox": ("inbox",),
}
LIKE = {
    "people": {"id": "n", "phone": "'+1214' || n", "email": "'old' || n || '@example.com'"},
    "addresses": {"person_id": "n", "value": "'+1214' || n"},
    "leads": {"id": "n", "code": "'OLD' || n", "person_id": "n", "status": "'closed'", "closed_at": "now()", "call_sid": "NULL"},
    "inbox": {"id": "n", "external_id": "'old:' || n", "lead_id": "n", "number": "n"},
    "outbox": {
        "id": "n",
        "key": "'old:' || n",
        "lead_id": "(n - {first}) / 3 + {first}",
        "provider_id": "'SM' || n",
        "address": "'+1214' || n",
    },
    "attempts": {"message_id": "n"},
    "steps": {"id": "n", "lead_id": "(n - {first}) / 4 + {first}"},
    "alarms": {"lead_id": "(n - {first}) / 3 + {first}", "key": "'old:' || n", "armed": "false"},
}
TIMES = {"outbox": 3, "attempts": 3, "steps": 4, "alarms": 3}


@dataclass(frozen=True, slots=True)
class Statement:
    """As the server has it ($1 for a parameter), with the values that it once had."""

    words: str
    types: tuple[int, ...]
    values: tuple[object, ...]


@pytest.fixture
def heard() -> dict[str, Statement]:
    """Every statement of the worker, by its words."""
    return {}


@pytest.fixture
def worker(database: str, heard: dict[str, Statement]) -> Iterator[Engine]:
    """As a worker's own, listened to."""

    class Listening(psycopg.Cursor):
        def _convert_query(self, query, params=None):  # where a statement is put into the server's words
            found = super()._convert_query(query, params)
            names = found._order
            values = params or () if names is None else [params[name] for name in names]
            heard.setdefault(found.query.decode(), Statement(found.query.decode(), tuple(found.types or ()), tuple(values)))
            return found

    engine = connect(database, role="worker", size=4)
    event.listen(engine, "connect", lambda connection, _: setattr(connection, "cursor_factory", Listening))
    yield engine
    engine.dispose()


@pytest.fixture
def work(worker: Engine, settings) -> Iterator[Work]:
    policies.apply(worker, TEAM, settings, clock.now(), "the tests")
    work = Work(worker, settings)
    yield work
    work.close()


def forms(engine: Engine, how_many: int, again: int = 0) -> None:
    """New people, and `again` who have written before."""
    now = clock.now()
    known = [f"+1737{2_000_000 + number}" for number in range(1, again + 1)]
    new = [f"+1737{2_000_000 + number}" for number, _ in zip(numbers, range(how_many), strict=False)]
    each = [
        Received(
            "website",
            f"form:{phone}:{now}",
            "form",
            {"kind": "form", "channel": "form", "name": "Dana", "phone": phone},
            b"{}",
            {},
            now,
        )
        for phone in (*new, *known)
    ]
    inbox.record(engine, each, now)


def texts(engine: Engine, *said: tuple[str, str]) -> None:
    """(from, words): what comes in by text."""
    now = clock.now()
    each = [
        Received("texts", f"text:{phone}:{words}:{now}", "message", {
            "kind": "message", "channel": "sms", "phone": phone, "message": words, "to": "+15125550100"}, b"{}", {}, now)
        for phone, words in said
    ]  # fmt: skip
    inbox.record(engine, each, now)


def a_busy_hour(engine: Engine, work: Work) -> None:
    """New and known people, what the reps answer, what falls due, and what the providers report."""
    forms(engine, 10)
    work.until_done()
    forms(engine, 3, again=3)
    texts(engine, ("+15125552000", "1"), ("+15125552001", "2"), ("+17372000001", "hello?"), ("+15125552002", "L"))
    work.until_done()
    texts(engine, ("+15125552000", "C"), ("+15125552003", "OFF 1h"), ("+15125550190", "OK"), ("+17372000002", "STOP"))
    work.until_done()
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE alarms SET due_at = due_at - interval '20 minutes' WHERE armed")
        sent = db.exec_driver_sql(
            f"SELECT id, provider, provider_id FROM outbox WHERE state = 'sent' AND id < {FIRST} ORDER BY id DESC LIMIT 8"
        ).fetchall()
    reports = [
        Report(row.provider, f"{row.provider_id}:undelivered", "undelivered", row.id, row.provider_id, "30003") for row in sent
    ]
    receipts.record(engine, reports, clock.now())
    work.until_done()


def grow(url: str) -> None:
    """Thousands of leads that are over, made after a living one's likeness; nothing is analysed."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SET session_replication_role = replica")  # no foreign key is looked at
        for table, changes in LIKE.items():
            db.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
            values = ", ".join(f"'{name}', {value.format(first=FIRST)}" for name, value in changes.items())
            db.execute(
                f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT made.* FROM (SELECT to_jsonb(t) AS row FROM {table} t LIMIT 1) AS one, "
                f"generate_series({FIRST}, {FIRST + OLD * TIMES.get(table, 1) - 1}) AS n, "
                f"LATERAL jsonb_populate_record(NULL::{table}, row || jsonb_build_object({values})) AS made"
            )


def looks_at(node: Mapping, large: frozenset[str]) -> Iterator[tuple[str, float, str]]:
    """(table, rows read, how) of every part of a plan that reads a large table."""
    if node.get("Relation Name") in large and "Scan" in node["Node Type"]:
        loops, removed = (
            node["Actual Loops"],
            node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0),
        )
        yield node["Relation Name"], loops * (node["Actual Rows"] + removed), f"{node['Node Type']} {node.get('Index Name', '')}"
    for part in node.get("Plans", ()):
        yield from looks_at(part, large)


def explain(db: psycopg.Connection, statement: Statement) -> Mapping:
    """The plan that is made once for all values, carried out and taken back."""
    types = [each or UNKNOWN for each in statement.types]
    named = "SELECT string_agg(format_type(o, NULL), ', ' ORDER BY i) FROM unnest(%s::oid[]) WITH ORDINALITY AS t(o, i)"
    head = f"PREPARE it ({db.execute(named, [types]).fetchone()[0]}) AS " if types else "PREPARE it AS "
    call = sql.SQL("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE it")
    if types:
        call += sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Literal, statement.values)))
    try:
        with db.transaction(force_rollback=True):
            db.execute(head + statement.words)
            return db.execute(call).fetchone()[0][0]["Plan"]
    finally:
        db.execute("DEALLOCATE ALL")


def reads_too_much(db: psycopg.Connection, heard: Mapping[str, Statement]) -> Iterator[str]:
    """What reads more of a large table than a few rows, in words."""
    for statement in heard.values():
        with suppress(psycopg.errors.UniqueViolation):  # what was new then is not new any more
            for table, read, how in looks_at(explain(db, statement), frozenset(LIKE)):
                if read <= A_FEW:
                    continue
                yield f"{read:.0f} rows of {table} by {how}: {' '.join(statement.words.split())[:200]}"


def test_a_step_reads_by_key(database, worker, work, heard):
    a_busy_hour(worker, work)
    grow(database)
    heard.clear()
    a_busy_hour(worker, work)
    ours = {words: each for words, each in heard.items() if words.lstrip().upper().startswith(EXPLAINED)}
    assert len(ours) > 50, "that was not a busy hour"
    too_much = []
    with psycopg.connect(database, autocommit=True, prepare_threshold=None, options=BY_KEY.strip() + " -c timezone=UTC") as db:
        for what, tables in KNOWLEDGE.items():
            with db.transaction(force_rollback=True):
                for table in tables:
                    db.execute(f"ANALYZE {table}")
                too_much += [f"{what} is known, {each}" for each in reads_too_much(db, ours)]
    assert not too_much, "\n".join(too_much)
