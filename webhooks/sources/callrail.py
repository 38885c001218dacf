"""CallRail: calls that it routed (answered, missed, voicemail), texts to and forms at its tracking numbers and pages.

Steps: one address per kind of event, since the body does not name it. The plain address tells calls, texts and forms apart by
what is in them. CallRail never sends again, and what was heard from a call arrives up to 20 minutes after it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from config import lead, normal
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import call_records, signatures
from webhooks.answers import Answer
from webhooks.bodies import LARGEST_BATCH
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Unreadable
from webhooks.example import Example


def _sign(_url: str, body: bytes, secret: str, _now: datetime) -> Mapping[str, str]:
    return {"signature": signatures.sign_callrail(body, secret)}


EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"resource_id": "CAL0190af14", "answered": false, "voicemail": false, "call_type": "abandoned", "direction": "inbound", '
    b'"customer_name": "Dana Cole", "customer_phone_number": "+15125550143", "tracking_phone_number": "+15125550100", '
    b'"duration": "14", "source_name": "Google Ads", "start_time": "2026-11-24T09:58:00.236-06:00"}',
    secret="a signing key of the example",
    sign=_sign,
)
CONTENT_TYPES = frozenset({"application/json"})
KEEPS_UNREADABLE = True  # repeated failures disable the webhook
LARGEST_BODY = LARGEST_BATCH  # a long talk in writing
STEPS = frozenset(
    {"pre-call", "routing-complete", "post-call", "call-modified", "outbound-call", "outbound-modified", "text-received", "text-sent", "form", "assist"}
)  # fmt: skip
DOCS = SourceDocs(
    vendor="CallRail",
    verified_by="Signature (base64 HMAC-SHA1 with the company's signing key) over the raw body",
    answers="200 at once",
    retries="None at all: what fails is lost, and repeated failures disable the webhook",
    key="resource_id (the old numeric id where there is none)",
    mapped="An answered call is a lead that has had its first answer; a missed call, a voicemail, a text and a form are leads to "
    "answer. Name, number, tracking number, recording, landing page, utm and gclid. A recording or transcript that comes later is "
    "added. Calls you make, calls of the team, texts you send and other changes of a call are no leads",
    at_vendor=(
        "Settings, Integrations, Webhooks: copy the signing key into the source's `secret`",
        "Post-Call: `https://<your Headroom>/webhooks/<source id>/post-call`",
        "Text Message Received: `https://<your Headroom>/webhooks/<source id>/text-received`",
        "Form Submission: `https://<your Headroom>/webhooks/<source id>/form`",
        "Call Modified, if recordings come late: `https://<your Headroom>/webhooks/<source id>/call-modified`",
    ),
    thin="The kind of event is in no fixed field of the body: use one address each. At the plain address it is read from what is there; "
    "a call that still rings looks like a missed one there, but for what is not known of it yet",
)
STILL_NEWS = timedelta(hours=24)
_CALLS = frozenset({"post-call", "call-modified"})
_CALL_MARKS = frozenset({"answered", "voicemail", "call_type"})


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    where, signature = "the Signature header", delivery.headers.get("signature", "")
    if not signature:
        raise NotSigned("The signature is missing", where=where, mend="Only CallRail may call this address.")
    if not signatures.is_callrails(delivery.body, signature, secrets):
        raise NotGenuine("The signature is wrong", where=where, mend="Set the source's secret to the company's signing key.")


def parse(delivery: Delivery) -> list[Received]:
    """One call, text or form, or none for what says nothing new. Raises Unreadable without an id."""
    said = delivery.json_object
    kind = delivery.step or _kind(said)
    about = call_records.about(delivery, said)
    if kind in _CALLS and call_records.is_incoming(said) and about["phone"] not in delivery.team_phones:
        late = call_records.late(delivery, said, about) if kind == "call-modified" else []
        news = [] if _is_old(delivery, kind, about) else [call_records.call(delivery, said, about)]
        return [heard for each in (*news, *late) for heard in _heard(delivery, said, **each)]
    if kind == "text-received":
        return _heard(delivery, said, **call_records.text(delivery, said, about))
    if kind == "form":
        return _heard(delivery, said, **call_records.form(delivery, said, about))
    return []


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """Any 2xx will do."""
    return Answer(200, "OK")


def _kind(said: Mapping[str, object]) -> str:
    """The kind of event by what is in it, for the address without a step."""
    if isinstance(said.get("form_data"), dict | list) or said.get("form_url"):
        return "form"
    if "content" in said and ("source_number" in said or "destination_number" in said):
        sent_by_us = said.get("agent") or str(said.get("direction", "")).lower() == "outbound"
        return "text-sent" if sent_by_us else "text-received"
    if not _CALL_MARKS & set(said) or call_records.still_rings(said):
        return ""
    return "call-modified" if isinstance(said.get("changes"), list) else "post-call"


def _is_old(delivery: Delivery, kind: str, about: lead.Content) -> bool:
    """Is this a note or tag on a call of some day long ago? Only a fresh call whose own webhook was lost is news."""
    began_at = str(about["submitted_at"] or "")
    return kind == "call-modified" and began_at < str(normal.instant((delivery.received_at - STILL_NEWS).isoformat()))


def _heard(delivery: Delivery, said: Mapping[str, object], **told: object) -> list[Received]:
    key = normal.identifier(said.get("resource_id")) or normal.identifier(said.get("id"))
    if not key:
        raise Unreadable("There is no resource_id", where="the body", mend="Point CallRail's webhooks here, and nothing else.")
    event, part = str(told.pop("event")), str(told.pop("part", ""))
    call = {"call_sid" if part else "ended_call": f"callrail:{key}"} if told.get("kind") == "call" else {}
    content = lead.common_lead(external_id=f"callrail:{key}{part}", is_test=False, **told, **call)
    if content.get("phone") in delivery.own_numbers:
        return []
    kept = (delivery.body, delivery.kept_headers, delivery.received_at)
    return [Received(delivery.source.id, f"callrail:{key}{part}", event, content, *kept)]
