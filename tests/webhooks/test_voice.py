"""A phone call, step by step: what is heard and what Twilio is told to do next."""

import re
import xml.etree.ElementTree as ET
from datetime import timedelta

import pytest
from freezegun import freeze_time

from config.links import rep_in_url

CALL = "CA00112233445566778899aabbccddeeff"
LEG = "CAffeeddccbbaa99887766554433221100"
DANA = {"CallSid": CALL, "From": "+15125550143", "To": "+15125550100", "Direction": "inbound", "FromCity": "AUSTIN"}
PLAIN_ADDRESS = re.compile(r"https://[A-Za-z0-9.]+[A-Za-z0-9/_=&?.-]*")


def script(answer):
    """The TwiML as a tree. Every address in it must survive being signed as written."""
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    root = ET.fromstring(answer.text)
    addresses = [
        value for tag in root.iter() for name, value in tag.attrib.items() if name in ("url", "action", "recordingStatusCallback")
    ]
    assert all(PLAIN_ADDRESS.fullmatch(address) for address in addresses), addresses
    return root


def path_of(address):
    return address.removeprefix("https://leads.example.com/webhooks/")


def test_a_call_rings_the_rep_the_decision_names(front):
    front.will_ring("bob")
    dial = script(front.call("calls", **DANA, CallStatus="ringing")).find("Dial")
    assert (dial.get("timeout"), dial.get("answerOnBridge")) == ("18", "true")
    assert path_of(dial.get("action")) == "calls/dial?rep=bob&n=1"
    assert (dial.find("Number").text, path_of(dial.find("Number").get("url"))) == (
        "+15125550111",
        f"calls/whisper?call={CALL}&rep=bob&city=Austin&end=0143",
    )
    assert dial.get("callerId") == "+15125550100", "the rep's phone shows the firm, not the caller's own number"
    assert (front.last.event, front.last.external_id, front.last.content["call_sid"]) == ("call", f"twilio_call:{CALL}", CALL)
    assert front.store.decided == [1]
    assert front.store.rings == 1


def test_the_whole_way_to_a_talk(front):
    front.will_ring("bob")
    dial = script(front.call("calls", **DANA)).find("Dial")
    leg = {"CallSid": LEG, "From": "+15125550100", "To": "+15125550111", "Direction": "outbound-dial", "FromCity": "DALLAS"}
    gather = script(front.call(path_of(dial.find("Number").get("url")), **leg)).find("Gather")
    assert gather.get("numDigits") == "1"
    assert gather.find("Say").text == "A call from Austin, number ending 0 1 4 3, through calls. Press 1 to take it."
    taken = script(front.call(path_of(gather.get("action")), **leg, Digits="1"))
    assert list(taken) == []
    assert (front.last.event, front.last.content["rep"], front.last.content["call_sid"]) == ("call_answered", "bob", CALL)
    over = front.call(
        path_of(dial.get("action")),
        **DANA,
        DialCallStatus="completed",
        DialCallSid=LEG,
        DialBridged="true",
        DialCallDuration="75",
    )
    assert script(over).find("Dial") is None
    assert (front.last.event, front.last.content["seconds"], front.last.content["rep"]) == ("call_answered", 75, "bob")


def test_a_caller_from_a_place_of_two_words_is_announced_and_one_without_number_too(front):
    front.will_ring("bob")
    for caller, heard in (
        ({"FromCity": "SAN MARCOS"}, "A call from San Marcos, number ending 0 1 4 3, through calls."),
        ({"FromCity": "", "From": "anonymous"}, "A call, through calls."),
    ):
        dial = script(front.call("calls", **{**DANA, **caller})).find("Dial")
        whispered = script(front.call(path_of(dial.find("Number").get("url")), CallSid=LEG, From="+15125550100"))
        assert whispered.find("Gather").find("Say").text.startswith(heard)


def test_a_rep_who_calls_back_our_number_is_no_lead_and_hears_how_to_reach_one(front):
    rep = {**DANA, "From": "+15125550111"}
    answer = script(front.call("calls", **rep, CallStatus="ringing"))
    assert "text us the word call" in answer.find("Say").text
    assert answer[-1].tag == "Hangup"
    front.call("calls/status", **rep, CallStatus="completed")
    assert front.heard == []


