"""The doors through which things happen to leads, with many hands at once and with broken deliveries."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError

from routing import journey
from routing.codes import number_of
from routing.events import HumanResponded, NoteAdded, OfferAccepted, OutcomeReported
from routing.model import Step
from store import advance, audits, batch, duty, policies
from store.engine import connect
from store.inbox import Received
from store.reports import StoreFault
from store.retrying import is_passing
from tests.firm import SETTINGS, Firm, at_once, team
from workers.auditor import Auditor

FIVE = team({"priya": "cap: {open: 5, unanswered: 5}"}, {"sales": "members: [priya], offer: assign"})
RING_TWO = team({"priya": "cap: 5", "tom": "cap: 5"}, {"sales": "members: [priya, tom], offer: {ring: 2}, offer_for: 3m"})
SHARED = team(
    dict.fromkeys(("ana", "bob", "cy"), "cap: {open: 3, unanswered: 3}"),
    {
        "east": "members: [ana, bob], offer: assign, strategy: round_robin",
        "west": "members: [cy, bob, ana], offer: assign, strategy: weighted",
        "north": "members: [bob, cy], offer: assign",
    },
    [f"  - {{id: {p}, when: {{region: {p}}}, send_to: {p}, sla: hot}}" for p in ("west", "north")],
)

TWO_WITH_BOB = team(
    {"bob": "cap: {open: 1, unanswered: 1}"},
    {"east": "members: [bob], offer: assign", "west": "members: [bob], offer: assign"},
    ["  - {id: w, when: {region: west}, send_to: west, sla: hot}"],
)


@pytest.fixture
def start(database):
    begun: list[Firm] = []

    def begin(body: str, **more) -> Firm:
        begun.append(Firm(database, body, **more))
        return begun[-1]

    yield begin
    for firm in begun:
        firm.engine.dispose()


# --- many hands at once


def test_forty_leads_and_five_places_fill_five_and_flow_on_as_they_become_free(start):
    firm = start(FIVE)
    codes = [each.lead for each in firm.record(*[firm.a_form() for _ in range(40)])]
    at_once(*[firm.drain for _ in range(8)])
    assert len(firm.held_by("priya")) == 5
    assert firm.count("leads", status="waiting") == 35
    firm.is_sound()
    for freed in range(1, 8):
        firm.happen(firm.held_by("priya")[0], OutcomeReported("priya", "talked"))
        assert len(firm.held_by("priya")) == 5
        assert firm.count("leads", status="closed") == freed
    assert firm.count("leads") == len(codes) == 40
    firm.is_sound()


def test_many_who_finish_at_the_same_moment_make_room_for_as_many(start):
    firm = start(FIVE)
    firm.record(*[firm.a_form() for _ in range(20)])
    firm.drain()
    at_once(*[lambda code=code: firm.happen(code, OutcomeReported("priya", "talked")) for code in firm.held_by("priya")])
    assert firm.count("leads", status="closed") == 5
    assert firm.count("leads", status="accepted") == 5
    assert firm.count("leads", status="waiting") == 10
    firm.is_sound()


def test_of_two_who_accept_at_once_one_wins_and_the_other_is_told(start):
    firm = start(RING_TWO)
    for _ in range(5):
        (code,) = firm.arrive()
        answers = at_once(*[lambda rep=rep, c=code: firm.happen(c, OfferAccepted(rep, "page")) for rep in ("priya", "tom")])
        owner = firm.lead(code).owner
        loser = "tom" if owner == "priya" else "priya"
        assert {each.state.owner for each in answers} == {owner}
        assert any("too late" in each.why for each in answers)
        assert firm.count("outbox", template="too_late", recipient=f"rep:{loser}", lead_id=number_of(code)) == 1
        assert firm.count("outbox", template="accepted", recipient=f"rep:{owner}", lead_id=number_of(code), channel="sms") == 1
        firm.happen(code, OutcomeReported(owner, "talked"))
    firm.is_sound()


def test_reps_shared_by_pools_keep_their_caps_whatever_drains_at_once_and_nothing_deadlocks(start, caplog):
    firm = start(SHARED, size=12)
    regions = ("east", "west", "north")
    for _ in range(4):
        firm.record(*[firm.a_form(extra={"region": regions[n % 3]}) for n in range(15)])
    at_once(*[firm.drain for _ in range(8)])
    assert firm.count("leads") == 60
    assert firm.count("inbox", attempts=0) == 60, "nothing had to be put off"
    held = {rep: firm.held_by(rep) for rep in ("ana", "bob", "cy")}
    assert {rep: len(codes) for rep, codes in held.items()} == {"ana": 3, "bob": 3, "cy": 3}
    firm.is_sound()
    finishing = [
        lambda c=code, r=rep: firm.happen(c, OutcomeReported(r, "talked")) for rep, codes in held.items() for code in codes
    ]
    at_once(*finishing)
    assert firm.count("leads", status="closed") == 9
    assert firm.count("leads", status="accepted") == 9, "room in one pool is room in every pool of the rep"
    firm.is_sound()


def test_room_made_in_one_pool_moves_a_lead_that_waits_in_another(start):
    firm = start(TWO_WITH_BOB)
    (first,) = firm.arrive()
    (second,) = firm.arrive(extra={"region": "west"})
    assert firm.lead(second).status == "waiting"
    firm.happen(first, OutcomeReported("bob", "talked"))
    assert firm.held_by("bob") == [second]
    firm.is_sound()


def test_a_pool_that_nobody_woke_is_woken_by_the_auditor(start, monkeypatch):
    """The process died between the commit that made room and the waking of another pool; the lead's own next look is far away."""
    firm = start(TWO_WITH_BOB)
    (first,) = firm.arrive()
    (second,) = firm.arrive(extra={"region": "west"})
    auditor = Auditor(firm.engine, lambda: None)
    auditor.look(firm.now)
    with monkeypatch.context() as died:
        died.setattr(batch, "wake_quietly", lambda *_: None)
        firm.happen(first, OutcomeReported("bob", "talked"))
    assert firm.lead(second).status == "waiting"
    assert audits.pools_asleep(firm.engine) == ["west"]
    auditor.look(firm.after(seconds=31))
    assert firm.held_by("bob") == [second]
    assert audits.pools_asleep(firm.engine) == []


