"""Who is on duty as time goes by, and what follows from it."""

from datetime import datetime, timedelta

import pytest

from routing.events import LeadAssigned, OfferAccepted
from store import book, duty, saving
from store.batch import Batch
from tests.firm import NINE, Firm, at_once, team

OFFICE = team(
    {"priya": "cap: {open: 5, unanswered: 5}, hours: office", "tom": "cap: {open: 5, unanswered: 5, per_day: 2}, hours: office"},
    {"sales": "members: [priya, tom], hours: office"},
)
EIGHT, SIX = NINE - timedelta(hours=1), NINE + timedelta(hours=9)


@pytest.fixture
def start(database):
    begun: list[Firm] = []

    def begin(body: str = OFFICE, **more) -> Firm:
        begun.append(Firm(database, body, **more))
        return begun[-1]

    yield begin
    for firm in begun:
        firm.engine.dispose()


def turn_at(firm: Firm, at: datetime) -> int:
    """The clock is set, and the turn is taken."""
    firm.now = at
    return duty.turn(firm.engine, at)


def test_a_shift_begins_and_ends_at_its_minute(start):
    firm = start(at=EIGHT - timedelta(minutes=10))
    assert (firm.rep("priya").absence, firm.rep("priya").back_at) == ("off shift", EIGHT)
    assert firm.rep("priya").duty_changes_at == EIGHT
    assert turn_at(firm, EIGHT - timedelta(seconds=1)) == 0
    assert turn_at(firm, EIGHT) == 2
    assert (firm.rep("priya").absence, firm.rep("priya").back_at) == (None, None)
    assert {row.free for row in firm.rows("SELECT free FROM seats")} == {True}
    assert turn_at(firm, SIX) == 2
    assert firm.rep("priya").absence == "off shift"
    assert {row.free for row in firm.rows("SELECT free FROM seats")} == {False}


def test_the_shift_that_begins_gets_what_waits(start):
    firm = start(at=EIGHT - timedelta(minutes=10))
    codes = firm.arrive(3)
    assert {firm.lead(code).status for code in codes} == {"waiting"}
    turn_at(firm, EIGHT)
    assert {firm.lead(code).status for code in codes} == {"offered"}
    firm.is_sound()


def test_the_shift_that_ends_gives_back_what_is_unanswered_and_keeps_what_is_answered(start):
    firm = start(at=SIX - timedelta(minutes=5))
    asked, taken = firm.arrive(2)
    holder = firm.lead(taken).holders[0]
    firm.happen(taken, OfferAccepted(holder, "page"))
    assert turn_at(firm, SIX) == 2
    for code in (asked, taken):
        assert (firm.lead(code).status, firm.lead(code).owner, firm.lead(code).holders) == ("waiting", None, [])
        assert "has gone off shift" in firm.why(code)
    assert (firm.rep(holder).open, firm.rep(holder).absence) == (0, "off shift")
    firm.is_sound()


def test_a_shift_that_ends_hands_over_to_who_is_still_there(start):
    firm = start(team({"priya": "hours: office", "tom": "hours: always"}, {"sales": "members: [priya, tom]"}), at=SIX - timedelta(minutes=1))  # fmt: skip
    (code,) = firm.arrive()
    assert firm.lead(code).holders == ["priya"]
    turn_at(firm, SIX)
    assert firm.lead(code).holders == ["tom"]


def test_what_a_manager_gave_to_a_rep_off_duty_stays_with_them(start):
    firm = start(at=SIX + timedelta(hours=1))
    (code,) = firm.arrive()
    firm.happen(code, LeadAssigned("tom", "Kim"))
    midnight = datetime.fromisoformat("2026-11-25T06:00:00+00:00")  # where Tom's count of today begins anew
    assert turn_at(firm, midnight) == 1
    assert (firm.lead(code).status, firm.lead(code).owner) == ("accepted", "tom")


