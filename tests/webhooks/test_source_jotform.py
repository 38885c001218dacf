"""Jotform: fields in parts, both encodings, and answers that only the words or the values tell."""

import json

import pytest

from webhooks.errors import Unreadable

RAW = {"slug": "submit/1", "submitDate": "1762649526949", "q4_email": "dana@example.com", "path": "/submit/1"}


def posted(raw, **more):
    return {"formID": "203112345678902", "submissionID": "5123456789012345679", "rawRequest": json.dumps(raw), **more}


@pytest.mark.parametrize(
    ("phone", "region", "number"),
    [
        ({"full": "(212) 555-0187"}, "US", "+12125550187"),
        ({"area": "212", "phone": "555-0187"}, "US", "+12125550187"),
        ({"country": "44", "area": "20", "phone": "7946 0958"}, "US", "+442079460958"),
        ({"country": "+44", "area": "20", "phone": "7946 0958"}, "US", "+442079460958"),
        ({"phone": "020 7946 0958"}, "GB", "+442079460958"),
        ("(212) 555-0187", "US", "+12125550187"),
    ],
)
def test_a_phone_in_any_shape(hear, phone, region, number):
    assert hear("jotform", form=posted({**RAW, "q5_phoneNumber": phone}), region=region)[0].content["phone"] == number


def test_a_name_in_parts_is_its_first_and_last(hear):
    content = hear(
        "jotform", form=posted({**RAW, "q3_fullName3": {"prefix": "Dr.", "first": "Kin", "middle": "M", "last": "Lane"}})
    )[0].content
    assert (content["name"], content["first_name"], content["last_name"]) == ("Kin Lane", "Kin", "Lane")
    assert "Dr." in content["extra"].values()


def test_addresses_dates_lists_uploads_and_hidden_fields(hear):
    raw = {
        **RAW,
        "q6_address": {"addr_line1": "1 Main", "city": "Austin", "state": "TX", "postal": ""},
        "q7_services": ["Roof", "Gutters"],
        "q8_when": {"month": "2", "day": "3", "year": "2026"},
        "q9_iAgree": ["I agree to be contacted by text"],
        "q10_utm_source": "bing",
        "q11_howCan": "Please look at the roof",
        "photo": ["https://www.jotform.com/uploads/acme/1/2/roof.jpg"],
    }
    content = hear("jotform", form=posted(raw, ip="203.0.113.7"))[0].content
    kept = {
        "address": "1 Main, Austin, TX",
        "services": ["Roof", "Gutters"],
        "when": "2026-02-03",
        "remote_address": "203.0.113.7",
    }
    assert kept.items() <= content["extra"].items()
    assert content["message"] == "Please look at the roof"
    assert content["consent"] == [{"key": "iAgree", "value": True, "text": "I agree to be contacted by text"}]
    assert content["attachments"] == [{"url": "https://www.jotform.com/uploads/acme/1/2/roof.jpg", "name": "roof.jpg"}]


def test_the_same_submission_has_the_same_key_however_it_is_edited(hear):
    first, edited = (hear("jotform", form=posted({**RAW, "q3_name": name}))[0] for name in ("Dana", "Dana Cole"))
    assert first.external_id == edited.external_id == "jotform:5123456789012345679"


def test_a_relay_that_unpacked_the_answers_or_sends_json_is_understood(hear):
    unpacked = {"formID": "1", "submissionID": "2", "q3_name": "Dana Cole", "q4_email": "dana@example.com"}
    assert hear("jotform", form=unpacked)[0].content["name"] == "Dana Cole"
    as_json = {"submissionID": 5123456789012345679, "rawRequest": RAW}
    assert hear("jotform", as_json)[0].external_id == "jotform:5123456789012345679"


def test_a_question_is_mapped_by_its_number_or_name(hear):
    for theirs in ("q12", "12", "q12_typeA", "typeA"):
        assert (
            hear("jotform", form=posted({**RAW, "q12_typeA": "Dana Cole"}), fields={"name": theirs})[0].content["name"]
            == "Dana Cole"
        )


def test_without_an_id_it_is_refused(hear):
    with pytest.raises(Unreadable):
        hear("jotform", form={"formID": "1", "rawRequest": json.dumps(RAW)})


def test_a_submission_whose_answers_cannot_be_read_is_kept_with_what_was_written_for_people(hear):
    for raw in ({}, {"rawRequest": '{"q3_name": {"fi'}, {"rawRequest": "[]"}):
        assert hear("jotform", form={"submissionID": "1", **raw})[0].external_id == "jotform:1"
        pretty = "Name:Kin Lane, Email:kin@example.com, Phone Number:(212) 555-0187, Message:Please call, soon: it leaks"
        content = hear("jotform", form={"submissionID": "1", "pretty": pretty, **raw})[0].content
        assert (content["name"], content["email"], content["phone"]) == ("Kin Lane", "kin@example.com", "+12125550187")
        assert content["message"].startswith("Please call")