def test_a_lead_that_came_at_night_is_asked_about_when_the_shift_begins_and_was_looked_at_seldom(start):
    firm = start(FIVE)
    duty.set_presence(firm.engine, "priya", "off", firm.now + timedelta(hours=10), firm.now)
    (code,) = firm.arrive()
    looks = 0
    for _ in range(10 * 60 * 2 - 1):
        firm.after(seconds=30)
        looks += firm.rows("SELECT count(*) AS n FROM alarms WHERE armed AND key = 'retry' AND due_at <= :now", now=firm.now)[0].n
        advance.ring_alarms(firm.engine, firm.now)
    assert 30 < looks < 70 and firm.lead(code).status == "waiting"
    duty.turn(firm.engine, firm.after(seconds=31))
    assert firm.held_by("priya") == [code], "in the same instant, not at the next look"


def test_one_batch_over_two_pools_that_share_a_rep_fills_the_last_place_once_at_the_first_try(start, monkeypatch):
    firm = start(SHARED.replace("open: 3, unanswered: 3", "open: 1, unanswered: 1"))
    firm.record(*[firm.a_form(extra={"region": region}) for region in ("east", "west", "north") * 2])
    monkeypatch.setattr("store.retrying.TRIES", 1)
    items = advance.peek(firm.engine, firm.now, 20)
    advance.take(firm.engine, items, firm.now)
    assert [len(firm.held_by(rep)) for rep in ("ana", "bob", "cy")] == [1, 1, 1]
    assert firm.count("leads", status="waiting") == 3
    firm.is_sound()


def test_room_made_in_one_pool_moves_a_lead_of_another_pool_that_is_in_hand_too(start):
    firm = start(TWO_WITH_BOB)
    (first,) = firm.arrive()
    firm.happen(first, HumanResponded("bob", "call"))
    (second,) = firm.arrive(extra={"region": "west"})
    firm.after(hours=24)
    firm.do("UPDATE alarms SET armed = key IN ('close', 'retry'), due_at = :now WHERE armed", now=firm.now)
    firm.do("UPDATE alarms SET due_at = :before WHERE key = 'retry'", before=firm.now - timedelta(seconds=1))  # it looks first
    assert advance.ring_alarms(firm.engine, firm.now) == 2, "both leads, so both pools, in one transaction"
    assert firm.lead(first).status == "closed"
    assert firm.held_by("bob") == [second]


def test_a_lead_that_comes_as_another_one_goes_is_not_left_waiting_beside_the_room(start):
    """Without the pool's lock each of the two would miss the other, and only the retry alarm would find it."""
    firm = start(team({"bob": "cap: {open: 1, unanswered: 1}"}, {"sales": "members: [bob], offer: assign"}))
    firm.arrive()
    for _ in range(25):
        (held,) = firm.held_by("bob")
        firm.record(firm.a_form())
        at_once(firm.drain, lambda code=held: firm.happen(code, OutcomeReported("bob", "talked")))
        assert len(firm.held_by("bob")) == 1
        assert firm.count("leads", status="waiting") == 0


