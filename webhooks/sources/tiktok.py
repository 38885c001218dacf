"""TikTok lead forms. The vendor's own page could not be read: both shapes that public receivers read are taken, and everything is
kept as it came.

Proof is a key at the end of the address, or TikTok-Signature made with the app's secret, whichever the delivery carries.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import structlog

from config import normal
from config.questions import Asked
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import bodies, keys, signatures
from webhooks.answers import Answer
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, Unreadable
from webhooks.example import Example
from webhooks.submission import Told, heard

log = structlog.get_logger("webhooks")


def _sign(_url: str, body: bytes, secret: str, now: datetime) -> Mapping[str, str]:
    return {"tiktok-signature": signatures.sign_tiktok(body, secret, now)}


EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"object": "lead", "time": 1700000000, "entry": [{"lead_id": "7300000000000000014", "page_id": "7200000000000000002", '
    b'"campaign_id": "1780000000000003", "campaign_name": "Spring", "create_time": "2023-11-14 22:13:20", "changes": ['
    b'{"field": "name", "value": "Tariq Ali"}, {"field": "phone_number", "value": "+971501234567"}]}]}',
    secret="a client secret of the example",
    sign=_sign,
)
CONTENT_TYPES = frozenset({"application/json", "text/plain"})
KEY_ALONE = True
DOCS = SourceDocs(
    vendor="TikTok lead generation",
    verified_by="A key at the end of the address, or TikTok-Signature (t, s: HMAC-SHA256 with the app's secret) where it is sent",
    answers="200 at once, also for what cannot be read (it is kept)",
    retries="At least once, with growing pauses, for up to 72 h",
    key="lead_id",
    mapped="name, email, phone_number to ours; custom questions to extra; campaign, ad group, ad and page (form) to campaign",
    at_vendor=(
        "Make up a key of at least 22 letters and digits and set it as the source's `secret`",
        "TikTok Ads Manager, Tools, Leads Center, CRM integration (or the API's subscription): enter "
        "`https://<your Headroom>/webhooks/<source id>/<the key>`",
        "If your app signs its webhooks, add its client secret to `secret` as well (a list)",
        "Send a test lead and look at it on /leads: rename fields with `fields` of the source if something is missing",
    ),
    tests="A lead marked as a test (is_test, test_lead), or filled with dummy data",
    thin="Body and signature are not established from the vendor: entry[].changes[] and a JSON text in `content` are both read, "
    "with or without signature. The log says which was there (tiktok_read: shape; tiktok_believed: by); capture a first real delivery (its raw "
    "bytes and its signature are kept) before you rely on it",
)
KEEPS_UNREADABLE = True  # its shape is not established: what nobody could read is kept, and not sent again for 72 h
MOST_LEADS = 100
_WRAPPERS = ("entry", "leads", "lead", "data", "content")
_ANSWERS = ("changes", "field_data", "fields", "answers", "questions")
_NAMES, _VALUES = ("field", "name", "key", "question", "label"), ("value", "values", "answer")
_CAMPAIGN = {
    "id": "campaign_id", "name": "campaign_name", "adgroup_id": "adgroup_id", "ad_id": "ad_id", "form_id": "page_id",
}  # fmt: skip
_NAMED = {"form_name": "page_name", "ad_name": "ad_name", "adgroup_name": "adgroup_name"}
_ABOUT = frozenset({
    *_CAMPAIGN.values(), *_ANSWERS, *_WRAPPERS, "id", "lead_id", "object", "time", "create_time", "event", "client_key", "user_openid",
    "form_id", "is_test", "test_lead", "timestamp", "advertiser_id", "page_name", "ad_name", "adgroup_name",
})  # fmt: skip
_DUMMY = "<test lead"


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine. A signature that is there must fit; the log says by what it was believed."""
    signature = delivery.headers.get("tiktok-signature", "")
    if signature and signatures.is_tiktoks(delivery.body, signature, secrets, delivery.received_at):
        log.info("tiktok_believed", source=delivery.source.id, by="signature")
        return
    if signature and not keys.has_key(delivery):
        mend = "Set the source's secret to the app's client secret, and check your clock."
        raise NotGenuine("The signature is wrong or too old", where="the TikTok-Signature header", mend=mend)
    keys.verify(delivery, secrets)
    log.info("tiktok_believed", source=delivery.source.id, by="key", has_signature=bool(signature))


