"""Leads of LinkedIn and HubSpot of which only an id was posted."""

import json
from pathlib import Path

import pytest

from config.settings import Settings
from store import advance, inbox
from store.inbox import Received
from tests.queue_builders import NOW, rows
from tests.webhooks.test_payloads import NOT_SAID, missing
from tests.workers.conftest import settings_for
from workers.fetch import fetch_due
from workers.fetching import VENDORS, hubspot, linkedin, vendor_of
from workers.outcomes import SendFailed

EXAMPLE = json.loads((Path(__file__).parents[1] / "data" / "payloads" / "linkedin_leadgen_1.json").read_text(encoding="utf-8"))
ANSWER = EXAMPLE["follow_up_fetch"]["response"]
MEI = "fc6aa35b-bf1a-4f7b-8c39-1f0f4b5b3f19-5"
NOTICE = {
    "external_id": f"linkedin:{MEI}", "kind": "form", "channel": "ads_form", "is_test": False, "fetch": {"vendor": "linkedin", "id": MEI},
    "campaign": {"form_id": "3162", "account_id": "502840441"}, "submitted_at": "2023-10-04T19:47:42.018Z", "extra": {"lead_type": "SPONSORED"},
}  # fmt: skip
CONTACT = {"id": "51", "properties": {
    "firstname": "Zoë", "lastname": "Ruiz", "email": "Zoe@Example.com", "phone": None, "mobilephone": "(512) 555-0143", "company": "Ruiz Ltd",
    "hs_analytics_first_url": "https://cole.example/?utm_campaign=spring", "hs_google_click_id": "g1", "hs_analytics_source": "PAID_SEARCH",
}}  # fmt: skip
EVENT = {"external_id": "hubspot:62515:1", "kind": "form", "channel": "form", "is_test": False, "fetch": {"vendor": "hubspot", "object_id": "51", "portal_id": "62515"}, "extra": {"subscription": "contact.creation"}}  # fmt: skip


@pytest.fixture
def settings(provider, tmp_path) -> Settings:
    names = ("LINKEDIN_API_URL", "HUBSPOT_API_URL")
    return settings_for(
        provider, tmp_path, **dict.fromkeys(names, provider.url), LINKEDIN_TOKEN="li-token", HUBSPOT_TOKEN="hs-token"
    )


def notify(engine, content):
    inbox.record(engine, [Received("website", content["external_id"], "fetch_required", content, b"{}", {}, NOW)], NOW)


def test_the_recorded_answer_becomes_the_common_lead():
    made = linkedin.common_lead(NOTICE, ANSWER, region="US")
    said = {key: value for key, value in EXAMPLE["expected_lead"].items() if key not in NOT_SAID}
    assert missing(said, made) == []
    assert "fetch" not in made


def test_every_kind_of_answer_is_joined_with_its_question():
    form = {
        "hiddenFields": [{"name": "utm_campaign", "value": "spring"}, {"name": "gclid", "value": "g1"}, {"name": "team", "value": "north"}],
        "content": {
            "questions": [
                {"questionId": 1, "predefinedField": "PHONE_NUMBER", "name": "Phone"},
                {"questionId": 2, "predefinedField": "JOB_TITLE", "name": "Job"},
                {"questionId": 3, "question": {"localized": {"en_US": "Which roof?"}},
                 "questionDetails": {"multipleChoiceQuestionDetails": {"options": [{"id": 1, "text": {"localized": {"en_US": "Tile"}}}, {"id": 2, "text": "Slate"}]}}},
                {"questionId": 4, "predefinedField": "EMAIL"},
            ],
            "legalInfo": {"consents": [{"id": 7, "consent": {"localized": {"en_US": "You may call me"}}}]},
        },
    }  # fmt: skip
    answers = [
        {"questionId": 1, "answerDetails": {"textQuestionAnswer": {"answer": "(512) 555-0143"}}},
        {"questionId": 2, "answerDetails": {"textQuestionAnswer": {"answer": "Roofer"}}},
        {"questionId": 3, "answerDetails": {"multipleChoiceAnswer": {"options": [1, 2]}}},
        {"questionId": 4, "answerDetails": {"textQuestionAnswer": {"answer": "not an address"}}},
        {"questionId": 99, "answerDetails": {"textQuestionAnswer": {"answer": "lost"}}},
        "odd",
    ]
    response = {"answers": answers, "consentResponses": [{"consentId": 7, "accepted": True}, {"consentId": 8, "accepted": False}]}
    made = linkedin.common_lead(NOTICE, {"form": form, "formResponse": response, "testLead": True}, region="US")
    assert (made["phone"], made["is_test"]) == ("+15125550143", True)
    assert (made["utm"], made["click_ids"]) == ({"campaign": "spring"}, {"gclid": "g1"})
    assert made["consent"] == [{"key": "7", "value": True, "text": "You may call me"}, {"key": "8", "value": False}]
    extra = {
        "lead_type": "SPONSORED",
        "job_title": "Roofer",
        "Which roof?": "Tile, Slate",
        "unnamed 99": "lost",
        "team": "north",
    }
    assert extra.items() <= made["extra"].items()
    assert made["extra"]["email_as_typed"] == "not an address"


