"""A firm with several numbers and pages: whoever used one of them is answered from that one, and only from that one."""

import json
from dataclasses import replace

import pytest

from routing.events import CallRequested
from store import merging
from tests.fakes import RESET_AFTER_ACCEPT, FakeProvider, refuse
from tests.story import SETTINGS, SMALL_TEAM

USUAL, NORTH, SOUTH, SPRING = "+15125550100", "+15125550101", "+15125550102", "+15125550103"
PAGE, OTHER_PAGE, WHATSAPP_ID = "153125381133", "153125381144", "106540352242922"
TEAM = (
    SMALL_TEAM.replace("members: [priya, tom, ana]", "members: [priya]")
    .replace("cap: {open: 5, unanswered: 3}", "cap: {open: 20, unanswered: 20}")
    .replace("website: {type: form}", f'website: {{type: form}}\n  spring: {{type: form, from: "{SPRING}"}}')
)
ENVIRONMENT = replace(
    SETTINGS, given_twilio_sid="AC0123456789abcdef0123456789abcdef", given_twilio_tokens=("12345",), twilio_from=USUAL,
    given_meta_app_secret="m" * 16, meta_page_token=f"{PAGE}:north-token,{OTHER_PAGE}:south-token",
)  # fmt: skip


@pytest.fixture
def vendors():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def begin(tell, vendors, monkeypatch):
    """A story with Twilio and Meta behind it."""

    def beginning(**settings: object):
        urls = {"twilio_api_url": vendors.url, "meta_graph_url": vendors.url}
        monkeypatch.setattr("tests.story.SETTINGS", replace(ENVIRONMENT, **urls, **settings))
        story = tell(TEAM)
        vendors.now = lambda: story.now
        return story

    return beginning


@pytest.fixture
def story(begin):
    return begin()


def froms(vendors, to: str) -> list[str | None]:
    """From which numbers texts and calls to somebody went."""
    return [sent.fields.get("From") or sent.fields.get("MessagingServiceSid") for sent in vendors.to(to)]


def taken(story, code: str):
    """Priya has the lead."""
    (priya,) = story.people("priya")
    priya.replies(f"1 {code}")
    assert story.status(code)[1] == "priya"
    return priya


def test_who_wrote_to_a_number_hears_from_that_number_only(story, vendors):
    dana = story.somebody_writes("do you do roofs?", to=NORTH)
    rob = story.somebody_writes("and gutters?", to=SOUTH)
    priya = taken(story, dana.code)
    taken(story, rob.code)
    priya.replies(f"{dana.code} We do")
    priya.replies(f"{rob.code} Those too")
    dana.gets_sms("We do")
    assert froms(vendors, dana.phone) == [NORTH, NORTH], "the acknowledgement and the answer"
    assert froms(vendors, rob.phone) == [SOUTH, SOUTH]
    assert set(froms(vendors, priya.phone)) == {USUAL}, "reps are texted as before"
    assert vendors.violations() == []


def test_who_called_a_number_is_texted_from_it_and_called_from_it(story, vendors):
    call = story.a_call_comes_in(from_="+15125550777", to=SOUTH)
    call.is_not_taken()
    call.hangs_up_while_it_rings()
    assert froms(vendors, "+15125550777") == [SOUTH], "the text after a missed call"
    code = story.codes()[0]
    priya = taken(story, code)
    priya.replies(f"{code} Sorry, may I call?")
    assert froms(vendors, "+15125550777") == [SOUTH, SOUTH]
    story.happens(code, CallRequested("priya", "page"))
    rung = [sent for sent in vendors.to(priya.phone) if sent.id.startswith("CA")]
    assert [sent.fields["From"] for sent in rung] == [SOUTH], "and so the lead's phone shows it (webhooks/own_calls.py)"


def test_a_form_is_answered_from_the_usual_number_or_from_its_sources_own(story, vendors):
    dana, rob = story.a_lead_arrives("Dana Cole"), story.a_lead_arrives("Rob Diaz", source="spring")
    priya = taken(story, rob.code)
    priya.replies(f"{rob.code} Hello Rob")
    assert froms(vendors, dana.phone) == [USUAL]
    assert froms(vendors, rob.phone) == [SPRING, SPRING]


def test_the_number_they_use_later_is_the_one_they_hear_from_later(story, vendors):
    dana = story.a_lead_arrives("Dana Cole", source="spring")
    priya = taken(story, dana.code)
    dana.replies("hello?", to=NORTH)
    priya.replies(f"{dana.code} Hello Dana")
    story.a_call_comes_in(from_=dana.phone, to=SOUTH).hangs_up_while_it_rings()
    priya.replies(f"{dana.code} Sorry that I missed you")
    assert froms(vendors, dana.phone) == [SPRING, NORTH, SOUTH]


