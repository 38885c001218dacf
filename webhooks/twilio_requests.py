"""What Twilio's calls and messages have in common: the proof, the parameters, the other side's number."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from twilio.request_validator import RequestValidator

from config import normal
from webhooks import signatures
from webhooks.bodies import Form, read_form
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Unreadable

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"  # rare; its digest stands in the signed address
CONTENT_TYPES = frozenset({FORM, JSON})
VERBS = frozenset({"POST", "GET"})  # as the number's settings say


def verify(delivery: Delivery, tokens: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine. Signed is the public address and every parameter, empty ones too; of a GET the address alone."""
    signature = delivery.headers.get("x-twilio-signature", "")
    if not signature:
        raise NotSigned(
            "The signature is missing", where="the X-Twilio-Signature header", mend="Only Twilio may call this address."
        )
    scheme = delivery.headers.get("x-twilio-webhooks-signature-settings", "")
    if not signatures.is_twilios(delivery.url, _signed(delivery), signature, tokens, scheme=scheme):
        mend = "Set TWILIO_AUTH_TOKEN to the token of this account and PUBLIC_URL to the address Twilio calls."
        raise NotGenuine("The signature is wrong", where="the X-Twilio-Signature header", mend=mend)


def _signed(delivery: Delivery) -> Form | bytes:
    """What is signed beside the address."""
    if delivery.method == "GET":
        return Form()
    return delivery.body if delivery.mimetype == JSON else delivery.form


def sign(url: str, body: bytes, secret: str, _now: datetime) -> Mapping[str, str]:
    """The header with which Twilio signs; for examples."""
    return {"x-twilio-signature": RequestValidator(secret).compute_signature(url, read_form(body, FORM))}


def sid(delivery: Delivery, name: str) -> str:
    """An id Twilio must send. Raises Unreadable when it is missing."""
    value = normal.identifier(delivery.form.get(name, ""))
    if not value:
        raise Unreadable(f"{name} is missing", where="the form", mend="Point this number's webhook here, and nothing else.")
    return value


def number(delivery: Delivery, name: str) -> str | None:
    """The E.164 number in a parameter; None for withheld numbers and other addresses ("whatsapp:US.1349..." is an id)."""
    given = delivery.form.get(name, "")
    return None if given.rpartition(":")[2].strip()[:1].isalpha() else normal.phone(given, delivery.region)


def place(form: Form) -> dict[str, str]:
    """Where the other side's number is registered, as far as Twilio says."""
    return {ours: normal.clean_line(form.get(theirs, "")) for ours, theirs in _PLACE.items()}


def whole(form: Form, name: str) -> int | None:
    """A whole number of seconds or pieces; None when it is absent or no number."""
    text = form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


_PLACE = {"city": "FromCity", "state": "FromState", "zip": "FromZip", "country": "FromCountry"}
