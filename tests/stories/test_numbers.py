"""Several business numbers: a rep with two open leads just answers, and the number says which lead it is about."""

import pytest
from sqlalchemy import text

from store import receipts
from tests.story import SMALL_TEAM

ONE, TWO = "+15125550100", "+15125550101"
ONLY_PRIYA = SMALL_TEAM.replace("members: [priya, tom, ana]", "members: [priya]")
TEAM = ONLY_PRIYA.replace("time_zone: America/Chicago}", f'time_zone: America/Chicago, numbers: ["{ONE}", "{TWO}"]}}')


@pytest.fixture
def story(tell):
    return tell(TEAM)


def two_leads(story):
    """Priya has Dana's lead, on the first number, and Omar's, on the second."""
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives("Dana Cole")
    priya.replies("1", to=ONE)
    omar = story.a_lead_arrives("Omar Reyes")
    priya.replies("1", to=TWO)
    assert story.status(dana.code) == story.status(omar.code) == ("accepted", "priya")
    return priya.has_read_all(), dana.has_read_all(), omar.has_read_all()


def numbers_for(story, code):
    return {row.line for row in story.rows(
        "SELECT fields ->> 'from' AS line FROM outbox o JOIN leads l ON l.id = o.lead_id WHERE l.code = :c AND o.channel = 'sms' AND recipient = 'rep:priya'",
        c=code,
    )}  # fmt: skip


def test_each_lead_speaks_to_its_rep_through_one_number(story):
    _, dana, omar = two_leads(story)
    assert numbers_for(story, dana.code) == {ONE}
    assert numbers_for(story, omar.code) == {TWO}


def test_a_bare_answer_reaches_the_lead_of_its_number(story):
    priya, dana, omar = two_leads(story)
    priya.replies("I am on my way, ten minutes", to=ONE)
    dana.gets_sms("I am on my way")
    omar.gets_nothing()
    assert story.status(dana.code) == ("responded", "priya")
    assert story.status(omar.code) == ("accepted", "priya")
    priya.replies("C", to=TWO)
    assert story.status(omar.code) == ("closed", "priya")
    assert story.status(dana.code) == ("responded", "priya")


def test_a_code_counts_more_than_the_number(story):
    priya, dana, omar = two_leads(story)
    priya.replies(f"{omar.code} on my way", to=ONE)
    omar.gets_sms("on my way")
    dana.gets_nothing()


def test_the_answer_comes_from_the_number_that_was_written_to(story):
    priya, *_ = two_leads(story)
    priya.replies("L", to=TWO)
    priya.gets_sms("You have 2")
    row = story.one("SELECT fields ->> 'from' AS line FROM outbox WHERE template = 'reply' ORDER BY id DESC LIMIT 1")
    assert row.line == TWO


def test_words_to_an_offer_never_reach_the_lead(story):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    dana.has_read_all()
    priya.replies("who is this?", to=ONE)
    priya.gets_sms("not understood")
    dana.gets_nothing()


def test_two_leads_on_one_number_are_asked_about(story):
    priya, dana, omar = two_leads(story)
    third = story.a_lead_arrives("Ivy Lang")
    priya.replies("1", to=ONE)
    assert story.status(third.code) == ("accepted", "priya")
    priya.has_read_all().replies("C", to=ONE)
    priya.gets_sms("You have 3 open")
    assert story.status(dana.code) == ("accepted", "priya")


def test_with_one_number_nothing_changes(tell):
    story = tell(ONLY_PRIYA)
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    priya.replies("1")
    priya.has_read_all().replies("on my way")
    priya.gets_sms("not understood")
    assert numbers_for(story, dana.code) == {None}


def test_a_number_is_free_again_when_its_lead_is_done(story):
    priya, dana, omar = two_leads(story)
    priya.replies("C", to=ONE)
    third = story.a_lead_arrives("Ivy Lang")
    assert numbers_for(story, third.code) == {ONE}
    assert numbers_for(story, omar.code) == {TWO}


def test_a_text_in_place_of_a_lost_mail_keeps_to_the_number(story):
    _, dana, omar = two_leads(story)
    for code in (dana.code, omar.code):
        lost = story.one(
            "SELECT o.id FROM outbox o JOIN leads l ON l.id = o.lead_id WHERE l.code = :c AND recipient = 'rep:priya' AND o.channel = 'email'"
            " ORDER BY o.id DESC LIMIT 1",
            c=code,
        ).id
        with story.engine.begin() as db:
            db.execute(text("UPDATE outbox SET key = 'moved:' || key WHERE channel = 'sms'"))  # as if it had come by mail only
        receipts.record(story.engine, [receipts.Report("sendgrid", f"{lost}:bounce", "undelivered", message_id=lost)], story.now)
        story.settle()
    assert numbers_for(story, dana.code) == {ONE}
    assert numbers_for(story, omar.code) == {TWO}
