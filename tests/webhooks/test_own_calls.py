"""A rep calls through us: what both hear, whom Twilio rings, and what its reports say. The ids in the addresses are ours."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from routing.model import State, Status
from tests.webhooks.conftest import FORM, NOW, SITE, TOKEN
from webhooks.twilio_requests import sign

CALL = "CA00112233445566778899aabbccddeeff"
LEG = "CAffeeddccbbaa99887766554433221100"
OUT = {"CallSid": CALL, "From": "+14155550199", "To": "+15125550111", "Direction": "outbound-api"}
TO_DANA = {"CallSid": LEG, "ParentCallSid": CALL, "From": "+14155550199", "To": "+15125550143", "Direction": "outbound-dial"}
IDS = "lead=A1&call=2&rep=bob"
PLAIN_ADDRESS = re.compile(r"https://leads\.example\.com/webhooks/[A-Za-z0-9/_=&?.-]*")
ON_THE_LINE = State(Status.ACCEPTED, owner="bob", dial_number=2, dial_rep="bob", dial_joined=True)


def script(answer):
    """The TwiML as a tree; its addresses are plain, and no number stands in them."""
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    root = ET.fromstring(answer.text)
    addresses = [value for tag in root.iter() for value in tag.attrib.values() if value.startswith("http")]
    assert all(PLAIN_ADDRESS.fullmatch(address) and "5550143" not in address for address in addresses), addresses
    return root


def test_a_pressed_1_rings_the_lead_from_the_firms_number(front):
    front.store.state = ON_THE_LINE
    dial = script(front.call(f"calls/bridge?{IDS}", **OUT, Digits="1")).find("Dial")
    assert (dial.find("Number").text, dial.get("callerId"), dial.get("timeout")) == ("+15125550143", "+14155550199", "20")
    assert dial.get("action").endswith(f"/calls/bridged?{IDS}")
    number = dial.find("Number")
    assert (number.get("machineDetection"), number.get("amdStatusCallback")) == (
        "Enable",
        f"https://leads.example.com/webhooks/calls/met?{IDS}",
    )
    assert dial.get("record") is None, "recorded only where it is allowed"
    assert number.get("url") is None
    assert front.last.event == "own_call"
    told = {key: front.last.content[key] for key in ("step", "code", "call", "rep")}
    assert told == {"step": "joined", "code": "A1", "call": 2, "rep": "bob"}
    assert front.store.decided == [1], "the rep waits: it is decided at once"


@pytest.mark.parametrize(
    "state",
    [
        replace(ON_THE_LINE, dial_joined=False),
        replace(ON_THE_LINE, dial_rep="ann"),
        replace(ON_THE_LINE, dial_number=3),
        State(Status.CLOSED),
    ],
)
def test_a_1_that_was_refused_rings_nobody(front, state):
    front.store.state = state
    root = script(front.call(f"calls/bridge?{IDS}", **OUT, Digits="1"))
    assert root.find("Dial") is None
    assert "no longer yours" in root.find("Say").text


def test_when_nothing_can_be_decided_nobody_is_rung(front):
    front.store.cannot_decide = True
    assert script(front.call(f"calls/bridge?{IDS}", **OUT, Digits="1")).find("Dial") is None


@pytest.mark.parametrize("digits", ["2", "", "11"])
def test_another_key_is_no_call(front, digits):
    front.store.state = ON_THE_LINE
    root = script(front.call(f"calls/bridge?{IDS}", **OUT, Digits=digits))
    assert root.find("Dial") is None
    assert front.store.heard == []


def test_a_recorded_call_is_announced_to_the_lead(front):
    front.alter("calls", record_calls=True)
    front.store.state = ON_THE_LINE
    dial = script(front.call(f"calls/bridge?{IDS}", **OUT, Digits="1")).find("Dial")
    assert dial.get("record") == "record-from-answer-dual"
    heard = script(front.call(dial.find("Number").get("url").removeprefix("https://leads.example.com/webhooks/"), **TO_DANA))
    assert heard.find("Say").text == "This call may be recorded."


def test_without_machine_detection_nobody_listens(front):
    front.alter("calls", detect_voicemail=False)
    front.store.state = ON_THE_LINE
    number = script(front.call(f"calls/bridge?{IDS}", **OUT, Digits="1")).find("Dial/Number")
    assert number.get("machineDetection") is None
    front.call(f"calls/bridged?{IDS}", **OUT, DialCallStatus="completed", DialBridged="true", DialCallDuration="95")
    assert front.last.content["watched"] is False


REPORTS = [
    ("met", {**TO_DANA, "AnsweredBy": "human"}, {"step": "picked_up", "met": "human"}),
    ("met", {**TO_DANA, "AnsweredBy": "machine_start"}, {"step": "picked_up", "met": "machine"}),
    ("met", {**TO_DANA, "AnsweredBy": "machine_end_beep"}, {"step": "picked_up", "met": "machine"}),
    ("met", {**TO_DANA, "AnsweredBy": "fax"}, {"step": "picked_up", "met": "machine"}),
    ("bridged", {**OUT, "DialCallStatus": "completed", "DialBridged": "true", "DialCallDuration": "95"},
     {"step": "lead_ended", "status": "completed", "bridged": True, "seconds": 95, "watched": True}),
    ("bridged", {**OUT, "DialCallStatus": "completed", "DialBridged": "false"},
     {"step": "lead_ended", "status": "completed", "bridged": False, "seconds": 0}),
    ("bridged", {**OUT, "DialCallStatus": "no-answer"}, {"step": "lead_ended", "status": "no-answer", "bridged": False}),
    ("leg", {**TO_DANA, "CallStatus": "completed", "CallDuration": "40"}, {"step": "lead_ended", "bridged": True, "seconds": 40}),
    ("leg", {**TO_DANA, "CallStatus": "busy"}, {"step": "lead_ended", "status": "busy", "bridged": False}),
    ("over", {**OUT, "CallStatus": "completed"}, {"step": "rep_ended", "reason": "nobody pressed 1"}),
    ("over", {**OUT, "CallStatus": "no-answer"}, {"step": "rep_ended", "reason": "your phone was not answered"}),
    ("talk", {**OUT, "RecordingSid": "RE1", "RecordingUrl": "https://api.example/RE1", "RecordingStatus": "completed", "RecordingDuration": "94"},
     {"step": "recorded", "url": "https://api.example/RE1", "seconds": 94}),
]  # fmt: skip


@pytest.mark.parametrize(("step", "form", "told"), REPORTS)
def test_what_a_report_says(front, step, form, told):
    answer = front.call(f"calls/{step}?{IDS}", **form)
    script(answer)
    assert (front.last.event, front.last.content["code"], front.last.content["call"]) == ("own_call", "A1", 2)
    assert {key: front.last.content.get(key) for key in told} == told
    assert front.store.decided == [], "nobody waits for it"
    front.call(f"calls/{step}?{IDS}", **form)
    assert len(front.store.heard) == 1, "told twice, kept once"


@pytest.mark.parametrize(
    ("step", "form"),
    [
        ("met", {**TO_DANA, "AnsweredBy": "unknown"}),
        ("leg", {**TO_DANA, "CallStatus": "ringing"}),
        ("over", {**OUT, "CallStatus": "in-progress"}),
        ("talk", {**OUT, "RecordingSid": "RE1", "RecordingStatus": "absent"}),
    ],
)
def test_what_says_nothing_is_not_kept(front, step, form):
    assert front.call(f"calls/{step}?{IDS}", **form).status_code == 200
    assert front.store.heard == []


def test_ids_that_somebody_changed_are_not_genuine(front):
    body = urlencode({**OUT, "Digits": "1"}).encode()
    signed = sign(f"https://leads.example.com/webhooks/calls/bridge?{IDS}", body, TOKEN, NOW)
    answer = front.post(f"calls/bridge?{IDS.replace('A1', 'B1')}", body, Content_Type=FORM, **signed)
    assert answer.status_code == 403
    assert front.store.heard == []


def test_our_own_call_is_no_lead(front):
    front.call("calls", **OUT, CallStatus="ringing")
    assert front.store.heard == []


def test_a_call_from_one_of_our_numbers_is_no_lead(front):
    ours = {**OUT, "Direction": "inbound", "To": "+14155550199", "CallStatus": "ringing"}
    front.call("calls", **{**ours, "From": "+15125550101"})
    assert len(front.store.heard) == 1
    front.site = replace(SITE, numbers=("+15125550100", "+15125550102"))
    front.call("calls", **{**ours, "From": "+15125550102", "CallSid": LEG})
    assert len(front.store.heard) == 1
