"""TikTok's leads in the shapes that public receivers read, believed by key or by signature."""

import json
from datetime import timedelta

import pytest

from routing.team import Source
from tests.webhooks.conftest import NOW
from webhooks.signatures import sign_tiktok

SECRET, KEY = "tiktok-client-secret", "a-key-of-22-characters-or-more"
ANSWERS = [
    {"field": "name", "value": "Tariq Ali"}, {"field": "email", "value": "Tariq@example.com"},
    {"field": "phone_number", "value": "+971501234567"}, {"field": "What is your budget?", "value": "5k"},
]  # fmt: skip
IDS = {
    "campaign_id": "1780000000000003",
    "campaign_name": "Spring",
    "adgroup_id": "1780000000000002",
    "ad_id": "1780000000000001",
}
LEAD = {"id": "7300000000000000001", "lead_id": 7300000000000000001, "page_id": "7200000000000000002", "create_time": "2023-11-14 22:13:20", **IDS}  # fmt: skip
FLAT = {
    **LEAD,
    "full_name": "Tariq Ali",
    "email": "tariq@example.com",
    "phone_number": "+971501234567",
    "What is your budget?": "5k",
}


@pytest.fixture
def tiktok(front):
    front.sources["tiktok"] = Source("tiktok", "tiktok", secrets=(SECRET, KEY))
    return front


def tell(front, value, path=f"/{KEY}", **headers):
    return front.post(f"tiktok{path}", json.dumps(value).encode(), Content_Type="application/json", **headers)


@pytest.mark.parametrize(
    "value",
    [
        {"object": "lead", "time": 1700000000, "entry": [{**LEAD, "changes": ANSWERS}]},
        {"event": "lead.created", "client_key": "c", "create_time": 1, "content": json.dumps({**LEAD, "changes": ANSWERS})},
        {"event": "lead.created", "content": json.dumps({"entry": [{**LEAD, "changes": ANSWERS}]})},
        {**LEAD, "field_data": [{"name": each["field"], "values": [each["value"]]} for each in ANSWERS]},
        {"data": {**LEAD, "answers": {each["field"]: each["value"] for each in ANSWERS}}},
        {"event": "lead.created", "content": json.dumps(FLAT)},
        FLAT,
    ],
    ids=["entry", "content", "content with entry", "field data", "data", "flat content", "flat"],
)
def test_every_shape_gives_the_same_lead(tiktok, value):
    assert tell(tiktok, value).status_code == 200
    [heard] = tiktok.heard
    said = heard.content
    assert (heard.event, heard.external_id) == ("form", "tiktok:7300000000000000001")
    assert (said["name"], said["email"], said["phone"]) == ("Tariq Ali", "tariq@example.com", "+971501234567")
    assert said["campaign"] == {
        "id": "1780000000000003", "name": "Spring", "adgroup_id": "1780000000000002", "ad_id": "1780000000000001", "form_id": "7200000000000000002",
    }  # fmt: skip
    assert (said["submitted_at"], said["channel"], said["is_test"]) == ("2023-11-14T22:13:20Z", "ads_form", False)
    assert said["extra"]["What is your budget?"] == "5k"


def test_several_leads_in_one_post_and_one_of_them_twice(tiktok):
    other = {**LEAD, "lead_id": "8", "changes": ANSWERS}
    tell(tiktok, {"entry": [{**LEAD, "changes": ANSWERS}, other, other]})
    assert [each.external_id for each in tiktok.heard] == ["tiktok:7300000000000000001", "tiktok:8"]


def test_the_platforms_other_events_are_no_leads(tiktok):
    assert tell(tiktok, {"event": "video.publish.complete", "content": "{}"}).status_code == 200
    assert tiktok.heard == []


@pytest.mark.parametrize(
    "value", [{}, {"entry": []}, {"entry": "x"}, {"entry": None}, [], {"event": "lead.new", "content": "{}"}, {"content": "{bad"}]
)
def test_a_shape_nobody_knows_is_kept_and_answered_as_if_it_were_known(tiktok, value):
    assert tell(tiktok, value).status_code == 200
    assert [each.event for each in tiktok.heard] == ["unreadable"]


@pytest.mark.parametrize(
    "mark", [{"is_test": True}, {"test_lead": "true"}, {"changes": [{"field": "name", "value": "<test lead: dummy data>"}]}]
)
def test_a_marked_lead_is_a_test(tiktok, mark):
    tell(tiktok, {"entry": [{**LEAD, "changes": ANSWERS, **mark}]})
    assert tiktok.last.content["is_test"] is True


@pytest.mark.parametrize(("late", "status"), [(-301, 403), (0, 200), (72 * 3600, 200), (72 * 3600 + 1, 403)])
def test_a_signature_needs_no_key(tiktok, late, status):
    value = {"entry": [{**LEAD, "changes": ANSWERS}]}
    signature = sign_tiktok(json.dumps(value).encode(), SECRET, NOW - timedelta(seconds=late))
    assert tell(tiktok, value, "", Tiktok_Signature=signature).status_code == status


def test_neither_key_nor_signature_is_refused(tiktok):
    assert tell(tiktok, FLAT, "").status_code == 401
    assert tell(tiktok, FLAT, "/another-key-of-some-length").status_code == 403
    assert tell(tiktok, FLAT, "", Tiktok_Signature="t=1,s=00").status_code == 403
    assert tell(tiktok, FLAT, Tiktok_Signature="in a form nobody knows").status_code == 200


def test_a_lead_without_answers_is_kept_so_that_somebody_looks_for_it(tiktok):
    tell(tiktok, {"entry": [LEAD]})
    said = tiktok.last.content
    assert (said["external_id"], said["extra"]["lead_id"]) == ("tiktok:7300000000000000001", "7300000000000000001")
    assert not {"phone", "email"} & set(said)
