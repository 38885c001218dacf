"""What one routing decision costs as the pool grows: the product's whole transaction, and a bare statement on the same seats."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import psycopg

from benchmarks import arrivals
from benchmarks.figures import Report, p50_p99
from benchmarks.ground import database, firm
from benchmarks.team import POOL, team_file
from config import clock
from routing.events import OfferPassed
from store import advance
from store.engine import Engine

SIZES = (10, 100, 1_000, 10_000)
COLUMNS = [
    "reps",
    "pass on: p50 ms",
    "p99 ms",
    "new lead: p50 ms",
    "p99 ms ",
    "bare, index: p50 ms",
    "p99 ms  ",
    "bare, sort: p50 ms",
    "x bare",
]
COLUMNS = [*COLUMNS[:5], "20 at once: ms a lead", *COLUMNS[5:]]

BARE = """
UPDATE seats SET load = load + 1e-6, last_assigned_at = clock_timestamp() WHERE (pool, rep) = (
  SELECT pool, rep FROM seats WHERE pool = %s AND free ORDER BY {} LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING rep
"""
BY_INDEX = BARE.format("load, last_assigned_at NULLS FIRST, rank")
BY_SORT = BARE.format("load + 0, last_assigned_at NULLS FIRST, rank")  # an expression no index holds


def measure(server: str, *, quick: bool) -> Report:
    """The same for four sizes of one pool."""
    report = Report("routing", "One routing decision (least loaded), by the size of the pool", COLUMNS)
    for size in SIZES:
        with database(server, f"routing{size}") as url, firm(url, team_file(size)) as (engine, _):
            report.rows.append(a_row(url, engine, size, decisions=100 if quick else 500))
    first, last = report.rows[1], report.rows[-1]
    report.goal("passing a lead on, 10,000 reps against 100 (p50)", float(last[1]) / float(first[1]), 1.2)
    report.goal("deciding a new lead, 10,000 reps against 100 (p50)", float(last[3]) / float(first[3]), 1.2)
    report.notes.append(
        "pass on: a rep passes, the lead is offered to the next: lock, load, decide, save, commit in one transaction."
    )
    report.notes.append("bare: UPDATE .. WHERE (SELECT .. FOR UPDATE SKIP LOCKED LIMIT 1) on the same table, one commit each.")
    return report


def a_row(url: str, engine: Engine, size: int, *, decisions: int) -> Sequence[object]:
    """All the figures of one size."""
    now = clock.now()
    arrivals.decide(engine, decisions + 50, now)  # 50 to warm up with
    passed = timed(pass_on(engine, url, now), decisions)
    arrivals.wait_in_line(engine, decisions + 50, now)
    decided = timed(lambda: advance.drain_inbox(engine, clock.now(), 1), decisions)
    arrivals.wait_in_line(engine, decisions * 2, now)
    together = timed(lambda: advance.drain_inbox(engine, clock.now(), 20), decisions * 2 // 20, warm_up=0)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM ANALYZE seats")
        bare = timed(lambda: db.execute(BY_INDEX, [POOL], prepare=True).fetchone(), decisions)
        sort = timed(lambda: db.execute(BY_SORT, [POOL], prepare=True).fetchone(), decisions)
    ours, floor = p50_p99(passed), p50_p99(bare)
    each = p50_p99(together)[0] / 20
    return [size, *ours, *p50_p99(decided), each, *floor, p50_p99(sort)[0], ours[0] / floor[0]]


def pass_on(engine: Engine, url: str, now: datetime) -> Callable[[], object]:
    """Lets the rep who was asked about the next lead say no."""
    with psycopg.connect(url) as db:
        leads = iter(db.execute("SELECT id, holders[1] FROM leads WHERE status = 'offered' ORDER BY id").fetchall())

    def pass_one() -> object:
        lead_id, rep = next(leads)
        return advance.happen(engine, lead_id, OfferPassed(rep, via="sms"), now)

    return pass_one


def timed(work: Callable[[], object], times: int, *, warm_up: int = 50) -> list[float]:
    """Milliseconds of each call, after some that do not count."""
    for _ in range(warm_up):
        work()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return took
