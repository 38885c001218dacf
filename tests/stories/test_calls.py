"""A rep calls the lead through us: the whole way, and every way in which it can go wrong. Told as the provider reports it."""

import itertools
import json
from dataclasses import replace

import pytest

from routing.events import CallRequested
from store import advance, inbox
from store.inbox import Received
from tests import fakes
from tests.story import OUR_NUMBER, SETTINGS
from workers.send import Sender

KEYS = itertools.count(1)


def reported(story, step, *, code="A1", call=1, rep="priya", **told):
    """A report of the call, decided at once where somebody waits for it."""
    content = {"kind": "call", "channel": "call", "step": step, "code": code, "call": call, "rep": rep, "watched": True, **told}
    received = Received("calls", f"own_call:{next(KEYS)}", "own_call", content, json.dumps(content).encode(), {}, story.now)
    recorded = inbox.record(story.engine, [received], story.now)[0]
    after = advance.decide(story.engine, recorded.inbox_id, story.now)
    story.settle()
    return after


def taken(story):
    """Priya has Dana's lead."""
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    priya.replies("1")
    return priya.has_read_all(), dana


def test_a_rep_calls_and_the_lead_picks_up(story):
    priya, dana = taken(story)
    priya.replies("CALL A1")
    whisper = priya.gets("call", "Dana Cole", "lead A1", "Press 1")
    assert dana.phone not in whisper
    after = reported(story, "joined")
    assert (after.state.dial_joined, after.lead.person.phone) == (True, dana.phone)
    story.after(seconds=20)
    reported(story, "picked_up", met="human")
    assert story.status("A1") == ("responded", "priya")
    assert story.lead("A1")["responded_at"] == story.now
    story.after(minutes=2)
    reported(story, "lead_ended", status="completed", bridged=True, seconds=120)
    reported(story, "rep_ended", reason="nobody pressed 1")
    assert "a person took Priya Shah's call" in story.why("A1")
    assert "is over after 2m" in story.why("A1")
    assert story.rep("priya")["unanswered"] == 0


def test_a_voicemail_is_no_answer_and_the_ladder_goes_on(story):
    priya, _ = taken(story)
    kim = story.person("kim")
    story.happens("A1", CallRequested("priya", "page"))
    priya.gets("call", "Dana Cole")
    reported(story, "joined")
    reported(story, "picked_up", met="machine")
    reported(story, "lead_ended", status="completed", bridged=True, seconds=40)
    lead = story.lead("A1")
    assert (lead["status"], lead["responded_at"], lead["attempted_at"]) == ("accepted", None, story.now)
    story.after(minutes=16)
    kim.gets_sms("A1")


def test_nobody_answers_and_the_rep_is_told(story):
    priya, _ = taken(story)
    priya.replies("CALL")
    reported(story, "joined")
    reported(story, "lead_ended", status="no-answer", bridged=False)
    priya.gets_sms("A1: no answer. The clock goes on")
    priya.replies("CALL")
    assert len(story.delivered(priya)) and story.lead("A1")["state"]["dial_number"] == 2


def test_a_double_press_is_one_call(story):
    priya, _ = taken(story)
    story.happens("A1", CallRequested("priya", "page"))
    story.happens("A1", CallRequested("priya", "page"))
    assert len([seen for seen in story.delivered(priya).values() if seen.channel == "call"]) == 1


def test_who_has_said_stop_calling_is_not_called_and_start_opens_the_line_again(story):
    priya, dana = taken(story)
    dana.replies("please stop calling me")
    priya.replies("CALL A1")
    priya.gets_sms("A1: they asked not to be called")
    assert priya.unread("call") == {}
    dana.replies("START")
    priya.replies("CALL A1")
    priya.gets("call", "Dana Cole")


def test_a_stop_by_text_leaves_the_reps_own_call(story):
    priya, dana = taken(story)
    dana.says_stop()
    priya.replies("CALL A1")
    priya.gets("call", "Dana Cole")


def test_only_who_has_the_lead_may_call(story):
    (tom,) = story.people("tom")
    taken(story)
    tom.replies("CALL A1")
    tom.gets_sms("A1: not yours yet")
    assert tom.unread("call") == {}


def test_a_report_with_ids_of_nobody_changes_nothing(story):
    taken(story)
    before = story.lead("A1")
    reported(story, "picked_up", met="human", rep="mallory")
    reported(story, "picked_up", met="human", code="Z99")
    reported(story, "sung")
    assert story.lead("A1") == before


@pytest.fixture
def with_twilio(story):
    """The story with a provider that speaks Twilio behind it."""
    with fakes.FakeProvider(now=lambda: story.now) as provider:
        settings = replace(
            SETTINGS, given_twilio_sid="AC0123456789abcdef0123456789abcdef", given_twilio_tokens=("12345",), twilio_from=OUR_NUMBER,
            twilio_api_url=provider.url,
        )  # fmt: skip
        story.sender.close()
        story.sender = Sender(story.engine, settings)
        yield provider


def calls_placed(provider):
    return [sent for sent in provider.sent if sent.id.startswith("CA")]


def test_a_call_that_may_have_been_placed_is_not_placed_again(story, with_twilio):
    taken(story)
    with_twilio.lists_what_it_took = False  # and the list never shows it
    with_twilio.once("twilio", fakes.RESET_AFTER_ACCEPT)
    story.happens("A1", CallRequested("priya", "page"))
    assert len(calls_placed(with_twilio)) == 1
    story.after(minutes=5)
    assert len(calls_placed(with_twilio)) == 1
    assert "was not reached on their own phone" in story.why("A1")
    assert "we could not put you through" in with_twilio.to("+15125550111")[-1].body


def test_a_call_in_doubt_that_the_list_shows_goes_on(story, with_twilio):
    taken(story)
    with_twilio.once("twilio", fakes.RESET_AFTER_ACCEPT)
    story.happens("A1", CallRequested("priya", "page"))
    story.after(seconds=16)
    assert story.one("SELECT state FROM outbox WHERE purpose = 'call'").state == "sent"
    assert len(calls_placed(with_twilio)) == 1
    reported(story, "joined")
    reported(story, "picked_up", met="human")
    assert story.status("A1") == ("responded", "priya")


def test_a_call_that_twilio_refuses_is_told_to_the_rep(story, with_twilio):
    taken(story)
    with_twilio.once("twilio", fakes.refuse(400, 21211))
    story.happens("A1", CallRequested("priya", "page"))
    assert calls_placed(with_twilio) == []
    assert "Press Call again, or dial" in with_twilio.to("+15125550111")[-1].body
