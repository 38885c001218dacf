"""LinkedIn's notices: the challenge, both readings of the signature, and a lead that is to be erased."""

import hashlib
import hmac
import json

import pytest
from structlog.testing import capture_logs

from routing.team import Source

SECRET = "linkedin-client-secret-1"
CODE = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
NOTICE = {
    "type": "LEAD_ACTION", "leadGenFormResponse": "urn:li:leadGenFormResponse:fc6a-5", "leadAction": "CREATED",
    "leadGenForm": "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:3162,1)", "leadType": "SPONSORED",
    "owner": {"sponsoredAccount": "urn:li:sponsoredAccount:502840441"}, "occurredAt": 1696448862018,
}  # fmt: skip


@pytest.fixture
def linkedin(front):
    front.sources["linkedin"] = Source("linkedin", "linkedin", secrets=(f"rotated, {SECRET}",))
    return front


def digest(text: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def notify(front, value, signature=None):
    body = json.dumps(value).encode()
    given = signature or digest(b"hmacsha256=" + body)
    return front.post("linkedin", body, Content_Type="application/json", X_LI_Signature=given)


def test_a_challenge_is_answered_with_the_first_secret(linkedin):
    linkedin.sources["linkedin"] = Source("linkedin", "linkedin", secrets=(SECRET,))
    answer = linkedin.client.get(f"/webhooks/linkedin?challengeCode={CODE}&applicationId=7")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.json == {"challengeCode": CODE, "challengeResponse": digest(CODE.encode())}


@pytest.mark.parametrize("code", ["", 'hmacsha256={"type": "LEAD_ACTION"}', CODE + "\n", CODE.replace("-", ""), "{" + CODE + "}"])
def test_nothing_but_a_uuid_is_signed(linkedin, code):
    answer = linkedin.client.get("/webhooks/linkedin", query_string={"challengeCode": code})
    assert answer.status_code == 400
    assert "challengeResponse" not in answer.text


def test_without_a_secret_nothing_is_signed(linkedin):
    linkedin.sources["linkedin"] = Source("linkedin", "linkedin")
    assert linkedin.client.get(f"/webhooks/linkedin?challengeCode={CODE}").status_code == 403


@pytest.mark.parametrize(
    ("sign", "reading"),
    [
        (lambda body: digest(b"hmacsha256=" + body), "prefix signed"),
        (lambda body: "hmacsha256=" + digest(body), "body alone signed"),
        (lambda body: digest(body), "body alone signed"),
    ],
)
def test_both_readings_are_genuine_and_the_log_says_which(linkedin, sign, reading):
    with capture_logs() as logs:
        assert notify(linkedin, NOTICE, sign(json.dumps(NOTICE).encode())).status_code == 200
    assert {"event": "linkedin_signature_matched", "reading": reading}.items() <= logs[0].items()
    assert len(linkedin.heard) == 1


def test_a_signature_of_another_body_is_refused(linkedin):
    assert notify(linkedin, NOTICE, digest(b"hmacsha256={}")).status_code == 403
    assert notify(linkedin, NOTICE, digest(CODE.encode())).status_code == 403
    assert linkedin.heard == []


def test_a_new_lead_is_to_be_fetched(linkedin):
    notify(linkedin, NOTICE)
    said = linkedin.last.content
    assert (linkedin.last.event, linkedin.last.external_id) == ("fetch_required", "linkedin:fc6a-5")
    assert said["fetch"] == {"vendor": "linkedin", "id": "fc6a-5"}
    assert said["campaign"] == {"form_id": "3162", "account_id": "502840441"}
    assert said["submitted_at"] == "2023-10-04T19:47:42.018Z"


def test_told_twice_is_one_and_a_deletion_is_another(linkedin):
    for action in ("CREATED", "CREATED", "DELETED", "DELETED"):
        notify(linkedin, {**NOTICE, "leadAction": action})
    assert [(each.event, each.external_id) for each in linkedin.heard] == [
        ("fetch_required", "linkedin:fc6a-5"),
        ("erase_request", "linkedin:fc6a-5:deleted"),
    ]
    assert linkedin.last.content["external_id"] == "linkedin:fc6a-5"


def test_other_notices_are_answered_and_forgotten(linkedin):
    assert notify(linkedin, {"type": "ORGANIZATION_SOCIAL_ACTION_NOTIFICATIONS", "notifications": []}).status_code == 200
    assert linkedin.heard == []


@pytest.mark.parametrize("urn", ["urn:li:leadGenFormResponse:../../me", None, "", 7.5, ["urn:li:leadGenFormResponse:x"]])
def test_a_notice_that_names_no_lead_is_kept_and_answered_as_if_it_did(linkedin, urn):
    assert notify(linkedin, {**NOTICE, "leadGenFormResponse": urn}).status_code == 200
    assert [each.event for each in linkedin.heard] == ["unreadable"]


def test_one_bad_notice_does_not_hold_up_the_good_ones(linkedin):
    assert notify(linkedin, [NOTICE, {**NOTICE, "leadGenFormResponse": None}]).status_code == 200
    assert [each.event for each in linkedin.heard] == ["fetch_required"]


def test_a_lead_of_an_event_names_its_organization(linkedin):
    notify(linkedin, {**NOTICE, "leadType": "EVENT", "owner": {"organization": "urn:li:organization:9"}, "associatedEntity": {"event": "urn:li:event:77"}})  # fmt: skip
    assert linkedin.last.content["extra"] == {"lead_type": "EVENT", "organization_id": "9", "event_id": "77"}
