"""What a delivery means: a new lead, a word on an open one, a step of a call, a wish."""

from datetime import timedelta

import pytest

from routing.events import HumanResponded, OfferAccepted, OutcomeReported
from store import advance
from store.inbox import Received
from tests.firm import Firm, team

DANA = "+15125550143"
TWO_POOLS = team(
    {"priya": "cap: 100", "tom": "cap: 100, skills: [spanish]"},
    {"sales": "members: [priya]", "spanish": "members: [tom]"},
    ["  - {id: spanish, when: {language: es}, send_to: spanish, sla: hot, needs: [spanish]}"],
)


@pytest.fixture
def firm(database):
    made = Firm(database, TWO_POOLS)
    yield made
    made.engine.dispose()


def message(firm: Firm, words: str, *, phone: str | None = DANA, **said: object) -> Received:
    """A text from a phone, or from a handle."""
    content = {"kind": "message", "channel": "sms", "message": words, "phone": phone, **said}
    return Received("texts", f"message:{next(firm._keys)}", str(said.pop("event", "message")), content, b"", {}, firm.now)


def call(firm: Firm, event: str, sid: str = "CA1", **said: object) -> Received:
    """A step of a call."""
    content = {"kind": "call", "channel": "call", "call_sid": sid, "phone": DANA, **said}
    return Received("calls", f"call:{next(firm._keys)}", event, content, b"", {}, firm.now)


def hear(firm: Firm, *received: Received) -> None:
    """Recorded and decided."""
    firm.record(*received)
    firm.drain()


def test_the_first_rule_that_matches_names_the_pool_and_is_read_back(firm):
    spanish, other = firm.arrive(locale="es-MX")[0], firm.arrive()[0]
    assert (firm.lead(spanish).pool, firm.lead(spanish).rule, firm.lead(spanish).needs) == ("spanish", "spanish", ["spanish"])
    assert (firm.lead(other).pool, firm.lead(other).rule) == ("sales", "rest")
    assert firm.lead(spanish).matched
    assert firm.held_by("tom") == [spanish]


def test_a_source_with_a_pool_of_its_own_needs_no_rule(firm):
    firm.takes(TWO_POOLS.replace("website: {type: form}", "website: {type: form, pool: spanish, sla: hot}"))
    (code,) = firm.arrive()
    assert (firm.lead(code).pool, firm.lead(code).matched) == ("spanish", ["source website goes to spanish"])


def test_the_same_person_within_the_window_is_a_word_on_the_open_lead_and_later_a_new_one(firm):
    firm.arrive(phone=DANA)
    firm.arrive(phone=DANA, message="and the gutter")
    assert firm.count("leads") == 1
    firm.after(minutes=11)
    firm.arrive(phone=DANA, message="a new roof")
    assert firm.count("leads") == 2
    assert len({row.person_id for row in firm.rows("SELECT person_id FROM leads")}) == 1


def test_a_text_belongs_to_the_latest_open_lead_however_old(firm):
    (first,) = firm.arrive(phone=DANA)
    firm.after(hours=3)
    (second,) = firm.arrive(phone=DANA)
    hear(firm, message(firm, "hello?"))
    assert firm.count("leads") == 2
    assert "the lead wrote by sms" in firm.why(second)
    assert "the lead wrote" not in firm.why(first)


def test_words_after_the_end_begin_a_new_lead(firm):
    (code,) = firm.arrive(phone=DANA)
    firm.happen(code, OutcomeReported("priya", "talked"))
    hear(firm, message(firm, "one more thing"))
    assert firm.count("leads") == 2


def test_two_words_of_a_new_person_in_one_batch_are_one_lead(firm):
    hear(firm, message(firm, "Hello"), message(firm, "anybody there?"))
    assert firm.count("leads") == 1
    assert firm.count("outbox", purpose="ack") == 1


@pytest.mark.parametrize("words", ["STOP", "stop", "please stop texting me", "Unsubscribe"])
def test_a_stop_is_no_lead_and_closes_both_ways_to_the_phone(firm, words):
    hear(firm, message(firm, words))
    assert firm.count("leads") == 0
    assert {(r.channel, r.address) for r in firm.rows("SELECT * FROM suppressions")} == {("sms", DANA), ("whatsapp", DANA)}
    hear(firm, message(firm, words))
    hear(firm, message(firm, "START"))
    assert firm.count("suppressions") == 0


def test_a_stop_on_a_platform_closes_that_platform(firm):
    hear(firm, message(firm, "stop", phone=None, channel="messenger", handles={"messenger": "620"}))
    assert [(r.channel, r.address) for r in firm.rows("SELECT * FROM suppressions")] == [("messenger", "620")]


