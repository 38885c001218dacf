"""Published signature vectors: every one that can be checked is, and gives the published verdict."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from webhooks.bodies import read_form
from webhooks.signatures import is_metas, is_sendgrids, is_standard, is_twilios, sign_meta, sign_standard

VECTORS = Path(__file__).parents[1] / "data" / "vectors"


def cases(name, scheme=None):
    found = json.loads((VECTORS / f"{name}.json").read_text())["vectors"]
    return [pytest.param(v, id=v["id"]) for v in found if v["status"] == "verified" and scheme in (None, v["scheme"])]


@pytest.mark.parametrize("vector", cases("twilio"))
def test_twilio(vector):
    body, kind = vector["body"].encode(), vector["content_type"]
    sent = body if kind == "application/json" else read_form(body, kind)
    signature = vector["headers"]["X-Twilio-Signature"]
    assert is_twilios(vector["url"], sent, signature, [vector["secret"]]) == (vector["expect"] == "valid")
    assert is_twilios(vector["url"], sent, signature, ["new token", vector["secret"]]) == (vector["expect"] == "valid")
    assert not is_twilios(vector["url"], sent, signature, ["new token"])
    assert not is_twilios(vector["url"], sent, "", [vector["secret"]])


def test_twilio_json_without_its_digest_in_the_address_is_refused():
    url, token = "https://leads.example.com/webhooks/texts", "12345"
    signature = "not needed: the address alone would be signed"
    assert not is_twilios(url, b'{"From": "+15125550143"}', signature, [token])


@pytest.mark.parametrize("vector", cases("meta", "hub256"))
def test_meta(vector):
    signature, body = vector["headers"]["X-Hub-Signature-256"], vector["body"].encode()
    assert is_metas(body, signature, ["rotated", vector["secret"]]) == (vector["expect"] == "valid")
    assert not is_metas(body, signature, ["rotated"])
    assert not is_metas(body + b" ", signature, [vector["secret"]])
    assert not is_metas(body, "", [vector["secret"]])


def test_meta_digest_under_another_name_is_refused():
    digest = sign_meta(b"{}", "secret").partition("=")[2]
    assert is_metas(b"{}", f"sha256={digest}", ["secret"])
    assert not is_metas(b"{}", f"sha512={digest}", ["secret"])
    assert not is_metas(b"{}", digest, ["secret"])


@pytest.mark.parametrize("vector", cases("meta", "hub_challenge"))
def test_meta_handshake(front, vector):
    query = vector["url"].partition("?")[2]
    answer = front.client.get(f"/webhooks/meta?{query}")
    assert (answer.status_code, answer.text) == (vector["response"]["status"], vector["response"]["body"])
    assert answer.mimetype == vector["response"]["content_type"]
    assert front.client.get(f"/webhooks/meta?{query}x").status_code == 403
    assert front.client.get("/webhooks/meta").status_code == 403
    assert front.client.get(f"/webhooks/meta?{query.replace('subscribe', 'unsubscribe')}").status_code == 403


@pytest.mark.parametrize("vector", cases("standard_webhooks"))
def test_standard_webhooks(vector):
    now, body = datetime.fromtimestamp(vector["now"], UTC), vector["body"].encode()
    assert is_standard(body, vector["headers"], [vector["secret"]], now) == (vector["expect"] == "valid")
    assert is_standard(body, vector["headers"], ["whsec_AAAA", vector["secret"]], now) == (vector["expect"] == "valid")
    assert not is_standard(body + b" ", vector["headers"], [vector["secret"]], now)
    assert not is_standard(body, vector["headers"], [], now)


@pytest.mark.parametrize("at", ["", "soon", "-1", "1614265330.5", "9" * 5_000, "\u0661\u0662"])
def test_a_timestamp_that_is_none_is_refused(at):
    now = datetime.fromtimestamp(1614265330, UTC)
    headers = {**sign_standard(b"{}", "msg_1", "whsec_AAAA", now), "webhook-timestamp": at}
    assert not is_standard(b"{}", headers, ["whsec_AAAA"], now)


@pytest.mark.parametrize(("late", "good"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_standard_webhooks_window_is_300_seconds_both_ways(late, good):
    sent_at = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    headers = sign_standard(b"{}", "msg_1", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", sent_at)
    now = datetime.fromtimestamp(sent_at.timestamp() + late, UTC)
    assert is_standard(b"{}", headers, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], now) is good


@pytest.mark.parametrize("vector", cases("sendgrid_event_webhook"))
def test_sendgrid(vector):
    headers = vector["headers"]
    signature, timestamp = (headers[f"X-Twilio-Email-Event-Webhook-{name}"] for name in ("Signature", "Timestamp"))
    body = vector["body"].encode()
    assert is_sendgrids(body, signature, timestamp, vector["public_key"]) == (vector["expect"] == "valid")
    assert not is_sendgrids(body, signature, timestamp + "1", vector["public_key"])
    assert not is_sendgrids(body, "", timestamp, vector["public_key"])
    assert not is_sendgrids(body, signature, timestamp, "no key at all")
