"""Pipedrive's webhooks, version 2: how it goes on with the deals of people whom we brought there. No new leads."""

import base64
import binascii
from collections.abc import Sequence

from config import normal
from store.inbox import Received
from webhooks import keys, stage_reports
from webhooks.answers import Answer, as_json
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine
from webhooks.example import Example
from webhooks.stage_reports import Record

EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"meta": {"action": "change", "entity": "deal", "entity_id": "14", "id": "d4c4b1d6-0d6b-4cb3-a2f0-5a3e4a6f1f14", "timestamp":'
    b' "2026-11-24T15:00:00.000Z", "version": "2.0", "attempt": 1}, "data": {"id": 14, "status": "won", "person_id": 501, "title": "A roof"},'
    b' "previous": {"status": "open"}}',
    secret="a long key of the example",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"application/json"})
KEY_ALONE = True
KEEPS_UNREADABLE = True
DOCS = SourceDocs(
    vendor="Pipedrive (stages)",
    verified_by="HTTP Basic with the source's secret as the password (any user name), or the key in the address",
    answers="any 2xx within 10 s",
    retries="after 3, 30 and 150 s; banned for 30 min after 10 failures; removed after 3 days without success",
    key="`meta.id`",
    mapped="no new leads: a deal of a person that an endpoint of type pipedrive brought there tells its lead open = qualified, won or lost",
    at_vendor=(
        "Settings > Tools and apps > Webhooks: create one, version 2, event `change.deal` and another with `create.deal`, address"
        " `https://<your Headroom>/webhooks/<source id>`; HTTP Auth: any user name, the source's secret as the password",
    ),
    thin="whether a repeated delivery keeps `meta.id` is not documented; a stage told twice is one step all the same",
)


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    scheme, _, given = delivery.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        keys.verify(delivery, secrets)
        return
    if not any(keys.is_same(_password(given), secret) for secret in secrets):
        raise NotGenuine(
            "The password is wrong", where="the Authorization header", mend="Use the source's secret as the password."
        )


def parse(delivery: Delivery) -> list[Received]:
    """A deal whose status is told and changed (or that is new). Raises Unreadable."""
    said = delivery.json_object
    meta, data, previous = (value if isinstance(value := said.get(name), dict) else {} for name in ("meta", "data", "previous"))
    number, person = normal.identifier(meta.get("id") or meta.get("correlation_id")), normal.identifier(data.get("person_id"))
    is_news = meta.get("action") == "create" or "status" in previous
    if meta.get("entity") != "deal" or not number or not person or not is_news:
        return []
    record = Record("person", person)
    return [stage_reports.heard(delivery, f"pipedrive:{number}", record, said=data.get("status"), at=meta.get("timestamp"))]


def answer(_delivery: Delivery, _recorded: Sequence[object], _after: object) -> Answer:
    """Any 2xx will do."""
    return as_json(200, {})


def _password(given: str) -> str:
    try:
        return base64.b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
