"""Secrets for trying Headroom with no provider account: derived from SECRET_KEY, so that every process has the same.

The page /outbox answers as a rep or a lead through the real inbound door; it signs what it posts with these.
"""

import base64
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of the curve P-256 (SEC 2)
_THROWAWAY = secrets.token_hex(32)  # without a SECRET_KEY nothing derived may be guessable, so it dies with the process


def local_secret(secret_key: str, purpose: str) -> str:
    """32 hex characters that only the holder of `secret_key` can work out; a different one for each purpose."""
    key = (secret_key or _THROWAWAY).encode()
    return hmac.new(key, f"headroom local {purpose}".encode(), hashlib.sha256).hexdigest()[:32]


def local_signing_key(secret_key: str) -> ec.EllipticCurvePrivateKey:
    """The key with which delivery reports of the local sender are signed, in SendGrid's scheme (ECDSA on P-256)."""
    number = int(local_secret(secret_key, "sendgrid 1") + local_secret(secret_key, "sendgrid 2"), 16)
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def local_verify_key(secret_key: str) -> str:
    """The public half of `local_signing_key`, base64 of its DER form, as SendGrid shows it."""
    public = local_signing_key(secret_key).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
