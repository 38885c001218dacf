"""What comes in is on disk once, however often and from however many sides it is sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from store import inbox
from store.inbox import Received
from tests.firm import Firm, at_once, team

TWO = team({"priya": "cap: 100", "tom": "cap: 100"}, {"sales": "members: [priya, tom]"})


@pytest.fixture
def firm(database):
    made = Firm(database, TWO)
    yield made
    made.engine.dispose()


def test_fifty_deliveries_of_one_event_over_eight_connections_are_one_lead_with_one_acknowledgement(firm):
    form = firm.a_form(key="form:dana", phone="+15125550143")
    answers = at_once(*[lambda: firm.record(form)[0] for _ in range(50)])
    assert {(each.lead, each.inbox_id) for each in answers} == {(answers[0].lead, answers[0].inbox_id)}
    assert [each.duplicate for each in answers].count(False) == 1
    assert not any(each.conflict for each in answers)
    at_once(*[firm.drain for _ in range(8)])
    assert firm.count("leads") == 1
    assert firm.count("outbox", purpose="ack") == 1
    assert firm.record(form)[0].lead == answers[0].lead, "and the same code afterwards"


def test_the_same_key_with_another_body_is_a_conflict_and_changes_nothing(firm):
    form = firm.a_form(key="form:dana")
    first = firm.record(form)[0]
    again = firm.record(replace(form, body=b"something else", content={"name": "Eve"}))[0]
    assert (again.lead, again.duplicate, again.conflict) == (first.lead, True, True)
    assert firm.rows("SELECT content ->> 'name' AS name FROM inbox")[0].name == "Person 1"


def test_one_key_may_stand_under_two_sources(firm):
    one, other = firm.record(firm.a_form(key="same"), firm.a_form(key="same", source="calls"))
    assert not one.duplicate
    assert not other.duplicate
    assert one.lead != other.lead


def test_a_double_click_across_the_edge_of_a_time_bucket_is_one_lead(firm):
    since = (firm.now - timedelta(minutes=10)).isoformat()
    first = firm.record(firm.a_form(key="derived:x:7", also="derived:x:6", also_since=since))[0]
    firm.after(seconds=2)
    again = firm.record(firm.a_form(key="derived:x:8", also="derived:x:7", also_since=since))[0]
    assert (again.lead, again.duplicate) == (first.lead, True)
    assert firm.count("inbox") == 1


def test_after_the_window_the_same_words_are_a_new_lead_whose_own_double_click_finds_it(firm):
    first = firm.record(firm.a_form(key="derived:x:6"))[0]
    firm.after(minutes=11)
    window = {"also": "derived:x:6", "also_since": (firm.now - timedelta(minutes=10)).isoformat()}
    second = firm.record(firm.a_form(key="derived:x:7", **window))[0]
    assert (second.duplicate, second.lead != first.lead) == (False, True)
    again = firm.record(firm.a_form(key="derived:x:7", **window))[0]
    assert (again.lead, again.duplicate) == (second.lead, True)


def test_the_same_thing_twice_in_one_delivery_is_once_on_disk(firm):
    form = firm.a_form(key="twice")
    one, other, third = firm.record(form, form, firm.a_form())
    assert (one.duplicate, other.duplicate, third.duplicate) == (False, True, False)
    assert one.lead == other.lead != third.lead


def test_the_raw_bytes_are_kept_as_they_came(firm):
    body = bytes(range(256))
    firm.record(Received("website", "raw", "form", {"name": "Dana"}, body, {"content-type": "text/plain"}, firm.now))
    (row,) = firm.rows("SELECT body, headers, received_at, number FROM inbox")
    assert bytes(row.body) == body
    assert row.headers == {"content-type": "text/plain"}
    assert row.received_at == firm.now


def test_only_what_may_become_a_lead_is_given_a_code(firm):
    steps = [
        Received("calls", event, event, {"call_sid": "CA1"}, b"", {}, firm.now)
        for event in ("call_status", "voicemail", "opt_out")
    ]
    assert [each.lead for each in firm.record(*steps)] == [None, None, None]
    assert firm.record(Received("calls", "fetch", "fetch_required", {}, b"", {}, firm.now))[0].lead


def test_nothing_is_recorded_of_nothing(firm):
    assert inbox.record(firm.engine, [], firm.now) == []


def test_a_duplicate_of_a_word_on_an_open_lead_is_answered_with_that_lead(firm):
    (code,) = firm.arrive(phone="+15125550143")
    word = firm.a_form(key="form:again", phone="+15125550143", message="one more thing")
    firm.record(word)
    firm.drain()
    assert firm.record(word)[0].lead == code
    assert firm.count("leads") == 1