@pytest.mark.parametrize(
    "answer", [{}, {"form": None, "formResponse": []}, {"formResponse": {"answers": [None, {"questionId": None}]}}]
)
def test_an_odd_answer_is_what_the_notice_said(answer):
    made = linkedin.common_lead(NOTICE, answer, region="US")
    assert (made["external_id"], made["submitted_at"]) == (NOTICE["external_id"], NOTICE["submitted_at"])
    assert hubspot.common_lead(EVENT, answer, region="US")["external_id"] == EVENT["external_id"]


def test_a_linkedin_lead_goes_the_way_of_every_form(engine, settings, wire, provider):
    notify(engine, NOTICE)
    provider.leads[MEI] = ANSWER
    assert fetch_due(engine, settings, wire, NOW) == 1
    [asked] = provider.asked
    assert asked.target.startswith(f"/rest/leadFormResponses/{MEI}?fields=")
    assert (asked.headers["authorization"], asked.headers["x-restli-protocol-version"]) == ("Bearer li-token", "2.0.0")
    assert len(asked.headers["linkedin-version"]) == 6
    assert advance.drain_inbox(engine, NOW) == 1
    assert rows(engine, "people")[0]["email"] == "mei@example.com"


def test_a_hubspot_contact_goes_the_way_of_every_form(engine, settings, wire, provider):
    notify(engine, EVENT)
    provider.leads["51"] = CONTACT
    fetch_due(engine, settings, wire, NOW)
    assert provider.asked[0].target.startswith("/crm/v3/objects/contacts/51?properties=firstname,lastname,")
    [row] = rows(engine, "inbox")
    said = row["content"]
    assert (said["name"], said["email"], said["phone"], said["company"]) == (
        "Zoë Ruiz",
        "zoe@example.com",
        "+15125550143",
        "Ruiz Ltd",
    )
    assert (said["utm"], said["click_ids"], said["campaign"]) == (
        {"campaign": "spring"},
        {"gclid": "g1"},
        {"medium": "PAID_SEARCH"},
    )
    assert said["extra"]["subscription"] == "contact.creation"


def test_two_phones_and_two_addresses_are_both_kept():
    more = {**CONTACT["properties"], "phone": "512 555 0100", "work_email": "zoe@ruiz.example"}
    made = hubspot.common_lead(EVENT, {"properties": more}, region="US")
    assert (made["phone"], made["email"]) == ("+15125550100", "zoe@example.com")
    assert (made["extra"]["mobilephone"], made["extra"]["work_email"]) == ("(512) 555-0143", "zoe@ruiz.example")


@pytest.mark.parametrize(("notice", "name"), [(NOTICE, "LINKEDIN_TOKEN"), (EVENT, "HUBSPOT_TOKEN")])
def test_without_a_token_the_lead_is_kept_and_the_operator_told(engine, provider, wire, tmp_path, notice, name):
    notify(engine, notice)
    fetch_due(engine, settings_for(provider, tmp_path), wire, NOW)
    [row] = rows(engine, "inbox")
    assert (row["event"], row["done_at"]) == ("fetch_required", None)
    assert f"{name} is not set" in str(rows(engine, "notices")[0]["text"])
    assert provider.asked == []


def test_what_the_vendor_refuses_is_kept(engine, settings, wire, provider):
    notify(engine, NOTICE)  # the fake knows no such lead
    fetch_due(engine, settings, wire, NOW)
    assert rows(engine, "inbox")[0]["done_at"] is None
    assert "LinkedIn answered 400" in str(rows(engine, "notices")[0]["text"])


@pytest.mark.parametrize("made_up", ["../me", "5?x=", "", "5/6"])
def test_an_id_that_is_none_is_never_asked_for(settings, wire, provider, made_up):
    for vendor in (linkedin, hubspot):
        with pytest.raises(SendFailed):
            vendor.ask({"fetch": {"id": made_up, "object_id": made_up}}, settings, wire)
    assert provider.asked == []


def test_a_vendor_nobody_knows_holds_up_no_other(engine, settings, wire, provider):
    notify(engine, {**EVENT, "external_id": "x", "fetch": {"vendor": "nobody"}})
    notify(engine, EVENT)
    provider.leads["51"] = CONTACT
    assert fetch_due(engine, settings, wire, NOW) == 2
    assert {row["event"] for row in rows(engine, "inbox")} == {"fetch_required", "form"}


def test_the_folder_is_the_list():
    assert set(VENDORS) == {"meta", "linkedin", "hubspot"}
    assert vendor_of({"leadgen_id": "1"}).name == "meta"
    assert all(vendor.mend for vendor in VENDORS.values())
