"""Reps and managers on Slack: asked with buttons, answered where they pressed, and the offer changed when it is over."""

import itertools
import json
from dataclasses import replace

import pytest

from routing.events import LeadAssigned
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


def buttons(sent):
    blocks = json.loads(sent.fields["blocks"])
    return {each["action_id"]: each["value"] for block in blocks if block["type"] == "actions" for each in block["elements"]}


def on_screen(slack):
    """What everybody sees now: the last version of each message, by its place."""
    return {
        (sent.to if sent.to.startswith("C") else f"D{sent.to[1:]}", sent.id): sent
        for sent in slack.sent
        if sent.fields["method"] != "response"
    }


def four_late_leads(story, slack):
    """Nobody answers; the channel is told of the first at once, and of the other three in one message."""
    for name in ("Dana Cole", "Omar Reyes", "Ivy Lang", "Rob Diaz"):
        story.a_lead_arrives(name)
    story.after(minutes=21)
    return next(sent for sent in slack.sent if sent.to == CHANNEL and "3 leads are late" in sent.body)


def test_a_message_about_several_leads_keeps_them_all(story, slack):
    kim = story.person("kim")
    gathered = four_late_leads(story, slack)
    kim.replies("OK")
    now = on_screen(slack)[CHANNEL, gathered.id]
    assert "Kim Ortega is on B1, C1, D1" in now.body
    assert "acknowledge" not in buttons(now)


def test_one_press_acknowledges_every_lead_of_a_message_about_several(story, slack):
    gathered = four_late_leads(story, slack)
    press(story, "acknowledge", user=KIM, code=buttons(gathered)["acknowledge"])
    assert [story.lead(code)["state"]["acknowledged_by"] for code in ("B1", "C1", "D1")] == ["kim"] * 3
    now = on_screen(slack)[CHANNEL, gathered.id]
    assert "3 leads: Kim Ortega is on B1, C1, D1. The clock goes on" in now.body
    assert "acknowledge" not in buttons(now)
    assert "You are on B1, C1, D1" in posts(slack, "response")[-1][1]
    steps = [story.why(code) for code in ("B1", "C1", "D1")]
    press(story, "acknowledge", user=KIM, code=buttons(gathered)["acknowledge"])
    assert [story.why(code) for code in ("B1", "C1", "D1")] == steps, "pressed again it changes nothing"
    assert story.one("SELECT count(*) AS n FROM told WHERE manager = 'kim' AND acknowledged_at IS NULL").n == 1, "A1"


def test_a_message_about_several_shows_who_is_on_which_and_keeps_its_button_for_the_rest(story, slack):
    priya, kim, lou = story.people("priya", "kim", "lou")
    gathered = four_late_leads(story, slack)
    story.happens("B1", LeadAssigned("priya", by="the console"))
    priya.replies("B1 Hello Omar")
    lou.replies("OK C1")
    now = on_screen(slack)[CHANNEL, gathered.id]
    assert "Lou Bennett is on C1; answered or done: B1; nobody is on D1" in now.body
    story.after(seconds=5)
    press(story, "acknowledge", user=KIM, code=buttons(now)["acknowledge"])
    now = on_screen(slack)[CHANNEL, gathered.id]
    assert "Kim Ortega is on C1, D1; answered or done: B1" in now.body
    assert "acknowledge" not in buttons(now)
    kim.has_read_all()


@pytest.mark.parametrize("value", ["#999", "#x", "#", "#99999999999999999999"])
def test_a_button_of_no_message_of_ours_says_so(story, slack, value):
    story.a_lead_arrives()
    press(story, "acknowledge", user=KIM, code=value)
    assert "None of these leads waits" in posts(slack, "response")[-1][1]


ANA = "U0ANA0001"
MANY = (
    TEAM.replace("email: ana@acme.example,", f"email: ana@acme.example, slack: {ANA},")
    .replace("{name: Sales,", "{name: Sales, offer: broadcast, offer_for: 9m,")
)  # fmt: skip


def with_buttons(slack):
    return sorted(place[0] for place, sent in on_screen(slack).items() if {"accept", "pass"} & set(buttons(sent)))


def test_when_one_of_many_takes_it_everybodys_message_is_changed(story, slack):
    story.takes(MANY)
    story.a_lead_arrives()
    assert with_buttons(slack) == ["D0ANA0001", "D0PRIYA01", "D0TOM0001"]
    press(story, "accept", user=TOM)
    assert with_buttons(slack) == []
    assert sum("went to Tom Becker" in sent.body for sent in on_screen(slack).values()) == 2


def test_whoever_passed_elsewhere_or_left_sees_that_it_is_over(story, slack):
    story.takes(MANY)
    ana, priya, tom = story.people("ana", "priya", "tom")
    story.a_lead_arrives()
    ana.replies("2")
    assert with_buttons(slack) == ["D0PRIYA01", "D0TOM0001"]
    priya.replies("OFF")
    assert with_buttons(slack) == ["D0TOM0001"]
    assert sum("you are not asked any more, Tom Becker is asked" in sent.body for sent in on_screen(slack).values()) >= 1
    tom.replies("1")
    assert with_buttons(slack) == []


def test_a_caller_who_reaches_one_of_many_takes_the_question_from_the_others(story, slack):
    story.takes(MANY)
    dana = story.a_lead_arrives()
    call = story.a_call_comes_in(from_=dana.phone)
    call.is_taken()
    assert story.status(dana.code)[0] == "responded"
    assert with_buttons(slack) == []


def test_a_reminder_leaves_no_buttons_behind(story, slack):
    story.takes(MANY)
    (tom,) = story.people("tom")
    story.a_lead_arrives()
    story.after(minutes=8)
    tom.replies("1")
    assert with_buttons(slack) == []


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