def test_turns_are_exact_however_many_decide_at_once(start):
    firm = start(team(dict.fromkeys("abcde", "cap: {open: 99, unanswered: 99}"), {"sales": "members: [a, b, c, d, e], offer: assign, strategy: round_robin"}))  # fmt: skip
    codes = [firm.record(firm.a_form())[0] for _ in range(60)]
    at_once(*[lambda some=codes[n::6]: [advance.decide(firm.engine, each.inbox_id, firm.now) for each in some] for n in range(6)])
    assert [len(firm.held_by(rep)) for rep in "abcde"] == [12] * 5
    assert {row.credit for row in firm.rows("SELECT credit FROM seats")} == {0}


def test_a_full_pool_of_connections_does_not_wait_for_itself(start, monkeypatch):
    firm = start(FIVE, size=2)
    monkeypatch.setattr("store.book.LOOK_AGAIN", -1.0)  # every transaction asks whether there is a newer team file
    codes = firm.arrive(8)
    at_once(*[lambda c=code: firm.happen(c, NoteAdded("priya", "hello")) for code in codes])
    assert firm.count("steps", event="NoteAdded") == 8


# --- two processes


def test_what_another_process_has_claimed_is_left_to_it(start):
    firm = start(FIVE)
    firm.record(firm.a_form(), firm.a_form())
    with firm.engine.begin() as other:
        other.execute(text("SELECT id FROM inbox ORDER BY id LIMIT 1 FOR UPDATE"))
        advance.drain_inbox(firm.engine, firm.now)
        assert firm.count("leads") == 1
    firm.drain()
    assert firm.count("leads") == 2


@pytest.fixture
def on_my_way(start) -> Firm:
    """Priya has a lead, and her text to it lies in the inbox."""
    firm = start(FIVE)
    (code,) = firm.arrive()
    said = {"kind": "message", "channel": "sms", "message": f"{code} On my way", "phone": firm.rows("SELECT address FROM outbox WHERE recipient = 'rep:priya'")[0].address}  # fmt: skip
    firm.record(Received("texts", "message:on-my-way", "message", said, b"", {}, firm.now))
    return firm


def hears(firm: Firm) -> None:
    """As a process does: one that meets a database in trouble (a machine that stalls costs it a connection or a lock) comes again."""
    with suppress(StoreFault):
        firm.drain()


def is_obeyed_once(firm: Firm) -> None:
    """Whoever was left in the lurch is served by the next round."""
    firm.after(seconds=2)
    firm.drain()
    assert firm.count("outbox", template="relay") == 1
    assert firm.count("outbox", template="reply") == 1
    assert firm.count("steps", event="HumanResponded") == 1


def test_a_rep_s_text_heard_by_two_processes_is_obeyed_once(on_my_way):
    at_once(*[lambda: hears(on_my_way)] * 4)
    is_obeyed_once(on_my_way)


def test_a_rep_s_text_whose_hearers_lose_their_connections_is_obeyed_once(on_my_way, monkeypatch):
    claimed, lives = advance.claimed, [2]

    def claim_and_die(one: batch.Batch, items) -> list:
        mine = claimed(one, items)
        if mine and lives[0]:
            lives[0] -= 1
            one.db.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return mine

    monkeypatch.setattr(advance, "claimed", claim_and_die)
    at_once(*[lambda: hears(on_my_way)] * 4)
    assert lives == [0]
    is_obeyed_once(on_my_way)


def test_a_decision_that_another_one_overtakes_is_taken_again(start, database):
    firm = start(FIVE)
    (code,) = firm.arrive()
    tries = []

    def work(one: batch.Batch) -> str:
        tries.append(one)
        if len(tries) < 3:
            raise batch.saving.Crowded
        return "done"

    assert batch.run(firm.engine, work, firm.now) == "done"
    assert len(tries) == 3
    with pytest.raises(batch.saving.Crowded):
        batch.run(firm.engine, lambda one: (_ for _ in ()).throw(batch.saving.Crowded()), firm.now)
    assert firm.lead(code).status == "accepted"


