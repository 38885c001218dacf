"""Texts of the team: who is meant, which lead is meant, and what is answered. The dialogue itself: tests/stories/test_rep.py."""

import pytest

from routing.events import LeadAssigned, OfferAccepted, OutcomeReported
from store import policies, staff
from store.batch import Batch
from store.inbox import Received
from store.staff import sender
from tests.firm import Firm, team

THREE = team(
    dict.fromkeys(("priya", "tom", "ana"), "cap: {open: 20, unanswered: 20}"),
    {"sales": "members: [priya, tom, ana]"},
)
KIM = "+15125550190"


@pytest.fixture
def firm(database):
    made = Firm(database, THREE)
    yield made
    made.engine.dispose()


def text(firm: Firm, who: str, words: str) -> str:
    """What the sender is answered; empty when nothing is said back."""
    team_now = policies.current(firm.engine)
    phone = KIM if who == "kim" else team_now.reps[who].phone
    content = {"kind": "message", "channel": "sms", "message": words, "phone": phone}
    number = next(firm._keys)
    firm.record(Received("texts", f"message:{number}", "message", content, b"", {}, firm.now))
    firm.drain()
    found = firm.rows(
        "SELECT fields ->> 'text' AS words FROM outbox WHERE template = 'reply' AND key = 'answer:' || (SELECT max(id) FROM inbox)"
    )
    return found[0].words if found else ""


def test_a_number_is_a_rep_s_before_it_is_a_manager_s(firm):
    team_now = policies.current(firm.engine)
    texts = [{"phone": phone} for phone in (team_now.reps["tom"].phone, KIM, "+15125550143", None)]
    senders = [sender(team_now, content) for content in texts]
    assert [who.to if who else None for who in senders] == ["rep:tom", "manager:kim", None, None]


def test_a_text_of_the_team_is_never_a_lead_nor_a_person(firm):
    text(firm, "priya", "hello there")
    text(firm, "kim", "hello there")
    assert firm.count("leads") == firm.count("people") == 0


def test_a_report_that_had_to_wait_counts_from_when_it_was_sent(firm):
    [code] = firm.arrive()
    firm.happen(code, OfferAccepted("priya", "page"))
    said_at = firm.now
    content = {"kind": "message", "channel": "sms", "message": "C", "phone": policies.current(firm.engine).reps["priya"].phone}
    firm.record(Received("texts", "message:late", "message", content, b"", {}, said_at))
    firm.after(minutes=40)  # nobody is there to read it
    firm.drain()
    [lead] = firm.rows("SELECT responded_at, response_due_at, closed_at FROM leads")
    assert (lead.responded_at, lead.closed_at) == (said_at, firm.now)
    assert lead.responded_at < lead.response_due_at < firm.now


def test_a_bare_command_means_the_only_lead_it_can_mean(firm):
    one, other = firm.arrive(), firm.arrive()
    firm.happen(one[0], OfferAccepted("priya", "page"))
    firm.happen(other[0], LeadAssigned("priya", "Kim"))
    firm.happen(other[0], OutcomeReported("priya", "talked"))
    assert text(firm, "priya", "V").startswith(f"{one[0]}: noted, voicemail")


@pytest.mark.parametrize("words", ["C", "V", "B", "N left a message"])
def test_with_two_it_could_mean_it_is_asked(firm, words):
    codes = [firm.arrive()[0] for _ in range(2)]
    for code in codes:
        firm.happen(code, LeadAssigned("priya", "Kim"))
    answer = text(firm, "priya", words)
    assert answer.startswith("You have 2 open")
    assert all(code in answer for code in codes)
    assert firm.count("leads", status="accepted") == 2


def test_a_list_of_many_names_five_and_counts_the_rest(firm):
    for _ in range(7):
        firm.happen(firm.arrive()[0], LeadAssigned("priya", "Kim"))
    answer = text(firm, "priya", "L")
    assert answer.startswith("You have 7: ")
    assert answer.count("to call") == 5
    assert answer.endswith("and 2 more.")


def test_why_without_a_decision_says_so(firm):
    firm.takes(THREE.replace("members: [priya, tom, ana]", "members: [priya, tom, ana], hours: office"))
    for rep in ("priya", "tom", "ana"):
        text(firm, rep, "OFF 2h")
    (code,) = firm.arrive()
    assert text(firm, "priya", f"WHY {code}") == f"{code}: not offered to anybody yet."


