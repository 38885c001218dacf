"""Where the vendor's contract is not sure, every reading is taken, the log says which one came, and docs/sources.md says so."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from structlog.testing import capture_logs

from routing.team import Source
from tests.webhooks.conftest import NOW
from webhooks import form_signatures, signatures
from webhooks.registry import TYPES

SECRET, KEY = "a client secret of the vendor", "a-key-of-22-characters-or-more"
PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text()
NOTICE = json.dumps({"type": "LEAD_ACTION", "leadGenFormResponse": "urn:li:leadGenFormResponse:a-1"}).encode()
LEAD = {"lead_id": "7300000000000000001", "changes": [{"field": "name", "value": "Tariq Ali"}]}
SUBMISSION = json.dumps({"submission": {"name": "Nina"}}).encode()
FLOW = TYPES["webflow"].example.body
CONTACT = TYPES["hubspot"].example.body
JSON = "application/json"
PARSE = "x-twilio-email-event-webhook"
MAIL = TYPES["sendgrid_inbound"].example


def hubspot(url):
    return form_signatures.sign_hubspot(url, CONTACT, SECRET, NOW)


def tiktok(value, **headers):
    return ("tiktok", f"/{KEY}", json.dumps(value).encode(), headers)


ROWS = [  # type, the rest of the address, body, headers; what the log says
    (("linkedin", "", NOTICE, {"x-li-signature": signatures.sign_linkedin(b"hmacsha256=" + NOTICE, SECRET)}), ("linkedin_signature_matched", {"reading": "prefix signed"})),
    (("linkedin", "", NOTICE, {"x-li-signature": signatures.sign_linkedin(NOTICE, SECRET)}), ("linkedin_signature_matched", {"reading": "body alone signed"})),
    (tiktok({"entry": [LEAD]}), ("tiktok_read", {"shape": "entry.changes"})),
    (tiktok({"event": "lead.created", "content": json.dumps(LEAD)}), ("tiktok_read", {"shape": "content.changes"})),
    (tiktok({"lead_id": "1", "name": "Tariq"}), ("tiktok_read", {"shape": "(flat)"})),
    (tiktok(LEAD), ("tiktok_believed", {"by": "key", "has_signature": False})),
    (("tiktok", "", json.dumps(LEAD).encode(), {"tiktok-signature": signatures.sign_tiktok(json.dumps(LEAD).encode(), SECRET, NOW)}), ("tiktok_believed", {"by": "signature"})),
    (("formspree", "", SUBMISSION, {"formspree-signature": form_signatures.sign_timestamped(SUBMISSION, SECRET, name="v1", now=NOW)}), ("signature_matched", {"reading": "t.body, v1"})),
    (("formspree", "", SUBMISSION, {"formspree-signature": form_signatures.sign_timestamped(SUBMISSION, SECRET, name="v1", now=NOW)}), ("submission_read", {"reading": "wrapped"})),
    (("hubspot", "", CONTACT, hubspot("https://leads.example.com/webhooks/it")), ("signature_matched", {"reading": "v3 as sent"})),
    (("hubspot", "?a=%2F", CONTACT, hubspot("https://leads.example.com/webhooks/it?a=/")), ("signature_matched", {"reading": "v3 decoded"})),
    (("hubspot", f"?key={KEY}", CONTACT, {}), ("signature_matched", {"reading": "none, key alone"})),
    (("webflow", "", FLOW, form_signatures.sign_webflow(FLOW, SECRET, NOW)), ("signature_matched", {"reading": "signature"})),
    (("webflow", f"/{KEY}", FLOW, {}), ("signature_matched", {"reading": "none, key alone"})),
    (("sendgrid_inbound", f"/{KEY}", MAIL.body, dict(MAIL.headers)), ("mail_believed", {"by": "key", "policy": "none"})),
    (("sendgrid_inbound", f"/{KEY}", MAIL.body, {**MAIL.headers, "authorization": "Bearer of.the.policy"}), ("mail_believed", {"policy": "a token"})),
    (("sendgrid_inbound", f"/{KEY}", MAIL.body, {**MAIL.headers, "x-twilio-email-event-webhook-signature": "AAAA", "x-twilio-email-event-webhook-timestamp": "1"}), ("mail_believed", {"policy": "a signature that fits no key we have"})),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "said"), ROWS, ids=[f"{sent[0]}-{said[1]}" for sent, said in ROWS])
def test_each_reading_is_taken_and_the_log_and_the_page_say_which(front, sent, said):
    (kind, rest, body, headers), (event, told) = sent, said
    front.sources["it"] = Source("it", kind, secrets=(SECRET, KEY))
    with capture_logs() as logs:
        answer = front.client.post(f"/webhooks/it{rest}", data=body, headers={"content-type": JSON, **headers})
    assert answer.status_code // 100 == 2, answer.text
    assert len(front.heard) == 1
    [line] = [each for each in logs if each["event"] == event]
    assert told.items() <= line.items()
    assert event in section(kind)


@pytest.mark.parametrize(("more", "told"), [({"DialCallDuration": "0"}, True), ({}, False)])
def test_a_call_nobody_took_with_and_without_its_duration(front, more, told):
    with capture_logs() as logs:
        front.call("calls/dial", CallSid="CA1", From="+13125550143", To="+14155550100", DialCallStatus="no-answer", **more)
    assert front.heard[0].event == "missed_call"
    assert [each["duration_told"] for each in logs if each["event"] == "dial_result_read"] == [told]
    assert "dial_result_read" in section("twilio_voice")


def test_a_policys_signature_that_fits_is_told(front):
    key = ec.generate_private_key(ec.SECP256R1())
    public = base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    signature = base64.b64encode(key.sign(b"1796054400" + MAIL.body, ec.ECDSA(hashes.SHA256()))).decode()
    signed = {f"{PARSE}-signature": signature, f"{PARSE}-timestamp": "1796054400"}
    front.sources["it"] = Source("it", "sendgrid_inbound", secrets=(KEY, public))
    with capture_logs() as logs:
        answers = [
            front.client.post(f"/webhooks/it{rest}", data=MAIL.body, headers={**MAIL.headers, **signed})
            for rest in (f"/{KEY}", "")
        ]
    assert [each.status_code for each in answers] == [200, 401]
    assert [each["policy"] for each in logs if each["event"] == "mail_believed"] == ["a signature that fits"]


def section(kind):
    return PAGE.partition(f'<a id="{kind}"></a>')[2].partition("<a id=")[0]
