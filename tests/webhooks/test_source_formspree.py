"""Formspree: control names, the honeypot, and what is no submission."""

import pytest

from webhooks.errors import Robot, Unreadable


def submission(**fields):
    return {"form": "f1a2b3c4d", "submission": {"_date": "2024-05-02T10:00:00.000000+00:00", **fields}, "keys": sorted(fields)}


def test_control_names_are_not_what_the_person_said(hear):
    value = submission(_replyto="Nina@Example.com", _subject="New lead", **{"full name": "Nina Roy", "tel": "06 12 34 56 78", "services": ["a", "b"], "consent": "on", "utm_source": "bing"})  # fmt: skip
    content = hear("formspree", value, region="FR")[0].content
    assert (content["name"], content["email"], content["phone"]) == ("Nina Roy", "nina@example.com", "+33612345678")
    assert content["extra"] == {"services": ["a", "b"], "form_id": "f1a2b3c4d", "subject": "New lead"}
    assert (content["consent"], content["utm"]) == ([{"key": "consent", "value": True}], {"source": "bing"})


def test_a_robot_that_filled_the_honeypot_is_no_lead(hear):
    with pytest.raises(Robot):
        hear("formspree", submission(email="nina@example.com", _gotcha="buy"))
    assert len(hear("formspree", submission(email="nina@example.com", _gotcha=""))) == 1


def test_its_own_id_is_the_key_and_without_one_the_words(hear):
    assert (
        hear("formspree", submission(email="nina@example.com", _id=9007199254740993))[0].external_id
        == "formspree:9007199254740993"
    )
    assert hear("formspree", submission(email="nina@example.com"))[0].external_id.startswith("derived:")


def test_a_submission_without_its_wrapper_is_read_as_well(hear):
    (heard,) = hear("formspree", {"form": "f1", "email": "nina@example.com", "message": "Quote"})
    assert (heard.content["message"], heard.content["extra"]) == ("Quote", {"form_id": "f1"})


@pytest.mark.parametrize("value", [{"submission": []}, {"form": "f1", "keys": []}, submission()])
def test_nothing_said_is_refused(hear, value):
    with pytest.raises(Unreadable):
        hear("formspree", value)
