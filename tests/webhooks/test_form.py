"""A form in all the ways in which it can be posted."""

import io
import json
from datetime import timedelta

import pytest

from config import clock
from config.links import make_test_token
from webhooks.signatures import sign_standard

FORM = "application/x-www-form-urlencoded"
DANA = {"name": "Dana Cole", "email": "Dana@Example.com", "phone": "(512) 555-0143", "message": "Need a demo this week"}
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"name=Dana+Cole&email=Dana%40Example.com&phone=%28512%29+555-0143&message=Need+a+demo+this+week"),
        ("application/json", json.dumps(DANA).encode()),
        ("application/json; charset=utf-8", b"\xef\xbb\xbf" + json.dumps(DANA).encode()),
        ("text/plain;charset=UTF-8", json.dumps(DANA).encode()),
        ("text/plain", b"name=Dana+Cole&email=Dana%40Example.com&phone=%28512%29+555-0143&message=Need+a+demo+this+week"),
        ("text/plain", b"name=Dana Cole\r\nemail=Dana@Example.com\r\nphone=(512) 555-0143\r\nmessage=Need a demo this week\r\n"),
        (FORM, b"first_name=Dana&last_name=Cole&_replyto=Dana%40Example.com&your-phone=512.555.0143&comments=Need+a+demo+this+week"),
        ("application/json", json.dumps({"contact": {"fullName": "Dana Cole", "email": "dana@example.com"}, "Mobile": "tel:+15125550143", "details": "Need a demo this week"}).encode()),
    ],
)  # fmt: skip
def test_every_spelling_of_a_form_is_the_same_lead(front, content_type, body):
    answer = front.post("website", body, Content_Type=content_type, Accept="*/*")
    assert (answer.status_code, answer.json) == (202, {"lead": "A1"})
    said = front.last.content
    assert {key: said[key] for key in ("name", "email", "phone", "message")} == {
        "name": "Dana Cole",
        "email": "dana@example.com",
        "phone": "+15125550143",
        "message": "Need a demo this week",
    }
    assert (front.last.event, said["kind"], said["channel"], said["is_test"]) == ("form", "form", "form", False)
    assert front.last.body == body
    assert front.store.rings == 1


def test_multipart_keeps_the_names_of_files_and_every_value_of_a_repeated_field(front):
    parts = {**DANA, "services": ["boiler", "heat pump"], "plan": (io.BytesIO(b"\x00\x01"), "cellar.png")}
    answer = front.client.post("/webhooks/website", data=parts, content_type="multipart/form-data")
    assert answer.status_code == 202
    assert front.last.content["extra"]["services"] == ["boiler", "heat pump"]
    assert front.last.content["extra"]["plan"] == "cellar.png"


def test_the_source_says_what_its_own_fields_are_called(front):
    front.post_json("shop", {"name": "Dana", "ring me": "512 555 0143"}, Origin="https://shop.example")
    assert front.last.content["phone"] == "+15125550143"


def test_unknown_fields_are_kept_and_hidden_characters_are_not(front):
    front.post_json("website", {"name": "Da\u202ena\x00\r\nBcc: x", "employees": 250, "message": "a\r\nb\ud800", "vip": True})
    said = front.last.content
    assert said["name"] == "Dana Bcc: x"
    assert said["message"] == "a\nb"
    assert (said["extra"]["employees"], said["extra"]["vip"]) == (250, True)


def test_campaign_marks_come_from_fields_then_from_the_page_then_from_the_referrer(front):
    page = "https://roof.example/?utm_source=bing&utm_medium=cpc&gclid=abc"
    front.post_json("website", {"utm_source": "google", "page_url": page})
    assert front.last.content["utm"] == {"source": "google", "medium": "cpc"}
    assert front.last.content["click_ids"] == {"gclid": "abc"}
    front.post_json("website", {"name": "Tom"}, Referer="https://roof.example/?fbclid=f1")
    assert front.last.content["click_ids"] == {"fbclid": "f1"}


def test_consent_is_kept_with_the_words_that_were_shown(front):
    front.post_json("website", {"sms_consent": "on", "marketing_consent": False, "consent_text": "You may text me."})
    assert front.last.content["consent"] == [
        {"key": "sms_consent", "value": True, "text": "You may text me."},
        {"key": "marketing_consent", "value": False, "text": "You may text me."},
    ]


def test_where_it_came_from_is_kept(front):
    headers = {"Accept_Language": "es-US,es;q=0.9", "User_Agent": "Mozilla/5.0", "Referer": "https://roof.example/contact"}
    front.post_json("website", {**DANA, "page_url": "https://roof.example/contact?x=1"}, **headers, Cookie="session=1")
    said = front.last.content
    assert said["locale"] == "es-US"
    assert said["extra"] == {
        "page_url": "https://roof.example/contact?x=1",
        "referer": "https://roof.example/contact",
        "remote_address": "127.0.0.1",
        "user_agent": "Mozilla/5.0",
    }
    assert "cookie" not in front.last.headers


