"""Who sent this? The vendors' signature schemes, over the raw bytes, compared in constant time, for any of several secrets.

Each function takes what came and what we know and answers yes or no; a missing signature is a no like a wrong one.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from twilio.request_validator import RequestValidator, get_signature_algorithm

from webhooks.bodies import Form

TOLERANCE_SECONDS = 300  # Standard Webhooks: the reference libraries' window, in both directions
TIKTOK_SENDS_AGAIN_SECONDS = 72 * 3600


def is_twilios(url: str, sent: Form | bytes, signature: str, tokens: Sequence[str], *, scheme: str = "") -> bool:
    """X-Twilio-Signature over the public address and the form (or, for other bodies, over the bodySHA256 in the address).

    `scheme` is X-Twilio-Webhooks-Signature-Settings, with which accounts that sign with a shared key say so (SHA-256).

    Twilio signs an apostrophe in the query as it got it from us and may send it escaped, or the other way round; its
    Python library knows only the address as received, so the two other spellings are tried as well.
    """
    params: Form | str = sent.decode("utf-8", "replace") if isinstance(sent, bytes) else sent
    if isinstance(params, str) and "bodySHA256=" not in url:
        return False  # the address alone would be signed, and the body anybody's
    spellings = dict.fromkeys((url, url.replace("'", "%27"), url.replace("%27", "'")))
    how = get_signature_algorithm(scheme)
    return any(RequestValidator(token).validate(each, params, signature, how) for token in tokens for each in spellings)


def is_metas(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """X-Hub-Signature-256: "sha256=" and the hex HMAC of the raw body. The older SHA-1 header is not taken."""
    scheme, _, digest = signature.partition("=")
    if scheme != "sha256":
        return False
    given = digest.encode("utf-8", "replace")
    return any(hmac.compare_digest(_hmac(secret.encode(), body).hex().encode(), given) for secret in secrets)


def is_standard(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """Standard Webhooks: HMAC of "id.timestamp.body" among the v1 signatures, not older or newer than 300 s."""
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not at.isascii() or not at.isdigit() or len(at) > 12:
        return False
    if abs(int(now.timestamp()) - int(at)) > TOLERANCE_SECONDS:
        return False
    given = [_unbase64(each[3:]) for each in headers.get("webhook-signature", "").split(" ") if each.startswith("v1,")]
    signed = f"{message_id}.{at}.".encode("utf-8", "replace") + body
    expected = [_hmac(key, signed) for secret in secrets if (key := _standard_key(secret))]
    return any(hmac.compare_digest(one, other) for one in expected for other in given)


def is_sendgrids(body: bytes, signature: str, timestamp: str, public_key: str) -> bool:
    """SendGrid's event webhook: ECDSA on P-256 over the timestamp header and the raw body. False for a key that is none."""
    try:
        key = load_der_public_key(_unbase64(public_key))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(_unbase64(signature), timestamp.encode("utf-8", "replace") + body, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def linkedin_reading(body: bytes, signature: str, secrets: Sequence[str]) -> str:
    """X-LI-Signature: which reading of the vendor's sentence fits, "" when none does.

    Its documentation can be read in two ways and public code is split: the text "hmacsha256=" stands before the body that is
    signed, or before the digest in the header. Both are proof of the same secret.
    """
    given = signature.strip().removeprefix("hmacsha256=").encode("utf-8", "replace")
    readings = {"prefix signed": b"hmacsha256=" + body, "body alone signed": body}
    for reading, signed in readings.items():
        if any(hmac.compare_digest(_hmac(secret.encode(), signed).hex().encode(), given) for secret in secrets):
            return reading
    return ""


def is_callrails(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    """CallRail's Signature: base64 of the HMAC-SHA1 of the raw body with the company's signing key."""
    given = signature.strip().encode("utf-8", "replace")
    return any(hmac.compare_digest(_callrail_digest(body, secret), given) for secret in secrets)


def is_slacks(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> bool:
    """Slack's v0 scheme: "v0=" and the hex HMAC of "v0:timestamp:body", not older or newer than 300 s."""
    at, given = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "").encode("utf-8", "replace")
    if not _is_within(at, now, past=TOLERANCE_SECONDS):
        return False
    return any(hmac.compare_digest(_slack_digest(body, at, secret), given) for secret in secrets)


def is_tiktoks(body: bytes, signature: str, secrets: Sequence[str], now: datetime) -> bool:
    """TikTok-Signature "t=<seconds>,s=<hex>" over "t.body", at most 72 h old: so long it sends again, perhaps as it was signed."""
    parts = dict(part.strip().partition("=")[::2] for part in signature.split(","))
    at, given = parts.get("t", ""), parts.get("s", "").encode("utf-8", "replace")
    if not _is_within(at, now, past=TIKTOK_SENDS_AGAIN_SECONDS):
        return False
    return any(hmac.compare_digest(_hmac(key.encode(), f"{at}.".encode() + body).hex().encode(), given) for key in secrets)


def sign_linkedin(text: bytes, secret: str) -> str:
    """The hex HMAC-SHA256 of "hmacsha256=" and a body, or of a challenge code."""
    return _hmac(secret.encode(), text).hex()


def sign_callrail(body: bytes, secret: str) -> str:
    """The Signature of a body. For examples."""
    return _callrail_digest(body, secret).decode()


def sign_slack(body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """The two headers with which Slack signs. For examples."""
    at = str(int(now.timestamp()))
    return {"x-slack-request-timestamp": at, "x-slack-signature": _slack_digest(body, at, secret).decode()}


def sign_tiktok(body: bytes, secret: str, now: datetime) -> str:
    """The TikTok-Signature of a body. For examples."""
    at = str(int(now.timestamp()))
    return f"t={at},s={_hmac(secret.encode(), f'{at}.'.encode() + body).hex()}"


def sign_meta(body: bytes, secret: str) -> str:
    """The X-Hub-Signature-256 of a body. For examples."""
    return f"sha256={_hmac(secret.encode(), body).hex()}"


def sign_standard(body: bytes, message_id: str, secret: str, now: datetime) -> dict[str, str]:
    """The three headers with which a sender signs. For examples and for our own test leads."""
    at = str(int(now.timestamp()))
    digest = base64.b64encode(_hmac(_standard_key(secret), f"{message_id}.{at}.".encode() + body)).decode()
    return {"webhook-id": message_id, "webhook-timestamp": at, "webhook-signature": f"v1,{digest}"}


def _callrail_digest(body: bytes, secret: str) -> bytes:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha1).digest())


def _slack_digest(body: bytes, at: str, secret: str) -> bytes:
    return f"v0={_hmac(secret.encode(), f'v0:{at}:'.encode() + body).hex()}".encode()


def _is_within(at: str, now: datetime, *, past: int) -> bool:
    """Is this text of seconds since 1970 at most `past` seconds ago, and at most TOLERANCE_SECONDS ahead?"""
    if not at.isascii() or not at.isdigit() or len(at) > 12:
        return False
    return -TOLERANCE_SECONDS <= int(now.timestamp()) - int(at) <= past


def _hmac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


def _standard_key(secret: str) -> bytes:
    """The scheme's secrets are base64 after "whsec_"; one that is not base64 is taken as it is."""
    return _unbase64(secret.removeprefix("whsec_")) or secret.encode()


def _unbase64(text: str) -> bytes:
    """The bytes, with or without padding; none at all when it is not base64."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
