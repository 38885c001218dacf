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
CONTENT_TYPES = frozenset({FORM})


def verify(delivery: Delivery, tokens: Sequence[str]) -> None:
    """Raises NotSigned or NotGenuine. Signed is the public address and every parameter, empty ones too."""
    signature = delivery.headers.get("x-twilio-signature", "")
    if not signature:
        raise NotSigned(
            "The signature is missing", where="the X-Twilio-Signature header", mend="Only Twilio may call this address."
        )
    if not signatures.is_twilios(delivery.url, delivery.form, signature, tokens):
        mend = "Set TWILIO_AUTH_TOKEN to the token of this account and PUBLIC_URL to the address Twilio calls."
        raise NotGenuine("The signature is wrong", where="the X-Twilio-Signature header", mend=mend)


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
    """The E.164 number in a parameter; None for withheld numbers and other addresses."""
    return normal.phone(delivery.form.get(name, ""), delivery.region)


def place(form: Form) -> dict[str, str]:
    """Where the other side's number is registered, as far as Twilio says."""
    return {ours: normal.clean_line(form.get(theirs, "")) for ours, theirs in _PLACE.items()}


def whole(form: Form, name: str) -> int | None:
    """A whole number of seconds or pieces; None when it is absent or no number."""
    text = form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


_PLACE = {"city": "FromCity", "state": "FromState", "zip": "FromZip", "country": "FromCountry"}
