"""CRMs tell how it goes on with leads that we brought there."""

import base64
import json

import pytest

from routing.team import Source
from webhooks.sources import hubspot, pipedrive, salesforce

SECRET = "a key that nobody guesses"
SOAP = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D000000000001EAA</OrganizationId>
<Notification><Id>04l000000000001AAA</Id><sObject xsi:type="sf:Lead" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>00Q5g00000AbCdEAAX</sf:Id><sf:Status>Qualified</sf:Status></sObject></Notification>
</notifications></soapenv:Body></soapenv:Envelope>"""


@pytest.fixture
def crm(front):
    for kind in ("salesforce", "pipedrive", "hubspot"):
        front.sources[kind] = Source(kind, kind, secrets=(SECRET,))
    return front


def post(crm, source, body, content_type="application/json", **headers):
    said = body if isinstance(body, str) else json.dumps(body)
    given = headers or {"Authorization": f"Bearer {SECRET}"}
    return crm.client.post(f"/webhooks/{source}", data=said, headers={"Content-Type": content_type, **given})


def test_an_outbound_message_of_salesforce_is_heard_and_acknowledged_in_soap(crm):
    answer = post(crm, "salesforce", SOAP, "text/xml; charset=utf-8")
    assert answer.status_code == 200 and "<Ack>true</Ack>" in answer.text
    said = crm.last.content
    assert (crm.last.event, crm.last.external_id, said["said"]) == (
        "stage_reported",
        "salesforce:04l000000000001AAA",
        "Qualified",
    )
    assert said["records"] == [{"kind": "lead", "record": "00Q5g00000AbCdE"}]


def test_a_flow_of_salesforce_posts_json(crm):
    assert post(crm, "salesforce", {"Id": "00Q5g00000AbCdEAAX", "Status": "Closed - Not Converted"}).json == {}
    assert crm.last.content["said"] == "Closed - Not Converted"


@pytest.mark.parametrize("body", ['<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<a><b></a>", "no xml", ""])
def test_xml_that_is_none_of_theirs_is_refused(crm, body):
    assert post(crm, "salesforce", body, "text/xml").status_code == 400
    assert crm.heard == []


def a_deal(**changes):
    said = json.loads(pipedrive.EXAMPLE.body)
    return {**said, "data": {**said["data"], **changes}}


def test_a_deal_that_is_won_in_pipedrive_is_told_of_its_person(crm):
    basic = base64.b64encode(f"headroom:{SECRET}".encode()).decode()
    assert post(crm, "pipedrive", a_deal(), Authorization=f"Basic {basic}").status_code == 200
    said = crm.last.content
    assert (said["said"], said["records"]) == ("won", [{"kind": "person", "record": "501"}])


@pytest.mark.parametrize("header", ["Basic " + base64.b64encode(b"x:wrong").decode(), "Basic !!", "Bearer wrong"])
def test_a_wrong_password_is_refused(crm, header):
    assert post(crm, "pipedrive", a_deal(), Authorization=header).status_code == 403
    assert crm.heard == []


@pytest.mark.parametrize(
    "said",
    [{**a_deal(), "previous": {"title": "x"}}, {**a_deal(), "meta": {"entity": "person", "id": "1", "action": "create"}}, a_deal(person_id=None), {}],
)  # fmt: skip
def test_what_is_no_change_of_a_deals_stage_is_none(crm, said):
    assert post(crm, "pipedrive", said).status_code == 200
    assert crm.heard == []


def an_event(**changes):
    event = {
        "eventId": 14,
        "portalId": 62515,
        "objectId": 101,
        "subscriptionType": "contact.propertyChange",
        "occurredAt": 1726000000000,
    }
    return [{**event, "propertyName": "lifecyclestage", "propertyValue": "customer", "changeSource": "CRM_UI", **changes}]


def test_a_stage_in_hubspot_is_told_and_is_no_inquiry(crm):
    assert post(crm, "hubspot", an_event()).status_code == 200
    said = crm.last.content
    assert (crm.last.event, said["said"]) == ("stage_reported", "customer")
    assert said["records"] == [{"kind": "contact", "record": "101"}]


def test_what_we_wrote_there_ourselves_does_not_come_back(crm):
    assert post(crm, "hubspot", an_event(changeSource="INTEGRATION", propertyName="hs_lead_status")).status_code == 200
    assert crm.heard == []


def test_a_new_contact_in_hubspot_is_an_inquiry_as_before(crm):
    post(crm, "hubspot", an_event(subscriptionType="contact.creation", propertyName=None))
    assert crm.last.event == "fetch_required"
    assert hubspot.EXAMPLE and salesforce.EXAMPLE
