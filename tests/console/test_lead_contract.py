"""What every recorded request of a form means, read from outside: posted to the door, decided, compared with what the API tells."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time

from config import clock
from store import fetches, policies
from tests.console.conftest import API_TOKEN, TEAM
from tests.webhooks.test_payloads import missing
from webhooks.registry import TYPES
from workers.fetching.linkedin import common_lead

DATA = Path(__file__).parents[1] / "data" / "payloads"
SIGNED_AT = datetime(2024, 9, 10, 20, 26, 40, tzinfo=UTC)  # 1726000000
KEY = "p2nZkq0w8yTqvB7mXcA41x"
KINDS = {  # recorded as: the type
    "web_form": "form", "typeform": "typeform", "jotform": "jotform", "webflow": "webflow", "gravity_forms": "gravity_forms",
    "hubspot_forms": "hubspot", "elementor": "elementor", "wpforms": "wpforms", "formspree": "formspree", "zapier": "zapier", "make": "make",
    "google_ads": "google_ads", "tiktok_leadgen": "tiktok", "linkedin_leadgen": "linkedin",
}  # fmt: skip
RECORDED = [path for path in sorted(DATA.glob("*.json")) if path.stem.rpartition("_")[0] in KINDS]


def team_with(case, kind, tmp_path):
    """The team of the tests with one more source, of that kind, whose secret is in a file."""
    secret = tmp_path / "secret"
    secret.write_text(case.get("test_secret", KEY))
    line = "" if kind == "form" else f", secret: [file:{secret}]"
    return TEAM.replace("sources:\n", f"sources:\n  it: {{type: {kind}, region: {case['default_region']}{line}}}\n")


def posted(house, case, kind):
    """The recorded request at our own address, proved as that kind of source is."""
    request = case["request"]
    headers, body = {name.lower(): value for name, value in request["headers"].items()}, request["body"].encode()
    url = f"{house.settings.public_url}/webhooks/it"
    if "test_secret" not in case:
        headers["authorization"] = f"Bearer {KEY}"
    if kind == "hubspot":  # the address is signed as well
        headers |= TYPES[kind].example.sign(url, body, case["test_secret"], SIGNED_AT)
    return house.app.test_client().post("/webhooks/it", data=body, headers=headers)


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_the_api_tells_every_field_of_a_recorded_request(house, path, tmp_path):
    case = json.loads(path.read_text(encoding="utf-8"))
    kind, expected = KINDS[path.stem.rpartition("_")[0]], case["expected_lead"]
    policies.apply(house.engine, team_with(case, kind, tmp_path), house.settings, clock.now(), "the tests")
    with freeze_time(SIGNED_AT):
        answers = [posted(house, case, kind) for _ in range(2)]
    assert answers[0].status_code == case.get("expected_response", {}).get("status", answers[0].status_code)
    assert {answer.status_code // 100 for answer in answers} <= {2, 3}, answers[0].text
    if kind == "linkedin":
        with freeze_time(SIGNED_AT):
            [wanted] = fetches.fetchable(house.engine, clock.now())
        answer = case["follow_up_fetch"]["response"]
        fetches.fetched(house.engine, wanted.id, common_lead(wanted.content, answer, region="US"), clock.now())
    house.work()
    [one] = house.client(authorization=f"Bearer {API_TOKEN}").get("/api/leads").json["leads"]
    told = house.client(authorization=f"Bearer {API_TOKEN}").get(f"/api/leads/{one['code']}").json
    assert {key: told[key] for key in one} == one
    assert (told["source"], told["source_type"]) == ("it", kind)
    said = {key: value for key, value in expected.items() if key not in ("source", "event")}
    assert missing(said, told) == []
    assert told["event"] == "form"
    assert told["dedupe_key"] == (told["external_id"] or told["dedupe_key"]) and told["dedupe_key"]


def test_there_is_a_recorded_request_of_each():
    assert {path.stem.rpartition("_")[0] for path in RECORDED} == set(KINDS)