def parse(delivery: Delivery) -> list[Received]:
    """One record for each lead. Events that are no leads give none. Raises Unreadable."""
    value = delivery.json
    told = [(_heard(delivery, said), shape) for said, shape in list(_leads(value, {}, ()))[:MOST_LEADS]]
    found = list({each.external_id: each for each, _ in told if each}.values())
    for shape in sorted({shape for each, shape in told if each}):
        log.info("tiktok_read", source=delivery.source.id, shape=shape)
    if not found and not _is_another_event(value):
        raise Unreadable("There is no lead", where="entry[].changes, content", mend="Send TikTok's lead webhooks only.")
    return found


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """200, and nothing to read."""
    return Answer(200, "OK")


def _is_another_event(value: object) -> bool:
    """The developer platform tells of videos, accounts and more at the same address."""
    event = value.get("event") if isinstance(value, dict) else None
    return isinstance(event, str) and bool(event) and "lead" not in event.lower()


def _leads(value: object, around: Mapping[str, object], path: tuple[str, ...]) -> Iterator[tuple[Mapping[str, object], str]]:
    """The objects that hold a lead's answers, each with what the objects around it say, and in which shape that was found."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):  # the developer platform sends its content as JSON in a text
        value = bodies.read_json(value.encode("utf-8", "replace"))
    if isinstance(value, list):
        for each in value:
            yield from _leads(each, around, path)
    if not isinstance(value, dict) or len(path) > len(_WRAPPERS):
        return
    inside = {name: value[name] for name in _WRAPPERS if isinstance(value.get(name), dict | list | str)}
    answers = next((name for name in _ANSWERS if isinstance(value.get(name), list | dict)), "")
    said = {**{key: kept for key, kept in around.items() if key not in _ANSWERS}, **value}
    if _lead_id(value) and (answers or not inside):
        yield said, ".".join((*path, answers or "(flat)"))
        return
    for name, each in inside.items():
        yield from _leads(each, {key: kept for key, kept in said.items() if key not in _WRAPPERS and key != "id"}, (*path, name))


def _heard(delivery: Delivery, said: Mapping[str, object]) -> Received | None:
    lead_id = _lead_id(said)
    pairs = list(_answered(said))
    if not pairs and said.get("lead_id"):  # a lead without its answers is kept and shown: somebody must look for it at TikTok
        pairs = [("lead_id", lead_id)]
    if not lead_id or not pairs:
        return None
    form_id = normal.identifier(said.get("form_id"))
    campaign = {ours: normal.clean_line(said.get(theirs) or "", 200) for ours, theirs in _CAMPAIGN.items()}
    told = Told(
        key=f"tiktok:{lead_id}",
        is_test=_is_test(said, pairs),
        extra={ours: normal.clean_line(said.get(theirs) or "", 200) for ours, theirs in _NAMED.items()},
        lead={
            "channel": "ads_form",
            "campaign": {**campaign, "form_id": form_id or campaign["form_id"]},
            "submitted_at": normal.instant(said.get("create_time") or said.get("time") or said.get("timestamp") or ""),
        },
    )
    return heard(delivery, [Asked(name, value) for name, value in pairs], told)


def _lead_id(said: Mapping[str, object]) -> str:
    return normal.identifier(said.get("lead_id")) or normal.identifier(said.get("id"))


def _answered(said: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The answers as (name, value): a list of objects, an object, or plain keys beside the ids."""
    for place in _ANSWERS:
        answers = said.get(place)
        if isinstance(answers, dict):
            yield from bodies.pairs_of(answers)
        for each in answers if isinstance(answers, list) else []:
            if isinstance(each, dict) and (name := _first(each, _NAMES)):
                value = _first(each, _VALUES)
                yield normal.clean_line(name, 200), value[0] if isinstance(value, list) and len(value) == 1 else value
    yield from ((key, value) for key, value in said.items() if key not in _ABOUT and isinstance(value, str | int | float))


def _first(each: Mapping[str, object], names: Sequence[str]) -> object:
    return next((each[name] for name in names if each.get(name) not in (None, "")), "")


def _is_test(said: Mapping[str, object], pairs: Sequence[tuple[str, object]]) -> bool:
    marked = any(str(said.get(name)).lower() in ("true", "1") for name in ("is_test", "test_lead"))
    return marked or any(str(value).lower().startswith(_DUMMY) for _, value in pairs)
