"""Meta: lead ads (whose fields a worker fetches), Messenger, Instagram and WhatsApp Cloud messages, all at one address."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from config import lead, normal
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import meta_messages, signatures, whatsapp_messages
from webhooks.answers import Answer
from webhooks.bodies import LARGEST_BATCH
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Unreadable
from webhooks.example import Example
from webhooks.meta_messages import SAMPLE_ENTRY, Object, inner, objects


def _sign(_url: str, body: bytes, secret: str, _now: datetime) -> Mapping[str, str]:
    return {"x-hub-signature-256": signatures.sign_meta(body, secret)}


EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"object": "page", "entry": [{"id": "153125381133", "time": 1700000000, "changes": [{"field": "leadgen", "value": {'
    b'"leadgen_id": "1401", "page_id": "153125381133", "form_id": "77", "adgroup_id": "88", "ad_id": "99", "created_time": 1700000000}}]}]}',
    secret="an app secret of the example",
    sign=_sign,
)
CONTENT_TYPES = frozenset({"application/json"})
SETTINGS_SECRETS = "meta_app_secret"
KEEPS_UNREADABLE = True  # failures unsubscribe the page
LARGEST_BODY = LARGEST_BATCH  # up to 1,000 updates a POST: 230 bytes each for lead ads, more for messages
DOCS = SourceDocs(
    vendor="Meta: lead ads, Messenger, Instagram, WhatsApp Cloud",
    verified_by="`X-Hub-Signature-256` (HMAC-SHA256 of the raw body) with the app secret; once, by GET, the verify token",
    answers="200, within 5 s, also for what cannot be read (it is kept)",
    retries="at once, then less and less often over 36 hours (WhatsApp up to 7 days); after an hour of failures a page is unsubscribed",
    key="`leadgen_id`, `message.mid`, WhatsApp's message id",
    mapped="lead ads: campaign, ad set, ad and form, and what a worker fetches (answers, consent); messages: words, attachments, the ad or link"
    " they came from; echoes, receipts and reactions are no leads",
    at_vendor=(
        "developers.facebook.com > your app > Webhooks: callback URL `https://<your Headroom>/webhooks/<source id>`, verify token as"
        " `META_VERIFY_TOKEN`.",
        "Page: subscribe to leadgen, messages, messaging_postbacks; Instagram: messages; WhatsApp Business Account: messages.",
        "Put the app secret into `META_APP_SECRET` and a page token with leads_retrieval into `META_PAGE_TOKEN`; of several pages or"
        " Instagram accounts `<id>:<token>` each, with commas between them.",
        "Business settings > Integrations > Leads access: let the app read the page's leads.",
    ),
    tests="the dashboard's test button (lead 444444444444), and leads whose answers are Meta's dummy data",
)
TEST_LEAD = "444444444444"  # what the app dashboard's test button sends as id of a lead and of its page
_SAMPLED = frozenset({"messages", "messaging_postbacks"})  # the dashboard's test buttons send messages as changes
_CAMPAIGN = {"ad_id": "ad_id", "adset_id": "adgroup_id", "form_id": "form_id", "id": "campaign_id"}


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine. The raw bytes are signed: Meta escapes non-ASCII, so re-made JSON never fits."""
    signature = delivery.headers.get("x-hub-signature-256", "")
    if not signature:
        raise NotSigned(
            "The signature is missing", where="the X-Hub-Signature-256 header", mend="Only Meta may call this address."
        )
    if not signatures.is_metas(delivery.body, signature, secrets):
        raise NotGenuine(
            "The signature is wrong", where="the X-Hub-Signature-256 header", mend="Set META_APP_SECRET to the app's secret."
        )


def handshake(delivery: Delivery) -> Answer:
    """Meta asks once whether the address is ours: repeat its challenge. Raises NotGenuine for a wrong token."""
    query, token = delivery.query, delivery.settings.meta_verify_token
    given = query.get("hub.verify_token", "").encode("utf-8", "replace")
    if query.get("hub.mode") != "subscribe" or not token or not hmac.compare_digest(given, token.encode()):
        mend = "Enter the value of META_VERIFY_TOKEN in the app's dashboard."
        raise NotGenuine("The verify token is wrong", where="hub.verify_token", mend=mend)
    return Answer(200, normal.clean_line(query.get("hub.challenge", ""), 200))


def parse(delivery: Delivery) -> list[Received]:
    """One record for each lead and each message; receipts, echoes and reactions give none. Raises Unreadable."""
    value = delivery.json_object
    if not isinstance(value.get("object"), str) or not isinstance(value.get("entry"), list):
        raise Unreadable(
            "This is no update of Meta's", where="object, entry", mend="Subscribe this address to page or WhatsApp updates."
        )
    said = [update for entry in objects(value["entry"]) for update in _updates(delivery, str(value["object"]), entry)]
    known = list({each.external_id: each for each in said}.values())
    return [replace(known[0], body=delivery.body)] if len(known) == 1 else known


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """Any 200 will do."""
    return Answer(200, "EVENT_RECEIVED")


def _updates(delivery: Delivery, kind: str, entry: Object) -> Iterator[Received]:
    for change in objects(entry.get("changes")):
        field, value = str(change.get("field")), inner(change, "value")
        if field == "leadgen":
            yield from _heard(delivery, "fetch_required", _leadgen(entry, value), value)
        elif kind == "whatsapp_business_account" and field == "messages":
            yield from _whatsapp(delivery, entry, value)
        elif field in _SAMPLED:
            yield from _heard(delivery, "message", meta_messages.direct(kind, entry, value), value)
    for message in (*objects(entry.get("messaging")), *objects(entry.get("standby"))):
        yield from _heard(delivery, "message", meta_messages.direct(kind, entry, message), message)


def _whatsapp(delivery: Delivery, entry: Object, value: Object) -> Iterator[Received]:
    for message in objects(value.get("messages")):
        said = whatsapp_messages.message(value, message, entry=entry, region=delivery.region)
        ours = said is not None and said.get("phone") in delivery.own_numbers
        yield from _heard(delivery, "message", None if ours else said, message)
    for status in objects(value.get("statuses")):
        yield from _heard(delivery, "delivery_receipt", whatsapp_messages.status(value, status), status)


def _heard(delivery: Delivery, event: str, content: lead.Content | None, update: Object) -> Iterator[Received]:
    """Of several in one POST the body kept is this update alone: else each of a thousand would carry all the others."""
    if content:
        key, body = str(content["external_id"]), delivery.piece(update)
        yield Received(delivery.source.id, key, event, content, body, delivery.kept_headers, delivery.received_at)


def _leadgen(entry: Object, value: Object) -> lead.Content | None:
    """A lead ad was filled in. Its `adgroup_id` is what everybody else calls the ad set; organic leads have no ad, or the ad 0."""
    leadgen_id = normal.identifier(value.get("leadgen_id"))
    if not leadgen_id:
        return None
    ids = {ours: normal.identifier(value.get(theirs)) for ours, theirs in _CAMPAIGN.items()}
    return lead.common_lead(
        external_id=f"meta_leadgen:{leadgen_id}",
        kind="form",
        channel="ads_form",
        leadgen_id=leadgen_id,
        campaign={ours: each for ours, each in ids.items() if each != "0"},
        submitted_at=normal.instant(value.get("created_time", "")),
        is_test=leadgen_id == TEST_LEAD or entry.get("id") == SAMPLE_ENTRY,
        extra={"page_id": normal.identifier(value.get("page_id"))},
    )
