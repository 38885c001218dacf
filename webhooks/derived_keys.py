"""A key for senders that give none: made of what was said and when, so that a second click is no second lead."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta

from config import lead, normal
from webhooks.delivery import Delivery

_SAID = ("name", "phone", "email", "company", "message")
_TYPED = ("phone_as_typed", "email_as_typed")  # nobody can write there, but two who typed different things are two


def derived(delivery: Delivery, content: lead.Content, extra: object) -> tuple[str, lead.Content]:
    """The key of this stretch of time, and the fields `also` and `also_since` that find the same words in the one before."""
    window = max(delivery.source.dedupe_for, timedelta(seconds=1))
    bucket = int(delivery.received_at.timestamp() // window.total_seconds())
    more = content.get("extra")
    typed = [more[name] for name in _TYPED if name in more] if isinstance(more, Mapping) else []
    said = json.dumps([content.get(name) for name in _SAID] + [extra, *typed])
    digest = hashlib.sha256(f"{delivery.source.id}\n{said}".encode("utf-8", "replace")).hexdigest()
    return f"derived:{digest}:{bucket}", before(delivery, f"derived:{digest}:{bucket - 1}")


def before(delivery: Delivery, key: str) -> lead.Content:
    """The fields that make `key` count as the same thing if it came within the source's window."""
    since = delivery.received_at - delivery.source.dedupe_for
    return {"also": key, "also_since": normal.instant(since.isoformat())}
