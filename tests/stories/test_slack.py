"""Reps and managers on Slack: asked with buttons, answered where they pressed, and the offer changed when it is over."""

import itertools
import json
from dataclasses import replace

import pytest

from store import advance, inbox
from store.inbox import Received
from tests.fakes import Behaviour, FakeProvider
from tests.story import SETTINGS, SMALL_TEAM

PRIYA, TOM, KIM, CHANNEL = "U0PRIYA01", "U0TOM0001", "U0KIM0001", "C0SALES01"
TEAM = (
    SMALL_TEAM.replace('email: priya@acme.example,', f"email: priya@acme.example, slack: {PRIYA}, tell_by: [slack, email],")
    .replace('email: tom@acme.example,', f"email: tom@acme.example, slack: {TOM},")
    .replace("email: kim@acme.example}", f"email: kim@acme.example, slack: {CHANNEL}}}")
    .replace("sources:", "sources:\n  slack: {type: slack, secret: env:SLACK_SECRET, users: {" + KIM + ": kim}}")
)  # fmt: skip
KEYS = itertools.count(1)


@pytest.fixture
def slack():
    with FakeProvider() as provider:
        yield provider


@pytest.fixture
def story(tell, slack, monkeypatch):
    """The small team with Slack behind it. Texts and mails go to the letter box."""
    settings = replace(SETTINGS, slack_bot_token="xoxb-1", slack_api_url=slack.url, environ={"SLACK_SECRET": "a signing secret"})
    monkeypatch.setattr("tests.story.SETTINGS", settings)
    story = tell(TEAM)
    slack.now = lambda: story.now
    return story


def press(story, action, *, user, code="A1"):
    """A pressed button, as the source hears it; decided while Slack waits."""
    said = {
        "kind": "message", "channel": "slack", "action": action, "code": code, "reply_to": f"https://hooks.slack.com/actions/{user}",
        "extra": {"slack_user": user}, "by": {KIM: "kim"}.get(user, ""),
    }  # fmt: skip
    received = Received("slack", f"slack:{next(KEYS)}:{action}", "agent_action", said, json.dumps(said).encode(), {}, story.now)
    recorded = inbox.record(story.engine, [received], story.now)[0]
    after = advance.decide(story.engine, recorded.inbox_id, story.now)
    story.settle()
    return after


def posts(slack, method="chat.postMessage"):
    return [(sent.to, sent.body) for sent in slack.sent if sent.fields["method"] == method]


def test_an_offer_is_asked_on_slack_and_taken_there(story, slack):
    (priya,) = story.people("priya")
    dana = story.a_lead_arrives()
    [(to, words)] = posts(slack)
    assert to == PRIYA
    assert "New lead A1: Dana Cole" in words
    assert dana.phone not in words
    priya.gets_nothing("sms")
    priya.gets_email("Dana Cole")
    press(story, "accept", user=PRIYA)
    assert story.status("A1") == ("accepted", "priya")
    [(to, words)] = posts(slack, "chat.update")
    assert to == f"D{PRIYA[1:]}"
    assert f"Yours: A1 Dana Cole {dana.phone}" in words
    assert [sent.id for sent in slack.sent if sent.fields["method"] == "chat.update"] == [slack.sent[0].id]


def test_a_pass_on_slack_asks_the_next_and_takes_the_buttons_away(story, slack):
    story.a_lead_arrives()
    press(story, "pass", user=PRIYA)
    assert story.lead("A1")["holders"] == ["tom"]
    [answer] = [sent for sent in slack.sent if sent.fields["method"] == "response"]
    said = json.loads(answer.fields["said"])
    assert (said["replace_original"], "Priya Shah passed by slack" in said["text"]) == (True, True)


def test_an_offer_that_lapsed_is_changed_and_a_late_press_is_told_who_has_it(story, slack):
    (tom,) = story.people("tom")
    story.a_lead_arrives()
    story.after(minutes=2)
    assert any("A1 moved to Tom Becker" in words for _, words in posts(slack, "chat.update"))
    tom.gets_sms("A1 Dana Cole")
    assert any(to == TOM for to, _ in posts(slack)), "Tom did not ask to be told by Slack only"
    tom.replies("1")
    press(story, "accept", user=PRIYA)
    assert story.status("A1") == ("accepted", "tom")
    assert any("went to Tom Becker" in words for _, words in posts(slack, "chat.update"))


def test_a_manager_acknowledges_in_the_channel(story, slack):
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    press(story, "accept", user=PRIYA)
    story.after(minutes=15)
    assert any(to == CHANNEL and "SLA BREACH Sales: A1" in words for to, words in posts(slack))
    press(story, "acknowledge", user=KIM)
    assert story.lead("A1")["state"]["acknowledged_by"] == "kim"
    answer = json.loads([sent for sent in slack.sent if sent.fields["method"] == "response"][-1].fields["said"])
    assert answer["replace_original"] is True
    assert "Kim Ortega is on it" in answer["text"]


def test_an_alarm_that_was_acknowledged_by_text_is_changed_in_the_channel(story, slack):
    priya, kim = story.people("priya", "kim")
    story.a_lead_arrives()
    press(story, "accept", user=PRIYA)
    story.after(minutes=15)
    [alarm] = [sent for sent in slack.sent if sent.to == CHANNEL]
    kim.replies("OK")
    changed = [sent for sent in slack.sent if sent.to == CHANNEL and sent.fields["method"] == "chat.update"]
    assert [(sent.id, "acknowledge" in sent.fields["blocks"]) for sent in changed] == [(alarm.id, False)]
    assert "Kim Ortega is on it" in changed[0].body


def test_a_message_about_several_leads_keeps_them_all(story, slack):
    kim = story.person("kim")
    for name in ("Dana Cole", "Omar Reyes", "Ivy Lang"):
        story.a_lead_arrives(name)
    story.after(minutes=21)
    gathered = [sent for sent in slack.sent if sent.to == CHANNEL and "leads are late" in sent.body]
    assert gathered
    kim.replies("OK")
    changed = {sent.id for sent in slack.sent if sent.fields["method"] == "chat.update"}
    assert not changed & {sent.id for sent in gathered}


def test_a_stranger_in_the_channel_can_press_in_vain(story, slack):
    story.a_lead_arrives()
    press(story, "accept", user="U0STRANGE1")
    assert story.status("A1") == ("offered", None)
    assert "does not know you" in posts(slack, "response")[0][1]


def test_when_slack_is_gone_the_offer_comes_by_text(story, slack):
    (priya,) = story.people("priya")
    slack.always("slack", Behaviour(accept=False, status=200, error="channel_not_found"))
    story.a_lead_arrives()
    priya.gets_sms("A1 Dana Cole", "1 accept, 2 pass")
