"""A form on a website, or a server that posts leads: urlencoded, multipart, JSON or text/plain (sendBeacon).

With a secret every post must be signed (Standard Webhooks). Without one, the allowed origins, the honeypot and the limits guard it.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from config import lead, normal
from config.fields import Fields
from config.links import is_test_token
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import bodies, signatures
from webhooks.answers import Answer, taken
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.derived_keys import derived
from webhooks.errors import Conflicting, NotGenuine, NotSigned, Unreadable, WrongMethod
from webhooks.example import Example

EXAMPLE = Example(
    headers={"content-type": "application/json", "idempotency-key": "order-form-1001"},
    body=b'{"name": "Dana Cole", "email": "dana@example.com", "phone": "+1 512 555 0143", "message": "Need a demo this week"}',
    secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    sign=lambda url, body, secret, now: signatures.sign_standard(body, "msg_dana_1", secret, now),
)
DOCS = SourceDocs(
    vendor="Website form",
    verified_by="with a `secret`: Standard Webhooks (HMAC-SHA256 of id, timestamp and body, 300 s); without one: `allowed_origins`, the"
    " honeypot, and limits per address and source",
    answers="a browser is sent on to the thanks page (303); scripts and servers hear 202 with the lead's code",
    retries="yours: repeat on 429 and 5xx with the same key",
    key="`Idempotency-Key`, `webhook-id` or the field `submission_id`; else derived from what was said, for the source's dedupe window",
    mapped="the usual names of fields (`name`, `full_name`, `your-email`, `tel` ...), others under `fields`; utm and click ids from fields or the"
    " page's address; consent boxes with their words; the rest is kept by its name",
    at_vendor=(
        "Let the form's action be `https://<your Headroom>/webhooks/<source id>`, method post.",
        'Add a hidden honeypot: `<input name="_gotcha" style="display:none" tabindex="-1" autocomplete="off">`.',
        "Write your site under `allowed_origins`, and the page to show afterwards under `thanks`.",
        "From a server: post JSON and sign it (libraries: standardwebhooks.com) with the source's `secret`.",
    ),
    tests="the test form of the Headroom page puts a signed mark into `headroom_test`",
)
STEPS = frozenset({"thanks"})
CONTENT_TYPES = frozenset(
    {"application/x-www-form-urlencoded", "multipart/form-data", "application/json", "text/plain"}
)  # fmt: skip
ONLY_BROWSERS_SEND = ("origin", "referer", "accept-language")
BROWSER_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
ASKABLE_HEADERS = "content-type, idempotency-key, webhook-id, webhook-timestamp, webhook-signature"
THANKS = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Thank you</title><body style="font:1.1rem system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem">
<h1>Thank you</h1><p>We have your message and will be in touch.</p></body></html>
"""


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotGenuine for a foreign origin or a wrong signature, NotSigned where there is a secret and no signature."""
    if delivery.source.origins and "origin" in delivery.headers and not _is_allowed(delivery):
        raise NotGenuine(
            "This site may not post here", where="the Origin header", mend="Name it under `allowed_origins` of the source."
        )
    if not secrets:
        return
    if "webhook-signature" not in delivery.headers:
        raise NotSigned(
            "The signature is missing", where="the webhook-signature header", mend="Sign it as Standard Webhooks says."
        )
    if not signatures.is_standard(delivery.body, delivery.headers, secrets, delivery.received_at):
        mend = "Sign id.timestamp.body with this source's secret, and check your clock (300 s)."
        raise NotGenuine("The signature is wrong or too old", where="the webhook-signature header", mend=mend)


def parse(delivery: Delivery) -> list[Received]:
    """One lead, or none where a robot filled the honeypot. Raises Unreadable, TooLarge."""
    pairs = _pairs(delivery)
    if any(name == delivery.source.honeypot and any(text.strip() for text in normal.texts(value)) for name, value in pairs):
        return []
    if not any(text.strip() for _, value in pairs for text in normal.texts(value)):
        raise Unreadable(
            "The form is empty", where="the body", mend="Send at least a name and a phone number or an e-mail address."
        )
    fields = Fields([pair for pair in pairs if pair[0] != delivery.source.honeypot], delivery.source.fields)
    content = _content(delivery, fields)
    key, also = _key(delivery, fields, content)
    body, headers = delivery.body, delivery.kept_headers
    return [
        Received(delivery.source.id, key, "form", {"external_id": key, **content, **also}, body, headers, delivery.received_at)
    ]


def answer(delivery: Delivery, recorded: Sequence[Recorded], after: After | None) -> Answer:
    """202 with the lead's code; 303 to the thanks page for a person's browser. Raises Conflicting: same key, other body.

    A multipart body differs on every click (its boundary is random), so there the key alone counts.
    """
    if any(each.conflict for each in recorded) and delivery.mimetype != "multipart/form-data" and _given_key(delivery, None):
        raise Conflicting("This key came before with another body", where="the key", mend="Use a new key for a new lead.")
    if _is_browser(delivery):
        return Answer(303, headers=(("Location", delivery.source.thanks or delivery.here("thanks")),))
    return taken(recorded)


def show(delivery: Delivery) -> Answer:
    """Our own small thanks page. Raises WrongMethod for a GET of the form's address itself."""
    if delivery.step == "thanks":
        return Answer(200, THANKS, "text/html; charset=utf-8")
    raise WrongMethod("A form is posted", where="the method", mend="Use POST.", headers=(("Allow", "POST, OPTIONS"),))


