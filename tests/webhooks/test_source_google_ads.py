"""Google Ads: columns, exact 64-bit ids, the test button that repeats itself, and errors in the vendor's words."""

from datetime import timedelta

import pytest

from routing.team import Source

LEAD = {
    "lead_id": "CjwKCAjw",
    "api_version": "1.0",
    "form_id": 40000000000,
    "campaign_id": 9007199254740993,
    "google_key": "hr-key",
}


def columns(**said):
    return [{"column_id": name, "string_value": value} for name, value in said.items()]


def test_standard_columns_and_exact_ids(hear):
    said = columns(
        FIRST_NAME="Ann",
        LAST_NAME="Lee",
        WORK_EMAIL="work@example.com",
        EMAIL="Ann@Example.com",
        POSTAL_CODE="94043",
        COMPANY_NAME="ACME",
    )
    value = {
        **LEAD,
        "user_column_data": said,
        "adgroup_id": 9223372036854775807,
        "creative_id": 0,
        "asset_group_id": 9007199254740995,
        "brand_new": [1],
    }
    content = hear("google_ads", value)[0].content
    assert (content["name"], content["email"], content["company"]) == ("Ann Lee", "ann@example.com", "ACME")
    assert content["extra"] == {"POSTAL_CODE": "94043", "WORK_EMAIL": "work@example.com"}
    assert content["campaign"] == {
        "id": "9007199254740993",
        "adgroup_id": "9223372036854775807",
        "form_id": "40000000000",
        "asset_group_id": "9007199254740995",
    }
    assert (content["channel"], content["is_test"]) == ("ads_form", False)


def test_work_columns_stand_in_where_there_is_no_other(hear):
    content = hear("google_ads", {**LEAD, "user_column_data": columns(WORK_EMAIL="w@example.com", WORK_PHONE="1-650-555-0123")})[
        0
    ].content
    assert (content["email"], content["phone"]) == ("w@example.com", "+16505550123")


def test_a_custom_question_by_the_team_files_map(hear):
    asked = [{"column_name": "Wie viele Fenster?", "column_id": "wie_viele", "string_value": "12"}]
    for theirs in ("Wie viele Fenster?", "wie_viele"):
        content = hear("google_ads", {**LEAD, "user_column_data": asked}, fields={"windows": theirs})[0].content
        assert content["extra"] == {"windows": "12"}


def test_each_press_of_the_test_button_is_seen_but_its_retries_are_not(front, freezer_at_ten):
    front.sources["ads"] = Source("ads", "google_ads", secrets=("hr-key",))
    value = {**LEAD, "is_test": True, "user_column_data": columns(FULL_NAME="FirstName LastName")}
    for minutes, leads in ((0, 1), (0, 1), (9, 1), (30, 2)):
        freezer_at_ten.tick(timedelta(minutes=minutes))
        answer = front.post_json("ads", value)
        assert (answer.status_code, answer.json, len(front.heard)) == (200, {}, leads)
    assert {each.content["external_id"] for each in front.heard} == {"google_ads:CjwKCAjw"}
    assert all(each.content["is_test"] for each in front.heard)


def test_a_lead_that_is_no_test_counts_once_for_ever(front, freezer_at_ten):
    front.sources["ads"] = Source("ads", "google_ads", secrets=("hr-key",))
    for _ in range(2):
        freezer_at_ten.tick(timedelta(days=3))
        assert front.post_json("ads", {**LEAD, "user_column_data": columns(FULL_NAME="Ann Lee")}).status_code == 200
    assert len(front.heard) == 1


@pytest.mark.parametrize(("changes", "status"), [({"google_key": "other"}, 403), ({"google_key": None}, 401), ({"lead_id": ""}, 400), ({"lead_id": None}, 400)])  # fmt: skip
def test_a_refusal_is_a_message(front, changes, status):
    front.sources["ads"] = Source("ads", "google_ads", secrets=("old-key", "hr-key"))
    answer = front.post_json("ads", {**LEAD, **changes, "user_column_data": []})
    assert answer.status_code == status
    assert list(answer.json) == ["message"] and answer.json["message"]
    assert "hr-key" not in answer.text


def test_broken_json_is_a_message_too(front):
    front.sources["ads"] = Source("ads", "google_ads", secrets=("hr-key",))
    answer = front.post("ads", b"{", Content_Type="application/json")
    assert (answer.status_code, list(answer.json)) == (400, ["message"])