def test_a_rep_who_presses_nothing_or_something_else_does_not_take_it(front):
    front.will_ring("bob")
    leg = {"CallSid": LEG, "From": "+15125550143"}
    whispered = script(front.call(f"calls/whisper?call={CALL}&rep=bob", **leg))
    assert [child.tag for child in whispered] == ["Gather", "Hangup"]
    assert script(front.call(f"calls/press?call={CALL}&rep=bob", **leg, Digits="7")).find("Hangup") is not None
    assert front.heard == []


@pytest.mark.parametrize(
    ("status", "bridged", "reason"),
    [
        ("no-answer", "false", "no-answer"),
        ("busy", None, "busy"),
        ("failed", "false", "failed"),
        ("canceled", "false", "canceled"),
        ("completed", "false", "not bridged"),  # the rep's voicemail answered, or nobody pressed 1
    ],
)
def test_an_unanswered_leg_rings_the_next_rep(front, status, bridged, reason):
    front.will_ring("ann")
    front.call("calls", **DANA)
    told = {"DialCallStatus": status, "DialCallSid": LEG, **({"DialBridged": bridged} if bridged else {})}
    dial = script(front.call("calls/dial?rep=bob&n=1", **DANA, **told, CallStatus="in-progress")).find("Dial")
    assert path_of(dial.get("action")) == "calls/dial?rep=ann&n=2"
    said = front.last.content
    assert (front.last.event, said["rep"], said["reason"], said["gone"]) == ("missed_call", "bob", reason, False)
    assert (front.last.external_id, said["external_id"]) == (f"twilio_call:{CALL}:dial:{LEG}", f"twilio_call:{CALL}")


def test_with_nobody_left_a_message_is_taken(front):
    front.will_not_ring()
    answer = script(front.call("calls/dial?rep=ann&n=2", **DANA, DialCallStatus="no-answer", DialCallSid=LEG))
    record = answer.find("Record")
    assert "Nobody is free" in answer.find("Say").text
    assert record.get("maxLength") == "120"
    assert (path_of(record.get("action")), path_of(record.get("recordingStatusCallback"))) == (
        "calls/recorded",
        "calls/recording",
    )


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-11-24T16:00:00Z", "Nobody is free to take your call right now."),
        ("2026-11-24T13:00:00Z", "We are closed now and open 8:30 am."),
        ("2026-11-25T01:00:00Z", "We are closed now and open tomorrow 8:30 am."),
        ("2026-11-27T23:30:00Z", "We are closed now and open Mon 8:30 am."),
    ],
)
def test_a_caller_is_told_the_truth_about_the_hours(front, at, words):
    front.will_not_ring()
    with freeze_time(at):
        said = script(front.call("calls", **DANA)).find("Say").text
    assert said.startswith(f"Thank you for calling Cole Heating. {words}")
    assert "we will call you back" in said


def test_a_source_may_have_its_own_words_ring_time_and_no_voicemail(front):
    front.will_not_ring()
    front.alter("calls", greeting="All lines are busy.", closed_greeting="We sleep.", voicemail=False)
    answer = script(front.call("calls", **DANA))
    assert ([child.tag for child in answer], answer.find("Say").text) == (["Say", "Hangup"], "All lines are busy.")
    with freeze_time("2026-11-25T01:00:00Z"):
        assert script(front.call("calls", **{**DANA, "CallSid": "CA2"})).find("Say").text == "We sleep."
    front.alter("calls", ring_for=timedelta(seconds=12))
    front.will_ring("bob")
    assert script(front.call("calls", **{**DANA, "CallSid": "CA3"})).find("Dial").get("timeout") == "12"


def test_a_withheld_number_is_asked_for(front):
    front.will_not_ring()
    answer = script(front.call("calls", **{**DANA, "From": "+266696687"}))
    assert "your name and number" in answer.find("Say").text
    assert "phone" not in front.last.content


def test_a_caller_hears_something_even_when_the_decision_fails(front):
    front.store.cannot_decide = True
    assert script(front.call("calls", **DANA)).find("Record") is not None
    assert front.last.event == "call"


