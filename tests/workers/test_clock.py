"""The clock process: it rings, does what nobody did, and doubts a clock that jumps."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from config import clock as times
from config.bell import Bell
from routing.events import LeadAssigned
from store import advance, inbox, notices
from store.inbox import Received
from tests.fakes import hang
from tests.queue_builders import rows
from workers.clock import NAP, SHORT_NAP, Clock
from workers.work import CLOCK_NOTICE, Work

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


class Times:
    """A clock to move by hand: `wall` and `steady` need not agree."""

    def __init__(self) -> None:
        self.at, self.steady = NOW, 1_000.0

    def pass_(self, seconds: float, *, jump: float = 0) -> None:
        self.at += timedelta(seconds=seconds + jump)
        self.steady += seconds


class Rung(Bell):
    """A bell that somebody hears, and that counts."""

    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1


@pytest.fixture
def moved(monkeypatch) -> Times:
    moved = Times()
    monkeypatch.setattr(times, "now", lambda: moved.at)
    monkeypatch.setattr(times, "monotonic", lambda: moved.steady)
    return moved


@pytest.fixture
def work(engine, settings, moved) -> Iterator[Work]:
    work = Work(engine, settings)
    yield work
    work.close()


def dana_writes(engine, phone: str = "+15125550143") -> None:
    said = {"name": "Dana Cole", "phone": phone, "channel": "form", "kind": "form"}
    inbox.record(engine, [Received("website", f"form:{phone}", "form", said, b"{}", {}, times.now())], times.now())


def compare(clockwork: Clock, moved: Times, *, database: float = 0) -> None:
    clockwork._compare(moved.at, moved.at + timedelta(seconds=database), moved.steady)


def test_with_nobody_to_ring_for_it_does_the_work_itself(engine, settings, work, moved, provider):
    dana_writes(engine)
    clockwork = Clock(engine, settings, bell=Bell(None), work=work)
    clockwork.tick()
    assert len(rows(engine, "leads")) == 1
    assert len(provider.to("+15125550143")) == 1
    assert clockwork.tick() <= SHORT_NAP


def test_with_workers_it_rings_and_leaves_it_to_them_for_two_seconds(engine, settings, work, moved):
    dana_writes(engine)
    bell = Rung()
    clockwork = Clock(engine, settings, bell=bell, work=work)
    clockwork.tick()
    assert (bell.rings, rows(engine, "leads")) == (1, [])
    moved.pass_(1.9)
    clockwork.tick()
    assert (bell.rings, rows(engine, "leads")) == (2, [])
    moved.pass_(0.2)
    clockwork.tick()
    assert len(rows(engine, "leads")) == 1


def test_a_long_queue_is_left_to_those_who_are_at_work_on_it(engine, settings, work, moved):
    work.until_done()  # the first look turns the shifts of the sample team
    clockwork = Clock(engine, settings, bell=Rung(), work=work)
    for number in range(8):
        dana_writes(engine, f"+1512555010{number}")
        moved.pass_(0.1)
    for _ in range(4):
        clockwork.tick()
        assert rows(engine, "leads") == [], "somebody takes one after the other"
        somebody_takes_the_first(engine, moved.at)
        moved.pass_(1.9)
    clockwork.tick()
    moved.pass_(2)
    clockwork.tick()
    assert len(rows(engine, "leads")) == 4, "nobody does any more"


def somebody_takes_the_first(engine, now: datetime) -> None:
    with engine.begin() as db:
        first = "SELECT id FROM inbox WHERE done_at IS NULL ORDER BY id LIMIT 1"
        db.execute(text(f"UPDATE inbox SET done_at = :now WHERE id = ({first})"), {"now": now})


def test_a_call_it_has_begun_it_brings_to_an_end_before_the_workers_two_seconds_are_over(engine, settings, work, moved, provider):
    provider.once("twilio", hang(0.2))
    dana_writes(engine)
    while not work.sender.is_busy:
        work.once()
    Clock(engine, settings, bell=Rung(), work=work).tick()
    assert len(rows(engine, "outbox", channel="sms", recipient="lead", state="sent")) == 1


def test_with_nothing_to_do_it_sleeps_and_beats(engine, settings, work, moved):
    clockwork = Clock(engine, settings, bell=Rung(), work=work)
    nap = clockwork.tick()
    while rows(engine, "reps") and nap < NAP:  # the first look turns the shifts of the sample team
        moved.pass_(3)
        nap = clockwork.tick()
    assert nap == NAP
    [beat] = rows(engine, "beats", name="clock")
    assert beat["at"] == moved.at


def test_with_nothing_to_do_it_knocks_so_that_a_silent_bell_is_heard_again_and_says_what_it_hears(engine, settings, work, moved):
    bell = Rung()
    clockwork = Clock(engine, settings, bell=bell, work=work)
    work.until_done()
    for _ in range(11):
        clockwork.tick()
        moved.pass_(1)
    assert bell.rings == 2
    bell._is_broken = True
    for _ in range(5):
        clockwork.tick()
        moved.pass_(1)
    assert bell.rings == 3, "nobody else would find out that Redis is back"
    assert rows(engine, "beats", name="clock")[0]["detail"]["bell"] == "silent"


def test_who_is_told_to_stop_finishes_what_is_in_hand_and_begins_nothing(engine, settings, provider, moved):
    over = threading.Event()
    work = Work(engine, settings, is_over=over.is_set)
    provider.once("twilio", hang(0.3))
    dana_writes(engine)
    while not work.sender.is_busy:
        work.once()
    dana_writes(engine, "+15125550144")
    over.set()
    assert work.until_done() is False
    assert not work.is_busy
    assert len(rows(engine, "outbox", channel="sms", recipient="lead", state="sent")) == 1
    assert len(rows(engine, "leads")) == 1, "the second one is left to others"
    work.close()


def test_an_auditor_that_fails_keeps_no_alarm_from_ringing(engine, settings, work, moved, monkeypatch):
    clockwork = Clock(engine, settings, bell=Bell(None), work=work)
    dana_writes(engine)
    clockwork.tick()
    monkeypatch.setattr(clockwork._auditor, "look", lambda _: 1 / 0)
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE alarms SET due_at = %s WHERE armed", (moved.at,))
    before = len(rows(engine, "steps"))
    moved.pass_(1)
    clockwork.tick()
    assert len(rows(engine, "steps")) > before


def test_it_wakes_when_the_next_alarm_is_due(engine, settings, work, moved):
    clockwork = Clock(engine, settings, bell=Bell(None), work=work)
    dana_writes(engine)
    clockwork.tick()
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE alarms SET due_at = %s WHERE armed", (moved.at + timedelta(seconds=0.1),))
    clockwork.tick()
    assert clockwork.tick() <= timedelta(seconds=0.1)
    moved.pass_(0.1)
    before = len(rows(engine, "steps"))
    clockwork.tick()
    assert len(rows(engine, "steps")) > before


def test_a_clock_that_jumps_is_doubted_for_a_minute(engine, settings, work, moved):
    clockwork = Clock(engine, settings, bell=Bell(None), work=work)
    compare(clockwork, moved)
    moved.pass_(1, jump=45)
    compare(clockwork, moved)
    assert notices.open_since(engine, CLOCK_NOTICE) == moved.at
    moved.pass_(59)
    compare(clockwork, moved)
    assert notices.open_since(engine, CLOCK_NOTICE) is not None
    moved.pass_(2)
    compare(clockwork, moved)
    assert notices.open_since(engine, CLOCK_NOTICE) is None


@pytest.mark.parametrize(("apart", "doubted"), [(31, True), (-31, True), (29, False)])
def test_a_clock_that_differs_from_the_databases_is_doubted(engine, settings, work, moved, apart, doubted):
    clockwork = Clock(engine, settings, bell=Bell(None), work=work)
    compare(clockwork, moved, database=apart)
    assert (notices.open_since(engine, CLOCK_NOTICE) is not None) == doubted


def test_while_in_doubt_only_a_few_alarms_ring_a_second(engine, settings, work, moved):
    dana_writes(engine)
    work.for_a_while(5)
    [dana] = rows(engine, "leads")
    with engine.begin() as db:
        columns = "code, person_id, source, kind, channel, pool, policy_version, rule, sla, arrived_at, status, changed_at, state"
        db.exec_driver_sql(
            f"INSERT INTO leads (id, {columns}) SELECT n, 'Z' || n, {columns.partition(', ')[2]} FROM leads, generate_series(100, 149) n"
        )
        db.exec_driver_sql("UPDATE alarms SET armed = false")
        db.exec_driver_sql("UPDATE leads SET closed_at = NULL")
        db.exec_driver_sql(
            "INSERT INTO alarms (lead_id, key, due_at, event, data) SELECT id, 'test', %s, 'RetryDue', '{}' FROM leads",
            (moved.at,),
        )
    notices.raise_notice(engine, CLOCK_NOTICE, "in doubt", moved.at)
    work.once()
    work.once()
    assert len(rows(engine, "alarms", key="test", armed=False)) == 20
    moved.pass_(1)
    work.once()
    assert len(rows(engine, "alarms", key="test", armed=False)) == 40
    assert dana["code"]


# --- after a halt ---------------------------------------------------------------------------------------------------


def priya_has_dana(engine, work) -> int:
    """Dana's lead, accepted by Priya and not yet answered."""
    dana_writes(engine)
    work.until_done()
    [lead] = rows(engine, "leads")
    advance.happen(engine, lead["id"], LeadAssigned("priya", "Kim"), times.now())
    work.until_done()
    return int(str(lead["id"]))


