"""Seats: SQL and Python sort and count alike, and a shortlist picks whom the whole list would pick."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from routing import strategies
from routing.capacity import can_take, load
from routing.codes import number_of
from routing.model import RepChange, State, Status
from routing.strategies.order import best_first
from store import book, saving
from store.batch import Batch
from store.roster import load_roster
from store.seats import MEMBERS, SHORTLIST, order_by, seat_of
from tests.firm import NINE, Firm, team

REPS = [f"rep{n:02}" for n in range(12)]
TWELVE = team(dict.fromkeys(REPS, "cap: 5"), {"sales": f"members: [{', '.join(REPS)}]"})
COUNTS = st.integers(0, 12)
CAPS = st.one_of(st.none(), st.integers(0, 12))
INSTANTS = st.one_of(st.none(), st.integers(0, 5).map(lambda n: (NINE - timedelta(minutes=n)).isoformat()))
REP_ROWS = st.fixed_dictionaries(
    {
        "open": COUNTS, "unanswered": COUNTS, "today": COUNTS, "cap_open": CAPS, "cap_unanswered": CAPS, "cap_today": CAPS,
        "absence": st.sampled_from([None, None, None, "off shift", "away"]), "last_assigned_at": INSTANTS,
        "weight": st.integers(1, 9), "credit": st.integers(-9, 9), "served": st.floats(0, 9, width=32),
    }
)  # fmt: skip
SET_REPS = text("""
UPDATE reps SET open = r.open, unanswered = r.unanswered, today = r.today, cap_open = r.cap_open, cap_unanswered = r.cap_unanswered,
  cap_today = r.cap_today, absence = r.absence, last_assigned_at = r.last_assigned_at
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id text, open int, unanswered int, today int, cap_open int, cap_unanswered int,
  cap_today int, absence text, last_assigned_at timestamptz) WHERE reps.id = r.id
