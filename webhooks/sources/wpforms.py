"""WPForms' Webhooks add-on: the owner's own field names, as JSON or form, by any verb, signed over JSON in both cases."""

from collections.abc import Iterator, Mapping, Sequence

from config import lead, normal
from config.consent import agreed, agrees
from config.fields import our_name
from config.questions import Asked
from store.inbox import Received
from webhooks import form_signatures, php
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned
from webhooks.example import Example
from webhooks.submission import Told, heard, joined

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
    now = delivery.received_at
    if not any(form_signatures.is_timestamped(each, header, secrets, name="v", now=now) for each in _signed(delivery)):
        mend = (
            "Put the webhook's secret into `secret`, choose the format JSON (or set `form_format`), and check your clock (300 s)."
        )
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
    taken = {"form_id", "entry_id", "entryId", "Entry ID", "date_created", "submitted_at"}
    asked = [
        each for name, value in fields.items() if name not in taken and not _consent(name, value) for each in _asked(name, value)
    ]
    return [heard(delivery, asked, told)]


def _posted(delivery: Delivery) -> Mapping[str, object]:
    if _is_json(delivery):
        return delivery.json_object
    return php.fields_of(delivery.form)


def _signed(delivery: Delivery) -> list[bytes]:
    """What may have been signed: JSON as it came; of a form the JSON it stands for, never its bytes."""
    if _is_json(delivery) or delivery.body[:1] == b"{":
        return [delivery.body]
    return php.jsons(delivery.form) if delivery.source.options.get("form_format") is True else []


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
        yield Asked(name, value)
    elif value.keys() & {"first", "last"}:
        yield Asked(f"{name} first", joined(value.get("first")), "first_name")
        yield Asked(f"{name} last", joined(value.get("last")), "last_name")
    elif our_name(name) in ("email", "phone") and "value" in value or value.keys() & {"primary"}:
        yield Asked(name, joined(value.get("value") or value.get("primary")))
    else:
        yield Asked(name, joined(value))


def _consent(name: str, value: object) -> lead.Content | None:
    """A ticked box of that name, or one whose words agree to something."""
    said, asks = joined(value), our_name(name)
    if not said or isinstance(value, dict) or not (asks == "consent" or (asks == "extra" and agrees(said))):
        return None
    text = said if len(said.split()) > 1 else ""
    return lead.common_lead(key=normal.clean_line(name, 80), value=agreed(value), text=normal.clean_text(text, 1000))
