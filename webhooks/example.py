"""A source's example: one complete, genuine request. It is the first test of every source (tests/webhooks/test_sources.py)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

Signer = Callable[[str, bytes, str, datetime], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Example:
    """Headers have lower-case names. `sign(url, body, secret, now)` returns the headers that prove the request is genuine.

    `signs_body` is False where the proof is a key alone: any body with it is believed.
    """

    headers: Mapping[str, str]
    body: bytes
    secret: str
    sign: Signer
    signs_body: bool = True
