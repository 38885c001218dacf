"""Typeform: every type of answer, questions inside groups, what is skipped, and what is no lead."""

import json

import pytest

from routing.team import Source
from webhooks.errors import Unreadable
from webhooks.form_signatures import sign_typeform


def response(answers, questions=(), **more):
    said = {"form_id": "lT4Z3j", "token": "tok-1", "submitted_at": "2026-11-24T15:59:00Z", "answers": answers, **more}
    definition = {"id": "lT4Z3j", "title": "Quote", "fields": list(questions)}
    return {"event_id": "01", "event_type": "form_response", "form_response": {**said, "definition": definition}}


def answer(kind, value, number, field_type="short_text", ref=None):
    field = {"id": number, "type": field_type, **({"ref": ref} if ref else {})}
    return {"type": kind, kind: value, "field": field}


def test_answers_of_every_type(hear):
    answers = [
        answer("choices", {"ids": ["1"], "labels": ["Roof", "Gutters"], "other": "Doors"}, "c1", "multiple_choice", "services"),
        answer("choice", {"id": "2", "label": "Over 10k"}, "c2", "dropdown", "budget"),
        answer("choice", {"other": "Something else"}, "c3", "multiple_choice", "kind"),
        answer("number", 12, "n", "number", "windows"),
        answer("boolean", False, "yn", "yes_no", "own_home"),
        answer("date", "2026-12-01", "d", "date", "when"),
        answer("url", "https://dana.example", "u", "website", "site"),
        answer("payment", {"amount": "12 USD", "last4": "1234", "success": True}, "p", "payment", "paid"),
        answer("file_url", "https://api.typeform.com/roof.jpg", "f", "file_upload", "photo"),
        answer("email", "Dana@Example.com", "e", "email"),
        answer("phone_number", "+15125550143", "t", "phone_number"),
    ]
    content = hear("typeform", response(answers))[0].content
    assert (content["email"], content["phone"]) == ("dana@example.com", "+15125550143")
    assert content["attachments"] == [{"url": "https://api.typeform.com/roof.jpg", "name": "roof.jpg"}]
    assert content["extra"] == {
        "services": ["Roof", "Gutters", "Doors"],
        "budget": "Over 10k",
        "kind": "Something else",
        "windows": 12,
        "own_home": False,
        "when": "2026-12-01",
        "site": "https://dana.example",
        "paid": "12 USD, 1234, true",
        "form_id": "lT4Z3j",
    }


def test_a_name_asked_inside_a_group_is_found_by_its_title(hear):
    inner = [{"id": "a1", "title": "First name", "type": "short_text", "ref": "01HQZ9Y3V4XKPT8WQ2M5N6R7S8"}, {"id": "a2", "title": "*Last name*", "type": "short_text"}]  # fmt: skip
    questions = [{"id": "g", "title": "About you", "type": "contact_info", "properties": {"fields": inner}}]
    (heard,) = hear("typeform", response([answer("text", "Zoë", "a1"), answer("text", "O'Neil", "a2")], questions))
    assert (heard.content["name"], heard.content["first_name"], heard.content["last_name"]) == ("Zoë O'Neil", "Zoë", "O'Neil")


def test_the_team_file_may_name_a_question_by_ref_id_or_title(hear):
    questions = [{"id": "x1", "title": "Wer sind Sie?", "type": "short_text", "ref": "who"}]
    for theirs in ("who", "x1", "Wer sind Sie?"):
        content = hear("typeform", response([answer("text", "Dana Cole", "x1", ref="who")], questions), fields={"name": theirs})[
            0
        ].content
        assert content["name"] == "Dana Cole"


def test_a_refused_consent_is_kept_as_refused_with_its_words(hear):
    questions = [{"id": "lg", "title": "I accept the terms", "type": "legal", "ref": "terms"}]
    answers = [answer("boolean", False, "lg", "legal", "terms"), answer("email", "dana@example.com", "e", "email")]
    assert hear("typeform", response(answers, questions))[0].content["consent"] == [
        {"key": "lg", "value": False, "text": "I accept the terms"}
    ]


def test_hidden_fields_track_and_the_rest_of_them_is_kept(hear):
    hidden = {"utm_medium": "cpc", "gclid": "Cj0", "branch": "north", "msclkid": ""}
    content = hear(
        "typeform", response([answer("email", "dana@example.com", "e", "email")], hidden=hidden, calculated={"score": 0})
    )[0].content
    assert (content["utm"], content["click_ids"]) == ({"medium": "cpc"}, {"gclid": "Cj0"})
    assert (content["extra"]["branch"], content["extra"]["score"]) == ("north", 0)


@pytest.mark.parametrize(
    "answers", [[answer("email", "an_account@example.com", "e", "email")], [answer("text", "Lorem ipsum dolor", "t")]]
)
def test_the_vendors_test_request_is_a_test(hear, answers):
    assert hear("typeform", response(answers))[0].content["is_test"] is True


def test_a_partial_response_counts_once_it_names_an_address(hear):
    partial = response([answer("text", "Dana", "n")]) | {"event_type": "form_response_partial"}
    assert hear("typeform", partial) == []
    partial["form_response"]["answers"].append(answer("email", "dana@example.com", "e", "email"))
    (early,) = hear("typeform", partial)
    (whole,) = hear("typeform", response(partial["form_response"]["answers"]))
    assert early.content["external_id"] == whole.external_id == "typeform:tok-1"
    assert early.external_id == "typeform:tok-1:partial"  # else the whole response would be taken for the same thing again


@pytest.mark.parametrize(
    "value", [{}, {"event_type": "form_response"}, {"event_type": "other", "form_response": {"token": "x"}}, response([])]
)
def test_what_is_no_response_is_unreadable(hear, value):
    with pytest.raises(Unreadable):
        hear("typeform", value)


def test_what_cannot_be_read_is_kept_and_answered_as_taken_lest_the_webhook_be_switched_off(front):
    kind_secret = "typeform secret of the test"
    front.sources["tf"] = Source("tf", "typeform", secrets=(kind_secret,))
    body = json.dumps({"event_type": "brand_new"}).encode()
    proof = sign_typeform(body, kind_secret)
    answer = front.post("tf", body, Content_Type="application/json", Typeform_Signature=proof)
    assert answer.status_code // 100 == 2
    assert (front.last.event, front.last.body) == ("unreadable", body)
    assert front.post("tf", body, Content_Type="application/json", Typeform_Signature="sha256=x").status_code == 403
