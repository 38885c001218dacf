"""Reps and managers on Teams: a card beside or in place of the text, and a text when the webhook is gone."""

from dataclasses import replace

import pytest

from tests.receiver import Manner, Receiver
from tests.story import SETTINGS, SMALL_TEAM

TEAM = SMALL_TEAM.replace(
    "email: priya@acme.example,", "email: priya@acme.example, teams: env:PRIYA_TEAMS, tell_by: [teams],"
).replace("email: kim@acme.example}", "email: kim@acme.example, teams: env:KIM_TEAMS}")


@pytest.fixture
def teams():
    with Receiver() as receiver:
        receiver.always = Manner(202)
        yield receiver


@pytest.fixture
def story(tell, teams, monkeypatch):
    environ = {"PRIYA_TEAMS": f"{teams.url}/priya-s3cret", "KIM_TEAMS": f"{teams.url}/kim"}
    monkeypatch.setattr("tests.story.SETTINGS", replace(SETTINGS, environ=environ, private_urls=("127.0.0.1",)))
    return tell(TEAM)


def test_an_offer_comes_as_a_card_and_nothing_else(story, teams):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    [post] = teams.posts
    assert post.path == "/priya-s3cret"
    assert b"New lead A1: Dana Cole" in post.body
    priya.gets_nothing("sms")
    priya.gets_nothing("email")
    assert story.one("SELECT address FROM outbox WHERE channel = 'teams'").address == "env:PRIYA_TEAMS", "the secret is not kept"


def test_a_manager_is_alarmed_by_card_text_and_mail(story, teams):
    (priya, kim) = story.people("priya", "kim")
    story.a_lead_arrives()
    priya.replies("1")
    story.after(minutes=15)
    assert b"SLA BREACH Sales: A1" in next(post.body for post in teams.posts if post.path == "/kim")
    kim.gets_sms("SLA BREACH")
    kim.gets_email("A1")


def test_when_the_workflow_is_gone_the_offer_comes_by_text(story, teams):
    (priya,) = story.people("priya")
    teams.always = Manner(404)
    story.a_lead_arrives()
    priya.gets_sms("A1 Dana Cole", "1 accept, 2 pass")