def test_a_lock_that_is_held_too_long_is_waited_for_again(start, database):
    firm = start(FIVE)
    hurried = connect(database, role="hurried", size=2)
    policies.open_book(hurried, SETTINGS)
    (code,) = firm.arrive()
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with firm.engine.begin() as db:
            db.execute(text("SELECT 1 FROM pools FOR UPDATE"))
            held.set()
            let_go.wait(10)

    def note() -> object:
        held.wait(10)
        threading.Timer(2.5, let_go.set).start()  # longer than one lock time-out (2 s), shorter than two
        return advance.happen(hurried, number_of(code) or 0, NoteAdded("kim", "late"), firm.now)

    at_once(hold, note)
    hurried.dispose()
    assert firm.count("steps", event="NoteAdded") == 1


# --- broken deliveries


def test_a_poisoned_delivery_holds_up_no_other_and_is_kept_with_a_notice(start):
    firm = start(FIVE)
    poison = Received("nowhere", "poison", "form", {"kind": "form", "name": "X", "phone": "+15125550143"}, b"raw", {}, firm.now)
    firm.record(firm.a_form(), poison, firm.a_form())
    advance.drain_inbox(firm.engine, firm.now)
    assert firm.count("leads") == 2
    (row,) = firm.rows("SELECT * FROM inbox WHERE external_id = 'poison'")
    assert (row.done_at, row.attempts, bytes(row.body)) == (None, 1, b"raw")
    assert "KeyError" in row.error
    assert advance.drain_inbox(firm.engine, firm.now) == 0, "not again at once"
    for _ in range(advance.GIVE_UP):
        firm.after(seconds=2)
        advance.drain_inbox(firm.engine, firm.now)
    (row,) = firm.rows("SELECT * FROM inbox WHERE external_id = 'poison'")
    assert (row.attempts, row.done_at is not None, row.lead_id) == (advance.GIVE_UP, True, None)
    (notice,) = firm.rows("SELECT * FROM notices")
    assert "could not be decided" in notice.text
    assert "+1512" not in notice.text + row.error
    assert advance.drain_inbox(firm.engine, firm.after(hours=1)) == 0


def locked_pool(firm: Firm) -> ExitStack:
    """Somebody holds the pool's row for long, and nobody else waits for it for long; close it to let go."""
    held = ExitStack()
    db = held.enter_context(firm.engine.begin())
    db.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    db.execute(text("SELECT 1 FROM pools FOR UPDATE"))
    return held


@pytest.fixture
def impatient(start, database, monkeypatch) -> Iterator[tuple[Firm, Engine]]:
    """A firm, and the same database for somebody who waits once for a lock, and 50 ms."""
    monkeypatch.setattr("store.retrying.TRIES", 1)
    firm = start(FIVE)
    hurried = connect(database, role="hurried", size=2)
    event.listen(hurried, "connect", lambda db, _: db.execute("SET lock_timeout = 50") and db.commit())
    policies.open_book(hurried, SETTINGS)
    yield firm, hurried
    hurried.dispose()


def test_a_database_in_trouble_for_long_makes_no_delivery_be_given_up(impatient):
    """What was answered 202 becomes a lead when the lock is gone, however often it was tried in vain."""
    firm, hurried = impatient
    firm.record(firm.a_form())
    with locked_pool(firm):
        for _ in range(advance.GIVE_UP + 1):
            assert advance.drain_inbox(hurried, firm.after(seconds=2)) == 1
    (row,) = firm.rows("SELECT attempts, done_at FROM inbox")
    assert (row.attempts, row.done_at, firm.count("notices")) == (0, None, 0)
    assert advance.drain_inbox(hurried, firm.after(seconds=2)) == 1
    assert firm.count("leads") == 1


def test_an_alarm_that_met_a_database_in_trouble_rings_as_soon_as_it_is_over(impatient):
    firm, hurried = impatient
    (code,) = firm.arrive()
    firm.do("UPDATE alarms SET due_at = :now WHERE key = 'response'", now=firm.now)
    with locked_pool(firm):
        advance.ring_alarms(hurried, firm.now)
    assert firm.count("notices") == 0
    advance.ring_alarms(hurried, firm.after(seconds=2))
    assert firm.rows("SELECT armed FROM alarms WHERE lead_id = :id AND key = 'response'", id=number_of(code))[0].armed is False


