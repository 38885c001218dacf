"""Vendors that sign nothing: a key of ours that they send along, in a header, as the last part of the address, or as `?key=`.

Whoever knows the key is believed, so it must not be guessable (the team file's check warns of short ones) and is never
written to a log.
"""

import hmac
from collections.abc import Sequence

from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned

HEADERS = ("x-headroom-key", "x-api-key")
_MEND = "Send `Authorization: Bearer <key>`, or end the address with ?key=<key>."


def verify(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raises NotSigned without a key, NotGenuine for one that is not this source's."""
    given = _given(delivery)
    if not given:
        raise NotSigned("The key is missing", where="the Authorization header or the address", mend=_MEND)
    if not any(is_same(each, secret) for each in given for secret in secrets):
        raise NotGenuine("The key is wrong", where="the Authorization header or the address", mend=_MEND)


def is_same(given: str, secret: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


def has_key(delivery: Delivery) -> bool:
    """Does the request carry a key at all?"""
    return bool(_given(delivery))


def bearer(_url: str, _body: bytes, secret: str, _now: object) -> dict[str, str]:
    """The header that proves a request. For examples."""
    return {"authorization": f"Bearer {secret}"}


def _given(delivery: Delivery) -> list[str]:
    scheme, _, token = delivery.headers.get("authorization", "").strip().partition(" ")
    header = token.strip() if scheme.lower() == "bearer" else scheme
    others = (delivery.headers.get(name, "").strip() for name in HEADERS)
    return [each for each in (header, *others, delivery.path_key, delivery.query.get("key", "")) if each]
