"""Calls as Twilio really tells of them: by GET, twice, crossed, without their beginning, from our own people, in all their ends."""

import hashlib
import xml.etree.ElementTree as ET
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.webhooks.conftest import FORM, TOKEN
from tests.webhooks.test_voice import CALL, DANA, LEG, path_of, script

HOST = "https://leads.example.com"
BOB, KIM = "+15125550111", "+15125550190"


def get(front, path, **params):
    """A number whose settings say HTTP GET: all parameters stand in the signed address."""
    target = f"/webhooks/{path}{'&' if '?' in path else '?'}{urlencode(params)}"
    signature = RequestValidator(TOKEN).compute_signature(HOST + target, {})
    return front.client.get(target, headers={"X-Twilio-Signature": signature})


def staffed(front):
    """Behind the door are Bob, who sells, and Kim, who manages."""
    team = front.team
    front.team = lambda: replace(team(), phones=frozenset({BOB, KIM}))
    front.use_settings()
    return front


def test_a_call_told_by_get_is_the_same_call(front):
    front.will_ring("bob")
    dial = script(get(front, "calls", **DANA, CallStatus="ringing")).find("Dial")
    assert path_of(dial.get("action")) == "calls/dial?rep=bob&n=1"
    assert (front.last.event, front.last.content["phone"]) == ("call", "+15125550143")
    assert b"CallSid=CA0011" in front.last.body, "what was sent is kept"
    script(get(front, "calls/dial?rep=bob&n=1", **DANA, DialCallStatus="busy", DialCallSid=LEG))
    assert (front.last.event, front.last.content["rep"]) == ("missed_call", "bob")
    get(front, "calls/status", **DANA, CallStatus="no-answer")
    assert front.last.event == "call_status"


def test_a_get_with_another_parameter_is_forged(front):
    target = f"/webhooks/calls?{urlencode(DANA)}"
    signature = RequestValidator(TOKEN).compute_signature(HOST + target, {})
    assert front.client.get(f"{target}&x=1", headers={"X-Twilio-Signature": signature}).status_code == 403
    assert front.client.get(target).status_code == 401
    assert front.heard == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [("no-answer", "the caller hung up"), ("canceled", "the caller hung up"), ("completed", "the caller hung up"), ("busy", "busy"), ("failed", "the call failed")],
)  # fmt: skip
@pytest.mark.parametrize("path", ["calls/status", "calls"])
def test_the_end_of_a_call_that_we_never_heard_of_is_a_missed_call(front, path, status, reason):
    answer = front.call(path, **DANA, CallStatus=status, CallDuration="4", Timestamp="Tue, 24 Nov 2026 15:59:00 +0000")
    assert list(script(answer)) == []
    assert [(each.event, each.external_id) for each in front.heard] == [
        ("call_status", f"twilio_call:{CALL}:status:{status}"),
        ("missed_call", f"twilio_call:{CALL}"),
    ]
    said = front.last.content
    assert (said["phone"], said["reason"], said["ended_call"]) == ("+15125550143", reason, CALL)
    assert "call_sid" not in said
    assert (said["extra"]["call_status"], said["extra"]["duration_s"], said["submitted_at"]) == (
        status,
        4,
        "2026-11-24T15:59:00Z",
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("calls/status", {"CallStatus": "no-answer"}),
        ("calls/dial?rep=bob&n=1", {"DialCallStatus": "no-answer", "DialCallSid": LEG, "CallStatus": "in-progress"}),
        ("calls/recorded", {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/RE1", "RecordingDuration": "9"}),
        ("calls/recorded", {"RecordingSid": "RE1", "RecordingDuration": "0"}),
    ],
)
def test_later_steps_of_a_call_we_know_begin_no_second_lead(front, path, told):
    front.call("calls", **DANA, CallStatus="ringing")
    front.call(path, **DANA, **told)
    front.call(path, **DANA, **told)
    assert [each.external_id for each in front.heard].count(f"twilio_call:{CALL}") == 1
    assert front.heard[0].event == "call"
    assert len(front.heard) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"Direction": "outbound-api"},
        {"Direction": "outbound-dial", "ParentCallSid": CALL},
        {"ParentCallSid": CALL},
        {"From": "+14155550199"},
        {"From": "+15125550100"},
        {"From": BOB},
        {"From": KIM},
    ],
)
def test_the_end_of_our_own_calls_and_legs_begins_none(front, more):
    staffed(front).call("calls/status", **{**DANA, "CallStatus": "completed", **more})
    assert [each for each in front.heard if each.event != "call_status"] == []


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "Restricted", "sip:dana@pbx.example", "client:dana", ""])
def test_a_call_without_a_number_that_we_never_heard_of_has_nobody_to_call_back(front, caller):
    front.call("calls/status", **{**DANA, "From": caller}, CallStatus="no-answer")
    assert [each.event for each in front.heard] == ["call_status"]


