"""HubSpot: contacts of workflows in every shape, the events of an app, and whose signature counts."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from routing.team import Source
from webhooks.errors import Unreadable
from webhooks.form_signatures import sign_hubspot

EVENT = {"eventId": 100, "subscriptionId": 5, "portalId": 62515, "appId": 77, "occurredAt": 1726000000000, "subscriptionType": "contact.creation", "attemptNumber": 0, "objectId": 9007199254740993, "changeSource": "FORM"}  # fmt: skip
NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # where the clock of `front` stands
SECRET = "a hubspot client secret of the test"


def test_every_contact_an_app_names_is_fetched_once(hear):
    change = {
        **EVENT,
        "eventId": 101,
        "subscriptionType": "contact.propertyChange",
        "objectId": 52,
        "propertyName": "email",
        "propertyValue": "x@example.com",
    }
    heard = hear("hubspot", [EVENT, change, {**EVENT, "attemptNumber": 3}])
    assert [(each.external_id, each.event) for each in heard] == [
        ("hubspot:62515:100", "fetch_required"),
        ("hubspot:62515:101", "fetch_required"),
    ]
    assert heard[0].content["fetch"] == {"vendor": "hubspot", "object_id": "9007199254740993", "portal_id": "62515"}
    assert heard[0].content["submitted_at"] == "2024-09-10T20:26:40Z"
    assert heard[1].content["extra"]["property"] == "email"


def test_a_retry_is_the_same_thing_however_the_vendor_batches(hear):
    first, again = (
        hear("hubspot", [EVENT])[0],
        hear("hubspot", [{**EVENT, "eventId": 9, "objectId": 5}, {**EVENT, "attemptNumber": 1}])[1],
    )
    assert (first.external_id, first.content) == (again.external_id, again.content)


@pytest.mark.parametrize(
    "changes",
    [
        {"subscriptionType": "deal.creation"},
        {"subscriptionType": "contact.deletion"},
        {"subscriptionType": "object.creation", "objectTypeId": "0-2"},
        {"objectId": None},
        {"changeSource": "INTEGRATION", "sourceId": "77"},
    ],
)
def test_what_is_no_inquiry_is_not_fetched(hear, changes):
    assert hear("hubspot", [{**EVENT, **changes}]) == []


def test_other_integrations_contacts_and_the_newer_events_are_fetched(hear):
    assert len(hear("hubspot", [{**EVENT, "changeSource": "INTEGRATION", "sourceId": "78"}])) == 1
    assert len(hear("hubspot", [{**EVENT, "subscriptionType": "object.creation", "objectTypeId": "0-1"}])) == 1


def test_a_wish_to_be_forgotten_is_one(hear):
    assert [each.event for each in hear("hubspot", [{**EVENT, "subscriptionType": "contact.privacyDeletion"}])] == [
        "erase_request"
    ]


def test_of_several_submissions_the_newest_is_the_inquiry(hear):
    older, newer = ({"conversion-id": name, "timestamp": at, "form-id": f"form {name}", "page-url": f"https://x.example/?gclid={name}"} for name, at in (("old", 1725000000000), ("new", 1726000000000)))  # fmt: skip
    contact = {
        "vid": 51,
        "portal-id": 62515,
        "properties": {"firstname": {"value": "Dana"}, "mobilephone": {"value": "512 555 0143"}},
    }
    for submissions in ([older, newer], [newer, older]):
        (heard,) = hear("hubspot", {**contact, "form-submissions": submissions})
        assert (heard.external_id, heard.content["phone"]) == ("hubspot:62515:new", "+15125550143")
        assert (heard.content["extra"]["form_id"], heard.content["click_ids"]) == ("form new", {"gclid": "new"})


@pytest.mark.parametrize(
    "contact",
    [
        {"vid": 51, "properties": {"email": {"value": "dana@example.com", "versions": []}, "firstname": {"value": "Dana"}}},
        {"id": "51", "properties": {"email": "dana@example.com", "firstname": "Dana", "hs_object_id": "51", "phone": None}},
        {"objectId": 51, "email": "dana@example.com", "firstname": "Dana"},
    ],
)
def test_a_contact_in_any_shape(hear, contact):
    (heard,) = hear("hubspot", contact)
    assert (heard.content["email"], heard.content["name"]) == ("dana@example.com", "Dana")
    assert heard.external_id.startswith("hubspot:contact:51:")
    assert heard.external_id == hear("hubspot", contact)[0].external_id


def test_a_workflow_may_also_ask_by_get(hear):
    (heard,) = hear("hubspot", url="?email=dana%40example.com&firstname=Dana&lastname=Cole&vid=9")
    assert (heard.content["name"], heard.content["extra"]["contact_id"]) == ("Dana Cole", "9")


def test_properties_of_hubspots_own_are_no_words_of_the_person(hear):
    properties = {"email": "dana@example.com", "hs_lead_status": "NEW", "num_notes": "3", "lastmodifieddate": "1726000000000", "services": "Roof;Gutters", "hs_google_click_id": "Cj0", "hs_language": "de"}  # fmt: skip
    content = hear("hubspot", {"id": "51", "properties": properties})[0].content
    assert content["extra"] == {"services": "Roof, Gutters", "contact_id": "51"}
    assert (content["click_ids"], content["locale"]) == ({"gclid": "Cj0"}, "de")


def test_consent_with_its_words(hear):
    consent = {
        "consentToProcess": True,
        "text": "I agree",
        "communications": [{"value": False, "subscriptionTypeId": 999, "text": "News"}],
    }
    value = {"id": "51", "properties": {"email": "dana@example.com"}, "legalConsentOptions": {"consent": consent}}
    assert hear("hubspot", value)[0].content["consent"] == [
        {"key": "consentToProcess", "value": True, "text": "I agree"},
        {"key": "999", "value": False, "text": "News"},
    ]


def test_poison_is_kept_and_answered_with_success(front):
    front.sources["crm"] = Source("crm", "hubspot", secrets=(SECRET,))
    for body in (b"{}", b"[1]", b"{broken", b'"text"'):
        headers = sign_hubspot("https://leads.example.com/webhooks/crm", body, SECRET, NOW)
        answer = front.client.post("/webhooks/crm", data=body, headers={"Content-Type": "application/json", **headers})
        assert answer.status_code == 200
        assert (front.last.event, front.last.body) == ("unreadable", body)
    assert front.client.post("/webhooks/crm", data=b"{}", headers={"Content-Type": "application/json"}).status_code == 401


def test_an_array_that_names_nobody_is_answered_with_success(front):
    front.sources["crm"] = Source("crm", "hubspot", secrets=(SECRET,))
    body = json.dumps([{**EVENT, "subscriptionType": "deal.creation"}]).encode()
    headers = sign_hubspot("https://leads.example.com/webhooks/crm", body, SECRET, NOW)
    answer = front.client.post("/webhooks/crm", data=body, headers={"Content-Type": "application/json", **headers})
    assert (answer.status_code, front.heard) == (200, [])


@pytest.mark.parametrize(("signed", "sent"), [("x=a:b/c", "x=a%3Ab%2Fc"), ("x=a:b/c", "x=a%3ab%2fc"), ("x=a%20b", "x=a%20b"), ("x=a%3Ab", "x=a%3Ab")])  # fmt: skip
def test_an_address_signed_decoded_or_as_sent_is_genuine(front, signed, sent):
    front.sources["crm"] = Source("crm", "hubspot", secrets=(SECRET,))
    body = json.dumps([EVENT]).encode()
    headers = sign_hubspot(f"https://leads.example.com/webhooks/crm?{signed}", body, SECRET, NOW)
    environ = {"RAW_URI": f"/webhooks/crm?{sent}"}
    sent_headers = {"Content-Type": "application/json", **headers}
    assert front.client.post("/webhooks/crm", data=body, headers=sent_headers, environ_overrides=environ).status_code == 200
    assert front.client.post("/webhooks/crm?x=other", data=body, headers=sent_headers).status_code == 403


def test_an_older_signature_counts_only_where_the_team_file_says_so(front):
    body = json.dumps([EVENT]).encode()
    url = "https://leads.example.com/webhooks/crm"
    headers = {
        "Content-Type": "application/json",
        "X-HubSpot-Signature": sha256(f"{SECRET}POST{url}".encode() + body).hexdigest(),
    }
    for options, status in (({}, 403), ({"older_signatures": False}, 403), ({"older_signatures": True}, 200)):
        front.sources["crm"] = Source("crm", "hubspot", secrets=("rotated", SECRET), options=options)
        assert front.client.post("/webhooks/crm", data=body, headers=headers).status_code == status
    assert front.client.post("/webhooks/crm", data=body + b" ", headers=headers).status_code == 403


def test_neither_a_contact_nor_events(hear):
    for value in ({}, [1], "text", {"properties": {}}):
        with pytest.raises(Unreadable):
            hear("hubspot", value)
