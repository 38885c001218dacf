"""What we say back: plain values that app.py turns into HTTP."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from store.inbox import Recorded


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body and its type; `headers` are further (name, value) pairs."""

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


def as_json(status: int, value: object, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """A JSON answer."""
    return Answer(status, json.dumps(value) + "\n", "application/json", headers)


def taken(recorded: Sequence[Recorded]) -> Answer:
    """202 with the lead's code, 200 with the first one's code for a duplicate; 202 with a receipt while it is on the spool."""
    first = recorded[0] if recorded else None
    if first and first.receipt:
        return as_json(202, {"spooled": True, "receipt": first.receipt})
    return as_json(200 if first is None or first.duplicate else 202, {"lead": first.lead if first else None})


def twiml(document: object = "<Response/>") -> Answer:
    """Instructions for Twilio. An empty 200 without this type makes it log a warning."""
    return Answer(200, str(document), "text/xml; charset=utf-8")
