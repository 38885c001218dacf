"""A form on a website, or a server that posts leads: urlencoded, multipart, JSON or text/plain (sendBeacon).

With a secret every post must be signed (Standard Webhooks). Without one, the allowed origins, the honeypot and the limits guard it.
"""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from config import about, json_path, lead, normal
from config.consent import agreed
from config.fields import our_name
from config.questions import OURS, Asked
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import bodies, leaves, signatures
from webhooks.answers import Answer, taken
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import Conflicting, NotGenuine, NotSigned, WrongMethod
from webhooks.example import Example
from webhooks.robots import OPENED_FOR, refuse_robots
from webhooks.submission import Told, heard, joined

EXAMPLE = Example(
    headers={"content-type": "application/json", "idempotency-key": "order-form-1001"},
    body=b'{"name": "Dana Cole", "email": "dana@example.com", "phone": "+1 512 555 0143", "message": "Need a demo this week"}',
    secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    sign=lambda url, body, secret, now: signatures.sign_standard(body, "msg_dana_1", secret, now),
)
DOCS = SourceDocs(
    vendor="Website form",
    verified_by="with a `secret`: Standard Webhooks (HMAC-SHA256 of id, timestamp and body, 300 s); without one: `allowed_origins`, the"
    " honeypot, a least time to fill it in, and limits per address and source",
    answers="at once: a browser is sent on to the thanks page (303); scripts and servers hear 202 with the lead's code",
    retries="yours: repeat on 429 and 5xx with the same key",
    key="`Idempotency-Key`, `webhook-id` or the field `submission_id`; else derived from what was said, for the source's dedupe window",
    mapped="the usual names of fields (`name`, `full_name`, `your-email`, `tel` ...) and labels in several languages, others under `fields`, also by"
    " a path into JSON (`{email: $.contact.mail}`); utm and click ids from fields, then from the page's address; consent boxes with their words;"
    " the rest is kept by its name",
    at_vendor=(
        "Let the form's action be `https://<your Headroom>/webhooks/<source id>`, method post.",
        'Add a hidden honeypot: `<input name="_gotcha" style="display:none" tabindex="-1" autocomplete="off">`.',
        "Write your site under `allowed_origins`, and the page to show afterwards under `thanks`.",
        'For `min_fill` put into the form, too: `<input type="hidden" name="_opened_for"><script>(f => f.addEventListener("submit", () =>'
        ' { f._opened_for.value = Math.round(performance.now()) }))(document.currentScript.closest("form"))</script>`. A script that posts by'
        " itself sends the same number, milliseconds since the page was opened, as `_opened_for`.",
        "From a server: post JSON and sign it (libraries: standardwebhooks.com) with the source's `secret`.",
    ),
    options={
        "min_fill": "for example 2s: a form whose page was open for less (`_opened_for`) was filled in by a robot. It is answered like a filled"
        " honeypot, dropped and counted (`headroom_robots_dropped` of /metrics). A page without script tells no time and is believed. Default 0s: off",
        "most_links": "for example 3: a message with more links than that is treated the same way. Default 0: off",
    },
    tests="the test form of the Headroom page puts a signed mark into `headroom_test`; `is_test: true` counts where posts are signed",
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
    """One lead. Raises Robot for what nobody wrote, Unreadable, TooLarge."""
    pairs = _pairs(delivery)
    refuse_robots(delivery.source, pairs)
    headers, given = delivery.headers, _given_key(delivery, pairs)
    told = Told(
        key=f"form:{given}" if given else "",
        came_from=normal.clean_line(headers.get("referer", ""), 1000),
        locale=headers.get("accept-language", "").partition(",")[0].partition(";")[0].replace("*", ""),
        lead={"campaign": _campaign(pairs), "submitted_at": _said(pairs, "submitted_at", normal.instant)},
        is_test=bool(delivery.source.secrets) and _said(pairs, "is_test", agreed) is True,  # a stranger's word for it is none
        about={
            "referer": normal.clean_line(headers.get("referer", ""), 1000),
            "remote_address": delivery.remote_address,
            "user_agent": normal.clean_line(headers.get("user-agent", ""), 300),
        },
    )
    named, things = list(_by_path(delivery, pairs)), leaves.of_things(pairs)
    used = {OPENED_FOR, *(path for _, path in named)}
    asked = (Asked(name, value, "extra" if name in things else "") for name, value in pairs if name not in used)
    return [heard(delivery, [*(each for each, _ in named), *asked], told)]


def answer(delivery: Delivery, recorded: Sequence[Recorded], after: After | None) -> Answer:
    """202 with the lead's code; 303 to the thanks page for a person's browser. Raises Conflicting: same key, other body.

    A multipart body differs on every click (its boundary is random), so there the key alone counts.
    """
    is_other = any(each.conflict for each in recorded) and delivery.mimetype != "multipart/form-data"
    if is_other and _given_key(delivery, _pairs(delivery)):
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
    if _is_json(delivery):
        return [(name, value) for name, value in leaves.flat(delivery.json_object) if name]
    form = bodies.read_text(delivery.body) if delivery.mimetype == "text/plain" else delivery.form
    return [(name, values if len(values) > 1 else values[0]) for name, values in form.lists()]


def _is_json(delivery: Delivery) -> bool:
    is_text = delivery.mimetype == "text/plain" and delivery.body.lstrip()[:1] in (b"{", b"[")
    return delivery.mimetype == "application/json" or is_text


def _by_path(delivery: Delivery, pairs: Sequence[tuple[str, object]]) -> Iterator[tuple[Asked, str]]:
    """What the source's `fields` find by a path ($.contact.mail, leads[0].tel), and the name it has when it is flattened."""
    names = {name for name, _ in pairs}
    for ours, path in delivery.source.fields.items() if _is_json(delivery) else ():
        try:
            value = None if path in names else json_path.read(delivery.json_object, path)
        except json_path.PathError:
            continue
        if value is not None:
            yield Asked(ours, value, ours if ours in OURS else ""), ".".join(str(step) for step in json_path.steps(path))


def _campaign(pairs: Sequence[tuple[str, object]]) -> lead.Content:
    """Hidden fields that name the campaign; they stay in `extra` as well, where rules look for them."""
    told = [(ours, joined(value)) for name, value in pairs if (ours := about.campaign_word(name))]
    return {ours: normal.clean_line(text) for ours, text in reversed(told) if text}


def _said(pairs: Sequence[tuple[str, object]], wanted: str, read: Callable[[object], object]) -> object:
    """What the first field of that meaning says, where it can be read."""
    found = (read(value) for name, value in pairs if about.about_word(name) == wanted)
    return next((each for each in found if each), None)


def _given_key(delivery: Delivery, pairs: Sequence[tuple[str, object]]) -> str:
    """The sender's own: a header's, or a hidden field's."""
    for name in ("idempotency-key", "webhook-id"):
        if delivery.headers.get(name):
            return normal.identifier(delivery.headers[name].strip('"'))
    theirs = delivery.source.fields.get("submission_id")
    found = (joined(value) for name, value in pairs if name == theirs or our_name(name) == "submission_id")
    return next((normal.identifier(each) for each in found if each), "")
