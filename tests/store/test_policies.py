"""Putting a team file in force: once, whole, and with what follows for the leads that people hold."""

import pytest

from config.teamfile.findings import TeamFileError
from routing.events import OfferAccepted, OutcomeReported
from store import duty, policies
from store.engine import connect
from tests.firm import SETTINGS, Firm, at_once, team

CAP_ONE = "cap: {open: 1, unanswered: 1}"
TWO = team({"priya": CAP_ONE, "tom": CAP_ONE}, {"sales": "members: [priya, tom], offer: assign"})


@pytest.fixture
def firm(database):
    made = Firm(database, TWO)
    yield made
    made.engine.dispose()


def test_the_same_text_again_is_the_same_version(firm):
    assert firm.takes(TWO) == firm.takes(TWO) == policies.current(firm.engine).version == 1
    assert firm.takes(TWO + "\n# a comment\n") == 2
    assert firm.takes(TWO) == 3, "going back is a version of its own"
    assert firm.count("policies") == 3


def test_two_who_apply_the_same_text_at_once_make_one_version(firm):
    body = TWO + "\n# news\n"
    assert at_once(*[lambda: firm.takes(body) for _ in range(4)]) == [2] * 4


def test_a_broken_file_leaves_the_running_one_in_force(firm):
    with pytest.raises(TeamFileError, match="nobody"):
        firm.takes(TWO.replace("members: [priya, tom]", "members: [priya, nobody]"))
    assert policies.current(firm.engine).version == 1
    assert len(firm.arrive()) == 1


def test_before_the_first_one_it_is_said_what_to_do(database):
    engine = connect(database, role="test", size=1)
    with pytest.raises(policies.NoTeam, match="headroom apply"):
        policies.current(engine, SETTINGS)
    engine.dispose()


def test_an_engine_nobody_introduced_is_a_mistake_that_says_so(database):
    engine = connect(database, role="test", size=1)
    with pytest.raises(RuntimeError, match="open_book"):
        policies.current(engine)
    engine.dispose()


def test_a_version_that_never_was_is_named(firm):
    with pytest.raises(LookupError, match="no version 99"):
        policies.at(firm.engine, 99)


def test_the_text_in_force_can_be_read_back(firm):
    assert policies.text_of(firm.engine) == TWO
    firm.takes(TWO + "\n# news\n")
    assert policies.text_of(firm.engine) == TWO + "\n# news\n"
    assert policies.text_of(firm.engine, 1) == TWO


def test_another_process_hears_of_a_new_version_within_a_second(firm, database, monkeypatch):
    other = connect(database, role="test", size=1)
    assert policies.current(other, SETTINGS).version == 1
    firm.takes(TWO + "\n# news\n")
    monkeypatch.setattr("store.book.LOOK_AGAIN", -1.0)
    assert policies.current(other).version == 2
    other.dispose()


def test_within_a_second_nobody_asks_again(firm, monkeypatch):
    assert policies.current(firm.engine).version == 1
    monkeypatch.setattr("store.book.LOOK_AGAIN", 3_600.0)
    firm.do(
        "INSERT INTO policies (body, digest, applied_at, applied_by) VALUES (:body, 'x', :now, 'another process')",
        body=TWO,
        now=firm.now,
    )
    assert policies.current(firm.engine).version == 1
    monkeypatch.setattr("store.book.LOOK_AGAIN", 0.0)
    assert policies.current(firm.engine).version == 2


def test_a_raised_cap_wakes_who_waits(firm):
    codes = firm.arrive(4)
    assert firm.count("leads", status="waiting") == 2
    firm.takes(TWO.replace("open: 1, unanswered: 1", "open: 2, unanswered: 2"))
    assert sorted(firm.held_by("priya") + firm.held_by("tom")) == sorted(codes)
    firm.is_sound()


def test_a_rep_who_joins_takes_what_waits(firm):
    codes = firm.arrive(3)
    firm.takes(team(dict.fromkeys(("priya", "tom", "ana"), CAP_ONE), {"sales": "members: [priya, tom, ana], offer: assign"}))
    assert firm.held_by("ana") == codes[2:]


