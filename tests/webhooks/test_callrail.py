"""CallRail's calls, texts and forms, each at its own address or at the plain one."""

import json
from dataclasses import replace

import pytest

from routing.team import Source
from webhooks.signatures import sign_callrail

KEY = "072e77e426f92738a72fe23c4d1953b4"
CALL = {
    "resource_id": "CAL1", "answered": False, "voicemail": False, "call_type": "abandoned", "direction": "inbound", "duration": "14",
    "customer_name": "Dana Cole", "customer_phone_number": "+15125550143", "tracking_phone_number": "+15125550188",
    "start_time": "2026-11-24T09:58:00.236-06:00", "gclid": "g1", "utm_source": "google", "first_call": True, "tags": ["roof", "new"],
}  # fmt: skip
TEXT = {
    "resource_id": "MSG1", "source_number": "+15125550143", "destination_number": "+15125550188", "content": "Do you do gutters?",
    "message_type": "mms", "media_urls": ["https://media.callrail.example/1"], "timestamp": "2026-11-24T09:59:00-06:00",
}  # fmt: skip
FORM = {
    "id": 77, "form_url": "https://cole.example/quote", "landing_page_url": "https://cole.example/?gclid=g2&utm_medium=cpc",
    "form_data": {"Your Name": "Dana Cole", "Phone": "512 555 0143", "E-mail": "Dana@Example.com", "Roof": "tile"},
    "submitted_at": "2026-11-24T15:59:00Z", "first_form": True,
}  # fmt: skip


@pytest.fixture
def callrail(front):
    front.sources["callrail"] = Source("callrail", "callrail", secrets=("rotated", KEY))
    return front


def tell(front, value, step="", key=KEY):
    body = json.dumps(value).encode()
    return front.post(f"callrail{step}", body, Content_Type="application/json", Signature=sign_callrail(body, key))


@pytest.mark.parametrize("step", ["", "/post-call", "/call-modified"])
def test_a_missed_call_is_one_lead_wherever_it_is_told(callrail, step):
    assert tell(callrail, CALL, "/post-call").status_code == 200
    assert tell(callrail, {**CALL, "note": "call back"}, step).status_code == 200
    assert [(each.event, each.external_id) for each in callrail.heard] == [("missed_call", "callrail:CAL1")]
    said = callrail.last.content
    assert (said["name"], said["phone"], said["reason"], said["seconds"]) == ("Dana Cole", "+15125550143", "abandoned", 14)
    assert (said["utm"], said["click_ids"]) == ({"source": "google"}, {"gclid": "g1"})
    assert said["extra"] == {"first_call": True, "tags": "roof, new", "tracking_number": "+15125550188", "duration_s": 14}
    assert said["submitted_at"] == "2026-11-24T15:58:00.236Z"


def test_an_answered_call_says_at_whose_phone(callrail):
    tell(callrail, {**CALL, "answered": "true", "agent_email": "Bob@cole.example", "business_phone_number": "(512) 555-0111"})
    assert callrail.last.event == "call_answered"
    assert callrail.last.content["answered_by"] == {"email": "bob@cole.example", "phone": "+15125550111"}


@pytest.mark.parametrize(("length", "event"), [(8, "voicemail"), ("13", "voicemail"), (1, "missed_call"), (None, "voicemail")])
def test_a_voicemail_is_one_unless_it_is_a_hang_up(callrail, length, event):
    said = {**CALL, "voicemail": True, "recording": "https://app.callrail.example/r", "recording_duration": length, "transcription": "Call me"}  # fmt: skip
    tell(callrail, said)
    assert callrail.last.event == event
    assert callrail.last.content["attachments"][0]["url"] == "https://app.callrail.example/r"


@pytest.mark.parametrize("step", ["", "/text-received"])
def test_a_text_is_a_message(callrail, step):
    tell(callrail, TEXT, step)
    said = callrail.last.content
    assert (callrail.last.event, said["channel"], said["phone"], said["to"]) == ("message", "sms", "+15125550143", "+15125550188")
    assert (said["message"], said["attachments"]) == (
        "Do you do gutters?",
        [{"url": "https://media.callrail.example/1", "type": ""}],
    )


@pytest.mark.parametrize("step", ["", "/form"])
@pytest.mark.parametrize("as_list", [False, True])
def test_a_form_has_the_pages_own_fields(callrail, step, as_list):
    data = [{"name": name, "value": value} for name, value in FORM["form_data"].items()] if as_list else FORM["form_data"]
    tell(callrail, {**FORM, "form_data": data}, step)
    said = callrail.last.content
    assert (callrail.last.event, callrail.last.external_id) == ("form", "callrail:77")
    assert (said["name"], said["phone"], said["email"]) == ("Dana Cole", "+15125550143", "dana@example.com")
    assert (said["extra"]["Roof"], said["extra"]["page_url"]) == ("tile", "https://cole.example/quote")
    assert (said["click_ids"], said["utm"]) == ({"gclid": "g2"}, {"medium": "cpc"})


def test_a_forms_hidden_fields_tell_what_callrail_does_not(callrail):
    data = {**FORM["form_data"], "utm_source": "newsletter", "utm_medium": "mail", "hidden[ttclid]": "t1"}
    tell(callrail, {**FORM, "form_data": data, "form_url": "https://cole.example/quote?utm_campaign=roofs"}, "/form")
    said = callrail.last.content
    assert said["utm"] == {"source": "newsletter", "medium": "cpc", "campaign": "roofs"}, "CallRail's own word counts"
    assert said["click_ids"] == {"gclid": "g2", "ttclid": "t1"}
    assert not [name for name in said["extra"] if "utm" in name or "ttclid" in name]


