"""Texts, WhatsApp and Meta's messages: what a person said, on which channel, and what is not a person's word at all."""

import hashlib
import hmac
import json

import pytest

DANA = {"MessageSid": "SM1", "From": "+15125550143", "To": "+15125550100", "Body": "Do you install heat pumps?"}


def meta(front, value, secret="meta_app_secret_for_tests_0123456"):
    body = json.dumps(value).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return front.post("meta", body, Content_Type="application/json", X_Hub_Signature_256=f"sha256={digest}")


def page(*messages):
    return {
        "object": "page",
        "entry": [
            {"id": "P1", "time": 1, "messaging": [{"sender": {"id": "U1"}, "timestamp": 1700000000000, **m} for m in messages]}
        ],
    }


def test_a_text_is_heard_and_answered_with_nothing(front):
    answer = front.call("texts", **DANA)
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/xml", "<Response/>")
    said = front.last.content
    assert (front.last.event, said["channel"], said["phone"], said["to"]) == ("message", "sms", "+15125550143", "+15125550100")
    assert front.store.rings == 1
    assert front.store.decided == []


def test_one_of_our_own_numbers_that_writes_to_another_is_nobody(front):
    front.call("texts", **{**DANA, "From": front.settings.twilio_from})
    assert front.heard == []


def test_a_text_sent_twice_is_one(front):
    for _ in range(2):
        front.call("texts", **DANA)
    assert [each.external_id for each in front.heard] == ["twilio_message:SM1"]


@pytest.mark.parametrize(("word", "opt"), [("STOP", "stop"), ("START", "start"), ("HELP", "help")])
def test_a_wish_that_twilio_recognised_is_no_message(front, word, opt):
    front.call("texts", **{**DANA, "Body": word}, OptOutType=word)
    assert (front.last.event, front.last.content["opt"]) == ("opt_out", opt)


def test_pictures_are_kept_as_addresses(front):
    media = {
        "NumMedia": "2",
        "MediaUrl0": "https://api.twilio.com/ME0",
        "MediaContentType0": "image/jpeg",
        "MediaUrl1": "https://api.twilio.com/ME1",
    }
    front.call("texts", **{**DANA, "Body": ""}, **media)
    assert front.last.content["attachments"] == [
        {"url": "https://api.twilio.com/ME0", "type": "image/jpeg"},
        {"url": "https://api.twilio.com/ME1", "type": ""},
    ]
    front.call("texts", **{**DANA, "MessageSid": "SM2"}, NumMedia="99999999999")
    assert "attachments" not in front.last.content


def test_whatsapp_knows_the_name_the_id_and_the_ad(front):
    more = {"From": "whatsapp:+491711234567", "To": "whatsapp:+15125550100", "ProfileName": "Zoë", "WaId": "491711234567", "ReferralCtwaClid": "c1", "ReferralSourceId": "ad7"}  # fmt: skip
    front.call("texts", **{**DANA, **more})
    said = front.last.content
    assert (said["channel"], said["phone"], said["name"], said["handles"]) == (
        "whatsapp",
        "+491711234567",
        "Zoë",
        {"whatsapp": "491711234567"},
    )
    assert (said["campaign"], said["click_ids"]) == ({"ad_id": "ad7"}, {"ctwa_clid": "c1"})


def test_a_number_that_writes_to_itself_is_nobody(front):
    assert front.call("texts", **{**DANA, "From": DANA["To"]}).status_code == 200
    assert front.heard == []


@pytest.mark.parametrize("sender", ["22395", "789", "ACMEBANK", "Your Pharmacy"])
def test_a_sender_that_takes_no_answers_is_kept_and_is_no_lead(front, sender):
    assert front.call("texts", **{**DANA, "From": sender, "Body": "Your code is 123456"}).status_code == 200
    assert (front.last.event, front.last.content["message"]) == ("auto_reply", "Your code is 123456")
    assert front.last.content["why"]


def test_our_own_numbers_are_nobody(front):
    front.call("texts", **{**DANA, "From": "+14155550199", "To": "+15125550101"})
    assert front.heard == []


