"""WhatsApp Cloud: every type of message there is, people with and without a number, and what becomes of ours."""

import json

import pytest

from tests.webhooks.test_meta import post
from workers.channels.whatsapp_cloud import WhatsApp

NUMBER, DANA = "972123456789", "972541234567"
CONTACT = {"profile": {"name": "Dana Cole"}, "wa_id": DANA, "user_id": "IL.13491208655302741918"}


def tell(front, value, *, number="1122334455667", shown=NUMBER):
    metadata = {"display_phone_number": shown, "phone_number_id": number}
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "12345", "changes": [change]}]}).encode()
    assert post(front, body).status_code == 200
    return [each.content for each in front.heard]


def message(front, said, contact=CONTACT, **more):
    base = {"from": DANA, "id": "wamid.1", "timestamp": "1697043223"}
    return tell(front, {"contacts": [contact] if contact else None, "messages": [{**base, **said}], **more})


MEDIA = {"mime_type": "image/jpeg", "sha256": "x=", "id": "65463453"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"type": "text", "text": {"body": "  Necesito un techo\r\nnuevo "}}, "Necesito un techo\nnuevo"),
        ({"type": "text", "text": {"body": "🏠"}}, "🏠"),
        ({"type": "image", "image": {**MEDIA, "caption": "My roof"}}, "My roof"),
        ({"type": "video", "video": {**MEDIA, "caption": "Look"}}, "Look"),
        ({"type": "document", "document": {**MEDIA, "filename": "plan.pdf", "caption": "The plan"}}, "The plan"),
        ({"type": "image", "image": MEDIA}, None),
        ({"type": "audio", "audio": {**MEDIA, "voice": True}}, None),
        ({"type": "sticker", "sticker": {**MEDIA, "animated": False}}, None),
        ({"type": "location", "location": {"latitude": 12.25, "longitude": 43.9}}, "Shared a place: 12.25, 43.9"),
        (
            {"type": "location", "location": {"latitude": 37.46, "longitude": -122.2, "name": "HQ", "address": "1 Main St"}},
            "Shared a place: HQ, 1 Main St, 37.46, -122.2",
        ),
        (
            {"type": "contacts", "contacts": [{"name": {"formatted_name": "Omar Haddad"}, "phones": [{"phone": "+1 512 555 0199", "wa_id": "x"}]}]},
            "Shared a contact: Omar Haddad, +1 512 555 0199",
        ),
        ({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "b1", "title": "Call me"}}}, "Call me"),
        (
            {"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {"id": "l1", "title": "Roof", "description": "A new one"}}},
            "Roof - A new one",
        ),
        ({"type": "button", "button": {"payload": "YES", "text": "Yes please"}}, "Yes please"),
        (
            {"type": "order", "order": {"catalog_id": "c", "text": "Soon?", "product_items": [{"product_retailer_id": "roof-1", "quantity": 2}]}},
            "Soon?\nOrdered: 2 x roof-1",
        ),
        ({"type": "unsupported", "errors": [{"code": 131051, "title": "Message type unknown"}]}, "Sent something that can only be seen in WhatsApp."),
        ({"type": "unknown", "errors": [{"code": 131051}]}, "Sent something that can only be seen in WhatsApp."),
        ({"type": "hologram", "hologram": {"x": 1}}, "Sent something that can only be seen in WhatsApp."),
        ({"type": "image", "image": "odd"}, "Sent something that can only be seen in WhatsApp."),
        ({"type": ["odd"], "text": {"body": "Hi"}}, "Hi"),
    ],
)  # fmt: skip
def test_every_type_of_message_is_a_lead_with_words_or_a_file(front, said, words):
    [heard] = message(front, said)
    assert (front.last.event, heard["external_id"], heard["channel"]) == ("message", "whatsapp:wamid.1", "whatsapp")
    assert (heard["name"], heard["phone"], heard["to"]) == ("Dana Cole", f"+{DANA}", f"+{NUMBER}")
    assert (heard["submitted_at"], heard["is_test"]) == ("2023-10-11T16:53:43Z", False)
    assert heard.get("message") == words
    assert bool(heard.get("attachments")) == ("image/jpeg" in json.dumps(said))
    assert heard["extra"]["user_id"] == "IL.13491208655302741918"