def test_leave_begins_and_ends_at_local_midnight(start):
    body = team({"priya": "hours: always, leave: [{from: 2026-11-25, to: 2026-11-26}]", "tom": "hours: always"}, {"sales": "members: [priya, tom]"})  # fmt: skip
    firm = start(body)
    (code,) = firm.arrive()
    assert firm.lead(code).holders == ["priya"]
    begins, ends = (datetime.fromisoformat(f"2026-11-{day}T06:00:00+00:00") for day in (25, 27))
    assert firm.rep("priya").duty_changes_at == begins
    turn_at(firm, begins)
    assert (firm.rep("priya").absence, firm.rep("priya").back_at) == ("on leave", ends)
    assert firm.lead(code).holders == ["tom"]
    turn_at(firm, ends)
    assert firm.rep("priya").absence is None


def test_a_back_off_ends_and_the_rep_is_asked_again(start):
    firm = start(team({"priya": "hours: always"}, {"sales": "members: [priya], offer_for: 1m"}))
    (code,) = firm.arrive()
    until = firm.now + timedelta(minutes=2)
    firm.do("UPDATE reps SET backoff_until = :u, duty_changes_at = :now WHERE id = 'priya'", u=until, now=firm.now)
    turn_at(firm, firm.now)
    assert (firm.rep("priya").absence, firm.rep("priya").back_at, firm.rep("priya").duty_changes_at) == (
        "backing off",
        until,
        until,
    )
    assert firm.lead(code).holders == ["priya"], "who is silent for a while keeps what they are asked"
    turn_at(firm, until)
    assert (firm.rep("priya").absence, firm.rep("priya").backoff_until) == (None, None)


def test_midnight_begins_the_count_of_today_anew(start):
    firm = start(
        team({"tom": "cap: {open: 9, unanswered: 9, per_day: 2}, hours: always"}, {"sales": "members: [tom], offer: assign"})
    )
    firm.arrive(3)
    assert (firm.rep("tom").today, firm.count("leads", status="waiting")) == (2, 1)
    midnight = datetime.fromisoformat("2026-11-25T06:00:00+00:00")
    assert firm.rep("tom").duty_changes_at == midnight
    turn_at(firm, midnight - timedelta(seconds=1))
    assert firm.rep("tom").today == 2
    turn_at(firm, midnight)
    assert (firm.rep("tom").today, firm.count("leads", status="waiting")) == (1, 0)


def test_a_presence_that_ends_by_itself(start):
    firm = start()
    duty.set_presence(firm.engine, "priya", "busy", firm.now + timedelta(minutes=30), firm.now)
    assert firm.rep("priya").absence == "busy"
    turn_at(firm, firm.now + timedelta(minutes=30))
    assert (firm.rep("priya").absence, firm.rep("priya").presence, firm.rep("priya").presence_until) == (None, "on", None)


def test_off_gives_back_at_once_and_busy_does_not(start):
    firm = start()
    codes = firm.arrive(2)
    duty.set_presence(firm.engine, "priya", "busy", None, firm.now)
    assert firm.held_by("priya") == codes[:1]
    duty.set_presence(firm.engine, "priya", "off", None, firm.now)
    assert firm.held_by("priya") == []
    assert sorted(firm.held_by("tom")) == sorted(codes)
    firm.is_sound()


def test_off_of_the_last_one_leaves_the_leads_waiting_and_on_takes_them(start):
    firm = start()
    codes = firm.arrive(3)
    duty.set_presence(firm.engine, "tom", "off", None, firm.now)
    duty.set_presence(firm.engine, "priya", "off", None, firm.now)
    assert firm.count("leads", status="waiting") == 3
    duty.set_presence(firm.engine, "priya", "on", None, firm.now)
    assert sorted(firm.held_by("priya")) == sorted(codes)


def test_on_forgets_silences_and_back_offs(start):
    firm = start()
    firm.do(
        "UPDATE reps SET presence = 'away', lapses = 3, backoff_until = :u WHERE id = 'priya'", u=firm.now + timedelta(hours=1)
    )
    duty.set_presence(firm.engine, "priya", "on", None, firm.now)
    assert (firm.rep("priya").absence, firm.rep("priya").lapses, firm.rep("priya").backoff_until) == (None, 0, None)


