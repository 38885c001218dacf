"""What a tick of the clock costs as armed alarms pile up: the product's own look and its escalations, and a bare claim."""

import time
from collections.abc import Callable
from datetime import timedelta

import psycopg

from benchmarks import arrivals
from benchmarks.figures import Report, p50_p99
from benchmarks.ground import database, firm
from benchmarks.team import team_file
from config import clock
from store import advance, due
from store.engine import Engine

SIZES = (1_000, 100_000, 1_000_000)
DUE = 100
BATCH = 50  # as many as a worker rings at once
COLUMNS = [
    "armed alarms",
    "nothing due: p50 ms",
    "p99 ms",
    f"{DUE} due: p50 ms",
    "p99 ms ",
    "bare claim: p50 ms",
    "p99 ms  ",
    "bare, nothing due",
]

# copies of one lead that was really decided, each with its four alarms far ahead
COPY_LEADS = """
INSERT INTO leads (id, code, person_id, source, kind, channel, pool, policy_version, rule, sla, content, message, arrived_at, status,
  holders, accept_due_at, response_due_at, changed_at, state)
SELECT nextval('lead_numbers'), 'C' || n, person_id, source, kind, channel, pool, policy_version, rule, sla, content, message,
  arrived_at, status, holders, accept_due_at, response_due_at, changed_at, state
FROM leads, generate_series(1, %s) AS n WHERE leads.id = %s
"""
COPY_ALARMS = """
INSERT INTO alarms (lead_id, key, due_at, event, data)
SELECT l.id, a.key, a.due_at + l.id * interval '10 ms', a.event, a.data FROM leads l, alarms a WHERE a.lead_id = %s AND l.code ~ '^C'
"""
DISARM = "UPDATE alarms SET armed = false WHERE lead_id IN (SELECT id FROM leads WHERE code ~ '^C' ORDER BY id OFFSET %s)"
MAKE_DUE = "UPDATE alarms SET armed = true, due_at = %s WHERE key = 'rung:0' AND lead_id = ANY(%s)"
CLAIM = """
UPDATE alarms SET armed = false, rung_at = %(now)s WHERE (lead_id, key) IN (
  SELECT lead_id, key FROM alarms WHERE armed AND due_at <= %(now)s ORDER BY due_at LIMIT 500 FOR UPDATE SKIP LOCKED)
RETURNING lead_id, key, event, data
"""


def measure(server: str, *, quick: bool) -> Report:
    """The same for three numbers of armed alarms."""
    report = Report(
        "clock", f"A tick of the clock, by the number of armed alarms; {DUE} due alarms are rung with all that follows", COLUMNS
    )
    for size in SIZES:
        with database(server, f"clock{size}") as url, firm(url, team_file(100)) as (engine, _):
            report.rows.append(a_row(url, engine, size, ticks=8 if quick else 30))
    first, last = report.rows[0], report.rows[-1]
    report.goal("tick with 100 due, 1,000,000 armed against 1,000 (p50)", last[3] / first[3], 1.2)
    report.goal("tick with nothing due, 1,000,000 armed against 1,000 (p50)", last[1] / first[1], 1.2)
    report.goal("tick with nothing due, 1,000,000 armed, ms", last[1], 1.0)
    report.notes.append(
        "nothing due: the one question about all queues that the clock asks. due: each alarm reminds a rep: look, lock,"
    )
    report.notes.append(
        "load, decide, save step, state, message and the next alarm, commit, in batches of 50. bare: claim and commit only."
    )
    return report


def a_row(url: str, engine: Engine, size: int, *, ticks: int) -> list[object]:
    """All the figures at one number of alarms."""
    leads = fill(url, engine, size, spare=2 * DUE * (ticks + 2))
    idle = timed(lambda: due.look(engine), ticks * 10)
    with psycopg.connect(url, autocommit=True) as db:
        rung = [ring_due(engine, db, leads) for _ in range(ticks + 2)][2:]
        claimed = [claim_due(db, leads) for _ in range(ticks + 2)][2:]
        nothing = timed(lambda: db.execute(CLAIM, {"now": clock.now()}, prepare=True).fetchall(), ticks * 10)
    return [size, *p50_p99(idle), *p50_p99(rung), *p50_p99(claimed), p50_p99(nothing)[0]]


def fill(url: str, engine: Engine, size: int, *, spare: int) -> "Leads":
    """So many armed alarms, and at least `spare` leads, so that none is reminded twice."""
    arrivals.decide(engine, 1, clock.now())
    with psycopg.connect(url, autocommit=True) as db:
        template, own = db.execute("SELECT lead_id, count(*) FROM alarms GROUP BY 1").fetchone() or (0, 1)
        db.execute(COPY_LEADS, [max(size // own, spare), template])
        db.execute(COPY_ALARMS, [template])
        db.execute(DISARM, [size // own])
        db.execute("VACUUM (ANALYZE) leads, alarms")
        db.execute("CHECKPOINT")
        ids = [row[0] for row in db.execute("SELECT id FROM leads WHERE code ~ '^C' ORDER BY id")]
    return Leads(ids)


class Leads:
    """Gives out leads in turn, so that no tick meets the work of the one before."""

    def __init__(self, ids: list[int]) -> None:
        self.ids, self.at = ids, 0

    def take(self, number: int) -> list[int]:
        """The next so many."""
        taken = [self.ids[(self.at + n) % len(self.ids)] for n in range(number)]
        self.at += number
        return taken


def ring_due(engine: Engine, db: psycopg.Connection, leads: Leads) -> float:
    """Milliseconds of a tick that finds 100 alarms due."""
    make_due(db, leads)
    began = time.perf_counter()
    while (at := due.look(engine).alarms) is not None and at <= (now := clock.now()):
        advance.ring_alarms(engine, now, BATCH)
    return (time.perf_counter() - began) * 1000


def claim_due(db: psycopg.Connection, leads: Leads) -> float:
    """Milliseconds of the bare claim of as many."""
    make_due(db, leads)
    began = time.perf_counter()
    found = db.execute(CLAIM, {"now": clock.now()}, prepare=True).fetchall()
    took = (time.perf_counter() - began) * 1000
    assert len(found) == DUE
    return took


def make_due(db: psycopg.Connection, leads: Leads) -> None:
    """A hundred reminders that should have gone out a second ago."""
    changed = db.execute(MAKE_DUE, [clock.now() - timedelta(seconds=1), leads.take(DUE)]).rowcount
    assert changed == DUE


def timed(work: Callable[[], object], times: int) -> list[float]:
    """Milliseconds of each call, after a few that do not count."""
    for _ in range(5):
        work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return took
