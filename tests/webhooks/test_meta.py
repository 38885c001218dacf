"""Messenger, Instagram and lead ads in all the shapes they really come in: what is a person's word, and what is none."""

import hashlib
import hmac
import json

import pytest

SECRET = "meta_app_secret_for_tests_0123456"
DANA, PAGE = "6200000000000001", "153125381133"


def post(front, body, *, secret=SECRET):
    """Exactly these bytes, signed."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return front.post("meta", body, Content_Type="application/json", X_Hub_Signature_256=f"sha256={digest}")


def tell(front, *updates, kind="page", where="messaging", entry=PAGE):
    """A POST of these updates, each in an entry of its own."""
    said = [{"sender": {"id": DANA}, "recipient": {"id": PAGE}, "timestamp": 1700000000000, **each} for each in updates]
    value = {"object": kind, "entry": [{"id": entry, "time": 1, where: [each]} for each in said]}
    answer = post(front, json.dumps(value).encode())
    assert (answer.status_code, answer.text) == (200, "EVENT_RECEIVED")
    return [each.content for each in front.heard]


def attached(kind, payload, **more):
    return {"message": {"mid": "m1", "attachments": [{"type": kind, "payload": payload, **more}]}}


@pytest.mark.parametrize(
    ("update", "words", "files"),
    [
        ({"message": {"mid": "m1", "text": "  Bonjour\r\n\u00e0 tous "}}, "Bonjour\nà tous", None),
        ({"message": {"mid": "m1", "text": "👍"}}, "👍", None),
        (attached("image", {"url": "https://x.example/1"}), None, [{"url": "https://x.example/1", "type": "image"}]),
        (attached("sticker", {"url": "https://x.example/s", "sticker_id": 369239263222822}), None, [{"url": "https://x.example/s", "type": "sticker"}]),
        (attached("sticker", {"sticker_id": 369239263222822}), "Sent: sticker", None),
        (attached("location", {"coordinates": {"lat": 30.26, "long": -97.74}}), "Shared a place: 30.26, -97.74", None),
        (attached("location", {"coordinates": {"lat": "odd"}}), "Sent: location", None),
        (attached("fallback", None, title="Our roofs", url="https://l.example/r"), None, [{"url": "https://l.example/r", "type": "fallback", "name": "Our roofs"}]),
        (attached("fallback", None, title="Our roofs"), "Our roofs", None),
        (attached("story_mention", {"url": "https://cdn.example/story"}), None, [{"url": "https://cdn.example/story", "type": "story_mention"}]),
        (attached("ig_reel", {"reel_video_id": "17", "title": "Roofs", "url": "https://cdn.example/r"}), None, [{"url": "https://cdn.example/r", "type": "ig_reel", "name": "Roofs"}]),
        (attached("template", {"template_type": "generic"}), "Sent: template", None),
        ({"message": {"mid": "m1", "is_unsupported": True}}, "Sent something that can only be seen in their app.", None),
        ({"message": {"mid": "m1", "text": "Yes", "quick_reply": {"payload": "YES"}}}, "Yes", None),
        ({"postback": {"mid": "m1", "title": "Get Started", "payload": "START"}}, "Get Started", None),
        ({"message": {"mid": "m1", "text": "how much", "future_field": {"x": [1]}}}, "how much", None),
        ({"message": {"mid": "m1", "text": 7, "attachments": "none"}}, "7", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["page", "instagram"])
def test_a_persons_word_in_any_shape_is_a_lead(front, update, words, files, kind):
    [said] = tell(front, update, kind=kind)
    channel = "messenger" if kind == "page" else kind
    assert (front.last.event, said["external_id"], said["channel"]) == ("message", f"{channel}:m1", channel)
    assert (said.get("message"), said.get("attachments")) == (words, files)
    assert said["handles"] == {channel: DANA}
    assert (said["submitted_at"], said["is_test"]) == ("2023-11-14T22:13:20Z", False)


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"mid": "m1", "text": "ours", "is_echo": True, "app_id": 14}},
        {"sender": {"id": PAGE}, "recipient": {"id": DANA}, "message": {"mid": "m1", "text": "ours, without the mark"}},
        {"message": {"mid": "m1", "is_deleted": True}},
        {"message_edit": {"mid": "m1", "text": "Hi!", "num_edit": 1}},
        {"reaction": {"mid": "m1", "action": "react", "reaction": "love", "emoji": "❤"}},
        {"delivery": {"mids": ["m1"], "watermark": 1700000000000}},
        {"read": {"watermark": 1700000000000}},
        {"read": {"mid": "m1"}},
        {"optin": {"ref": "x"}},
        {"account_linking": {"status": "linked"}},
        {"pass_thread_control": {"new_owner_app_id": "1"}},
        {"referral": {"ref": "x", "source": "SHORTLINK", "type": "OPEN_THREAD"}},
        {"message": None, "postback": None},
        {"message": {"mid": "m1", "text": None, "attachments": None}},
        {"message": {"mid": "m1", "text": "   "}},
        {"sender": None, "message": {"mid": "m1", "text": "Hi"}},
    ],
)
@pytest.mark.parametrize("where", ["messaging", "standby"])
def test_what_is_nobodys_word_is_none(front, update, where):
    assert tell(front, update, where=where) == []


def test_a_word_that_another_app_handles_is_a_lead_too(front):
    assert [said["message"] for said in tell(front, {"message": {"mid": "m1", "text": "Hi"}}, where="standby")] == ["Hi"]


def test_an_answer_to_a_story_and_a_pressed_button_say_what_they_answer(front):
    story = {"reply_to": {"story": {"url": "https://cdn.example/s", "id": "17"}}}
    quick = {"quick_reply": {"payload": "QUOTE"}, "reply_to": {"mid": "m0"}}
    one, two = tell(
        front, {"message": {"mid": "m1", "text": "Wow", **story}}, {"message": {"mid": "m2", "text": "Quote", **quick}}
    )
    assert one["extra"]["story_url"] == "https://cdn.example/s"
    assert (two["extra"]["payload"], two["extra"]["reply_to"]) == ("QUOTE", "m0")


@pytest.mark.parametrize("where", ["message", "postback", ""])
def test_the_ad_or_link_they_came_from_is_the_campaign(front, where):
    referral = {
        "ref": "spring", "source": "ADS", "ad_id": 6045246247433, "referer_uri": "https://cole.example/?utm_source=fb&fbclid=F1",
        "ads_context_data": {"ad_title": "Spring roofs"},
    }  # fmt: skip
    said = {"mid": "m1", "text": "Hi", "title": "Hi", **({"referral": referral} if where else {})}
    [heard] = tell(front, {where or "message": said, **({} if where else {"referral": referral})})
    assert heard["campaign"] == {"ad_id": "6045246247433", "ref": "spring", "headline": "Spring roofs"}
    assert (heard["utm"], heard["click_ids"], heard["extra"]["referral_source"]) == ({"source": "fb"}, {"fbclid": "F1"}, "ADS")


def test_a_button_without_an_id_is_known_by_who_pressed_it_when(front):
    for _ in range(2):
        tell(front, {"postback": {"title": "Get Started", "payload": "START"}})
    assert [each.external_id for each in front.heard] == [f"messenger:{DANA}:1700000000000"]


@pytest.mark.parametrize("escaped", ["\\u00bfQu\\u00e9 tal? \\ud83c\\udfe0", "¿Qué tal? 🏠"])
def test_what_is_signed_are_the_bytes_as_they_came(front, escaped):
    body = f'{{"object":"page","entry":[{{"id":"{PAGE}","messaging":[{{"sender":{{"id":"7"}},"message":{{"mid":"m1","text":"{escaped} a\\/b"}}}}]}}]}}'
    assert post(front, body.encode()).status_code == 200
    assert (front.last.content["message"], front.last.body) == ("¿Qué tal? 🏠 a/b", body.encode())
    again = json.dumps(json.loads(body)).encode()
    signed = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    other = front.post("meta", again, Content_Type="application/json", X_Hub_Signature_256=f"sha256={signed}")
    assert other.status_code == 403


def leadgen(number, **more):
    told = {"page_id": PAGE, "form_id": 77, "adgroup_id": 88, "ad_id": 99, "created_time": 1700000000 + number}
    return {"field": "leadgen", "value": {"leadgen_id": str(10**16 + number), **told, **more}}


def test_a_thousand_leads_in_many_entries_are_all_taken(front):
    entries = [{"id": PAGE, "time": n, "changes": [leadgen(n * 10 + k) for k in range(10)]} for n in range(100)]
    body = json.dumps({"object": "page", "entry": entries}, indent=4).encode()
    assert len(body) > 256 * 1024
    assert post(front, body).status_code == 200
    assert len(front.heard) == 1000
    assert max(len(each.body) for each in front.heard) < 400


def test_more_than_a_megabyte_is_refused(front):
    assert post(front, b'{"object": "page", "entry": [], "x": "' + b"x" * 1024 * 1024 + b'"}').status_code == 413


@pytest.mark.parametrize(
    ("given", "key", "campaign"),
    [
        ({}, "10000000000000001", {"ad_id": "99", "adset_id": "88", "form_id": "77"}),
        ({"leadgen_id": 12345678901234567890}, "12345678901234567890", {"ad_id": "99", "adset_id": "88", "form_id": "77"}),
        ({"ad_id": None, "adgroup_id": None}, "10000000000000001", {"form_id": "77"}),
        ({"ad_id": 0, "adgroup_id": "0"}, "10000000000000001", {"form_id": "77"}),
        ({"ad_id": {"x": 1}, "form_id": [7]}, "10000000000000001", {"adset_id": "88"}),
    ],
)
def test_ids_are_texts_and_an_organic_lead_has_no_ad(front, given, key, campaign):
    post(front, json.dumps({"object": "page", "entry": [{"id": PAGE, "changes": [leadgen(1, **given)]}]}).encode())
    assert (front.last.event, front.last.external_id) == ("fetch_required", f"meta_leadgen:{key}")
    assert front.last.content["campaign"] == campaign


@pytest.mark.parametrize(
    "change",
    [
        {"field": "leadgen"},
        {"field": "leadgen", "value": None},
        {"field": "leadgen", "value": []},
        {"field": "leadgen", "value": {"leadgen_id": None}},
        {"field": "leadgen", "value": {"leadgen_id": {"x": 1}}},
        {"field": "feed", "value": {"item": "comment", "message": "how much?"}},
        {"field": "mention", "value": {"post_id": "1"}},
        {"field": ["odd"], "value": {}},
        {"field": "messages", "value": {"page_id": PAGE}},
        None,
        "odd",
    ],
)
def test_a_change_that_is_no_lead_hides_none(front, change):
    body = {"object": "page", "entry": [{"id": PAGE, "changes": [change, leadgen(1)]}, None, {"changes": None, "messaging": {}}]}
    assert post(front, json.dumps(body).encode()).status_code == 200
    assert [each.external_id for each in front.heard] == ["meta_leadgen:10000000000000001"]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("page", leadgen(1)),
        ("page", {"field": "messages", "value": {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824", "message": {"mid": "test_message_id", "text": "test_message"}}}),
        ("instagram", {"field": "messages", "value": {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824", "message": {"mid": "random_mid", "text": "random_text"}}}),
        ("whatsapp_business_account", {"field": "messages", "value": {"metadata": {"display_phone_number": "16505551111"}, "contacts": [{"profile": {"name": "test user name"}, "wa_id": "16315551181"}], "messages": [{"from": "16315551181", "id": "ABGGFlA5Fpa", "timestamp": "1504902988", "type": "text", "text": {"body": "this is a text message"}}]}}),
    ],
)  # fmt: skip
def test_what_the_dashboards_test_buttons_send_is_a_test(front, kind, change):
    post(front, json.dumps({"object": kind, "entry": [{"id": "0", "time": 1, "changes": [change]}]}).encode())
    assert [each.content["is_test"] for each in front.heard] == [True]


def test_a_dummy_answer_is_a_test(front):
    [said] = tell(front, {"message": {"mid": "m1", "text": "<test lead: dummy data for full_name>"}})
    assert said["is_test"] is True


@pytest.mark.parametrize("kind", ["page", "user", "permissions", "certificate_transparency", "application"])
def test_updates_of_other_kinds_are_answered_and_say_nothing(front, kind):
    value = {"object": kind, "entry": [{"id": PAGE, "time": 1, "changed_fields": ["photos"], "uid": "1"}]}
    assert post(front, json.dumps(value).encode()).status_code == 200
    assert front.heard == []


@pytest.mark.parametrize(
    "query",
    [
        "hub.mode=subscribe&hub.challenge=1158201444",
        "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=wrong",
        "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=leadAdsRockPlayer%00",
        "hub.challenge=1158201444&hub.verify_token=leadAdsRockPlayer",
        "hub_mode=subscribe&hub_challenge=1158201444&hub_verify_token=leadAdsRockPlayer",
    ],
)
def test_the_handshake_needs_the_token(front, query):
    answer = front.client.get(f"/webhooks/meta?{query}")
    assert (answer.status_code, "1158201444" in answer.text) == (403, False)


def test_the_challenge_comes_back_as_plain_text(front):
    query = "hub.mode=subscribe&hub.verify_token=leadAdsRockPlayer&hub.challenge=%3Cb%3E1158201444"
    answer = front.client.get(f"/webhooks/meta?{query}")
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "<b>1158201444", "text/plain")


@pytest.mark.parametrize(
    "header",
    ["", "sha256=", "sha1=" + "0" * 40, "0" * 64, "sha256=" + "g" * 64, "sha256=é", "sha256=" + "0" * 64 + ",sha256=" + "0" * 64],
)
def test_a_missing_signature_is_refused_like_a_wrong_one(front, header):
    body = b'{"object": "page", "entry": []}'
    answer = front.post("meta", body, Content_Type="application/json", **({"X_Hub_Signature_256": header} if header else {}))
    assert answer.status_code == (403 if header else 401)
    assert front.heard == []


def test_the_older_sha1_header_alone_is_no_proof(front):
    body = b'{"object": "page", "entry": []}'
    digest = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    assert front.post("meta", body, Content_Type="application/json", X_Hub_Signature=f"sha1={digest}").status_code == 401


def test_two_app_secrets_are_both_believed_while_they_change(front):
    front.use_settings(given_meta_app_secret=f"the new one,{SECRET}")
    body = b'{"object": "page", "entry": []}'
    assert [post(front, body, secret=each).status_code for each in (SECRET, "the new one", "neither")] == [200, 200, 403]