@pytest.mark.parametrize(
    "caller", ["anonymous", "+266696687", "+7378742833", "Unavailable", "sip:dana@pbx.example", "client:dana", ""]
)
def test_a_withheld_number_is_a_call_and_our_own_number_rings_the_rep(front, caller):
    front.will_ring("bob")
    dial = script(front.call("calls", **{**DANA, "From": caller})).find("Dial")
    assert (dial.get("callerId"), dial.find("Number").text) == ("+15125550100", "+15125550111")
    assert (front.last.event, front.last.content.get("phone")) == ("call", None)
    dial = script(front.call("calls", **{**DANA, "CallSid": "CA2"})).find("Dial")
    assert dial.get("callerId") == "+15125550100", "nobody sees a private number: the whisper says who calls"


@pytest.mark.parametrize("caller", [BOB, KIM])
def test_a_call_of_the_team_is_no_lead_and_is_told_so(front, caller):
    answer = script(staffed(front).call("calls", **{**DANA, "From": caller}))
    assert [child.tag for child in answer] == ["Say", "Hangup"]
    assert "text us the word call" in answer.find("Say").text
    assert (front.heard, front.store.decided) == ([], [])


def test_the_number_that_calls_for_reps_is_ours(front):
    front.alter("calls", number="+15125550166")
    assert script(front.call("calls", **{**DANA, "From": "+15125550166"})).find("Hangup") is not None
    assert front.heard == []


def test_who_a_call_was_forwarded_from_is_kept(front):
    front.call("calls", **DANA, ForwardedFrom="+15125550177", CallerName="COLE DANA", ToCity="AUSTIN")
    assert front.last.content["extra"]["forwarded_from"] == "+15125550177"
    assert front.last.content["name"] == "COLE DANA"


@pytest.mark.parametrize("path", ["calls/transcription", "calls/recording", "calls/recorded"])
def test_the_words_of_a_voicemail(front, path):
    front.call("calls", **DANA)
    told = {
        "TranscriptionSid": "TR1",
        "TranscriptionText": "Hi, my roof leaks.",
        "TranscriptionStatus": "completed",
        "RecordingSid": "RE1",
    }
    for _ in range(2):
        assert front.call(path, **{**DANA, **told}).status_code == 200
    assert [each.external_id for each in front.heard] == [f"twilio_call:{CALL}", "twilio_transcription:TR1"]
    said = front.last.content
    assert (front.last.event, said["message"], said["call_sid"], said["phone"]) == (
        "voicemail_text",
        "Hi, my roof leaks.",
        CALL,
        "+15125550143",
    )
    assert said["extra"]["recording_sid"] == "RE1"


@pytest.mark.parametrize(
    "told",
    [
        {"TranscriptionStatus": "failed"},
        {"TranscriptionStatus": "failed", "TranscriptionText": ""},
        {"TranscriptionText": "  "},
        {},
    ],
)
def test_a_voicemail_that_could_not_be_put_into_words_says_nothing_new(front, told):
    assert front.call("calls/transcription", **DANA, TranscriptionSid="TR1", **told).status_code == 200
    assert front.heard == []


@pytest.mark.parametrize(("transcribe", "asked"), [(True, "calls/transcription"), (False, None)])
def test_words_are_asked_for_only_where_the_team_wants_them(front, transcribe, asked):
    front.will_not_ring()
    front.alter("calls", transcribe=transcribe)
    record = script(front.call("calls", **DANA)).find("Record")
    assert record.get("transcribe") == ("true" if transcribe else None)
    assert (path_of(record.get("transcribeCallback")) if asked else record.get("transcribeCallback")) == asked


def test_ends_that_come_crossed_and_twice_are_each_written_down_once(front):
    front.call("calls", **DANA)
    for status, number in (("completed", "3"), ("in-progress", "2"), ("ringing", "1"), ("completed", "3")):
        front.call("calls/status", **DANA, CallStatus=status, SequenceNumber=number)
    assert [each.external_id for each in front.heard] == [f"twilio_call:{CALL}", f"twilio_call:{CALL}:status:completed"]


@pytest.mark.parametrize("more", [{"Digits": ""}, {"Digits": "11"}, {"Digits": "*"}, {}])
def test_only_a_1_takes_the_call(front, more):
    answer = front.call(f"calls/press?call={CALL}&rep=bob", CallSid=LEG, From="+15125550143", **more)
    assert script(answer).find("Hangup") is not None
    assert front.heard == []


def test_a_1_pressed_twice_is_one_answer(front):
    for _ in range(2):
        assert list(script(front.call(f"calls/press?call={CALL}&rep=bob", CallSid=LEG, Digits="1"))) == []
    assert [each.external_id for each in front.heard] == [f"twilio_call:{CALL}:answered:bob"]


@pytest.mark.parametrize("seconds", ["", "abc", "-1", "9999999999999", "1.5"])
def test_odd_lengths_are_none(front, seconds):
    front.call("calls/recording", CallSid=CALL, RecordingSid="RE1", RecordingUrl="https://x.example", RecordingDuration=seconds)
    assert front.heard[0].event == "missed_call"


