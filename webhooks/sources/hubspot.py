"""HubSpot: a workflow's webhook brings the contact itself; an app's webhook only names contacts, which a worker then fetches."""

from collections.abc import Iterator, Mapping, Sequence

import structlog

from config import lead, normal
from store.inbox import Received
from webhooks import form_signatures, hubspot_contact, keys, stage_reports
from webhooks.answers import Answer, as_json
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, Unreadable
from webhooks.example import Example

log = structlog.get_logger("webhooks")
EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"vid": 5114, "portal-id": 62515, "properties": {"firstname": {"value": "Dana"}, "lastname": {"value": "Cole"}, "email": {"value":'
    b' "dana@example.com"}, "phone": {"value": "+15125550143"}}, "form-submissions": [{"conversion-id": "f7f8-14", "timestamp": 1726000000000,'
    b' "form-id": "6c4f0c1e-1111-4222-8333-444455556666", "page-url": "https://site.example/demo"}]}',
    secret="a hubspot client secret of the example",
    sign=form_signatures.sign_hubspot,
)
CONTENT_TYPES = frozenset({"application/json", "application/x-www-form-urlencoded"})
VERBS = frozenset({"POST", "GET"})
KEEPS_UNREADABLE = True
KEY_INSTEAD = True
MOST_EVENTS = 1000  # the vendor sends at most 100
DOCS = SourceDocs(
    vendor="HubSpot",
    verified_by="`X-HubSpot-Signature-v3` (HMAC of method, address, body and timestamp, 300 s) with the app's client secret; a workflow"
    " without an app: a key of ours in a header or the address",
    answers="2xx within 5 s; ours is 200, also for what cannot be read (it is kept)",
    retries="an app's webhook up to 10 times in 24 hours; a workflow's on 5xx and 429 for up to 3 days, on other 4xx not",
    key="app webhook: portal and `eventId`; workflow: portal and the newest submission's `conversion-id`, else contact and last change",
    mapped="`firstname`, `lastname`, `email`, `phone` or `mobilephone`, `company`, `message`; `hs_analytics_source` and its first detail"
    " are the campaign, HubSpot's click ids the clicks; the newest form submission gives page, form and time; other properties are kept; a changed stage is told on the lead: qualified, won, lost",
    at_vendor=(
        "Workflow: add the action Send a webhook, method POST, `https://<your Headroom>/webhooks/<source id>`; authentication: your app's"
        " client secret as the source's `secret`, or an API key in the header `Authorization` with the value `Bearer <the source's secret>`.",
        "Or app: Development > your app > Webhooks, target URL as above; subscribe to `contact.creation`, and to `contact.propertyChange` of `lifecyclestage` and"
        " `hs_lead_status` to hear how it goes on with leads that an endpoint of type hubspot brought there (any other change of a contact that"
        " you subscribe to counts as an inquiry); put the client secret into `secret`.",
    ),
    options={
        "older_signatures": "true accepts v2 and v1 signatures too (plain hashes: only where a workflow sends no v3). Default false"
    },
    thin="retries, and which characters of the address are decoded before it is signed, are from general knowledge: the address is tried"
    " as sent and decoded, with its port and without, and the log says which fitted (signature_matched: reading). Contacts that our own app"
    " wrote are no leads.",
)
_SIGNATURES = ("x-hubspot-signature-v3", "x-hubspot-signature")
_ERASURES = ("privacydeletion",)
_STAGES = frozenset({"lifecyclestage", "hs_lead_status"})
_PROGRAMS = frozenset({"INTEGRATION", "API"})
_IGNORED = ("deletion", "merge", "restore", "associationchange")


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine. A signature that is there must fit; a key counts only where there is none."""
    if not any(name in delivery.headers for name in _SIGNATURES):
        keys.verify(delivery, secrets)
        log.info("signature_matched", source=delivery.source.id, reading="none, key alone")
        return
    older = delivery.source.options.get("older_signatures") is True
    reading = form_signatures.hubspot_reading(delivery, secrets, older=older)
    if not reading:
        mend = "Put the app's client secret into `secret`, check PUBLIC_URL and your clock (300 s); v3 is needed unless `older_signatures` is true."
        raise NotGenuine("The signature is wrong or too old", where="the X-HubSpot-Signature-v3 header", mend=mend)
    log.info("signature_matched", source=delivery.source.id, reading=reading)


def parse(delivery: Delivery) -> list[Received]:
    """The contact of a workflow, or one record for each contact an app's webhook names. Raises Unreadable."""
    if delivery.method == "GET" or delivery.mimetype != "application/json":
        return [hubspot_contact.heard_contact(delivery, dict(delivery.form.items()))]
    value = delivery.json
    several = value if isinstance(value, list) else [value]
    events = [each for each in several if isinstance(each, dict)]
    if len(events) < len(several):
        raise Unreadable("This is neither a contact nor a list of events", where="the body", mend="Send HubSpot's webhooks only.")
    if isinstance(value, list) or (isinstance(value, dict) and "subscriptionType" in value):
        found = [each for event in events[:MOST_EVENTS] for each in _named(delivery, event)]
        return _once_each(list({each.external_id: each for each in found}.values()))
    return [hubspot_contact.heard_contact(delivery, delivery.json_object)]


def answer(_delivery: Delivery, _recorded: Sequence[object], _after: object) -> Answer:
    """Any 2xx will do."""
    return as_json(200, {})


def _named(delivery: Delivery, event: Mapping[str, object]) -> Iterator[Received]:
    """What is to be fetched. A list without what an event has may be a workflow's list of contacts."""
    kind = str(event.get("subscriptionType") or "")
    if not kind and "properties" in event:
        yield hubspot_contact.heard_contact(delivery, event)
        return
    what = kind.rpartition(".")[2].lower()
    names = ("objectId", "portalId", "eventId", "appId", "subscriptionId")
    contact, portal, number, app, subscription = (normal.identifier(event.get(name)) for name in names)
    is_contact = kind.startswith("contact.") or str(event.get("objectTypeId")) == "0-1"
    if not is_contact or not contact or what in _IGNORED or _is_ours(event, app):
        return
    number = number or f"{subscription}:{contact}:{normal.identifier(event.get('occurredAt'))}"
    key = f"hubspot:{portal}:{number}"
    if event.get("propertyName") in _STAGES:
        if event.get("changeSource") not in _PROGRAMS:  # else it may be what we wrote there ourselves
            record = stage_reports.Record("contact", contact)
            yield stage_reports.heard(delivery, key, record, said=event.get("propertyValue"), at=event.get("occurredAt"))
        return
    content = lead.common_lead(
        external_id=key,
        kind="form",
        channel="form",
        is_test=False,
        submitted_at=normal.instant(event.get("occurredAt", "")),
        fetch={"vendor": "hubspot", "object_id": contact, "portal_id": portal},
        extra={"subscription": normal.clean_line(kind, 80), "contact_id": contact, **_change(event)},
    )
    word = "erase_request" if what in _ERASURES else "fetch_required"
    yield Received(delivery.source.id, key, word, content, delivery.piece(event), delivery.kept_headers, delivery.received_at)


def _once_each(found: Sequence[Received]) -> list[Received]:
    """Of several events that name one contact (created, then each property) one has it fetched: that it was created, else the last."""
    kept: dict[object, Received] = {}
    for each in found:
        wanted = each.content.get("fetch")
        key = (
            each.event,
            wanted.get("object_id") if isinstance(wanted, dict) and each.event == "fetch_required" else each.external_id,
        )
        if key not in kept or _is_creation(each) or not _is_creation(kept[key]):
            kept[key] = each
    return list(kept.values())


def _is_creation(event: Received) -> bool:
    about = event.content.get("extra")
    return isinstance(about, dict) and str(about.get("subscription")).endswith(".creation")


def _is_ours(event: Mapping[str, object], app: str) -> bool:
    """Did the very app that is subscribed write this contact? Then it came from us."""
    writer = normal.identifier(event.get("sourceId"))
    return event.get("changeSource") in ("INTEGRATION", "API") and bool(app) and writer == app


def _change(event: Mapping[str, object]) -> dict[str, object]:
    named = {"property": event.get("propertyName"), "property_value": event.get("propertyValue")}
    return {name: normal.clean_line(value) for name, value in named.items() if value not in (None, "")}