""")
SET_SEATS = text("""
UPDATE seats SET weight = r.weight, credit = r.credit, next_credit = r.credit + r.weight, served = r.served
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id text, weight int, credit int, served double precision) WHERE seats.rep = r.id
""")


@pytest.fixture
def start(database):
    begun: list[Firm] = []

    def begin(body: str) -> Firm:
        begun.append(Firm(database, body))
        return begun[-1]

    yield begin
    for firm in begun:
        firm.engine.dispose()


def write(firm: Firm, rows: list[dict[str, object]]) -> None:
    """Reps and seats as the example says."""
    named = json.dumps([{**row, "id": f"rep{n:02}"} for n, row in enumerate(rows)])
    with firm.engine.begin() as db:
        db.execute(SET_REPS, {"rows": named})
        db.execute(SET_SEATS, {"rows": named})
        db.execute(saving.REFRESH_SEATS, {"reps": REPS})


def test_sql_and_python_sort_load_and_count_alike_for_every_strategy(start):
    firm = start(TWELVE)
    names = book.current(firm.engine)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(REP_ROWS, min_size=len(REPS), max_size=len(REPS)))
    def alike(rows):
        write(firm, rows)
        with firm.engine.connect() as db:
            for strategy in strategies.names():
                query = text(MEMBERS + f"ORDER BY {order_by(strategy)}")
                seats = [seat_of(row, names) for row in db.execute(query, {"pool": "sales"}).mappings()]
                assert len(seats) == len(REPS)
                assert [seat.rep for seat in seats] == [s.rep for s in best_first(seats, strategies.get(strategy).order)]
            stored = {row.rep: row for row in db.execute(text("SELECT rep, load, free, last_assigned_at FROM seats"))}
        for seat in seats:
            assert stored[seat.rep].load == load(seat)
            assert stored[seat.rep].free == can_take(seat)
            assert stored[seat.rep].last_assigned_at == seat.last_assigned_at

    alike()


def test_a_rep_who_is_not_in_the_team_is_never_free(start):
    firm = start(TWELVE)
    firm.do("UPDATE reps SET in_team = false WHERE id = 'rep03'")
    firm.do(saving.REFRESH_SEATS, reps=REPS)
    assert not firm.rows("SELECT free FROM seats WHERE rep = 'rep03'")[0].free


# --- large pools

MANY = [f"r{n:03}" for n in range(300)]


def large(strategy: str) -> str:
    """300 reps with room for a few leads; every twentieth speaks Spanish."""
    reps = {
        name: f"cap: {{open: 4, unanswered: 4}}{', skills: [spanish]' if n % 20 == 19 else ''}" for n, name in enumerate(MANY)
    }
    pool = f"members: [{', '.join(MANY)}], strategy: {strategy}, offer: assign"
    rules = ["  - {id: es, when: {language: es}, send_to: sales, sla: hot, needs: [spanish]}"]
    return team(reps, {"sales": pool}, rules)


def shuffled(firm: Firm) -> None:
    """Loads, turns and shares that differ from seat to seat, the same in every run."""
    firm.do("UPDATE reps SET open = ('x' || substr(md5(id), 1, 2))::bit(8)::int % 4, last_assigned_at = :now - (('x' || substr(md5(id || 'b'), 1, 3))::bit(12)::int || ' s')::interval", now=firm.now)  # fmt: skip
    firm.do(saving.REFRESH_SEATS, reps=MANY)


@pytest.mark.parametrize("strategy", strategies.names())
def test_in_a_large_pool_a_shortlist_picks_whom_the_whole_list_would_pick(start, strategy, monkeypatch):
    def picks(small: int) -> list[str]:
        """Who takes 80 leads that are decided in batches of 20, with pools up to `small` seats loaded whole."""
        monkeypatch.setattr("store.roster.SMALL", small)
        firm.do("TRUNCATE leads, steps, alarms, outbox, people, addresses, inbox, told CASCADE")
        firm.do("UPDATE reps SET open = 0, unanswered = 0, today = 0, last_assigned_at = NULL")
        firm.do("UPDATE seats SET credit = 0, next_credit = weight, served = 0")
        shuffled(firm)
        firm.record(*[firm.a_form(phone=f"+1214555{n:04}") for n in range(80)])
        firm.drain()
        return [row.owner for row in firm.rows("SELECT owner FROM leads ORDER BY id")]

    firm = start(large(strategy))
    short, whole = picks(200), picks(10_000)
    assert short == whole
    assert len(set(short)) > SHORTLIST, "more than one shortlist was needed"


@pytest.mark.parametrize("strategy", strategies.names())
def test_in_a_large_pool_a_shortlist_begins_as_the_whole_list_does(start, strategy, monkeypatch):
    firm = start(large(strategy))
    shuffled(firm)
    firm.do("UPDATE seats SET served = ('x' || substr(md5(rep || 'c'), 1, 3))::bit(12)::int / 7.0, credit = rank - 150")
    firm.do("UPDATE seats SET next_credit = credit + weight")
    names = book.current(firm.engine)
    with firm.engine.connect() as db:
        short = load_roster(db, names.pools["sales"], names).ranking.able()
        monkeypatch.setattr("store.roster.SMALL", 10_000)
        whole = load_roster(db, names.pools["sales"], names).ranking.able()
    assert short[:SHORTLIST] == whole[:SHORTLIST]
    assert len(short) == (len(whole) if strategy == "round_robin" else SHORTLIST)


def test_in_a_large_pool_the_few_with_a_skill_are_found_beyond_the_shortlist(start):
    firm = start(large("least_loaded"))
    codes = firm.arrive(30, locale="es")
    owners = [firm.lead(code).owner for code in codes]
    assert set(owners) == {name for n, name in enumerate(MANY) if n % 20 == 19}
    assert {firm.rep(name).open for name in set(owners)} == {2}


def test_in_a_large_pool_who_has_passed_is_looked_past(start):
    firm = start(large("least_loaded"))
    (code,) = firm.arrive()
    refused = json.dumps(MANY[:298])
    firm.do("UPDATE leads SET status = 'waiting', owner = NULL, holders = '{}', state = state - 'owner' || jsonb_build_object('status', 'waiting', 'declined_by', CAST(:no AS jsonb)) WHERE id = :id", id=number_of(code), no=refused)  # fmt: skip
    firm.do("UPDATE reps SET open = 0, unanswered = 0")
    with firm.engine.begin() as db:
        one = Batch(db, firm.engine, firm.now, book.current(firm.engine))
        one.wake(["sales"])
        assert one.leads[number_of(code)].state.owner in ("r298", "r299")


# --- counting


def test_counts_go_with_the_states_of_a_lead(start):
    firm = start(TWELVE)
    with firm.engine.connect() as db:
        roster = load_roster(db, book.current(firm.engine).pools["sales"], book.current(firm.engine))
    new, person = State(), []
    offered = State(status=Status.OFFERED, offered_to=("rep00", "rep01"))
    accepted = State(status=Status.ACCEPTED, owner="rep01")
    responded = State(status=Status.RESPONDED, owner="rep01")
    closed = State(status=Status.CLOSED, owner="rep01")
    expected = [
        ((new, offered), {"rep00": (1, 1, 1), "rep01": (1, 1, 1)}),
        ((offered, accepted), {"rep00": (0, 0, 0), "rep01": (1, 1, 1)}),
        ((accepted, responded), {"rep00": (0, 0, 0), "rep01": (1, 0, 1)}),
        ((responded, closed), {"rep00": (0, 0, 0), "rep01": (0, 0, 1)}),
    ]
    for (before, after), counts in expected:
        roster.apply(before, after, (), now=NINE, forced=False)
        for rep, (is_open, unanswered, today) in counts.items():
            seat, change = roster.seats[rep], roster.changes[rep]
            assert (
                (seat.open, seat.unanswered, seat.today)
                == (is_open, unanswered, today)
                == (change.open, change.unanswered, change.today)
            )
    assert not person
    assert roster.freed == {"rep00", "rep01"}


def test_a_sign_of_life_ends_a_back_off_and_makes_room(start):
    firm = start(TWELVE)
    firm.do("UPDATE reps SET absence = 'backing off', lapses = 1 WHERE id = 'rep04'")
    with firm.engine.connect() as db:
        roster = load_roster(db, book.current(firm.engine).pools["sales"], book.current(firm.engine))
    assert "rep04" not in [seat.rep for seat in roster.ranking.able()]
    roster.apply(State(), State(), (RepChange("rep04", lapses=0),), now=NINE, forced=False)
    assert "rep04" in [seat.rep for seat in roster.ranking.able()]
    assert roster.freed == {"rep04"}


def test_who_waits_is_counted_within_a_batch(start):
    firm = start(team({"priya": "cap: {open: 1, unanswered: 1}"}, {"sales": "members: [priya], offer: assign"}))
    firm.record(*[firm.a_form() for _ in range(12)])
    firm.drain()
    dues = [
        row.due for row in firm.rows("SELECT fields ->> 'due_text' AS due FROM outbox WHERE purpose = 'ack' ORDER BY lead_id")
    ]
    assert dues[0] == "9:15 am"
    assert len(set(dues[1:])) == len(dues[1:]), "each is told a later time than the one before it in the queue"