def test_a_file_is_kept_by_its_id_and_its_address(front):
    document = {"id": "77", "mime_type": "application/pdf", "filename": "plan.pdf", "url": "https://lookaside.example/77"}
    [heard] = message(front, {"type": "document", "document": document})
    assert heard["attachments"] == [
        {
            "type": "document",
            "url": "https://lookaside.example/77",
            "media_id": "77",
            "mime": "application/pdf",
            "name": "plan.pdf",
        }  # fmt: skip
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "❤"}},
        {"type": "system", "system": {"body": "User A changed from 1 to 2", "type": "user_changed_number", "wa_id": "2"}},
        {"type": "system", "system": {"type": "customer_identity_changed"}, "identity": {"hash": "x"}},
        {"type": "edit", "edit": {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "Hi"}}}},
        {"type": "revoke", "revoke": {"original_message_id": "wamid.0"}},
        {"type": "request_welcome"},
        {"type": "text", "text": {"body": "ours"}, "from": NUMBER},
        {"type": "text", "text": {"body": "no id"}, "id": None},
    ],
)
def test_what_is_nobodys_word_is_none(front, said):
    assert message(front, said) == []


def test_our_own_number_of_the_team_file_is_nobody(front):
    assert message(front, {"type": "text", "text": {"body": "ours"}, "from": "14155550199"}) == []


@pytest.mark.parametrize(
    ("contact", "sender", "phone", "handles"),
    [
        (CONTACT, DANA, f"+{DANA}", {"whatsapp": DANA, "whatsapp_user": "IL.13491208655302741918"}),
        ({"profile": {"name": "Dana"}, "wa_id": DANA}, DANA, f"+{DANA}", {"whatsapp": DANA}),
        (None, DANA, f"+{DANA}", {"whatsapp": DANA}),
        ({"profile": {"name": "Dana"}, "user_id": "US.1349120865"}, None, None, {"whatsapp": "US.1349120865", "whatsapp_user": "US.1349120865"}),
        ({"profile": {}, "user_id": "US.1349120865", "wa_id": None}, "US.1349120865", None, {"whatsapp": "US.1349120865", "whatsapp_user": "US.1349120865"}),
        (None, "US.15125550143", None, {"whatsapp": "US.15125550143"}),
        (None, 972541234567, f"+{DANA}", {"whatsapp": DANA}),
    ],
)  # fmt: skip
def test_a_person_is_known_by_number_by_business_scoped_id_or_both(front, contact, sender, phone, handles):
    [heard] = message(front, {"type": "text", "text": {"body": "Hi"}, "from": sender}, contact)
    assert (heard.get("phone"), heard["handles"]) == (phone, handles)


def test_who_is_meant_of_several_contacts_is_told_by_the_number(front):
    other = {"profile": {"name": "Omar"}, "wa_id": "15125550199"}
    said = [{"id": f"wamid.{n}", "from": each, "type": "text", "text": {"body": "Hi"}} for n, each in enumerate((DANA, "15125550199", "15125550188"))]  # fmt: skip
    heard = tell(front, {"contacts": [CONTACT, other], "messages": said})
    assert [each.get("name") for each in heard] == ["Dana Cole", "Omar", None]


def test_the_ad_they_came_from_is_the_campaign(front):
    referral = {
        "source_url": "https://fb.me/x?utm_campaign=spring", "source_id": 120208, "source_type": "ad", "headline": "Roofs",
        "body": "Now", "ctwa_clid": "ARAk",
    }  # fmt: skip
    [heard] = message(front, {"type": "text", "text": {"body": "Hi"}, "referral": referral})
    assert heard["campaign"] == {"ad_id": "120208", "headline": "Roofs"}
    assert (heard["click_ids"], heard["utm"]) == ({"ctwa_clid": "ARAk"}, {"campaign": "spring"})
    assert (heard["extra"]["page_url"], heard["extra"]["referral_type"]) == ("https://fb.me/x?utm_campaign=spring", "ad")


