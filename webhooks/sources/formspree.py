"""Formspree: one signed JSON for each submission, the fields as the page named them."""

from collections.abc import Sequence

import structlog

from config import lead, normal
from config.consent import agreed, agrees
from config.fields import our_name
from config.questions import Asked
from store.inbox import Received
from webhooks import form_signatures
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Robot, Unreadable
from webhooks.example import Example
from webhooks.submission import Told, heard, joined

log = structlog.get_logger("webhooks")
_HEADER = "formspree-signature"
EXAMPLE = Example(
    headers={"content-type": "application/json"},
    body=b'{"form": "f1a2b3c4d", "submission": {"_date": "2026-11-24T16:00:00.140000+00:00", "name": "Dana Cole", "email": "dana@example.com",'
    b' "message": "Quote please"}, "keys": ["name", "email", "message"]}',
    secret="a formspree secret of the example",
    sign=lambda _url, body, secret, now: {_HEADER: form_signatures.sign_timestamped(body, secret, name="v1", now=now)},
)
CONTENT_TYPES = frozenset({"application/json"})
DOCS = SourceDocs(
    vendor="Formspree",
    verified_by="`Formspree-Signature`: hex HMAC-SHA256 of `t.body`, `t` at most 300 s off",
    answers="any 2xx, no limit is documented; ours is 202 at once",
    retries="not documented",
    key="`_id` where it is sent; else derived from what was said, for the source's dedupe window",
    mapped="the names of the page's fields, or `fields`; `_replyto` is an e-mail address, `_date` the time; a filled `_gotcha` drops it",
    at_vendor=(
        "Open the form, then Workflow (Plugins) > Webhooks > Add.",
        "Target URL: `https://<your Headroom>/webhooks/<source id>`.",
        "Copy the signing secret it shows into the source's `secret`.",
    ),
    thin="the signature is known from public receivers only, not from a page of the vendor's. A submission without the wrapper"
    " `submission` is read as well. The log says what fitted (signature_matched, submission_read: reading).",
)
_CONTROL = frozenset(
    {"_date", "_id", "_gotcha", "_subject", "_next", "_language", "_format", "_cc", "_host", "_optin", "_status", "_errors"}
)


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    header = delivery.headers.get(_HEADER, "")
    if not header:
        mend = "Use the signing secret that Formspree shows for this webhook."
        raise NotSigned("The signature is missing", where="the Formspree-Signature header", mend=mend)
    if not form_signatures.is_timestamped(delivery.body, header, secrets, name="v1", now=delivery.received_at):
        mend = "Put the signing secret into `secret`, and check your clock (300 s)."
        raise NotGenuine("The signature is wrong or too old", where="the Formspree-Signature header", mend=mend)
    log.info("signature_matched", source=delivery.source.id, reading="t.body, v1")


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Robot where one filled `_gotcha`, and Unreadable."""
    value = delivery.json_object
    said = value.get("submission", value)
    log.info("submission_read", source=delivery.source.id, reading="flat" if said is value else "wrapped")
    if not isinstance(said, dict):
        raise Unreadable("There is no submission", where="submission", mend="Send this address Formspree's webhooks only.")
    if any(joined(said.get(name)) for name in ("_gotcha", delivery.source.honeypot) if name):
        raise Robot("honeypot")
    number = normal.identifier(said.get("_id"))
    consents = {str(name): text for name, text in said.items() if our_name(str(name)) == "extra" and agrees(str(name))}
    told = Told(
        key=f"formspree:{number}" if number else "",
        tracked=said,
        consent=[_consent(name, text) for name, text in consents.items()],
        extra={"form_id": normal.identifier(value.get("form")), "subject": normal.clean_line(joined(said.get("_subject")))},
        lead={"submitted_at": normal.instant(joined(said.get("_date")))},
    )
    about = {*_CONTROL, *consents, *(("form", "keys") if said is value else ())}
    asked = [Asked(str(name), each) for name, each in said.items() if name not in about]
    return [
        heard(delivery, sorted(asked, key=lambda each: each.name == "_replyto"), told)
    ]  # the page's own `email` goes before it


def _consent(name: str, value: object) -> lead.Content:
    return lead.common_lead(key=normal.clean_line(name, 80), value=agreed(value), text=normal.clean_text(name, 1000))
