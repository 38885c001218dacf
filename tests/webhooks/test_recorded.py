"""Recorded requests and published signatures of LinkedIn, TikTok, CallRail, Telegram, SendGrid's Inbound Parse and Slack."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time

from routing.team import Source
from tests.webhooks.test_payloads import NOT_SAID, missing
from webhooks.signatures import is_callrails, is_slacks, linkedin_reading

DATA = Path(__file__).parents[1] / "data"
KEY = "a-key-of-the-address-24chars"
KINDS = {  # recorded as: the type, and what is only known after it was fetched
    "linkedin_leadgen": ("linkedin", {"name", "first_name", "last_name", "email", "consent", "locale"}),
    "tiktok_leadgen": ("tiktok", set()),
    "callrail": ("callrail", set()),
    "telegram": ("telegram", set()),
    "sendgrid_inbound": ("sendgrid_inbound", set()),
    "slack_interaction": ("slack", set()),
}
RECORDED = [path for path in sorted((DATA / "payloads").glob("*.json")) if path.stem.rpartition("_")[0] in KINDS]


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_a_recorded_request_gives_the_lead_it_means(front, path):
    case = json.loads(path.read_text(encoding="utf-8"))
    request, expected = case["request"], case["expected_lead"]
    kind, later = KINDS[path.stem.rpartition("_")[0]]
    secret = case.get("test_secret", KEY)
    front.sources["it"] = Source("it", kind, secrets=(secret,), region=case.get("default_region"), per_minute=600)
    headers = {name.replace("-", "_"): value for name, value in request["headers"].items()}
    sent_at = int(request["headers"].get("X-Slack-Request-Timestamp", "1793000000"))
    with freeze_time(datetime.fromtimestamp(sent_at, UTC)):
        answer = front.post("it" if "test_secret" in case else f"it/{KEY}", request["body"].encode(), **headers)
    assert answer.status_code == case.get("expected_response", {"status": 200})["status"] or answer.status_code == 202, (
        answer.text
    )
    [heard] = front.heard
    assert (heard.event, heard.content["external_id"]) == (expected["event"], expected["external_id"])
    said = {key: value for key, value in expected.items() if key not in NOT_SAID | later}
    assert missing(said, dict(heard.content)) == []


def test_there_are_recorded_requests_of_each():
    assert {path.stem.rpartition("_")[0] for path in RECORDED} == set(KINDS)


def vectors(name):
    found = json.loads((DATA / "vectors" / f"{name}.json").read_text(encoding="utf-8"))["vectors"]
    return [pytest.param(each, id=each["id"]) for each in found if each["status"] == "verified"]


@pytest.mark.parametrize("vector", vectors("callrail"))
def test_callrail(vector):
    body, signature = vector["body"].encode(), vector["headers"]["Signature"]
    assert is_callrails(body, signature, ["rotated", vector["secret"]]) == (vector["expect"] == "valid")
    assert not is_callrails(body, signature, ["rotated"])
    assert not is_callrails(body + b" ", signature, [vector["secret"]])


@pytest.mark.parametrize("vector", vectors("slack"))
def test_slack(vector):
    now, body = datetime.fromtimestamp(vector["now"], UTC), vector["body"].encode()
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    assert is_slacks(body, headers, ["rotated", vector["secret"]], now) == (vector["expect"] == "valid")
    assert not is_slacks(body, headers, ["rotated"], now)
    assert not is_slacks(body + b" ", headers, [vector["secret"]], now)


@pytest.mark.parametrize("at", ["", "soon", "-1", "9" * 5_000, "\u0661\u0662"])
def test_slacks_timestamp_must_be_one(at):
    headers = {"x-slack-request-timestamp": at, "x-slack-signature": "v0=" + "0" * 64}
    assert not is_slacks(b"", headers, ["secret"], datetime.fromtimestamp(1726000000, UTC))


@pytest.mark.parametrize("vector", vectors("linkedin"))
def test_linkedin(vector):
    body, signature = vector["body"].encode(), vector["headers"]["X-LI-Signature"]
    assert linkedin_reading(body, signature, ["rotated", vector["secret"]]) == "prefix signed"
    assert linkedin_reading(body, signature, ["rotated"]) == ""
    assert linkedin_reading(body + b" ", signature, [vector["secret"]]) == ""


@pytest.mark.parametrize("vector", vectors("telegram"))
def test_telegram(front, vector):
    front.sources["bot"] = Source("bot", "telegram", secrets=(vector["secret"],))
    headers = {
        "Content_Type": "application/json",
        "X_Telegram_Bot_Api_Secret_Token": vector["headers"]["X-Telegram-Bot-Api-Secret-Token"],
    }
    assert front.post("bot", vector["body"].encode(), **headers).status_code == 200
    assert front.post("bot", vector["body"].encode(), Content_Type="application/json").status_code == 401