def test_what_came_in_before_an_alarm_was_due_is_read_before_it_rings(engine, work, moved):
    """Forty others came in first, so that a single look at the inbox does not get as far as what Priya says."""
    lead = priya_has_dana(engine, work)
    for number in range(45):
        dana_writes(engine, phone=f"+1512556{number:04}")
    said = {"kind": "message", "channel": "sms", "message": "C", "phone": "+15125550111"}
    inbox.record(engine, [Received("texts", "message:1", "message", said, b"{}", {}, times.now())], times.now())
    reported_at = times.now()
    moved.pass_(3 * 3600)
    while work.once() or work.is_busy:
        moved.pass_(0.01)
    [dana] = rows(engine, "leads", id=lead)
    assert (dana["responded_at"], dana["breached_at"], dana["status"]) == (reported_at, None, "closed")


def test_what_is_stuck_in_the_inbox_holds_an_alarm_up_for_three_seconds_at_most(engine, work, moved):
    lead = priya_has_dana(engine, work)
    dana_writes(engine, phone="+15125567777")
    moved.pass_(3 * 3600)
    with engine.connect() as other:
        other.execute(text("SELECT * FROM inbox WHERE done_at IS NULL FOR UPDATE"))  # somebody has it in hand and hangs
        work.once()
        assert rows(engine, "leads", id=lead)[0]["breached_at"] is None
        moved.pass_(3.1)
        work.once()
        assert rows(engine, "leads", id=lead)[0]["breached_at"] is not None
