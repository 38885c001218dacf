"""WPForms' Webhooks add-on: the owner's own field names, as JSON or form, by any verb, signed over JSON in both cases."""

from collections.abc import Iterator, Mapping, Sequence

from config import lead, normal
from config.fields import our_name
from store.inbox import Received
from webhooks import bodies, form_signatures
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned
from webhooks.example import Example
from webhooks.questions import Asked, agrees
from webhooks.submission import Told, heard, joined, scalar

_HEADER = "x-wpforms-webhook-signature"
EXAMPLE = Example(
    headers={
        "content-type": "application/json; charset=utf-8",
        "user-agent": "wpforms-webhooks/1.2.0",
        "x-wpforms-webhook-id": "1",
    },
    body=b'{"name":"Dana Cole","email":"dana@example.com","phone":"(512) 555-0143","message":"Roof leak","services":"Roof||Gutters"}',
    secret="a wpforms secret of the example",
    sign=lambda _url, body, secret, now: {_HEADER: form_signatures.sign_timestamped(body, secret, name="v", now=now)},
)
CONTENT_TYPES = frozenset({"application/json", "application/x-www-form-urlencoded", "multipart/form-data"})
VERBS = frozenset({"POST", "PUT", "PATCH", "GET"})
DOCS = SourceDocs(
    vendor="WPForms",
    verified_by="`X-WPForms-Webhook-Signature`: hex HMAC-SHA256 of `t.body`, `t` at most 300 s off",
    answers="any answer within 60 s, no redirects; ours is 202",
    retries="none: one task in the background, whose errors are only logged",
    key="`entry_id` where it is mapped; else derived from what was said, for the source's dedupe window",
    mapped="the names the owner gave, or `fields`; values joined with `||` become lists, date-times their text",
    at_vendor=(
        "Edit the form, then Settings > Webhooks: switch webhooks on.",
        "Request URL: `https://<your Headroom>/webhooks/<source id>`; method POST, format JSON; Secret: the source's `secret`.",
        "Request Body: map name, email, phone, message, and entry_id to {entry_id}.",
    ),
    options={"form_format": "true accepts the format FORM and the method GET as well. Default false: choose the format JSON"},
    thin="in the format FORM the vendor signs the JSON it would have sent, not the bytes it sends: with `form_format` that text is rebuilt as"
    " PHP writes it. Numbers and texts look alike in a form, so a form with numbers may be refused; JSON is the safer choice.",
)
_CONTROL = frozenset({"key"})


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine."""
    header = delivery.headers.get(_HEADER, "")
    if not header:
        mend = "Enter a secret in the webhook's settings of the form."
        raise NotSigned("The signature is missing", where="the X-WPForms-Webhook-Signature header", mend=mend)
    rebuilt = not _is_json(delivery) and delivery.source.options.get("form_format") is True
    signed = form_signatures.php_jsons(delivery.form) if rebuilt else [delivery.body]
    now = delivery.received_at
    if not any(form_signatures.is_timestamped(each, header, secrets, name="v", now=now) for each in signed):
        mend = "Put the webhook's secret into `secret`, choose the format JSON, and check your clock (300 s)."
        raise NotGenuine("The signature is wrong or too old", where="the X-WPForms-Webhook-Signature header", mend=mend)


def parse(delivery: Delivery) -> list[Received]:
    """One lead. Raises Unreadable for an empty form."""
    fields = {name: _value(value) for name, value in _posted(delivery).items() if name not in _CONTROL}
    number = next((normal.identifier(fields[name]) for name in ("entry_id", "entryId", "Entry ID") if fields.get(name)), "")
    told = Told(
        key=f"wpforms:{number}" if number else "",
        tracked=fields,
        consent=[consent for name, value in fields.items() if (consent := _consent(name, value))],
        extra={"form_id": normal.identifier(fields.get("form_id"))},
        lead={"submitted_at": normal.instant(joined(fields.get("date_created") or fields.get("submitted_at") or ""))},
    )
    taken = {"form_id", "entry_id", "entryId", "Entry ID"}
    asked = [
        each for name, value in fields.items() if name not in taken and not _consent(name, value) for each in _asked(name, value)
    ]
    return [heard(delivery, asked, told)]


def _posted(delivery: Delivery) -> Mapping[str, object]:
    if _is_json(delivery):
        return delivery.json_object
    value = bodies.read_json(form_signatures.php_jsons(delivery.form)[0])
    return value if isinstance(value, dict) else {}


def _is_json(delivery: Delivery) -> bool:
    return delivery.method != "GET" and delivery.mimetype == "application/json"


def _value(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split("||")] if "||" in value else value
    if isinstance(value, dict) and "unix" in value:
        return joined(value.get("value"))
    return value


def _asked(name: str, value: object) -> Iterator[Asked]:
    """A field; a name or an address in parts."""
    if not isinstance(value, dict):
        yield Asked(name, value if isinstance(value, str) else scalar(value))
    elif value.keys() & {"first", "last"}:
        yield Asked(f"{name} first", joined(value.get("first")), "first_name")
        yield Asked(f"{name} last", joined(value.get("last")), "last_name")
    elif our_name(name) in ("email", "phone") and "value" in value or value.keys() & {"primary"}:
        yield Asked(name, joined(value.get("value") or value.get("primary")))
    else:
        yield Asked(name, joined(value))


def _consent(name: str, value: object) -> lead.Content | None:
    """A ticked box of that name, or one whose words agree to something."""
    said = joined(value)
    if our_name(name) == "consent" and said.lower() not in ("on", "true", "yes", "1", "no", "false", "0", ""):
        return lead.common_lead(key=normal.clean_line(name, 80), value=True, text=normal.clean_text(said, 1000))
    if agrees(said) and len(said) > len("I agree") - 1 and our_name(name) == "extra" and not isinstance(value, dict):
        return lead.common_lead(key=normal.clean_line(name, 80), value=True, text=normal.clean_text(said, 1000))
    return None
