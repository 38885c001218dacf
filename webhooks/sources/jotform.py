"""Jotform: a form post whose field `rawRequest` holds the answers as JSON. It signs nothing, so a key of ours proves it."""

import re
from collections.abc import Mapping

from config import lead, normal
from config.consent import agrees
from config.fields import our_name
from config.questions import Asked
from store.inbox import Received
from webhooks import bodies, keys, php
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import Unreadable
from webhooks.example import Example
from webhooks.submission import Told, heard, joined

EXAMPLE = Example(
    headers={"content-type": "application/x-www-form-urlencoded"},
    body=b"formID=203112345678901&submissionID=5123456789012345614&formTitle=Quote&ip=203.0.113.7&type=WEB"
    b"&rawRequest=%7B%22submitDate%22%3A%221762649526949%22%2C%22q3_name%22%3A%7B%22first%22%3A%22Dana%22%2C%22last%22%3A%22Cole%22%7D%2C"
    b"%22q4_email%22%3A%22dana%40example.com%22%7D",
    secret="jotform-3p2nZkq0w8yTqvB7mXcA",
    sign=keys.bearer,
    signs_body=False,
)
CONTENT_TYPES = frozenset({"multipart/form-data", "application/x-www-form-urlencoded", "application/json"})
KEY_ALONE = True
verify = keys.verify
DOCS = SourceDocs(
    vendor="Jotform",
    verified_by="no signature: a key of ours (128 bit or more) in the address",
    answers="any 2xx, no limit is documented; ours is 202 at once",
    retries="none promised",
    key="`submissionID` (19 digits, kept as text); an edited submission has the same one and makes no second lead",
    mapped="the fields of `rawRequest` (`q<number>_<name>`): names from {first, last}, phones from {full} or {country, area, phone},"
    " the rest by their names or under `fields`; `submitDate` is the time, `path` and `ip` are kept",
    at_vendor=(
        "Open the form builder, then Settings > Integrations > Webhooks.",
        "Enter `https://<your Headroom>/webhooks/<source id>?key=<the source's secret>` and press Complete Integration.",
        "Send one response through the form's own page.",
    ),
    thin="accounts with HIPAA features may send no answers: the lead then holds what little came. Where `rawRequest` cannot be read, `pretty` is.",
)
_QUESTION = re.compile(r"q(\d+)_(.*)", re.DOTALL)
_HOUSEKEEPING = frozenset(
    [
        "slug",
        "jsExecutionTracker",
        "submitSource",
        "submitDate",
        "buildDate",
        "event_id",
        "path",
        "validatedNewRequiredFieldIDs",
        "timeToSubmit",
        "preview",
        "eventObserver",
        "uploadServerUrl",
        "temp_upload",
        "simple_fpc",
        "website",
        "unique_id",
        "embedUrl",
        "parentURL",
        "JWTContainer",
        "referer",
    ]
)
_PRETTY = re.compile(r",\s*(?=[^,:]{1,80}:(?!//))")  # an answer may hold commas: what goes on is a label and a colon
_WHERE_IT_WAS = ("parentURL", "embedUrl", "referer")


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Unreadable without a submissionID or answers."""
    posted = _posted(delivery)
    number = normal.identifier(posted.get("submissionID"))
    raw = _raw(posted)
    if not number:
        mend = "Enter this address under Settings > Integrations > Webhooks of the form."
        raise Unreadable("There is no submission", where="submissionID", mend=mend)
    asked = [each for name, value in raw.items() for each in _asked(str(name), value)] or _shown(posted, number)
    told = Told(
        key=f"jotform:{number}",
        page_url=next((raw[name] for name in _WHERE_IT_WAS if isinstance(raw.get(name), str)), ""),
        tracked=raw,
        consent=[consent for name, value in raw.items() if (consent := _consent(str(name), value))],
        extra={
            "form_id": normal.identifier(posted.get("formID")),
            "form_name": normal.clean_line(posted.get("formTitle", "")),
            "remote_address": normal.clean_line(posted.get("ip", ""), 64),
        },
        lead={"submitted_at": _submitted_at(raw)},
    )
    return [heard(delivery, asked, told, guess=True)]


def _posted(delivery: Delivery) -> Mapping[str, object]:
    if delivery.mimetype == "application/json":
        return delivery.json_object
    return php.fields_of(delivery.form)


def _raw(posted: Mapping[str, object]) -> Mapping[str, object]:
    """The answers: JSON in a text; a relay may have unpacked it."""
    raw = posted.get("rawRequest")
    try:
        value = bodies.read_json(raw.encode("utf-8", "replace")) if isinstance(raw, str) and raw.strip() else raw
    except Unreadable:  # cut short on its way
        value = None
    if isinstance(value, dict):
        return value
    return {name: each for name, each in posted.items() if _QUESTION.fullmatch(name)}


def _shown(posted: Mapping[str, object], number: str) -> list[Asked]:
    """Where the answers cannot be read: what the vendor wrote for people to read ("Name:Kin Lane, Email:..."), else only that there was one."""
    told = joined(posted.get("pretty"))
    parts = [part.partition(":") for part in _PRETTY.split(told)] if told else []
    return [Asked(label.strip(), said, label=label) for label, mark, said in parts if mark and said] or [
        Asked("submission_id", number, "extra")
    ]


def _asked(name: str, value: object) -> list[Asked]:
    question = _QUESTION.fullmatch(name)
    slug = question[2] if question else name
    if name in _HOUSEKEEPING or value in ("", None, [], {}) or lead.is_tracking(name.lower()) or _consent(name, value):
        return []
    label = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[a-z])\d+$", " ", slug).replace("_", " ").strip()
    also = (name, f"q{question[1]}", question[1]) if question else ()
    if isinstance(value, dict):
        return _composed(slug, value, also, label)
    return [Asked(slug, value, also=also, label=label)]


def _composed(slug: str, value: Mapping[str, object], also: tuple[str, ...], label: str) -> list[Asked]:
    """A name, a phone, a date or an address in parts."""
    part = {str(key): text for key, each in value.items() if (text := joined(each))}
    if part.keys() & {"first", "last"} and not part.keys() & {"area", "city"}:
        rest = [Asked(f"{slug} {key}", part[key], "extra") for key in part if key not in ("first", "last")]
        return [Asked(slug, part.get("first", ""), "first_name"), Asked(slug, part.get("last", ""), "last_name"), *rest]
    if "full" in part or {"area", "phone"} <= part.keys() or set(part) == {"phone"}:
        return [Asked(slug, _phone(part), "phone", also, label)]
    if {"year", "month", "day"} <= part.keys():
        day = "-".join(part[key].zfill(2) for key in ("year", "month", "day"))
        return [Asked(slug, " ".join([day, *(part[key] for key in ("hour", "min", "ampm") if key in part)]), "extra", also)]
    if "timeInput" in part:
        return [Asked(slug, f"{part['timeInput']} {part.get('ampm', '')}".strip(), "extra", also)]
    return [Asked(slug, joined(value), "extra" if our_name(slug) == "extra" else "", also, label)]


def _phone(part: Mapping[str, str]) -> str:
    if "full" in part:
        return part["full"]
    country = part.get("country", "").lstrip("+")
    return " ".join(each for each in (f"+{country}" if country else "", part.get("area", ""), part.get("phone", "")) if each)


def _consent(name: str, value: object) -> lead.Content | None:
    """A ticked box whose words agree to something, or the vendor's own terms field."""
    texts = normal.texts(value)
    slug = name.partition("_")[2] or name
    terms = re.match(r"(?:terms|consent|gdpr|iAgree|optIn|marketing|smsConsent)", slug, re.IGNORECASE) is not None
    ticked = isinstance(value, list) and all(agrees(text) for text in texts)
    if not texts or not (terms or ticked):
        return None
    said = ", ".join(texts)
    refused = said.strip().lower() in ("no", "false", "0", "declined", "nein", "non")
    return lead.common_lead(key=slug, value=not refused, text=normal.clean_text(said, 1000) if agrees(said) else "")


def _submitted_at(raw: Mapping[str, object]) -> str | None:
    """Whole seconds: the vendor's milliseconds are its page's, and no use to us."""
    at = normal.identifier(raw.get("submitDate"))
    return normal.instant(at[:10] if at.isdigit() and len(at) == 13 else at)