@pytest.mark.parametrize("fields", [{}, {"email": "a@b"}, {"phone": "+1 (555) abc"}, {"phone": "1" * 40}, {"email": "x@y\r\nBcc: z@z.example"}, {"phone": "☎️"}])  # fmt: skip
def test_a_lead_without_a_usable_contact_is_taken_and_kept_as_typed(front, fields):
    answer = front.post_json("website", {"name": "Dana", **fields})
    assert answer.status_code == 202
    assert "phone" not in front.last.content
    assert "email" not in front.last.content
    typed = {key for key in front.last.content["extra"] if key.endswith("_as_typed")}
    assert typed == {f"{key}_as_typed" for key in fields}
    assert "\n" not in json.dumps(front.last.content["extra"].get("email_as_typed", ""))


def test_our_own_number_is_nobodys_phone(front):
    front.post_json("website", {"name": "Dana", "phone": "+1 415 555 0199"})
    assert "phone" not in front.last.content


# --- who is answered how ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Accept": "text/html,application/xhtml+xml"}, 303),
        ({"Accept": "text/html", "Sec_Fetch_Mode": "navigate"}, 303),
        ({"Accept": "*/*"}, 202),
        ({"Accept": "application/json"}, 202),
        ({"Accept": "text/html", "Sec_Fetch_Mode": "cors"}, 202),
        ({"Origin": ""}, 202),
        ({"Origin": "", "Referer": "https://shop.example/contact"}, 303),
        ({"Origin": "", "Accept_Language": "es-US"}, 303),
        ({"Origin": "", "Accept": "text/html"}, 303),
    ],
)
def test_a_person_is_sent_to_the_thanks_page_and_a_script_gets_the_code(front, headers, status):
    sent = {name: value for name, value in ({"Origin": "https://shop.example"} | headers).items() if value}
    source = "shop" if "Origin" in sent else "website"
    answer = front.post(source, {"name": "Dana"}, Content_Type=FORM, **sent)
    assert answer.status_code == status
    thanks = {"shop": "https://shop.example/thanks", "website": "https://leads.example.com/webhooks/website/thanks"}
    assert answer.headers.get("Location") == (thanks[source] if status == 303 else None)


def test_without_a_thanks_page_of_its_own_the_source_has_ours(front):
    answer = front.post("website", {"name": "Dana"}, Content_Type=FORM, Accept="text/html")
    assert answer.headers["Location"] == "https://leads.example.com/webhooks/website/thanks"
    page = front.client.get("/webhooks/website/thanks")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "Thank you" in page.text


# --- the same thing twice -----------------------------------------------------------------------------------------


def test_two_who_typed_different_addresses_that_are_none_are_two(front):
    said = [{"name": "Dana", "email": "dana(at)example.com"}, {"name": "Dana", "email": "dana2(at)example.com"}]
    said += [{"name": "Dana", "phone": "ask my wife"}, {"name": "Dana", "phone": "ask my wife"}]
    assert [front.post_json("website", each).status_code for each in said] == [202, 202, 202, 200]


def test_a_double_click_is_one_lead(front):
    first, second = front.post_json("website", DANA), front.post_json("website", dict(reversed(DANA.items())))
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json == second.json
    assert len(front.heard) == 1


def test_a_double_click_across_the_edge_of_the_ten_minutes_is_one_lead(front, freezer_at_ten):
    freezer_at_ten.tick(timedelta(minutes=9, seconds=59))
    front.post_json("website", DANA)
    freezer_at_ten.tick(timedelta(seconds=2))
    assert front.post_json("website", DANA).status_code == 200
    assert len(front.heard) == 1


def test_the_same_words_much_later_are_a_new_lead(front, freezer_at_ten):
    front.post_json("website", DANA)
    freezer_at_ten.tick(timedelta(minutes=20))
    assert front.post_json("website", DANA).status_code == 202


def test_what_may_be_a_duplicate_says_since_when(front):
    front.post_json("website", DANA)
    assert front.last.content["also_since"] == "2026-11-24T15:50:00Z"
    assert front.last.content["also"].rpartition(":")[0] == front.last.external_id.rpartition(":")[0]


def test_another_person_or_another_source_is_another_lead(front):
    front.post_json("website", DANA)
    front.post_json("website", {**DANA, "name": "Tom Cole"})
    front.post_json("shop", DANA)
    assert len({each.external_id for each in front.heard}) == 3