def test_a_message_has_a_handle_and_a_pressed_button_is_one_too(front):
    meta(
        front,
        page({"message": {"mid": "m1", "text": "Hi"}}, {"postback": {"mid": "m2", "title": "Get a quote", "payload": "QUOTE"}}),
    )
    assert [each.content["message"] for each in front.heard] == ["Hi", "Get a quote"]
    assert front.last.content["handles"] == {"messenger": "U1"}
    assert front.last.content["extra"]["payload"] == "QUOTE"


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"mid": "m1", "text": "our own words", "is_echo": True}},
        {"delivery": {"mids": ["m1"], "watermark": 1}},
        {"read": {"watermark": 1}},
        {"reaction": {"mid": "m1", "action": "react", "emoji": "x"}},
        {"message": {"mid": "m1"}},
        {"message": "not an object"},
        {"sender": {"id": ["odd"]}, "message": {"mid": "m1", "text": "Hi"}},
    ],
)
def test_what_is_nobodys_word_is_answered_and_forgotten(front, update):
    answer = meta(front, page(update))
    assert (answer.status_code, front.heard, front.store.rings) == (200, [], 0)


def test_whatsapp_reactions_are_forgotten_a_receipt_is_one_and_a_person_without_a_number_is_not(front):
    def said(value):
        return {"object": "whatsapp_business_account", "entry": [{"id": "W", "changes": [{"field": "messages", "value": value}]}]}

    meta(front, said({"statuses": [{"id": "wamid.1", "status": "delivered"}]}))
    meta(front, said({"messages": [{"id": "wamid.2", "from": "1", "type": "reaction", "reaction": {"emoji": "x"}}]}))
    assert [each.event for each in front.heard] == ["delivery_receipt"]
    front.heard.clear()
    contact = {"user_id": "US.7", "profile": {"name": "Dana"}}
    meta(
        front,
        said(
            {
                "contacts": [contact],
                "messages": [{"id": "wamid.3", "type": "text", "text": {"body": "Hi"}, "timestamp": "1700000000"}],
            }
        ),
    )
    assert front.last.content["handles"] == {"whatsapp": "US.7", "whatsapp_user": "US.7"}
    assert "phone" not in front.last.content


def test_a_lead_ad_sent_again_in_another_batch_is_the_same(front):
    change = {"field": "leadgen", "value": {"leadgen_id": 123123123123123123, "form_id": 7, "created_time": 1700000000}}
    other = {"field": "leadgen", "value": {"leadgen_id": "9", "form_id": 7}}
    meta(front, {"object": "page", "entry": [{"id": "P", "changes": [change]}]})
    meta(front, {"object": "page", "entry": [{"id": "P", "changes": [other, change, change]}]})
    assert [each.external_id for each in front.heard] == ["meta_leadgen:123123123123123123", "meta_leadgen:9"]
    assert {each.event for each in front.heard} == {"fetch_required"}
    assert front.store.asked == 3  # twice in one post is told once


def test_the_dashboards_test_lead_is_a_test(front):
    meta(front, {"object": "page", "entry": [{"changes": [{"field": "leadgen", "value": {"leadgen_id": "444444444444"}}]}]})
    assert front.last.content["is_test"] is True


@pytest.mark.parametrize("value", [[], {}, {"object": "page"}, {"object": 7, "entry": []}, {"object": "page", "entry": {}}])
def test_signed_nonsense_is_kept_and_answered_as_if_it_were_read(front, value):
    assert meta(front, value).status_code == 200  # failures unsubscribe the page
    assert (front.last.event, json.loads(front.last.body)) == ("unreadable", value)


def test_odd_parts_do_not_hide_the_good_ones(front):
    entries = [None, {"changes": "x", "messaging": 7}, {"changes": [None, {"field": "leadgen"}, {"field": "leadgen", "value": {}}]}, page({"message": {"mid": "m1", "text": "Hi"}})["entry"][0]]  # fmt: skip
    assert meta(front, {"object": "page", "entry": entries}).status_code == 200
    assert [each.external_id for each in front.heard] == ["messenger:m1"]


def test_a_picture_by_whatsapp_is_kept_by_its_id(front):
    picture = {
        "id": "wamid.9",
        "from": "15125550143",
        "type": "image",
        "image": {"id": "77", "mime_type": "image/jpeg", "caption": "My roof"},
    }
    value = {"metadata": {}, "messages": [picture, {**picture, "id": "wamid.10", "image": "odd"}]}
    meta(front, {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]})
    assert front.heard[0].content["attachments"] == [{"type": "image", "media_id": "77", "mime": "image/jpeg"}]
    assert front.heard[0].content["message"] == "My roof"