def test_whatsapp_is_answered_from_the_number_that_was_written_to(story, vendors):
    dana = story.somebody_writes("hi", channel="whatsapp", to=NORTH)
    priya = taken(story, dana.code)
    priya.replies(f"{dana.code} Hello")
    sent = [each for each in vendors.sent if each.to.startswith("whatsapp:")]
    assert [each.fields["From"] for each in sent] == [f"whatsapp:{NORTH}"] * 2


def test_whatsapp_cloud_is_answered_through_the_number_id_that_was_written_to(begin, vendors):
    story = begin(whatsapp_token="w", whatsapp_phone_id="1")
    dana = story.somebody_writes("hi", channel="whatsapp", to=NORTH, extra={"phone_number_id": WHATSAPP_ID})
    taken(story, dana.code).replies(f"{dana.code} Hello")
    assert [each.target for each in vendors.asked if each.vendor == "meta"] == [f"/v25.0/{WHATSAPP_ID}/messages"] * 2


@pytest.mark.parametrize(("channel", "account"), [("messenger", "page_id"), ("instagram", "ig_account")])
def test_a_page_answers_for_itself(story, vendors, channel, account):
    dana = story.somebody_writes("hi", channel=channel, extra={account: PAGE})
    rob = story.somebody_writes("hi", channel=channel, extra={account: OTHER_PAGE})
    for lead in (dana, rob):
        taken(story, lead.code).replies(f"{lead.code} Hello")
    used = [
        (json.loads(each.body)["recipient"]["id"], each.headers["authorization"])
        for each in vendors.asked
        if each.vendor == "meta"
    ]
    assert used.count((dana.handle[1], "Bearer north-token")) == 2
    assert used.count((rob.handle[1], "Bearer south-token")) == 2
    assert len(used) == 4


def test_a_page_without_a_token_fails_its_own_message_only(story, vendors):
    story.somebody_writes("hi", channel="messenger", extra={"page_id": "999"})
    dana = story.somebody_writes("hi", channel="messenger", extra={"page_id": PAGE})
    assert "META_PAGE_TOKEN" in story.why("A1")
    dana.gets("messenger", "thanks")


def test_a_number_that_is_not_ours_any_more_does_not_keep_anybody_waiting(story, vendors):
    vendors.once("twilio", refuse(400, 21606))
    dana = story.somebody_writes("do you do roofs?", to=NORTH)
    dana.gets_sms("thanks for writing")
    assert froms(vendors, dana.phone) == [USUAL]
    [notice] = story.rows("SELECT text FROM notices WHERE over_at IS NULL")
    assert NORTH in notice.text and "21606" in notice.text
    rob = story.somebody_writes("and gutters?", to=SOUTH)
    assert froms(vendors, rob.phone) == [SOUTH], "the lane goes on"


def test_with_a_messaging_service_the_number_counts_where_there_is_one(begin, vendors):
    service = "MG0123456789abcdef0123456789abcdef"
    story = begin(twilio_from=service)
    dana, rob = story.somebody_writes("do you do roofs?", to=NORTH), story.a_lead_arrives("Rob Diaz")
    assert froms(vendors, dana.phone) == [NORTH]
    assert froms(vendors, rob.phone) == [service]
    assert vendors.violations() == []


def test_two_that_were_one_go_on_through_the_number_that_either_used(story, vendors):
    maria = story.a_lead_arrives("Maria Cole", phone="+15125550143", email=None)
    john = story.somebody_writes("hello, John here", to=SOUTH)
    people = [story.lead(code)["person_id"] for code in (maria.code, john.code)]
    merging.merge(story.engine, *people, by="Kim Ortega", now=story.now)
    story.settle()
    taken(story, maria.code).replies(f"{maria.code} Hello both")
    assert [sent.fields["From"] for sent in vendors.sent if sent.body == "Hello both"] == [SOUTH]


def test_a_text_in_doubt_is_found_at_twilio_and_not_sent_twice(story, vendors):
    vendors.once("twilio", RESET_AFTER_ACCEPT)
    dana = story.somebody_writes("do you do roofs?", to=NORTH)
    assert story.one("SELECT state FROM outbox WHERE purpose = 'ack'").state == "ambiguous"
    story.after(minutes=3)
    assert story.one("SELECT state FROM outbox WHERE purpose = 'ack'").state == "sent"
    assert froms(vendors, dana.phone) == [NORTH]
