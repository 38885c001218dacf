"""Webflow: labels of any wording, boxes, files, and webhooks with and without a signature."""

import pytest

from routing.team import Source
from webhooks.errors import Unreadable
from webhooks.registry import TYPES


def submission(data, schema=(), **more):
    payload = {"name": "Quote", "siteId": "65427c", "data": data, "schema": list(schema), "submittedAt": "2026-11-24T15:59:00Z", "id": "6321ca", "formId": "65429e", **more}  # fmt: skip
    return {"triggerType": "form_submission", "payload": payload}


def test_labels_boxes_and_files(hear):
    data = {
        "Full Name *": "Dana Cole",
        "Email Address": "Dana@Example.com",
        "Your project": "Forty windows",
        "Storeys": 2,
        "I agree to the privacy policy": "true",
        "Newsletter consent": False,
        "Plan": "https://uploads.webflow.example/plan.pdf",
        "gclid": "Cj0",
    }
    schema = [
        {"fieldName": "Your project", "fieldType": "FormTextarea"},
        {"fieldName": "Plan", "fieldType": "FormFileUploadInput"},
    ]
    content = hear("webflow", submission(data, schema))[0].content
    assert (content["name"], content["email"], content["message"]) == ("Dana Cole", "dana@example.com", "Forty windows")
    assert [(each["key"], each["value"]) for each in content["consent"]] == [
        ("I agree to the privacy policy", True),
        ("Newsletter consent", False),
    ]
    assert content["attachments"] == [{"url": "https://uploads.webflow.example/plan.pdf", "name": "plan.pdf"}]
    assert (content["extra"]["Storeys"], content["click_ids"]) == (2, {"gclid": "Cj0"})


@pytest.mark.parametrize("value", [{}, {"payload": []}, submission([]), submission({"Name": "x"}, id=None), submission({}), {**submission({"Name": "x"}), "triggerType": "site_publish"}])  # fmt: skip
def test_what_is_no_submission_is_unreadable(hear, value):
    with pytest.raises(Unreadable):
        hear("webflow", value)


def test_a_wrong_signature_is_not_mended_by_the_key_in_the_address(front):
    example = TYPES["webflow"].example
    front.sources["wf"] = Source("wf", "webflow", secrets=(example.secret,))
    key = example.secret.replace(" ", "%20")
    headers = {"Content-Type": "application/json", "x-webflow-signature": "0" * 64, "x-webflow-timestamp": "1"}
    assert front.client.post(f"/webhooks/wf?key={key}", data=example.body, headers=headers).status_code == 403
    assert (
        front.client.post(f"/webhooks/wf?key={key}", data=example.body, headers={"Content-Type": "application/json"}).status_code
        == 200
    )