def test_an_off_that_is_over_already_changes_nothing(start):
    firm = start()
    (code,) = firm.arrive()
    duty.set_presence(firm.engine, "priya", "off", firm.now, firm.now)
    assert (firm.rep("priya").absence, firm.held_by("priya")) == (None, [code])


def test_a_cap_by_hand_holds_until_it_is_taken_back_and_wakes_who_waits(start):
    firm = start(team({"priya": "cap: {open: 1, unanswered: 9}"}, {"sales": "members: [priya], offer: assign"}))
    codes = firm.arrive(4)
    duty.set_cap(firm.engine, "priya", 3, firm.now)
    assert firm.held_by("priya") == codes[:3]
    duty.set_cap(firm.engine, "priya", 0, firm.now)
    assert firm.rep("priya").cap_open == 0
    turn_at(firm, firm.now + timedelta(days=1))
    assert firm.rep("priya").cap_open == 0
    duty.set_cap(firm.engine, "priya", None, firm.now)
    assert firm.rep("priya").cap_open == 1


@pytest.mark.parametrize(
    "change", [lambda e, n: duty.set_presence(e, "bob", "on", None, n), lambda e, n: duty.set_cap(e, "bob", 1, n)]
)
def test_an_unknown_rep_is_named(start, change):
    firm = start()
    with pytest.raises(LookupError, match="no rep 'bob' in the team file"):
        change(firm.engine, firm.now)


def test_why_the_seats_are_taken_is_counted_for_large_pools(start):
    firm = start(team({"ana": "hours: always", "priya": "hours: office", "tom": "hours: office"}, {"sales": "members: [ana, priya, tom]"}), at=EIGHT - timedelta(hours=1))  # fmt: skip
    duty.set_presence(firm.engine, "ana", "busy", firm.now + timedelta(minutes=20), firm.now)
    (pool,) = firm.rows("SELECT * FROM pools")
    assert (pool.tally, pool.opens_at, pool.tallied_at) == (
        {"busy": 1, "off shift": 2},
        firm.now + timedelta(minutes=20),
        firm.now,
    )


def test_an_offer_that_meets_the_end_of_the_shift_is_not_left_with_who_has_gone(start):
    """The clock's turn and a drain at the same moment: whichever commits first, nothing stays with a rep off shift."""
    firm = start(at=SIX - timedelta(seconds=1))
    firm.now = SIX
    for _ in range(6):
        firm.do("UPDATE reps SET absence = NULL, back_at = NULL, duty_changes_at = :six", six=SIX)
        firm.do(saving.REFRESH_SEATS, reps=["priya", "tom"])
        firm.record(*[firm.a_form() for _ in range(3)])
        at_once(firm.drain, lambda: duty.turn(firm.engine, SIX))
        assert firm.held_by("priya") == firm.held_by("tom") == []
        firm.is_sound()


def test_who_would_leave_with_unanswered_leads_is_left_alone_until_they_are_given_back(start):
    firm = start(at=SIX - timedelta(minutes=1))
    firm.arrive()
    with firm.engine.begin() as db:
        turned = duty.refresh(db, book.current(firm.engine), ["priya", "tom"], SIX)
    assert (turned.leaving, turned.changed) == ({"priya": "off shift"}, ["tom"])
    assert (firm.rep("priya").absence, firm.rep("priya").duty_changes_at) == (None, SIX), "still due: nobody can forget them"


def test_one_more_lead_given_meanwhile_makes_the_rep_s_leave_be_tried_again(start):
    firm = start(at=SIX - timedelta(minutes=1))
    firm.arrive()
    with pytest.raises(saving.Crowded), firm.engine.begin() as db:
        duty.nothing_left(Batch(db, firm.engine, firm.now, book.current(firm.engine)), "priya")