@pytest.mark.parametrize(
    ("value", "step"),
    [
        ({**CALL, "direction": "outbound"}, ""),
        ({**CALL, "call_type": "outbound"}, "/post-call"),
        (CALL, "/outbound-call"),
        (CALL, "/pre-call"),
        ({**TEXT, "agent": "Bob"}, ""),
        (TEXT, "/text-sent"),
        ({**CALL, "start_time": "2026-01-05T09:58:00-06:00"}, "/call-modified"),
        ({**CALL, "start_time": "2026-01-05T09:58:00-06:00", "changes": ["tags"]}, ""),
        ({**CALL, "customer_phone_number": "+14155550199"}, ""),
        ({"resource_id": "X"}, ""),
    ],
)
def test_what_is_no_news_is_answered_and_forgotten(callrail, value, step):
    assert tell(callrail, value, step).status_code == 200
    assert callrail.heard == []


def test_a_withheld_number_is_a_call_without_one(callrail):
    tell(callrail, {**CALL, "customer_phone_number": "Anonymous", "customer_name": "Anonymous"})
    assert "phone" not in callrail.last.content


def test_a_genuine_body_that_nobody_can_read_is_kept_and_answered(callrail):
    assert tell(callrail, [1, 2]).status_code == 200
    assert [each.event for each in callrail.heard] == ["unreadable"]
    assert tell(callrail, CALL, key="another").status_code == 403


RINGING = {
    "resource_id": "CAL1", "answered": False, "voicemail": False, "call_type": "missed", "direction": "inbound", "duration": 0,
    "customer_name": "Dana Cole", "customer_phone_number": "+15125550143", "tracking_phone_number": "+15125550188",
    "start_time": "2026-11-24T09:58:00.236-06:00", "first_call": True, "prior_calls": 0, "total_calls": 1, "source_name": "Google Ads",
}  # fmt: skip
OVER = {**RINGING, "recording": None, "transcription": "", "landing_page_url": ""}


@pytest.mark.parametrize(
    "more", [{}, {"duration": "0"}, {"duration": None}, {"business_phone_number": "+15125550111", "tags": ["x"]}]
)
def test_a_call_that_still_rings_is_not_yet_missed(callrail, more):
    tell(callrail, {**RINGING, **more})
    assert callrail.heard == []
    tell(callrail, {**OVER, "answered": True, "call_type": "normal", "duration": "75"})
    assert [each.event for each in callrail.heard] == ["call_answered"]


def test_a_call_that_rang_and_was_missed_is(callrail):
    tell(callrail, RINGING)
    tell(callrail, OVER)
    assert [(each.event, each.content["reason"]) for each in callrail.heard] == [("missed_call", "missed")]


@pytest.mark.parametrize("wrong", [{"answered": "false"}, {"answered": None}, {"voicemail": "f"}, {"duration": "13"}, {"duration": 13.0}, {"prior_calls": "8"}, {"tags": None}, {"customer_name": None}, {"start_time": None}, {"changes": {}}, {"company_id": 155920786}])  # fmt: skip
def test_types_vary_and_a_missed_call_stays_one(callrail, wrong):
    tell(callrail, {**CALL, **wrong}, "/post-call")
    assert callrail.last.event == "missed_call"


def test_a_masked_number_gives_way_to_the_customers(callrail):
    tell(callrail, {**TEXT, "source_number": "***0143", "customer_phone_number": "+15125550143"})
    assert callrail.last.content["phone"] == "+15125550143"


def test_each_text_of_a_conversation_is_one(callrail):
    for number in (1, 2, 2):
        tell(
            callrail,
            {**TEXT, "resource_id": f"MSG{number}", "thread_resource_id": "SMT1", "conversation_id": "k8"},
            "/text-received",
        )
    assert [each.external_id for each in callrail.heard] == ["callrail:MSG1", "callrail:MSG2"]


LEFT = {**OVER, "voicemail": True, "duration": "25", "call_type": "voicemail"}
HEARD = {**LEFT, "recording": "https://app.callrail.example/r", "recording_duration": "9", "transcription": "Call me"}


def test_a_recording_and_its_words_that_come_later_are_added(callrail):
    tell(callrail, LEFT, "/post-call")
    tell(callrail, {**HEARD, "changes": ["recording_duration", "transcription_text"]}, "/call-modified")
    assert [(each.event, each.external_id) for each in callrail.heard] == [
        ("voicemail", "callrail:CAL1"),
        ("voicemail", "callrail:CAL1:recording"),
        ("voicemail_text", "callrail:CAL1:words"),
    ]
    assert {each.content.get("call_sid") for each in callrail.heard[1:]} == {callrail.heard[0].content["ended_call"]}
    assert (callrail.heard[1].content["seconds"], callrail.heard[2].content["message"]) == (9, "Call me")


@pytest.mark.parametrize("changes", [["tags"], ["note", "value"], [], None, "recording", [{"field": "x"}, 7]])
def test_other_changes_of_a_voicemail_add_nothing(callrail, changes):
    tell(callrail, HEARD, "/post-call")
    tell(callrail, {**HEARD, "changes": changes}, "/call-modified")
    assert [each.external_id for each in callrail.heard] == ["callrail:CAL1"]


def test_a_call_of_the_team_is_no_lead(callrail):
    from_bob = {**CALL, "customer_phone_number": "+15125550111"}
    team = callrail.team
    callrail.team = lambda: replace(team(), phones=frozenset({"+15125550111"}))
    callrail.use_settings()
    tell(callrail, from_bob, "/post-call")
    assert callrail.heard == []