def test_a_form_filled_in_inside_whatsapp_says_who_they_are(front):
    answers = {"full_name": "Dana Cole-Ruiz", "email": "Dana@Example.com", "phone": "+15125550177", "comments": "A roof", "budget": "9000", "flow_token": "x"}  # fmt: skip
    form = {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": json.dumps(answers)}}
    [heard] = message(front, {"type": "interactive", "interactive": form})
    assert (heard["name"], heard["email"], heard["message"]) == ("Dana Cole-Ruiz", "dana@example.com", "A roof")
    assert (heard["phone"], heard["extra"]["phone_as_typed"]) == (f"+{DANA}", "+15125550177")
    assert (heard["extra"]["budget"], "flow_token" in heard["extra"]) == ("9000", False)
    assert heard["extra"]["phone_number_id"] == "1122334455667"


@pytest.mark.parametrize("answers", ["{broken", "[]", "null", "", None, 7])
def test_a_form_that_cannot_be_read_is_a_lead_all_the_same(front, answers):
    form = {"type": "nfm_reply", "nfm_reply": {"response_json": answers}}
    [heard] = message(front, {"type": "interactive", "interactive": form})
    assert heard["message"] == "Filled in a form."


def test_two_of_our_numbers_are_told_apart(front):
    for number, shown, key in (("111", NUMBER, "wamid.1"), ("222", "14155550155", "wamid.2")):
        said = {"id": key, "from": DANA, "type": "text", "text": {"body": "Hi"}}
        tell(front, {"contacts": [CONTACT], "messages": [said]}, number=number, shown=shown)
    assert [each.content["extra"]["phone_number_id"] for each in front.heard] == ["111", "222"]
    assert [each.content["to"] for each in front.heard] == [f"+{NUMBER}", "+14155550155"]


@pytest.mark.parametrize(
    "field", ["message_template_status_update", "account_update", "smb_message_echoes", "history", "user_preferences"]
)
def test_other_fields_of_the_account_say_nothing(front, field):
    value = {"messages": [{"id": "wamid.1", "from": DANA, "type": "text", "text": {"body": "Hi"}}]}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": field, "value": value}]}]}
    assert post(front, json.dumps(body).encode()).status_code == 200
    assert front.heard == []


def report(**more):
    return {"id": "wamid.A1", "status": "delivered", "timestamp": "1753000000", "recipient_id": DANA, **more}


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({}, "delivered", None),
        ({"status": "sent", "conversation": {"id": "7"}, "pricing": {"billable": True}}, "sent", None),
        ({"status": "READ"}, "read", None),
        ({"status": "failed", "errors": [{"code": 131047, "title": "Re-engagement message"}]}, "failed", "131047"),
        ({"status": "failed", "errors": [{"code": 131026}, "odd"]}, "failed", "131026"),
        ({"status": "failed", "errors": None}, "failed", None),
        ({"recipient_id": None, "recipient_user_id": "US.1"}, "delivered", None),
    ],
)
def test_what_became_of_ours_is_a_report(front, told, status, code):
    [heard] = tell(front, {"statuses": [report(**told)]})
    assert (front.last.event, front.last.external_id) == ("delivery_receipt", f"whatsapp:wamid.A1:{status}")
    assert (heard["provider"], heard["provider_id"], heard["status"], heard.get("code")) == (
        WhatsApp.provider,
        "wamid.A1",
        status,
        code,
    )
    assert (heard["extra"]["status"], heard["channel"]) == (status, "whatsapp")
    assert heard.get("phone") == (f"+{DANA}" if told.get("recipient_id", DANA) else None)


@pytest.mark.parametrize("told", [{"status": "deleted"}, {"status": "warning"}, {"status": None}, {"id": ""}, {"id": None}])
def test_a_status_of_nothing_is_none(front, told):
    assert tell(front, {"statuses": [report(**told), "odd", None], "errors": [{"code": 130429}]}) == []