def test_a_manager_is_on_it_for_all_they_were_told_of_or_for_one(firm):
    codes = firm.arrive(3)
    for number, code in enumerate(codes):
        firm.do(
            "INSERT INTO told (manager, lead_id, at) SELECT 'kim', id, :now FROM leads WHERE code = :code",
            code=code,
            now=firm.now,
        )
        assert number < 3
    assert text(firm, "kim", f"OK {codes[1]}").startswith(f"You are on it: {codes[1]}.")
    assert [firm.lead(code).state.get("acknowledged_by") for code in codes] == [None, "kim", None]
    answer = text(firm, "kim", "ok")
    assert codes[0] in answer and codes[2] in answer and codes[1] not in answer
    assert text(firm, "kim", "ok") == "Nothing is waiting for your answer."


def test_one_ok_is_for_all_of_a_flood_and_the_answer_counts_what_it_does_not_name(firm):
    firm.arrive(60)
    firm.do("INSERT INTO told (manager, lead_id, at) SELECT 'kim', id, :now FROM leads", now=firm.now)
    codes = ", ".join(row.code for row in firm.rows("SELECT code FROM leads ORDER BY id LIMIT 5"))
    assert text(firm, "kim", "OK") == f"You are on it: {codes} and 55 more. The clock goes on until somebody answers the lead."
    assert text(firm, "kim", "OK") == "Nothing is waiting for your answer."


def test_who_passes_on_a_lead_they_have_answered_hears_that_it_stays_theirs(firm):
    (code,) = firm.arrive()
    firm.happen(code, LeadAssigned("priya", "Kim"))
    assert text(firm, "priya", f"{code} on my way") == f"{code}: sent."
    assert (
        text(firm, "priya", f"2 {code}")
        == f"{code}: stays yours, you have answered them. A manager can give it to somebody else."
    )
    assert firm.lead(code).owner == "priya"


@pytest.mark.parametrize("words", ["C", "V", "B", "2"])
def test_a_report_on_a_closed_lead_changes_nothing_and_says_so(firm, words):
    (code,) = firm.arrive()
    firm.happen(code, LeadAssigned("priya", "Kim"))
    firm.happen(code, OutcomeReported("priya", "talked"))
    assert text(firm, "priya", f"{words} {code}") == f"{code}: closed already, so nothing was changed."


def test_a_manager_gives_a_lead_to_a_rep_by_first_name_over_their_cap(firm):
    firm.do("UPDATE reps SET cap_open = 0 WHERE id = 'ana'")
    (code,) = firm.arrive()
    assert text(firm, "kim", f"T Ana {code}") == f"{code} is with Ana now."
    assert (firm.lead(code).owner, firm.lead(code).status) == ("ana", "accepted")
    assert firm.rep("ana").open == 1
    assert text(firm, "kim", f"T Nobody {code}").startswith("No rep is called Nobody")
    assert text(firm, "kim", "T Ana Z99") == "There is no such lead."
    assert text(firm, "kim", "T Ana") == "Nothing is waiting for your answer."


def test_two_reps_of_one_name_are_told_apart_by_their_full_names(database):
    firm = Firm(database, team({"ann1": "name: Ann Lee", "ann2": "name: Ann Ray"}, {"sales": "members: [ann1, ann2]"}))
    (code,) = firm.arrive()
    assert text(firm, "kim", f"T Ann {code}") == "Several reps are called Ann: use their full name."
    assert text(firm, "kim", f"T Ann Ray {code}") == f"{code} is with Ann Ray now."
    firm.engine.dispose()


def test_who_has_left_the_team_between_text_and_answer_is_heard_as_anybody(firm):
    content = {"kind": "message", "channel": "sms", "message": "1", "phone": "+15125550143"}
    item = staff.Item(1, "texts", "message", content, firm.now, None)
    with firm.engine.begin() as db:
        staff.obey(Batch(db, firm.engine, firm.now, policies.current(firm.engine)), item, None)
    assert item.is_early, "looked at again, and then it is a lead's text"
