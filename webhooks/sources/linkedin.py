"""LinkedIn lead forms (Lead Sync): a notice names the lead, a worker fetches its words. A DELETED one asks to erase it.

The challenge that LinkedIn sends every two hours is answered for a UUID only: it is signed with the same secret as the notices,
so whoever could have any text signed could forge them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import structlog

from config import lead, normal
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import signatures
from webhooks.answers import Answer, as_json
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Unreadable
from webhooks.example import Example

log = structlog.get_logger("webhooks")


def _sign(_url: str, body: bytes, secret: str, _now: datetime) -> Mapping[str, str]:
    return {"x-li-signature": signatures.sign_linkedin(b"hmacsha256=" + body, secret)}


EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"type": "LEAD_ACTION", "leadGenFormResponse": "urn:li:leadGenFormResponse:a9d7dbd4-3f0b-4c1e-9f14-7d7f5b1c2e00-5", '
    b'"leadGenForm": "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:3162,1)", '
    b'"owner": {"sponsoredAccount": "urn:li:sponsoredAccount:502840441"}, "leadType": "SPONSORED", "leadAction": "CREATED", '
    b'"occurredAt": 1700000000018}',
    secret="a client secret of the example",
    sign=_sign,
)
CONTENT_TYPES = frozenset({"application/json"})
DOCS = SourceDocs(
    vendor="LinkedIn lead forms (Lead Sync)",
    verified_by="X-LI-Signature (HMAC-SHA256 with the app's client secret) over the raw body; GET challenges are answered for UUIDs only",
    answers="200 at once; the challenge within 3 s",
    retries="Not documented for leads; the lead itself is fetched with retries until it is there",
    key="The lead's URN and the action",
    mapped="FIRST_NAME, LAST_NAME, EMAIL, PHONE_NUMBER, COMPANY_NAME to ours; other questions and hidden fields to extra, utm from "
    "hidden fields; consent responses; form and account to campaign. A DELETED notice is a request to erase the lead",
    at_vendor=(
        "In the developer portal give your app the product Lead Sync (permission r_marketing_leadgen_automation)",
        "Under Webhooks enter `https://<your Headroom>/webhooks/<source id>` and wait until it is validated",
        'Subscribe with POST /rest/leadNotifications and {"webhook": the same address, "owner": your account, "leadType": "SPONSORED"}',
        "Set the app's client secret as `secret` of the source, and LINKEDIN_TOKEN to a member token that may read the leads",
    ),
    tests="A lead with testLead is taken as a test",
    thin='Where the text "hmacsha256=" belongs (before the signed body, or before the digest) can be read in two ways: both are '
    "accepted, and the log says which one fitted (linkedin_signature_matched)",
)
KEEPS_UNREADABLE = True  # failures may block the address
MOST_NOTICES = 100
_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)  # version 4, as documented
_FORM = re.compile(r"leadGenForm:([0-9]+)")
_RESPONSE_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine; logs which reading of the scheme fitted."""
    where, signature = "the X-LI-Signature header", delivery.headers.get("x-li-signature", "")
    if not signature:
        raise NotSigned("The signature is missing", where=where, mend="Only LinkedIn may call this address.")
    reading = signatures.linkedin_reading(delivery.body, signature, secrets)
    if not reading:
        raise NotGenuine("The signature is wrong", where=where, mend="Set the source's secret to the app's client secret.")
    log.info("linkedin_signature_matched", source=delivery.source.id, reading=reading)


def handshake(delivery: Delivery) -> Answer:
    """Prove that the address is ours. Raises Unreadable for a challenge that is no UUID, NotGenuine without a secret."""
    code = delivery.query.get("challengeCode", "")
    secret = next((part.strip() for each in delivery.source.secrets for part in each.split(",") if part.strip()), "")
    if not _UUID.fullmatch(code):
        raise Unreadable("The challenge is no UUID", where="challengeCode", mend="Only LinkedIn asks here.")
    if not secret:
        mend = "Set the source's secret to the app's client secret."
        raise NotGenuine("There is no secret to answer with", where="the team file", mend=mend)
    return as_json(200, {"challengeCode": code, "challengeResponse": signatures.sign_linkedin(code.encode(), secret)})


def parse(delivery: Delivery) -> list[Received]:
    """A record for each lead that was created or deleted; other notices give none. Raises Unreadable."""
    value = delivery.json
    notices = value if isinstance(value, list) else [value]
    named = [each for each in notices if isinstance(each, dict)]
    if len(named) < len(notices):
        raise Unreadable(
            "This is no notice of LinkedIn's", where="the body", mend="Subscribe this address to lead notifications."
        )
    found = [heard for each in named[:MOST_NOTICES] for heard in _heard(delivery, each)]
    if not found and any(_is_about_a_lead(each) for each in named):
        raise Unreadable("The notice names no lead", where="leadGenFormResponse", mend="Look at its raw bytes in the inbox.")
    return found


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """Any 2xx will do."""
    return Answer(200, "OK")


def _heard(delivery: Delivery, notice: dict[str, object]) -> Iterator[Received]:
    lead_id = _last(notice.get("leadGenFormResponse"))
    if not _is_about_a_lead(notice) or not _RESPONSE_ID.fullmatch(lead_id):
        return
    is_erased = str(notice.get("leadAction", "CREATED")).upper() == "DELETED"
    content = _content(notice, lead_id)
    if is_erased:
        event, key = "erase_request", f"linkedin:{lead_id}:deleted"
    else:
        event, key, content["fetch"] = "fetch_required", f"linkedin:{lead_id}", {"vendor": "linkedin", "id": lead_id}
    yield Received(delivery.source.id, key, event, content, delivery.piece(notice), delivery.kept_headers, delivery.received_at)


def _is_about_a_lead(notice: dict[str, object]) -> bool:
    return notice.get("type", "LEAD_ACTION") == "LEAD_ACTION"


def _content(notice: dict[str, object], lead_id: str) -> lead.Content:
    owner, about = _object(notice, "owner"), _object(notice, "associatedEntity")
    form = _FORM.search(normal.identifier(notice.get("leadGenForm")))
    return lead.common_lead(
        external_id=f"linkedin:{lead_id}",
        kind="form",
        channel="ads_form",
        campaign={
            "form_id": form[1] if form else "",
            "account_id": _last(owner.get("sponsoredAccount")),
            "ad_id": _last(about.get("associatedCreative") or about.get("sponsoredCreative")),
            "id": _last(about.get("associatedCampaign") or about.get("sponsoredCampaign")),
        },
        submitted_at=normal.instant(notice.get("occurredAt", "")),
        is_test=False,
        extra={
            "lead_type": normal.clean_line(notice.get("leadType") or "", 40),
            "organization_id": _last(owner.get("organization")),
            "event_id": _last(about.get("event")),
        },
    )


def _last(urn: object) -> str:
    """The id at the end of urn:li:<kind>:<id>."""
    return normal.identifier(urn).rpartition(":")[2]


def _object(value: dict[str, object], key: str) -> dict[str, object]:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}