@pytest.mark.parametrize(
    ("statement", "passing"),
    [
        ("SELECT pg_sleep(9)", True), ("SELECT 1 / 0", False), ("SELECT nothing", False), ("INSERT INTO pools VALUES (NULL)", False),
        ("SELECT pg_terminate_backend(pg_backend_pid())", True), ("SET transaction_read_only = on; DELETE FROM pools", True),
        ("SELECT repeat('x', 2000000000)", False),
    ],
)  # fmt: skip
def test_trouble_of_the_moment_is_told_from_what_will_never_go(database, statement, passing):
    engine = connect(database, role="test", statement_timeout_ms=300)
    with pytest.raises(DBAPIError) as failed, engine.begin() as db:
        db.exec_driver_sql(statement)
    assert is_passing(failed.value) is passing
    engine.dispose()
    nowhere = connect("postgresql://nobody@127.0.0.1:1/nothing", role="test")
    with pytest.raises(DBAPIError) as refused, nowhere.begin():
        pass
    assert is_passing(refused.value)
    assert not is_passing(ValueError("a rule broke"))


def test_an_unknown_lead_is_named(start):
    with pytest.raises(LookupError, match="no lead number 7"):
        advance.happen(start(FIVE).engine, 7, NoteAdded("kim", "x"), start(FIVE).now)


# --- alarms


def test_two_who_ring_at_once_ring_each_alarm_once(start):
    firm = start(RING_TWO)
    firm.arrive(6)
    firm.after(minutes=3)
    at_once(*[lambda: advance.ring_alarms(firm.engine, firm.now) for _ in range(6)])
    assert (
        firm.count("steps", event="OfferLapsed")
        == firm.rows("SELECT count(DISTINCT lead_id) AS n FROM steps WHERE event = 'OfferLapsed'")[0].n
    )
    assert {row.n for row in firm.rows("SELECT count(*) AS n FROM steps WHERE event = 'OfferLapsed' GROUP BY lead_id")} == {1}
    firm.is_sound()


def test_an_alarm_of_an_earlier_turn_does_nothing(start):
    firm = start(RING_TWO)
    (code,) = firm.arrive()
    firm.do("UPDATE alarms SET data = '{\"turn\": 0}', due_at = :now WHERE key = 'lapse'", now=firm.now)
    advance.ring_alarms(firm.engine, firm.now)
    assert firm.lead(code).status == "offered"
    assert "it changes nothing, the lead is" in firm.why(code)


def test_a_late_alarm_says_how_late_it_was(start):
    firm = start(RING_TWO)
    (code,) = firm.arrive()
    firm.after(minutes=4)
    advance.ring_alarms(firm.engine, firm.now)
    (step,) = firm.rows("SELECT late_by FROM steps WHERE event = 'OfferLapsed'")
    assert step.late_by == 60.0
    assert firm.rows("SELECT late_by FROM steps WHERE event = 'LeadArrived'")[0].late_by is None
    assert firm.rows("SELECT rung_at FROM alarms WHERE key = 'accept'")[0].rung_at is None
    assert firm.lead(code).status == "waiting"


def test_a_response_silences_the_alarms_of_the_lead_but_not_of_others(start):
    firm = start(RING_TWO)
    one, other = firm.arrive(2)
    firm.happen(one, HumanResponded("priya", "call"))
    armed = {row.key for row in firm.rows("SELECT key FROM alarms WHERE lead_id = :id AND armed", id=number_of(one))}
    assert armed == {"close"}
    assert firm.rows("SELECT 1 FROM alarms WHERE lead_id = :id AND armed AND key = 'response'", id=number_of(other))


def test_a_lead_whose_alarm_fails_keeps_no_other_from_being_escalated(start, monkeypatch):
    firm = start(RING_TWO)
    broken, healthy = firm.arrive(2)
    step = journey.step

    def fails_for_one(facts, event, now) -> Step:
        if facts.lead.code == broken:
            raise ValueError("a rule broke")
        return step(facts, event, now)

    monkeypatch.setattr("routing.journey.step", fails_for_one)
    firm.after(minutes=3)
    advance.ring_alarms(firm.engine, firm.now)
    assert "no answer from" in firm.why(healthy)
    assert "no answer from" not in firm.why(broken)
    (notice,) = firm.rows("SELECT * FROM notices")
    assert "failed (ValueError)" in notice.text
    assert firm.rows("SELECT due_at FROM alarms WHERE lead_id = :id AND key = 'lapse'", id=number_of(broken))[0].due_at == firm.now + timedelta(minutes=1)  # fmt: skip
    monkeypatch.setattr("routing.journey.step", step)
    firm.after(minutes=1)
    advance.ring_alarms(firm.engine, firm.now)
    assert "no answer from" in firm.why(broken)


def test_rings_what_is_due_and_no_earlier(start):
    firm = start(RING_TWO)
    firm.arrive()
    firm.after(minutes=2, seconds=59)
    assert advance.ring_alarms(firm.engine, firm.now) == 0
    firm.after(seconds=1)
    assert advance.ring_alarms(firm.engine, firm.now) == 1