def test_a_rep_who_has_left_the_team_gives_back_what_is_unanswered(firm):
    first, second, third = firm.arrive(3)
    assert (firm.held_by("priya"), firm.held_by("tom")) == ([first], [second])
    only_tom = TWO.replace("members: [priya, tom]", "members: [tom]").replace("  - {id: priya, phone: '+15125552000', " + CAP_ONE + "}\n", "")  # fmt: skip
    assert "priya" not in only_tom
    firm.takes(only_tom)
    assert firm.held_by("priya") == []
    assert (firm.lead(first).status, firm.lead(first).owner) == ("waiting", None)
    assert "has left the team" in firm.why(first)
    assert (firm.rep("priya").in_team, firm.rep("priya").open) == (False, 0)
    firm.happen(second, OutcomeReported("tom", "talked"))
    assert firm.held_by("tom") == [first], "with its first clock it is the most urgent"
    assert firm.lead(third).status == "waiting"
    firm.is_sound()


def test_what_an_apply_that_died_left_with_a_gone_rep_the_next_one_takes_back(firm):
    (code,) = firm.arrive()
    firm.do("UPDATE reps SET in_team = false WHERE id = 'priya'")
    assert duty.give_back_of_gone(firm.engine, firm.now) == 1
    assert firm.held_by("priya") == []
    assert "has left the team" in firm.why(code)
    assert duty.give_back_of_gone(firm.engine, firm.now) == 0


def test_new_hours_send_home_who_is_not_on_shift_any_more(firm):
    (code,) = firm.arrive()
    assert firm.held_by("priya") == [code]
    late = 'hours: {office: {mon-fri: "08:00-18:00"}, late: {mon-fri: "12:00-18:00"}}'
    body = TWO.replace('hours: {office: {mon-fri: "08:00-18:00"}}', late).replace(f"'+15125552000', {CAP_ONE}", f"'+15125552000', {CAP_ONE}, hours: late")  # fmt: skip
    firm.takes(body)
    assert firm.rep("priya").absence == "off shift"
    assert firm.held_by("tom") == [code]
    firm.is_sound()


def test_turns_taken_stay_when_the_file_changes(firm):
    firm.do("UPDATE seats SET credit = 5, next_credit = 6, served = 2.5 WHERE rep = 'tom'")
    firm.takes(TWO.replace("members: [priya, tom]", "members: [tom, priya], strategy: weighted"))
    seats = {row.rep: row for row in firm.rows("SELECT * FROM seats")}
    assert (seats["tom"].rank, seats["tom"].credit, seats["tom"].served) == (0, 5, 2.5)
    assert seats["priya"].rank == 1


def test_a_pool_that_is_gone_has_no_seats_and_its_leads_are_still_served_by_the_ladder(firm):
    (code,) = firm.arrive()
    holder = firm.lead(code).holders[0]
    firm.takes(team({"priya": CAP_ONE, "tom": CAP_ONE}, {"other": "members: [priya, tom], offer: assign"}))
    assert {row.pool for row in firm.rows("SELECT pool FROM seats")} == {"other"}
    assert firm.happen(code, OfferAccepted(holder, "page")).state.owner == holder


def test_applying_while_leads_pour_in_deadlocks_nobody(firm):
    names = [f"r{n:02}" for n in range(12)]
    body = team(dict.fromkeys(names, "cap: {open: 50, unanswered: 50}"), {
        "sales": f"members: [{', '.join(names)}], offer: assign, strategy: round_robin",
        "west": f"members: [{', '.join(reversed(names))}], offer: assign, strategy: round_robin",
    }, ["  - {id: w, when: {region: west}, send_to: west, sla: hot}"])  # fmt: skip
    firm.takes(body)
    firm.record(*[firm.a_form(extra={"region": "west" if n % 2 else "east"}) for n in range(80)])
    applying = [lambda n=n: firm.takes(f"{body}\n# {n}\n") for n in range(4)]
    at_once(firm.drain, firm.drain, firm.drain, *applying)
    assert firm.count("leads", status="accepted") == 80
    assert firm.count("inbox", attempts=0) == 80
    firm.is_sound()