def test_a_start_opens_only_the_ways_of_who_said_it(firm):
    hear(firm, message(firm, "STOP"), message(firm, "STOP", phone="+15125550999"))
    hear(firm, message(firm, "START"))
    assert {r.address for r in firm.rows("SELECT address FROM suppressions")} == {"+15125550999"}


def test_a_stop_is_noted_on_every_open_lead_of_the_person(firm):
    (first,) = firm.arrive(phone=DANA)
    firm.after(minutes=30)
    (second,) = firm.arrive(phone=DANA)
    hear(firm, message(firm, "STOP"))
    assert "STOP: no more texts" in firm.why(first)
    assert "STOP: no more texts" in firm.why(second)
    assert firm.rows("SELECT lead_id FROM inbox WHERE event = 'message'")[0].lead_id


def test_a_call_is_followed_step_by_step(firm):
    hear(firm, call(firm, "call"))
    (code,) = [row.code for row in firm.rows("SELECT code FROM leads")]
    assert firm.lead(code).status == "ringing"
    hear(firm, call(firm, "missed_call", rep="priya", reason="busy"))
    assert "Priya did not take it (busy)".lower() in firm.why(code).lower()
    assert firm.lead(code).status == "offered"
    hear(firm, call(firm, "voicemail", seconds=9, url="https://x.example/r"))
    assert "left a voicemail of 9s" in firm.why(code)


def test_a_step_of_a_call_that_nobody_knows_is_tried_for_a_while_and_then_kept(firm):
    firm.record(call(firm, "call_status", sid="CA404"))
    for _ in range(12):
        firm.drain()
        firm.after(seconds=2)
    (row,) = firm.rows("SELECT * FROM inbox")
    assert (row.attempts, row.error, row.lead_id) == (8, "came before what it belongs to", None)
    assert row.done_at is not None


def test_a_taken_call_without_any_rep_known_changes_nothing(firm):
    hear(
        firm,
        call(firm, "call"),
    )
    hear(firm, call(firm, "missed_call", rep="priya"))
    hear(firm, call(firm, "missed_call", rep="nobody"))
    hear(firm, call(firm, "call_answered", sid="CA1", rep="tom"))
    assert firm.rows("SELECT owner, status FROM leads")[0] == ("tom", "responded")


def test_a_second_call_of_the_same_person_rings_on_their_open_lead(firm):
    hear(firm, call(firm, "call", sid="CA1"))
    hear(firm, call(firm, "missed_call", sid="CA1", rep="priya"))
    hear(firm, call(firm, "call", sid="CA2"))
    assert [row.status for row in firm.rows("SELECT status FROM leads")] == ["ringing"]
    hear(firm, call(firm, "call_status", sid="CA1", reason="the caller hung up"))
    assert [row.status for row in firm.rows("SELECT status FROM leads")] == ["ringing"], (
        "the end of the first call is not the second's"
    )
    hear(firm, call(firm, "call_status", sid="CA2", reason="the caller hung up"))
    assert [row.status for row in firm.rows("SELECT status FROM leads")] == ["offered"]


def test_a_lead_keeps_the_terms_under_which_it_arrived(firm):
    (old,) = firm.arrive()
    firm.takes(TWO_POOLS.replace("first_response_within: 15m", "first_response_within: 60m"))
    (new,) = firm.arrive()
    assert firm.lead(old).response_due_at - firm.lead(old).arrived_at == timedelta(minutes=15)
    assert firm.lead(new).response_due_at - firm.lead(new).arrived_at == timedelta(minutes=60)
    firm.happen(old, OfferAccepted("priya", "page"))
    assert firm.lead(old).response_due_at - firm.lead(old).arrived_at == timedelta(minutes=15)
    assert firm.lead(old).policy_version != firm.lead(new).policy_version


def test_a_caller_who_is_asked_for_a_decision_gets_the_one_another_process_has_made(firm):
    recorded = firm.record(call(firm, "call"))[0]
    firm.drain()
    after = advance.decide(firm.engine, recorded.inbox_id, firm.now)
    assert (after.state.status, after.state.offered_to, after.why) == ("ringing", ("priya",), "as it stands")
    assert after.bench.named["priya"].phone


def test_what_begins_no_lead_has_no_decision(firm):
    recorded = firm.record(message(firm, "STOP"))[0]
    assert advance.decide(firm.engine, recorded.inbox_id, firm.now) is None
    assert advance.decide(firm.engine, recorded.inbox_id, firm.now) is None


def test_a_word_to_an_answered_lead_stays_with_its_owner(firm):
    (code,) = firm.arrive(phone=DANA)
    firm.happen(code, OfferAccepted("priya", "page"))
    firm.happen(code, HumanResponded("priya", "text", text="Hello"))
    hear(firm, message(firm, "Thanks"))
    assert firm.lead(code).owner == "priya"
    assert firm.count("outbox", template="lead_said", channel="sms") == 1
