"""Real requests of every source of ours: what is heard is compared field by field with what was meant."""

import json
from pathlib import Path

import pytest

from webhooks.bodies import read_form
from webhooks.signatures import is_twilios
from webhooks.twilio_requests import sign

DATA = Path(__file__).parents[1] / "data" / "payloads"
WHERE = {
    "web_form": "website",
    "twilio_voice_incoming": "calls",
    "twilio_voice_dial_action": "calls/dial",
    "twilio_voice_status": "calls/status",
    "twilio_recording": "calls/recording",
    "twilio_sms": "texts",
    "twilio_whatsapp": "texts-de",
    "meta_leadgen": "meta",
    "messenger": "meta",
    "instagram": "meta",
    "whatsapp_cloud": "meta",
}
FETCHED_LATER = {"name", "email", "consent", "submitted_at", "extra"}  # of a lead ad: only the Graph API knows them
# the event is a column; `source` here is the vendor's kind, ours is the team file's id
NOT_SAID = {"external_id", "event", "source"}


def missing(expected: object, got: object, path: str = "") -> list[str]:
    """Where `got` lacks something of `expected`; it may say more."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return [fault for key, value in expected.items() for fault in missing(value, got.get(key), f"{path}.{key}")]
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return [
            fault
            for n, (one, other) in enumerate(zip(expected, got, strict=True))
            for fault in missing(one, other, f"{path}[{n}]")
        ]
    return [] if expected == got else [f"{path}: expected {expected!r}, got {got!r}"]


@pytest.mark.parametrize("name", WHERE)
def test_a_recorded_request_gives_the_lead_it_means(front, payload, name):
    case = payload(name)
    request, expected = case["request"], case["expected_lead"]
    front.will_not_ring()
    answer = front.post(WHERE[name], request["body"].encode(), **_headers(front, name, request))
    assert answer.status_code == case.get("expected_response", {"status": 200})["status"], answer.text
    heard = front.heard[0]
    assert heard.event == expected["event"]
    if expected["external_id"]:
        assert heard.content["external_id"] == expected["external_id"]
    later = FETCHED_LATER if name == "meta_leadgen" else set()
    said = {key: value for key, value in expected.items() if key not in NOT_SAID | later}
    assert missing(said, dict(heard.content)) == []


def _headers(front, name, request):
    headers = {key.replace("-", "_"): value for key, value in request["headers"].items()}
    if name.startswith("twilio"):  # signed for the address it was posted to then: sign it for ours
        url = f"https://leads.example.com/webhooks/{WHERE[name]}"
        headers["X_Twilio_Signature"] = sign(url, request["body"].encode(), "12345", None)["x-twilio-signature"]
    return headers


@pytest.mark.parametrize("name", [name for name in WHERE if name.startswith("twilio")] + ["twilio_message_status"])
def test_the_recorded_signature_is_genuine_for_its_own_address(payload, name):

    case = payload(name)
    form = read_form(case["request"]["body"].encode(), case["request"]["headers"]["Content-Type"])
    signature = case["request"]["headers"]["X-Twilio-Signature"]
    assert is_twilios(case["request"]["url"], form, signature, ["another", case["test_secret"]])
    assert not is_twilios(case["request"]["url"], form, signature, ["another"])


def test_two_leads_in_one_post_are_two_records(front, payload):
    case = payload("meta_leadgen")
    front.post("meta", case["request"]["body"].encode(), **_headers(front, "meta_leadgen", case["request"]))
    assert [each.external_id for each in front.heard] == ["meta_leadgen:123123123123", "meta_leadgen:123123123124"]


def test_every_payload_file_is_used():
    on_disk = {path.stem.removesuffix("_1") for path in DATA.glob("*.json")}
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in on_disk if f'"{name}"' not in tests and f'"{name}_1' not in tests] == []
    assert all("request" in json.loads(path.read_text()) for path in DATA.glob("*.json"))