# --- signatures, through the door -----------------------------------------------------------------------------------------------


def signed_for(front, url, body, *, sent_to="/webhooks/calls", host="leads.example.com", token=TOKEN, **headers):
    signature = RequestValidator(token).compute_signature(url, body)
    data = urlencode([(name, each) for name, value in body.items() for each in (value if isinstance(value, list) else [value])])
    given = {"Content-Type": FORM, "X-Twilio-Signature": signature, "Host": host, **headers}
    return front.client.post(sent_to, data=data, headers=given).status_code


@pytest.mark.parametrize("url", [f"{HOST}/webhooks/calls", f"{HOST}:443/webhooks/calls"])
@pytest.mark.parametrize("host", ["leads.example.com", "evil.example", "10.0.0.7:8000"])
def test_the_signed_address_is_the_public_one_with_or_without_its_port(front, url, host):
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    assert signed_for(front, url, DANA, host=host, **forwarded) == 200


def test_a_signature_for_the_host_as_received_is_none(front):
    assert signed_for(front, "https://evil.example/webhooks/calls", DANA, host="evil.example") == 403
    forwarded = {"X-Forwarded-Host": "evil.example"}
    assert signed_for(front, "https://evil.example/webhooks/calls", DANA, **forwarded) == 403


@pytest.mark.parametrize(
    "public", ["https://leads.example.com:8443", "https://leads.example.com/headroom", "http://leads.example.com"]
)
def test_any_public_address_will_do(front, public):
    front.use_settings(public_url=public)
    assert signed_for(front, f"{public}/webhooks/calls", DANA) == 200
    assert signed_for(front, f"{HOST}/webhooks/nowhere", DANA) == 403


@pytest.mark.parametrize(
    "body",
    [
        {**DANA, "Empty": ""},
        {**DANA, "SipHeader_X-A": ["one", "two"]},
        {**DANA, "SipHeader_X-A": ["two", "one"]},
        {**DANA, "Odd": ["same"]},
        {**DANA, "NewlyAdded": "ünï 🏠 +%&="},
        {**DANA, "CallToken": '{"parentCallInfoToken":"eyJ"}'},
    ],
)
def test_every_parameter_is_signed_empty_repeated_and_new_ones_too(front, body):
    class Several(dict):
        def getall(self, name):
            value = self[name]
            return value if isinstance(value, list) else [value]

    assert signed_for(front, f"{HOST}/webhooks/calls", Several(body)) == 200


def test_the_query_is_signed_as_it_stands(front):
    sent_to = "/webhooks/calls/dial?rep=bob&n=1&empty="
    assert signed_for(front, HOST + sent_to, DANA, sent_to=sent_to) == 200
    assert signed_for(front, HOST + sent_to, DANA, sent_to="/webhooks/calls/dial?n=1&rep=bob&empty=") == 403
    assert signed_for(front, HOST + sent_to, DANA, sent_to=f"{sent_to}&x=1") == 403


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 200), ("old token", 200), ("another", 403)])
def test_both_tokens_are_believed_while_they_change(front, token, status):
    assert signed_for(front, f"{HOST}/webhooks/calls", DANA, token=token) == status


def test_a_json_body_is_known_by_its_digest_in_the_address(front):
    body = b'{"CallSid": "CA77", "From": "+15125550143", "To": "+15125550100", "Direction": "inbound"}'
    target = f"/webhooks/calls?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(HOST + target, {}),
    }
    assert front.client.post(target, data=body, headers=headers).status_code == 200
    assert (front.last.external_id, front.last.content["phone"]) == ("twilio_call:CA77", "+15125550143")
    assert front.client.post(target, data=body + b" ", headers=headers).status_code == 403
    assert front.client.post("/webhooks/calls", data=body, headers=headers).status_code == 403


def test_an_account_that_signs_with_a_shared_key_says_so(front):
    signature = RequestValidator(TOKEN).compute_signature(f"{HOST}/webhooks/calls", DANA, "HMAC_SHA256")
    headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
    assert front.client.post("/webhooks/calls", data=urlencode(DANA), headers=headers).status_code == 403
    headers["X-Twilio-Webhooks-Signature-Settings"] = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert front.client.post("/webhooks/calls", data=urlencode(DANA), headers=headers).status_code == 200


def test_whatever_is_answered_is_xml(front):
    front.alter("calls", greeting="Cole & Sons <roofs> “best” in town", closed_greeting="")
    front.will_not_ring()
    said = ET.fromstring(front.call("calls", **{**DANA, "FromCity": "<ST. JOHN'S> & CO"}).text).find("Say").text
    assert said.startswith("Cole & Sons <roofs> “best” in town")
    front.will_ring("bob")
    dial = script(front.call("calls", **{**DANA, "CallSid": CALL, "FromCity": '<ST. JOHN\'S> & "CO"'})).find("Dial")
    step = dial.find("Number").get("url").rpartition("/webhooks/")[2]
    assert "St. John" in script(front.call(step, CallSid=LEG, From="+15125550100")).find("Gather").find("Say").text
