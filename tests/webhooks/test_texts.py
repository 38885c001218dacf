"""Texts, pictures, WhatsApp, Messenger and RCS through Twilio, in the shapes they come in; and whose are no person's."""

from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from tests.webhooks.conftest import TOKEN

DANA = {"MessageSid": "SM1", "From": "+15125550143", "To": "+15125550100", "Body": "Do you install heat pumps?", "NumMedia": "0"}
WHATSAPP = {
    **DANA,
    "From": "whatsapp:+491711234567",
    "To": "whatsapp:+15125550100",
    "ProfileName": "Zoë Müller",
    "WaId": "491711234567",
}


def heard(front, path="texts", **form):
    assert front.call(path, **form).status_code == 200
    return front.last.content


@pytest.mark.parametrize(
    ("more", "words", "files"),
    [
        ({"Body": "🏠🔥"}, "🏠🔥", None),
        ({"Body": "50%+ off & more\r\nreally"}, "50%+ off & more\nreally", None),
        ({"Body": "  "}, None, None),
        ({"Body": "", "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/ME0", "MediaContentType0": "image/jpeg"}, None, [{"url": "https://api.twilio.com/ME0", "type": "image/jpeg"}]),
        ({"Body": "", "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/ME0", "MediaContentType0": "text/x-vcard"}, None, [{"url": "https://api.twilio.com/ME0", "type": "text/x-vcard"}]),
        ({"NumMedia": "3", "MediaUrl1": "https://api.twilio.com/ME1"}, DANA["Body"], [{"url": "https://api.twilio.com/ME1", "type": ""}]),
        ({"NumMedia": "many"}, DANA["Body"], None),
        ({"Body": "Yes", "ButtonText": "Yes", "ButtonPayload": "YES-1"}, "Yes", None),
        ({"Body": "", "ButtonText": "Yes", "ButtonPayload": "YES-1"}, "Yes", None),
        ({"Body": "", "ListId": "roof", "ListTitle": "A new roof", "ListDescription": "Tile"}, "A new roof", None),
        ({"Body": "", "MessageType": "location", "Latitude": "30.26", "Longitude": "-97.74"}, "Shared a place: 30.26, -97.74", None),
        ({"Body": "", "Latitude": "30.26", "Longitude": "-97.74", "Label": "Home", "Address": "1 Main St"}, "Shared a place: Home, 1 Main St, 30.26, -97.74", None),
        ({"Body": "x" * 1600}, "x" * 1600, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("base", [DANA, WHATSAPP], ids=["sms", "whatsapp"])
def test_what_a_person_sends_is_a_message(front, base, more, words, files):
    said = heard(front, **{**base, **more})
    assert (front.last.event, said["external_id"], said.get("message")) == ("message", "twilio_message:SM1", words)
    assert said.get("attachments") == files
    assert said["to"] == "+15125550100"


@pytest.mark.parametrize(
    ("sender", "channel", "phone", "handles"),
    [
        ("+15125550143", "sms", "+15125550143", None),
        ("whatsapp:+491711234567", "whatsapp", "+491711234567", {"whatsapp": "491711234567"}),
        ("rcs:+15125550143", "rcs", "+15125550143", None),
        ("messenger:1234567890", "messenger", None, {"messenger": "1234567890"}),
        ("RCS:+15125550143", "rcs", "+15125550143", None),
    ],
)
def test_the_prefix_says_the_channel(front, sender, channel, phone, handles):
    said = heard(front, **{**DANA, "From": sender})
    assert (said["channel"], said.get("phone"), said.get("handles")) == (channel, phone, handles)


def test_whatsapps_own_id_may_stand_in_for_the_number(front):
    said = heard(front, **{**WHATSAPP, "From": "whatsapp:US.1349120865"})
    assert (said["phone"], said["handles"]) == ("+491711234567", {"whatsapp": "491711234567"})


def test_the_ad_a_whatsapp_came_from(front):
    more = {
        "ReferralSourceId": "120208", "ReferralSourceType": "ad", "ReferralHeadline": "Roofs", "ReferralBody": "Now", "ReferralNumMedia": "0",
        "ReferralSourceUrl": "https://fb.me/x?utm_source=fb&fbclid=F1", "ReferralCtwaClid": "ARAk", "Forwarded": "true",
        "OriginalRepliedMessageSid": "SM0",
    }  # fmt: skip
    said = heard(front, **{**WHATSAPP, **more})
    assert said["campaign"] == {"ad_id": "120208", "headline": "Roofs"}
    assert (said["click_ids"], said["utm"]) == ({"ctwa_clid": "ARAk", "fbclid": "F1"}, {"source": "fb"})
    told = {name: said["extra"][name] for name in ("referral_type", "referral_body", "page_url", "forwarded", "reply_to")}
    assert told == {"referral_type": "ad", "referral_body": "Now", "page_url": "https://fb.me/x?utm_source=fb&fbclid=F1", "forwarded": "true", "reply_to": "SM0"}  # fmt: skip


@pytest.mark.parametrize(("opt", "value"), [("STOP", False), ("START", True), ("HELP", None), ("stop", False)])
def test_a_wish_that_twilio_recognised_takes_the_consent_back_or_gives_it(front, opt, value):
    said = heard(front, **{**DANA, "Body": "Stop it please"}, OptOutType=opt)
    assert (front.last.event, said["opt"]) == ("opt_out", opt.lower())
    assert said.get("consent") == (None if value is None else [{"key": "sms", "value": value, "text": "Stop it please"}])


@pytest.mark.parametrize("opt", ["", "RESUBSCRIBE", "odd"])
def test_an_unknown_wish_is_a_message(front, opt):
    heard(front, **DANA, OptOutType=opt)
    assert front.last.event == "message"


@pytest.mark.parametrize(
    "more",
    [
        {"From": "+15125550100"},
        {"From": "+14155550199"},
        {"From": "whatsapp:+14155550199"},
        {"From": "whatsapp:+15125550100", "To": "whatsapp:+15125550100"},
        {"From": "whatsapp:+491711234567", "MessageType": "reaction"},
    ],
)
def test_our_own_numbers_and_thumbs_are_nobody(front, more):
    assert front.call("texts", **{**DANA, **more}).status_code == 200
    assert front.heard == []


@pytest.mark.parametrize(
    ("sender", "why"),
    [("22395", "a short code"), ("729725", "a short code"), ("CITYBANK", "a sender with a name instead of a number"), ("Bank 24", "a sender with a name instead of a number")],
)  # fmt: skip
def test_what_machines_send_is_kept_and_nothing_follows(front, sender, why):
    said = heard(front, **{**DANA, "From": sender, "Body": "Your code is 123456"})
    assert (front.last.event, said["why"]) == ("auto_reply", why)


def test_a_text_told_by_get_twice_is_one(front):
    target = f"/webhooks/texts?{urlencode(DANA)}"
    signature = RequestValidator(TOKEN).compute_signature(f"https://leads.example.com{target}", {})
    for _ in range(2):
        answer = front.client.get(target, headers={"X-Twilio-Signature": signature})
        assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/xml", "<Response/>")
    assert [each.content["message"] for each in front.heard] == [DANA["Body"]]


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To", "Body", "NumMedia"])
def test_a_missing_parameter_is_no_5xx(front, missing):
    answer = front.call("texts", **{name: value for name, value in DANA.items() if name != missing})
    assert answer.status_code == (400 if missing == "MessageSid" else 200)
