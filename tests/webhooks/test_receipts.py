"""Delivery reports: only genuine ones, in our words, each with a key of its own."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from config.local_secrets import local_signing_key, local_verify_key
from webhooks.twilio_requests import sign

FORM = "application/x-www-form-urlencoded"


def twilio(front, body, message="42", token="12345"):
    url = f"https://leads.example.com/receipts/twilio/{message}"
    headers = {"Content-Type": FORM, "X-Twilio-Signature": sign(url, body, token, None)["x-twilio-signature"]}
    return front.client.post(f"/receipts/twilio/{message}", data=body, headers=headers)


def test_a_twilio_report(front, payload):
    body = payload("twilio_message_status")["request"]["body"].encode()
    assert twilio(front, body).status_code == 204
    report = front.store.reports[0]
    assert (report.provider, report.message_id, report.status, report.code) == ("twilio", 42, "delivered", None)
    assert report.key == "SMbb23456789abcdef0123456789abcdef:delivered"
    assert report.provider_id == "SMbb23456789abcdef0123456789abcdef"
    assert front.store.rings == 1


def test_a_failed_one_says_why(front):
    body = b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&AccountSid=AC0123456789abcdef0123456789abcdef"
    twilio(front, body)
    assert (front.store.reports[0].status, front.store.reports[0].code) == ("undelivered", "30003")


@pytest.mark.parametrize(
    ("body", "message", "token", "status"),
    [
        (b"MessageSid=SM1&MessageStatus=sent", "42", "not our token", 403),
        (b"MessageSid=SM1&MessageStatus=sent&AccountSid=ACsomebody", "42", "12345", 403),
        (b"MessageSid=SM1&MessageStatus=sent", "no-number", "12345", 404),
        (b"MessageSid=SM1", "42", "12345", 400),
    ],
)
def test_a_forged_or_broken_report_changes_nothing(front, body, message, token, status):
    assert twilio(front, body, message, token).status_code == status
    assert (front.store.reports, front.store.rings) == ([], 0)


def test_a_report_for_another_message_needs_another_signature(front):
    body = b"MessageSid=SM1&MessageStatus=failed"
    url = "https://leads.example.com/receipts/twilio/42"
    headers = {"Content-Type": FORM, "X-Twilio-Signature": sign(url, body, "12345", None)["x-twilio-signature"]}
    assert front.client.post("/receipts/twilio/43", data=body, headers=headers).status_code == 403
    assert front.client.post("/receipts/twilio/42", data=body, headers={"Content-Type": FORM}).status_code == 401


def test_sendgrids_events_as_published(front, payload):
    request = payload("sendgrid_events")["request"]
    answer = front.client.post("/receipts/sendgrid", data=request["body"].encode(), headers=request["headers"])
    assert answer.status_code == 204
    (report,) = front.store.reports  # an opened mail is no report: privacy proxies open them all
    assert (report.provider, report.key, report.status, report.message_id) == (
        "sendgrid",
        "rWVYmVk90MjZJ9iohOBa3w==",
        "delivered",
        1,
    )
    assert report.provider_id == "14c5d75ce93"


def test_sendgrids_words_become_ours(front, sendgrid):
    events = [
        "processed",
        "deferred",
        "delivered",
        "bounce",
        "dropped",
        "spamreport",
        "unsubscribe",
        "group_resubscribe",
        "click",
        "new",
    ]
    sendgrid([{"event": event, "sg_event_id": f"e{n}", "headroom_message_id": "7"} for n, event in enumerate(events)])
    assert [report.status for report in front.store.reports] == [
        "sending",
        "deferred",
        "delivered",
        "undelivered",
        "failed",
        "opted_out",
        "opted_out",
        "opted_in",
    ]


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        ({"event": "unsubscribe"}, "opted_out", "unsubscribe"),
        ({"event": "spamreport"}, "opted_out", "spamreport"),
        ({"event": "group_unsubscribe", "asm_group_id": 7}, "opted_out", "group_unsubscribe"),
        ({"event": "group_resubscribe", "asm_group_id": 7}, "opted_in", "group_resubscribe"),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, "failed", "unsubscribe"),
        ({"event": "dropped", "reason": "Spam Reporting Address"}, "failed", "spamreport"),
        ({"event": "dropped", "reason": "Bounced Address"}, "failed", "dropped"),
    ],
)
def test_what_people_told_sendgrid_is_kept_with_their_address(front, sendgrid, event, status, code):
    sendgrid([{**event, "sg_event_id": "e1", "email": "Dana@Example.com"}])
    (report,) = front.store.reports
    assert (report.status, report.code, report.message_id, report.body["email"]) == (status, code, None, "Dana@Example.com")


def test_a_bounce_says_whether_it_is_for_ever(front, sendgrid):
    sendgrid(
        [{"event": "bounce", "type": "blocked", "sg_event_id": "e1"}, {"event": "bounce", "type": "bounce", "sg_event_id": "e2"}]
    )
    assert [report.code for report in front.store.reports] == ["blocked", "bounce"]


@pytest.mark.parametrize("odd", [[1, None, "x"], [{"event": "bounce"}], [{"sg_event_id": "e", "event": {"a": 1}}], []])
def test_odd_events_are_passed_over(front, sendgrid, odd):
    assert sendgrid(odd).status_code == 204
    assert front.store.reports == []


def test_sendgrid_without_or_with_a_wrong_signature(front, payload):
    request = payload("sendgrid_events")["request"]
    body = request["body"].encode()
    assert front.client.post("/receipts/sendgrid", data=body, content_type="application/json").status_code == 401
    assert front.client.post("/receipts/sendgrid", data=body.strip(), headers=request["headers"]).status_code == 403
    assert front.store.reports == []


def test_what_cannot_be_written_down_is_to_be_sent_again(front):
    front.store.fails = True
    answer = twilio(front, b"MessageSid=SM1&MessageStatus=sent")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_receipts_are_posted(front):
    assert front.client.get("/receipts/sendgrid").status_code == 405
    assert front.client.put("/receipts/twilio/1").status_code == 405


@pytest.fixture
def sendgrid(front):
    """Posts events signed with the key that stands in where there is no account."""
    front.use_settings(given_sendgrid_webhook_key=None)

    def post(events):
        body = json.dumps(events).encode()
        signature = local_signing_key(front.settings.secret_key).sign(b"1726000000" + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": "1726000000",
        }
        return front.client.post("/receipts/sendgrid", data=body, headers=headers, content_type="application/json")

    return post


def test_reports_are_believed_from_two_keys_while_they_are_changed(front, sendgrid):
    events = [{"sg_event_id": "e1", "event": "delivered", "sg_message_id": "m.1"}]
    mine = local_verify_key(front.settings.secret_key)
    other = local_verify_key("the key of somebody else")
    answered = []
    for keys in (f"{other}, {mine}", f"{mine},{other}", other, f"{other},", ","):
        front.use_settings(given_sendgrid_webhook_key=keys)
        answered.append(sendgrid(events).status_code)
    assert answered == [204, 204, 403, 403, 403]


@pytest.mark.parametrize(
    "status",
    ["accepted", "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "failed", "read", "canceled", "brand_new"],
)
@pytest.mark.parametrize("names", [("MessageSid", "MessageStatus"), ("SmsSid", "SmsStatus")])
def test_every_status_is_written_down_in_its_own_words(front, status, names):
    body = f"{names[0]}=SM1&{names[1]}={status}&ChannelPrefix=whatsapp&EventType=READ".encode()
    assert twilio(front, body).status_code == 204
    assert [(each.key, each.status) for each in front.store.reports] == [(f"SM1:{status}", status)]


@pytest.mark.parametrize("code", ["21610", "30003", "30005", "30006", "30007", "30034", "63016", ""])
def test_the_carriers_code_is_kept(front, code):
    twilio(front, f"MessageSid=SM1&MessageStatus=undelivered&ErrorCode={code}".encode())
    assert front.store.reports[0].code == (code or None)


@pytest.mark.parametrize("message", ["42", "out_42", "999999999999999999"])
def test_our_message_is_named_in_the_address(front, message):
    assert twilio(front, b"MessageSid=SM1&MessageStatus=sent", message).status_code == 204
    assert front.store.reports[0].message_id == int(message.removeprefix("out_"))


@pytest.mark.parametrize(
    ("event", "status", "code"),
    [
        ({"event": "delivered", "response": "250 OK"}, "delivered", None),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550"}, "undelivered", "bounce"),
        ({"event": "bounce", "type": "blocked"}, "undelivered", "blocked"),
        ({"event": "dropped", "reason": "Bounced Address"}, "failed", "dropped"),
        ({"event": "deferred", "attempt": "3"}, "deferred", None),
        ({"event": "spamreport"}, "opted_out", "spamreport"),
        ({"event": "group_unsubscribe", "asm_group_id": 7}, "opted_out", "group_unsubscribe"),
        ({"event": "delivered", "category": ["cat", "facts"]}, "delivered", None),
        ({"event": "delivered", "category": "cat facts", "newsletter": {"x": [1]}}, "delivered", None),
    ],
)
def test_sendgrids_event_in_full(front, sendgrid, event, status, code):
    base = {
        "email": "dana@example.com",
        "timestamp": 1513299569,
        "sg_event_id": "e1",
        "sg_message_id": "m1.filter0001.1",
        "headroom_message_id": "out_7",
    }
    for _ in range(2):
        assert (
            sendgrid([{**base, **event}, {**base, "sg_event_id": "e2", "event": "open", "sg_machine_open": True}]).status_code
            == 204
        )
    assert {(each.key, each.status, each.code, each.message_id, each.provider_id) for each in front.store.reports} == {("e1", status, code, 7, "m1")}  # fmt: skip


@pytest.mark.parametrize("change", ["lone line feeds", "no end", "spaces"])
def test_sendgrids_bytes_are_signed_with_their_line_ends(front, payload, change):
    request = payload("sendgrid_events")["request"]
    body = request["body"].encode()
    other = {
        "lone line feeds": body.replace(b"\r\n", b"\n"),
        "no end": body.rstrip(),
        "spaces": json.dumps(json.loads(body)).encode(),
    }
    assert front.client.post("/receipts/sendgrid", data=other[change], headers=request["headers"]).status_code == 403
