"""Reps and managers on Teams: a card beside or in place of the text, and a text when the webhook is gone."""

import json
from dataclasses import replace

import pytest

from routing.events import OfferPassed
from tests.receiver import Manner, Receiver
from tests.story import SETTINGS, SMALL_TEAM

TEAM = SMALL_TEAM.replace(
    "email: priya@acme.example,", "email: priya@acme.example, teams: env:PRIYA_TEAMS, tell_by: [teams],"
).replace("email: kim@acme.example}", "email: kim@acme.example, teams: env:KIM_TEAMS}")

MANY = TEAM.replace("{name: Sales,", "{name: Sales, offer: broadcast, offer_for: 9m,").replace(
    "email: tom@acme.example,", "email: tom@acme.example, teams: env:TOM_TEAMS, tell_by: [teams],"
)


@pytest.fixture
def teams():
    with Receiver() as receiver:
        receiver.always = Manner(202)
        yield receiver


@pytest.fixture
def known(teams, monkeypatch):
    environ = {"PRIYA_TEAMS": f"{teams.url}/priya-s3cret", "KIM_TEAMS": f"{teams.url}/kim", "TOM_TEAMS": f"{teams.url}/tom"}
    monkeypatch.setattr("tests.story.SETTINGS", replace(SETTINGS, environ=environ, private_urls=("127.0.0.1",)))


@pytest.fixture
def story(tell, known):
    return tell(TEAM)


@pytest.fixture
def story_of_many(tell, known):
    return tell(MANY)


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


def cards(teams, path):
    return [json.loads(post.body)["attachments"][0]["content"] for post in teams.posts if post.path == path]


def said(card):
    return " ".join(run["text"] for block in card["body"] for run in block["inlines"])


def test_when_one_of_many_takes_it_a_card_tells_the_others_and_the_winner_has_one(story_of_many, teams):
    story, (priya, tom) = story_of_many, story_of_many.people("priya", "tom")
    story.a_lead_arrives()
    assert [button["title"] for button in cards(teams, "/tom")[0]["actions"]] == ["Accept", "Pass"]
    priya.replies("1")
    told = [said(card) for card in cards(teams, "/tom")[1:]]
    assert len(told) == 1
    assert "Priya Shah" in told[0]
    assert len(cards(teams, "/priya-s3cret")) == 2, "the offer, and that it is hers"
    tom.has_read_all()


def test_who_passes_another_way_sees_on_teams_that_it_is_over(story_of_many, teams):
    story = story_of_many
    story.a_lead_arrives()
    story.happens("A1", OfferPassed("tom", via="page"))
    assert "you are not asked any more" in said(cards(teams, "/tom")[-1])
    assert cards(teams, "/tom")[-1]["actions"][0]["title"] == "Open"


def test_an_alarm_that_somebody_is_on_is_told_once_more_to_who_was_told(story, teams):
    (priya, kim) = story.people("priya", "kim")
    story.a_lead_arrives()
    priya.replies("1")
    kim.replies("OK A1")
    assert cards(teams, "/kim") == [], "nobody had told her of it"
    story.after(minutes=15)
    before = len(cards(teams, "/kim"))
    kim.replies("OK A1")
    [card] = cards(teams, "/kim")[before:]
    assert "A1 Dana Cole: Kim Ortega is on it" in said(card)


def test_when_the_workflow_is_gone_the_offer_comes_by_text(story, teams):
    (priya,) = story.people("priya")
    teams.always = Manner(404)
    story.a_lead_arrives()
    priya.gets_sms("A1 Dana Cole", "1 accept, 2 pass")
