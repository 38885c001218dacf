"""Salesforce's outbound messages (SOAP), or a flow's HTTP callout (JSON): how it goes on with the leads that we brought there."""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree

from config import normal
from store.inbox import Received
from webhooks import keys, stage_reports
from webhooks.answers import Answer, as_json
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import Unreadable
from webhooks.example import Example
from webhooks.stage_reports import Record

EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"id": "00Q5g00000AbCdE14", "status": "Qualified", "key": "00Q5g00000AbCdE14:2026-11-24T15:00:00Z"}',
    secret="a long key of the example",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json", "text/xml", "application/xml"})
KEY_ALONE = True
MOST = 100  # notifications in one message, as the vendor says
DOCS = SourceDocs(
    vendor="Salesforce (stages)",
    verified_by="a key of ours in the address (outbound messages are not signed) or in the header `Authorization: Bearer`",
    answers="at once: an outbound message wants its `Ack` in SOAP; a flow any 2xx",
    retries="outbound messages for 24 hours, at growing intervals; a flow's callout not",
    key="the notification's `Id`; of a flow its `key`, else record and status",
    mapped="no new leads: `Status` of a Lead that an endpoint of type salesforce brought there tells that lead qualified, won or lost;"
    " which word means what: `stages` of the endpoint",
    at_vendor=(
        "Setup > Outbound Messages: object Lead, fields `Id` and `Status`, address `https://<your Headroom>/webhooks/<source id>?key=<secret>`;"
        " then a record-triggered flow on Lead, when `Status` changes, that sends it",
        'Or a flow with an HTTP callout: POST {"id": "{!$Record.Id}", "status": "{!$Record.Status}"} with the header `Authorization: Bearer <secret>`',
    ),
    thin="the vendor's retry times are from general knowledge",
)
ACK = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)
verify = keys.verify
_UNWELCOME = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)  # no message of theirs has one; entities can unfold without end
_RECORD = re.compile(r"[A-Za-z0-9]{15,18}")


def parse(delivery: Delivery) -> list[Received]:
    """One report for each Lead whose status is told. Raises Unreadable."""
    if delivery.mimetype == "application/json":
        told = [delivery.json_object]
        return [heard for each in told if (heard := _heard(delivery, {str(k).lower(): v for k, v in each.items()}))]
    return [heard for each in _notified(delivery.body) if (heard := _heard(delivery, each))]


def answer(delivery: Delivery, _recorded: Sequence[object], _after: object) -> Answer:
    """SOAP is answered in SOAP."""
    if delivery.mimetype == "application/json":
        return as_json(200, {})
    return Answer(200, ACK, "text/xml; charset=utf-8")


def _notified(body: bytes) -> Iterator[Mapping[str, object]]:
    if _UNWELCOME.search(body):
        raise Unreadable("A document type is not read", where="the body", mend="Send Salesforce's outbound messages only.")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise Unreadable("This is not XML", where="the body", mend="Send Salesforce's outbound messages only.") from error
    for notification in [each for each in root.iter() if _name(each) == "Notification"][:MOST]:
        fields = {_name(each).lower(): each.text or "" for item in notification if _name(item) == "sObject" for each in item}
        number = next((each.text or "" for each in notification if _name(each) == "Id"), "")
        yield {**fields, "key": number}


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _heard(delivery: Delivery, told: Mapping[str, object]) -> Received | None:
    record, status = (
        normal.identifier(told.get("id")),
        normal.clean_line(told.get("status") if isinstance(told.get("status"), str) else "", 80),
    )
    if not _RECORD.fullmatch(record) or not status:
        return None
    key = normal.identifier(told.get("key")) or f"{record}:{status}"
    # an id is written with 15 characters in one place and with 18 in another; the first 15 are the same
    return stage_reports.heard(delivery, f"salesforce:{key[:120]}", Record("lead", record[:15]), said=status)