@pytest.mark.parametrize("more", [{"Direction": "outbound-api"}, {"From": "+14155550199"}, {"From": "+15125550100"}])
def test_our_own_calls_and_numbers_are_no_leads(front, more):
    assert script(front.call("calls", **{**DANA, **more})).find("Hangup") is not None
    assert front.heard == []


def test_a_caller_who_hangs_up_while_it_rings_is_told_of_by_the_status_only(front):
    front.call("calls", **DANA)
    front.store.decided.clear()
    front.call("calls/status", **DANA, CallStatus="no-answer", CallDuration="0", Timestamp="Tue, 24 Nov 2026 16:00:30 +0000")
    said = front.last.content
    assert (front.last.event, said["reason"], said["submitted_at"]) == (
        "call_status",
        "the caller hung up",
        "2026-11-24T16:00:30Z",
    )
    assert front.last.external_id == f"twilio_call:{CALL}:status:no-answer"
    assert front.store.decided == []


@pytest.mark.parametrize("more", [{"CallStatus": "ringing"}, {"CallStatus": "in-progress"}, {"CallStatus": "completed", "ParentCallSid": CALL}, {"CallStatus": "completed", "Direction": "outbound-api"}])  # fmt: skip
def test_a_status_on_the_way_or_of_a_reps_leg_says_nothing_new(front, more):
    assert front.call("calls/status", **{**DANA, **more}).status_code == 200
    assert front.heard == []


def test_a_caller_who_is_gone_when_the_leg_ends_is_marked_so(front):
    front.call("calls", **DANA)
    front.call("calls/dial?rep=bob&n=1", **DANA, DialCallStatus="no-answer", DialCallSid=LEG, CallStatus="completed")
    assert (front.last.content["gone"], front.last.content["reason"]) == (True, "the caller hung up")


@pytest.mark.parametrize(
    ("told", "event"),
    [
        ({"RecordingDuration": "17"}, "voicemail"),
        ({"RecordingDuration": "2"}, "voicemail"),
        ({"RecordingDuration": "1"}, "missed_call"),
        ({"RecordingDuration": "0"}, "missed_call"),
        ({}, "missed_call"),
        ({"RecordingDuration": "17", "RecordingStatus": "absent"}, "missed_call"),
        ({"RecordingDuration": "17", "RecordingStatus": "failed"}, "missed_call"),
    ],
)
def test_a_voicemail_of_under_two_seconds_is_a_hang_up(front, told, event):
    address = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
    front.call("calls/recording", CallSid=CALL, RecordingSid="RE1", RecordingUrl=address, **told)
    assert (front.last.event, front.last.content["call_sid"]) == (event, CALL)
    assert front.last.content.get("url") == (address if event == "voicemail" else None)


def test_a_voicemail_told_twice_is_one(front):
    told = {"CallSid": CALL, "RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/RE1", "RecordingDuration": "9"}
    front.call("calls", **DANA)
    thanks = script(front.call("calls/recorded", **told, From="+15125550143", Digits="hangup"))
    front.call("calls/recording", **told, RecordingStatus="completed")
    assert "Thank you" in thanks.find("Say").text
    assert [each.external_id for each in front.heard] == [f"twilio_call:{CALL}", "twilio_recording:RE1"]


def test_a_recording_still_running_says_nothing_new(front):
    front.call("calls/recording", CallSid=CALL, RecordingSid="RE1", RecordingStatus="in-progress")
    assert front.heard == []


def test_a_repeated_step_is_the_same_event_and_gets_the_same_answer(front):
    front.will_ring("bob")
    answers = {front.call("calls", **DANA).text for _ in range(3)}
    assert (len(answers), len(front.heard)) == (1, 1)


@pytest.mark.parametrize("rep", ["bob", "zoë müller", "a&b=c", "x-ray"])
def test_any_reps_id_survives_the_address(front, rep):
    front.call("calls", **DANA)
    front.call(f"calls/dial?rep={_in_url(rep)}&n=1", **DANA, DialCallStatus="busy", DialCallSid=LEG)
    assert front.last.content["rep"] == rep


def _in_url(rep):
    made = rep_in_url(rep)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", made)
    return made