def preflight(delivery: Delivery) -> Answer:
    """The browser asks whether a page of that origin may post JSON here. Raises NotGenuine: no."""
    if not _is_allowed(delivery):
        raise NotGenuine(
            "This site may not post here", where="the Origin header", mend="Name it under `allowed_origins` of the source."
        )
    methods = (("Access-Control-Allow-Methods", "POST"), ("Access-Control-Allow-Headers", ASKABLE_HEADERS))
    return Answer(204, headers=(*methods, ("Access-Control-Max-Age", "86400")))


def cors(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """Lets a page of an allowed origin read our answer; never with cookies."""
    if not delivery.source.origins:
        return ()
    vary = (("Vary", "Origin"),)
    return (("Access-Control-Allow-Origin", delivery.headers["origin"]), *vary) if _is_allowed(delivery) else vary


def _is_allowed(delivery: Delivery) -> bool:
    origin = delivery.headers.get("origin", "").lower()
    ours = "{0.scheme}://{0.netloc}".format(urlsplit(delivery.settings.public_url)).lower()
    allowed = {each.rstrip("/").lower() for each in delivery.source.origins}
    return bool(origin) and bool(allowed) and (origin in allowed or origin == ours or "*" in allowed)


def _is_browser(delivery: Delivery) -> bool:
    """Is a person looking at this? A fetch says Accept: */* or Sec-Fetch-Mode: cors; a program often says nothing at all."""
    if delivery.mimetype not in BROWSER_TYPES:
        return False
    mode, accept = delivery.headers.get("sec-fetch-mode"), delivery.headers.get("accept")
    if mode or accept is None:
        return mode == "navigate" if mode else any(name in delivery.headers for name in ONLY_BROWSERS_SEND)
    return "text/html" in accept


def _pairs(delivery: Delivery) -> list[tuple[str, object]]:
    body = delivery.body.lstrip()
    if delivery.mimetype == "application/json" or (delivery.mimetype == "text/plain" and body[:1] in (b"{", b"[")):
        return list(bodies.pairs_of(delivery.json_object))
    if delivery.mimetype == "text/plain":
        form = bodies.read_lines(body) if b"&" not in body else bodies.read_form(body, "")
    else:
        form = delivery.form
    return [(name, values if len(values) > 1 else values[0]) for name, values in form.lists()]


def _content(delivery: Delivery, fields: Fields) -> lead.Content:
    headers, known = delivery.headers, fields.known
    page = normal.clean_line(known.get("page_url", ""), 1000)
    content = fields.content(delivery.region, delivery.own_numbers)
    said = content.pop("extra", {})
    about = {
        "page_url": page,
        "referer": normal.clean_line(headers.get("referer", ""), 1000),
        "remote_address": delivery.remote_address,
        "user_agent": normal.clean_line(headers.get("user-agent", ""), 300),
    }
    tracked = lead.tracking(fields.tracked, page or about["referer"])
    return {
        **content, **tracked, "channel": "form", "kind": "form",
        "is_test": bool(known.get("test")) and is_test_token(delivery.settings, known["test"]),
        **lead.common_lead(locale=_locale(delivery, known), extra={**(said if isinstance(said, dict) else {}), **about}),
    }  # fmt: skip


def _locale(delivery: Delivery, known: dict[str, str]) -> str:
    first = delivery.headers.get("accept-language", "").partition(",")[0].partition(";")[0]
    return normal.clean_line(known.get("locale") or first.replace("*", ""), 35)


def _given_key(delivery: Delivery, fields: Fields | None) -> str:
    headers = delivery.headers
    for name in ("idempotency-key", "webhook-id"):
        if headers.get(name):
            return normal.identifier(headers[name].strip('"'))
    known = (fields or Fields(_pairs(delivery), delivery.source.fields)).known
    return normal.identifier(known.get("submission_id", ""))


def _key(delivery: Delivery, fields: Fields, content: lead.Content) -> tuple[str, lead.Content]:
    """The sender's own key, else one made of what was said and when, and what finds the same words just before."""
    given = _given_key(delivery, fields)
    if given:
        return f"form:{given}", {}
    return derived(delivery, content, sorted(fields.extra.items()))