def test_an_idempotency_key_decides_and_another_body_under_it_is_a_conflict(front):
    first = front.post_json("website", DANA, Idempotency_Key="k-1")
    again = front.post_json("website", DANA, Idempotency_Key="k-1")
    other = front.post_json("website", {**DANA, "name": "Tom"}, Idempotency_Key="k-1")
    assert [first.status_code, again.status_code, other.status_code] == [202, 200, 409]
    assert again.json == first.json
    assert other.json["error"]["mend"] == "Use a new key for a new lead."
    assert front.last.external_id == "form:k-1"


def test_a_hidden_uuid_of_the_form_is_its_key_even_when_the_boundary_differs(front):
    fields = {**DANA, "_id": "6e1c"}
    for boundary in ("one", "two"):
        answer = front.client.post("/webhooks/website", data=fields, content_type=f"multipart/form-data; boundary={boundary}")
        assert answer.status_code in (200, 202)
    assert [each.external_id for each in front.heard] == ["form:6e1c"]


# --- robots, strangers, tests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("accept", "status"), [("text/html", 303), ("*/*", 200)])
def test_a_filled_honeypot_looks_accepted_and_leaves_nothing(front, accept, status):
    answer = front.post("website", {**DANA, "_gotcha": "http://spam.example"}, Content_Type=FORM, Accept=accept)
    assert answer.status_code == status
    assert front.heard == []
    assert front.store.rings == 0


def test_an_allowed_page_may_post_and_read_the_answer(front):
    ask = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    asked = front.client.options("/webhooks/shop", headers=ask)
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "content-type" in asked.headers["Access-Control-Allow-Headers"]
    answer = front.post_json("shop", DANA, Origin="https://shop.example")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_an_allowed_page_may_read_why_it_was_refused(front):
    answer = front.post("shop", b"[1]", Content_Type="application/json", Origin="https://shop.example")
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, "https://shop.example")


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil.example", "null", "http://shop.example"])
def test_a_foreign_page_may_not(front, origin):
    answer = front.post_json("shop", DANA, Origin=origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert front.client.options("/webhooks/shop", headers={"Origin": origin}).status_code == 403
    assert front.heard == []


def test_our_own_pages_may_post_to_any_source(front):
    assert front.post_json("shop", DANA, Origin="https://leads.example.com").status_code == 202


def test_where_no_origin_is_named_anybody_may_post_but_no_script_may_read(front):
    answer = front.post_json("website", DANA, Origin="https://anywhere.example")
    assert answer.status_code == 202
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_server_signs_its_posts_with_either_of_two_secrets(front):
    for number, secret in enumerate((WHSEC, "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")):
        body = json.dumps({**DANA, "n": number}).encode()
        headers = sign_standard(body, f"msg_{number}", secret, clock.now())
        answer = front.post("backend", body, Content_Type="application/json", **headers)
        assert answer.status_code == 202
    assert [each.external_id for each in front.heard] == ["form:msg_0", "form:msg_1"]


def test_a_server_that_does_not_sign_is_told_so(front):
    assert front.post_json("backend", DANA).status_code == 401
    forged = sign_standard(b"something else", "msg_1", WHSEC, clock.now())
    assert front.post_json("backend", DANA, **forged).status_code == 403
    assert front.heard == []


def test_a_captured_request_is_useless_after_300_seconds_and_harmless_before(front, freezer_at_ten):
    body = json.dumps(DANA).encode()
    headers = sign_standard(body, "msg_1", WHSEC, clock.now())
    send = lambda: front.post("backend", body, Content_Type="application/json", **headers).status_code  # noqa: E731
    assert [send(), send()] == [202, 200]
    freezer_at_ten.tick(timedelta(seconds=301))
    assert send() == 403


def test_only_our_own_mark_makes_a_test(front):
    front.post_json("website", {**DANA, "_headroom_test": make_test_token(front.settings)})
    assert front.last.content["is_test"] is True
    front.post_json("website", {"name": "Tom", "_headroom_test": "yes"})
    assert front.last.content["is_test"] is False
    assert "_headroom_test" not in json.dumps(front.last.content)


def test_an_old_mark_is_none(front, freezer_at_ten):
    mark = make_test_token(front.settings)
    freezer_at_ten.tick(timedelta(minutes=11))
    front.post_json("website", {**DANA, "_headroom_test": mark})
    assert front.last.content["is_test"] is False


def test_a_server_that_signs_may_mark_a_test_and_a_stranger_may_not(front):
    body = json.dumps({**DANA, "is_test": True, "submitted_at": "2026-11-24T09:00:00-0600"}).encode()
    front.post("backend", body, Content_Type="application/json", **sign_standard(body, "msg_1", WHSEC, clock.now()))
    assert (front.last.content["is_test"], front.last.content["submitted_at"]) == (True, "2026-11-24T15:00:00Z")
    front.post("website", body, Content_Type="application/json")
    assert front.last.content["is_test"] is False
