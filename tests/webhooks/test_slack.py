"""Slack buttons: signed, mapped to people of the team file, decided while Slack waits."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from routing.team import Source
from tests.webhooks.conftest import NOW
from webhooks.signatures import sign_slack

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def slack(front):
    front.sources["slack"] = Source("slack", "slack", secrets=(SECRET,), options={"users": {"U2CERLKJA": "bob"}})
    return front


def press(front, action="accept", value="A7", at=NOW, **changes):
    button = {"action_id": action, "type": "button", "value": value, "action_ts": "1726000000.5"}
    said = {"type": "block_actions", "user": {"id": "U2CERLKJA"}, "response_url": "https://hooks.slack.com/actions/1", "actions": [button]}  # fmt: skip
    body = urlencode({"payload": json.dumps({**said, **changes})}).encode()
    return front.post("slack", body, Content_Type=FORM, **sign_slack(body, SECRET, at))


@pytest.mark.parametrize(
    ("button", "action"),
    [
        ("accept", "accept"),
        ("claim", "accept"),
        ("pass", "pass"),
        ("acknowledge", "acknowledge"),
        ("accept:1", "accept"),
        ("sing", None),
    ],
)
def test_a_button_is_an_action_of_a_person_on_a_lead(slack, button, action):
    assert press(slack, button).status_code == 200
    said = slack.last.content
    assert (slack.last.event, slack.last.external_id) == ("agent_action", f"slack:1726000000.5:{button}")
    assert (said.get("action"), said["by"], said["code"]) == (action, "bob", "A7")
    assert said["reply_to"] == "https://hooks.slack.com/actions/1"
    assert slack.store.decided == [1]


def test_a_link_button_only_opens_a_page(slack):
    assert press(slack, "open").status_code == 200
    assert slack.heard == []


def test_the_answer_says_what_came_of_it(slack):
    answer = press(slack)
    assert answer.json["replace_original"] is False
    assert answer.json["text"].startswith("A1")


def test_a_stranger_is_nobody_and_a_foreign_address_is_not_answered(slack):
    press(slack, user={"id": "U0"}, response_url="https://hooks.slack.com.evil.example/1")
    assert {"by", "reply_to"} & set(slack.last.content) == set()


def test_pressed_twice_by_the_network_is_once(slack):
    press(slack)
    press(slack)
    assert len(slack.heard) == 1


@pytest.mark.parametrize(
    "changes", [{"type": "view_submission"}, {"actions": []}, {"actions": [{"type": "button"}]}, {"actions": "x"}]
)
def test_other_interactions_are_answered_and_forgotten(slack, changes):
    assert press(slack, **changes).status_code == 200
    assert slack.heard == []


def test_the_challenge_of_the_events_api(slack):
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB10"}).encode()
    answer = slack.post("slack", body, Content_Type="application/json", **sign_slack(body, SECRET, NOW))
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aB10")
    assert slack.post("slack", body, Content_Type="application/json").status_code == 401


@pytest.mark.parametrize(("late", "status"), [(301, 403), (300, 200), (-300, 200), (-301, 403)])
def test_an_old_press_is_refused(slack, late, status):
    assert press(slack, at=NOW - timedelta(seconds=late)).status_code == status


@pytest.mark.parametrize("body", [b"payload=", b"payload=%5B1%5D", b"payload=x", b"other=1"])
def test_signed_nonsense_is_unreadable(slack, body):
    assert slack.post("slack", body, Content_Type=FORM, **sign_slack(body, SECRET, NOW)).status_code == 400


def test_a_slash_command_is_as_good_as_a_button(slack):
    typed = {"command": "/headroom", "text": "accept a7", "user_id": "U2CERLKJA", "trigger_id": "398.47.8", "response_url": "https://hooks.slack.com/commands/1"}  # fmt: skip
    body = urlencode(typed).encode()
    assert slack.post("slack", body, Content_Type=FORM, **sign_slack(body, SECRET, NOW)).status_code == 200
    said = slack.last.content
    assert (said["action"], said["code"], said["by"]) == ("accept", "A7", "bob")


def test_a_button_of_an_older_attachment_is_one(slack):
    old = {"type": "interactive_message", "callback_id": "offer", "action_ts": "1726000000.7", "message_ts": "1726000000.000100", "attachment_id": "1", "original_message": {}}  # fmt: skip
    press(slack, **old, actions=[{"name": "claim", "type": "button", "value": "A7"}])
    said = slack.last.content
    assert (slack.last.external_id, said["action"], said["code"]) == ("slack:1726000000.7:claim", "accept", "A7")
    assert said["extra"]["message_ts"] == "1726000000.000100"


@pytest.mark.parametrize(
    "chosen",
    [
        {"type": "static_select", "selected_option": {"text": {"text": "A7"}, "value": "A7"}},
        {"type": "select", "selected_options": [{"value": "A7"}]},
    ],
)
def test_a_line_of_a_menu_is_as_good_as_a_button(slack, chosen):
    press(slack, actions=[{"action_id": "accept", "action_ts": "1726000000.8", **chosen}])
    assert (slack.last.content["action"], slack.last.content["code"]) == ("accept", "A7")


@pytest.mark.parametrize(
    "kind", ["view_submission", "view_closed", "shortcut", "message_action", "block_suggestion", "new_kind", None, ["x"]]
)
def test_interactions_of_other_kinds_are_answered_with_nothing(slack, kind):
    answer = press(slack, type=kind, view={"id": "V1", "state": {"values": {}}})
    assert (answer.status_code, answer.text, slack.heard) == (200, "", [])


def test_slack_may_look_at_our_certificate(slack):
    body = b"token=x&ssl_check=1"
    assert slack.post("slack", body, Content_Type=FORM, **sign_slack(body, SECRET, NOW)).status_code == 200


def test_an_event_that_slack_repeats_is_answered_each_time(slack):
    body = json.dumps({"type": "event_callback", "event_id": "Ev1", "event": {"type": "message", "text": "hi"}}).encode()
    for number in ("1", "2"):
        headers = {**sign_slack(body, SECRET, NOW), "X_Slack_Retry_Num": number, "X_Slack_Retry_Reason": "http_timeout"}
        assert slack.post("slack", body, Content_Type="application/json", **headers).status_code == 200
    assert slack.heard == []


@pytest.mark.parametrize("wrong", [{"user": None}, {"user": "U1"}, {"channel": []}, {"message": None}, {"response_url": 7}, {"actions": [None, 7, {"action_id": {"x": 1}}]}])  # fmt: skip
def test_odd_parts_of_a_press_are_no_5xx(slack, wrong):
    assert press(slack, **wrong).status_code == 200
