"""One transaction for many steps: the counters never drift, the queue is served in order, nobody waits while there is room."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.codes import code_of, number_of
from routing.events import (
    CloseDue,
    EscalationAcknowledged,
    HumanResponded,
    LeadAssigned,
    OfferAccepted,
    OfferPassed,
    OfferUndelivered,
    OutcomeReported,
    RepLeft,
    ResponseAttempted,
    RetryDue,
)  # fmt: skip
from store import advance, book, duty
from store.batch import Batch
from store.saving import Crowded
from tests import invariants
from tests.firm import Firm, team

REPS = ("ana", "bob", "cy")
CROWDED = team(
    dict.fromkeys(REPS, "cap: {open: 3, unanswered: 2, per_day: 6}"),
    {
        "east": "members: [ana, bob], offer: {ring: 2}, strategy: round_robin, offer_for: 1m",
        "west": "members: [bob, cy], strategy: owner_first, offer_for: 1m",
        "north": "members: [cy, ana, bob], strategy: weighted, offer: assign",
    },
    [f"  - {{id: {p}, when: {{region: {p}}}, send_to: {p}, sla: hot}}" for p in ("west", "north")],
)
ONE_PLACE = team({"priya": "cap: {open: 1, unanswered: 1}"}, {"sales": "members: [priya], offer: assign, QUEUE"})


@pytest.fixture
def start(database):
    begun: list[Firm] = []

    def begin(body: str, **more) -> Firm:
        begun.append(Firm(database, body, **more))
        return begun[-1]

    yield begin
    for firm in begun:
        firm.engine.dispose()


# --- whatever happens, the counters are what a recount gives

reps, regions = st.sampled_from(REPS), st.sampled_from(["east", "west", "north"])
which = st.integers(0, 200)
EVENTS = {
    "accept": lambda rep: OfferAccepted(rep, "page"),
    "pass": lambda rep: OfferPassed(rep, "sms"),
    "undelivered": lambda rep: OfferUndelivered(rep, "no such number"),
    "answer": lambda rep: HumanResponded(rep, "text", text="hello"),
    "try": lambda rep: ResponseAttempted(rep, "voicemail"),
    "finish": lambda rep: OutcomeReported(rep, "talked"),
    "bad": lambda rep: OutcomeReported(rep, "bad_number"),
    "assign": lambda rep: LeadAssigned(rep, "Kim"),
    "left": lambda rep: RepLeft(rep, "has gone off"),
    "close": lambda rep: CloseDue(),
    "ok": lambda rep: EscalationAcknowledged("kim"),
}
MOVES = st.one_of(
    st.tuples(st.just("arrive"), regions, st.integers(1, 4), st.sampled_from([None, "+15125550143"])),
    st.tuples(st.just("happen"), st.sampled_from(sorted(EVENTS)), which, reps),
    st.tuples(st.just("happen"), st.sampled_from(["accept", "pass", "finish"]), which, st.none()),
    st.tuples(st.just("presence"), reps, st.sampled_from(["on", "off", "busy", "away"]), st.integers(0, 90)),
    st.tuples(st.just("pass_time"), st.integers(1, 600)),
    st.tuples(st.just("cap"), reps, st.sampled_from([None, 0, 1, 5])),
)


def do(firm: Firm, move: tuple) -> None:
    """One move of the random history."""
    match move:
        case ("arrive", region, count, phone):
            firm.record(*[firm.a_form(extra={"region": region}, phone=phone or "") for _ in range(count)])
            firm.drain()
        case ("happen", name, place, rep):
            codes = [row.code for row in firm.rows("SELECT code FROM leads ORDER BY id")]
            if codes:
                code = codes[place % len(codes)]
                firm.happen(code, EVENTS[name](rep or (firm.lead(code).holders or ["ana"])[0]))
        case ("presence", rep, presence, minutes):
            duty.set_presence(firm.engine, rep, presence, firm.now + timedelta(minutes=minutes) if minutes else None, firm.now)
        case ("pass_time", seconds):
            firm.after(seconds=seconds)
            while advance.ring_alarms(firm.engine, firm.now):
                pass
            duty.turn(firm.engine, firm.now)
        case ("cap", rep, cap):
            duty.set_cap(firm.engine, rep, cap, firm.now)


def test_after_any_run_of_events_the_counters_equal_a_recount_and_nobody_waits_beside_room(start):
    firm = start(CROWDED)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False)
    @given(st.lists(MOVES, min_size=5, max_size=25))
    def holds(moves):
        firm.do("TRUNCATE leads, steps, alarms, outbox, people, addresses, inbox, told CASCADE")
        firm.do("UPDATE reps SET open = 0, unanswered = 0, today = 0, lapses = 0, backoff_until = NULL, cap_override = NULL, presence = 'on', duty_changes_at = :now", now=firm.now)  # fmt: skip
        duty.turn(firm.engine, firm.now)
        for move in moves:
            do(firm, move)
            duty.turn(firm.engine, firm.now)
            firm.is_sound(over_caps_allowed=True)
            assert invariants.stranded(firm.engine) == []

    holds()


# --- whose turn it is in the queue


def waiting(firm: Firm, minutes_ago: list[int]) -> list[str]:
    """Leads that arrived so long ago, all waiting behind one that fills the only place; the oldest first."""
    now = firm.now
    codes = []
    for ago in minutes_ago:
        firm.now = now - timedelta(minutes=ago)
        codes += firm.arrive()
    firm.now = now
    return codes


def served(firm: Firm) -> list[str]:
    """The order in which the leads get the only place when one after the other is done."""
    order = []
    while held := firm.held_by("priya"):
        order += held
        firm.happen(held[0], OutcomeReported("priya", "talked"))
    return order


def test_fresh_first_serves_who_can_still_be_answered_in_time_and_every_fourth_time_a_late_one(start):
    firm = start(ONE_PLACE.replace("QUEUE", "queue: fresh_first"))
    first, *others = waiting(firm, [60, 50, 40, 30, 8, 7, 6, 5, 4])
    late, fresh = others[:3], others[3:]
    assert served(firm) == [first, *fresh[:3], late[0], *fresh[3:], *late[1:]]


def test_how_many_fresh_ones_had_their_turn_is_remembered_between_commits(start):
    firm = start(ONE_PLACE.replace("QUEUE", "queue: fresh_first"))
    waiting(firm, [9, 8, 7, 6])
    counted = []
    for _ in range(3):
        firm.happen(firm.held_by("priya")[0], OutcomeReported("priya", "talked"))
        counted.append(firm.rows("SELECT fresh_starts FROM pools")[0].fresh_starts)
    assert counted == [1, 2, 3]


def test_oldest_first_serves_by_arrival(start):
    firm = start(ONE_PLACE.replace("QUEUE", "queue: oldest_first"))
    codes = waiting(firm, [60, 50, 40, 8, 7, 6])
    assert served(firm) == codes


def test_a_lead_that_nobody_may_take_blocks_no_other(start):
    body = team(
        {"priya": "cap: {open: 1, unanswered: 1}", "tom": "cap: {open: 1, unanswered: 1}, skills: [spanish]"},
        {"sales": "members: [priya, tom], offer: assign"},
        ["  - {id: es, when: {language: es}, send_to: sales, sla: hot, needs: [spanish]}"],
    )
    firm = start(body)
    firm.arrive(2)
    spanish = firm.arrive(locale="es")[0]
    other = firm.arrive()[0]
    firm.happen(firm.held_by("priya")[0], OutcomeReported("priya", "talked"))
    assert firm.held_by("priya") == [other]
    assert firm.lead(spanish).status == "waiting"
    firm.happen(firm.held_by("tom")[0], OutcomeReported("tom", "talked"))
    assert firm.held_by("tom") == [spanish]


def test_a_shift_of_many_takes_more_than_one_helping_of_the_queue_at_once(start):
    names = [f"r{n:02}" for n in range(30)]
    body = team(dict.fromkeys(names, "hours: office, cap: {open: 4, unanswered: 4}"), {"sales": f"members: [{', '.join(names)}], offer: assign"})  # fmt: skip
    firm = start(body)
    firm.now = firm.now.replace(hour=13)  # 7:00
    duty.turn(firm.engine, firm.now)
    firm.do("UPDATE reps SET duty_changes_at = :now", now=firm.now)
    duty.turn(firm.engine, firm.now)
    firm.arrive(130)
    assert firm.count("leads", status="waiting") == 130
    firm.after(hours=1)
    duty.turn(firm.engine, firm.now)
    assert firm.count("leads", status="accepted") == 120
    assert firm.count("leads", status="waiting") == 10
    firm.is_sound()


def test_a_failure_to_wake_another_pool_does_not_undo_what_was_decided(start, monkeypatch):
    firm = start(CROWDED)
    codes = firm.arrive(8, extra={"region": "north"})
    monkeypatch.setattr("store.batch.wake", lambda *_: (_ for _ in ()).throw(RuntimeError("no")))
    firm.arrive(6)
    held = firm.held_by("ana")[0]
    assert firm.happen(held, OutcomeReported("ana", "talked")).state.status == "closed"
    assert firm.lead(held).status == "closed"
    assert len(codes) == 8


# --- a returning person


def test_a_returning_person_goes_to_their_own_rep_though_others_have_more_room(start):
    firm = start(team({"priya": "cap: 9", "tom": "cap: 9"}, {"sales": "members: [priya, tom], strategy: owner_first"}))
    (first,) = firm.arrive(phone="+15125550143")
    firm.happen(first, OfferPassed("priya", "page"))
    firm.happen(first, OfferAccepted("tom", "page"))
    firm.after(hours=1)
    again, stranger = firm.arrive(phone="+15125550143")[0], firm.arrive()[0]
    assert firm.lead(again).holders == ["tom"]
    assert "knows this person" in firm.why(again)
    assert firm.lead(stranger).holders == ["priya"]


def test_a_returning_person_waits_a_little_for_their_own_rep_and_no_longer(start):
    firm = start(team({"priya": "cap: 9", "tom": "cap: 9"}, {"sales": "members: [priya, tom], strategy: owner_first"}))
    (first,) = firm.arrive(phone="+15125550143")
    firm.happen(first, OfferAccepted("priya", "page"))
    firm.after(hours=1)
    duty.set_presence(firm.engine, "priya", "busy", firm.now + timedelta(minutes=3), firm.now)
    (soon,) = firm.arrive(phone="+15125550143")
    assert firm.lead(soon).status == "waiting"
    assert "held for" in firm.why(soon)
    firm.after(minutes=3)
    duty.turn(firm.engine, firm.now)
    assert firm.lead(soon).holders == ["priya"]
    firm.after(hours=1)
    duty.set_presence(firm.engine, "priya", "busy", firm.now + timedelta(minutes=10), firm.now)
    (later,) = firm.arrive(phone="+15125550143")
    assert firm.lead(later).holders == ["tom"], "ten minutes are more than a quarter of the promise"


# --- what was decided must still hold when it is written


MEANWHILE = {
    "another pool took the place": "UPDATE reps SET open = 1, unanswered = 1",
    "the cap on open leads": "UPDATE reps SET open = cap_open",
    "the cap on unanswered leads": "UPDATE reps SET unanswered = cap_unanswered",
    "the cap of the day": "UPDATE reps SET today = 7, cap_today = 7",
    "off duty": "UPDATE reps SET absence = 'off'",
    "left the team": "UPDATE reps SET in_team = false",
}


@pytest.mark.parametrize("meanwhile", MEANWHILE)
def test_a_lead_is_not_given_to_who_has_no_room_any_more(start, meanwhile):
    firm = start(team({"bob": "cap: {open: 1, unanswered: 1}"}, {"sales": "members: [bob], offer: assign"}))
    duty.set_presence(firm.engine, "bob", "busy", None, firm.now)
    (code,) = firm.arrive()
    firm.do("UPDATE reps SET absence = NULL, presence = 'on'")
    with firm.engine.connect() as db:
        decided = Batch(db, firm.engine, firm.now, book.current(firm.engine))
        decided.load([number_of(code)])
        assert decided.happen(number_of(code), RetryDue()).state.owner == "bob"
        firm.do(MEANWHILE[meanwhile])
        with pytest.raises(Crowded):
            decided.flush()


def test_a_manager_s_word_counts_more_than_any_of_that(start):
    firm = start(team({"bob": "cap: {open: 1, unanswered: 1}"}, {"sales": "members: [bob], offer: assign"}))
    firm.arrive(2)
    (code,) = [row.code for row in firm.rows("SELECT code FROM leads WHERE status = 'waiting'")]
    firm.happen(code, LeadAssigned("bob", "Kim"))
    assert (firm.lead(code).owner, firm.rep("bob").open) == ("bob", 2)


# --- what is written


def test_a_step_is_written_with_what_it_was_what_it_became_and_why(start):
    firm = start(CROWDED)
    (code,) = firm.arrive(extra={"region": "west"})
    (step,) = firm.rows("SELECT * FROM steps")
    assert (step.lead_id, step.event, step.was, step.became, step.at) == (
        number_of(code),
        "LeadArrived",
        "new",
        "offered",
        firm.now,
    )
    assert step.why.startswith("new lead: offered to")
    assert step.details
    row = firm.lead(code)
    assert (row.code, row.changed_at, json.loads(json.dumps(row.state))["status"]) == (code_of(row.id), firm.now, "offered")


def test_a_look_that_finds_nothing_new_leaves_no_line(start):
    firm = start(ONE_PLACE.replace("QUEUE", "queue: fresh_first"))
    _, code = firm.arrive(2)
    before = firm.why(code)
    for _ in range(3):
        firm.after(seconds=30)
        advance.ring_alarms(firm.engine, firm.now)
    assert firm.why(code) == before
    assert firm.rows("SELECT due_at FROM alarms WHERE key = 'retry' AND armed")[0].due_at > firm.now
