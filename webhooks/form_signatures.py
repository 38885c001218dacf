"""The signature schemes of form vendors, over the raw bytes, in constant time, for any of several secrets (see signatures.py)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from webhooks.delivery import Delivery

TOLERANCE_SECONDS = 300  # how old or new a signed timestamp may be (vendors' advice, both directions)
_PARTS = re.compile(r"\s*([a-z0-9]+)=([^,]*)")
# what HubSpot decodes in the address before it signs; anything else stays as it was sent
_DECODED = {f"%{ord(mark):02X}": mark for mark in ":/?@!$'()*,;"}
_PORT = re.compile(r":[0-9]{1,5}$")
_ESCAPED = re.compile("|".join(_DECODED), re.IGNORECASE)


def is_typeforms(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """Typeform-Signature: "sha256=" and the base64 HMAC of the raw body."""
    return any(_same(f"sha256={_base64(secret, body)}", signature) for secret in secrets)


def is_webflows(delivery: Delivery, secrets: Sequence[str]) -> bool:
    """x-webflow-signature: hex HMAC of "timestamp:body"; the timestamp in milliseconds, at most 300 s off."""
    at, signature = delivery.headers.get("x-webflow-timestamp", ""), delivery.headers.get("x-webflow-signature", "")
    if not _is_recent(at, delivery.received_at, per_second=1000):
        return False
    signed = f"{at}:".encode() + delivery.body
    return any(_same(_hex(secret, signed), signature) for secret in secrets)


def is_timestamped(signed: bytes, header: str, secrets: Sequence[str], *, name: str, now: datetime) -> bool:
    """A header "t=<seconds>,<name>=<hex>" over "t.signed": Formspree (v1), WPForms (v). Several digests may stand there."""
    parts = _PARTS.findall(header)
    at = next((value for key, value in parts if key == "t"), "")
    if not _is_recent(at, now, per_second=1):
        return False
    text = f"{at}.".encode() + signed
    given = [value.strip() for key, value in parts if key == name]
    return any(_same(_hex(secret, text), each) for secret in secrets for each in given)


def hubspot_reading(delivery: Delivery, secrets: Sequence[str], *, older: bool = False) -> str:
    """Which reading of HubSpot's scheme fits, "" for none.

    v3 is the base64 HMAC of method, address, body and timestamp (ms, 300 s), the address as sent or decoded; v2 and v1 are
    plain hashes and count only if `older`.
    """
    headers = delivery.headers
    if "x-hubspot-signature-v3" in headers:
        return _hubspot_v3(delivery, headers["x-hubspot-signature-v3"], secrets)
    given, version = headers.get("x-hubspot-signature", ""), headers.get("x-hubspot-signature-version", "")
    if not older or not given:
        return ""
    before = {"v1": [b""], "v2": list(_hubspot_requests(delivery).values())}
    tried = {name: texts for name, texts in before.items() if version in ("", name)}
    found = (
        (name, _sha256(secret.encode() + text + delivery.body))
        for secret in secrets
        for name, texts in tried.items()
        for text in texts
    )
    return next((name for name, expected in found if _same(expected, given)), "")


def sign_typeform(body: bytes, secret: str) -> str:
    """The Typeform-Signature of a body. For examples."""
    return f"sha256={_base64(secret, body)}"


def sign_webflow(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Webflow's two headers. For examples."""
    at = str(int(now.timestamp() * 1000))
    return {"x-webflow-timestamp": at, "x-webflow-signature": _hex(secret, f"{at}:".encode() + body)}


def sign_timestamped(signed: bytes, secret: str, *, name: str, now: datetime) -> str:
    """A "t=,<name>=" header. For examples."""
    at = int(now.timestamp())
    return f"t={at},{name}={_hex(secret, f'{at}.'.encode() + signed)}"


def sign_hubspot(url: str, body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """HubSpot's v3 headers of a POST. For examples."""
    at = str(int(now.timestamp() * 1000))
    signed = f"POST{url}".encode() + body + at.encode()
    return {"x-hubspot-request-timestamp": at, "x-hubspot-signature-v3": _base64(secret, signed)}


def _hubspot_v3(delivery: Delivery, given: str, secrets: Sequence[str]) -> str:
    at = delivery.headers.get("x-hubspot-request-timestamp", "")
    if not _is_recent(at, delivery.received_at, per_second=1000):
        return ""
    signed = {name: before + delivery.body + at.encode() for name, before in _hubspot_requests(delivery).items()}
    found = (name for secret in secrets for name, each in signed.items() if _same(_base64(secret, each), given))
    return next((f"v3 {name}" for name in found), "")


def _hubspot_requests(delivery: Delivery) -> dict[str, bytes]:
    """Method and address, as the address was sent and as HubSpot may have decoded it, each with the port of its scheme and without."""
    decoded = _ESCAPED.sub(lambda found: _DECODED[found[0].upper()], delivery.url)
    urls = {"as sent": delivery.url, "decoded": decoded}
    urls |= {f"{name}, port turned": _port_turned(url) for name, url in urls.items()}
    return {name: f"{delivery.method}{url}".encode("utf-8", "replace") for name, url in urls.items()}


def _port_turned(url: str) -> str:
    """The address without the port it names, or with the one that its scheme means."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    bare = _PORT.sub("", host)
    return f"{scheme}://{bare if bare != host else host + (':443' if scheme == 'https' else ':80')}{slash}{path}"


def _is_recent(at: str, now: datetime, *, per_second: int) -> bool:
    if not at.isascii() or not at.isdigit() or len(at) > 16:
        return False
    return abs(now.timestamp() - int(at) / per_second) <= TOLERANCE_SECONDS


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.strip().encode("utf-8", "replace"))


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _base64(secret: str, signed: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def _sha256(signed: bytes) -> str:
    return hashlib.sha256(signed).hexdigest()
