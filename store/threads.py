"""Whose conversation a mail belongs to: by the mark in the address it was sent to, or by the mail of ours that it answers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

# SendGrid's id of a mail is the first part of its Message-ID
ANSWERED = text("""
SELECT l.code FROM outbox o JOIN leads l ON l.id = o.lead_id
WHERE o.provider = 'sendgrid' AND o.provider_id = ANY(:ids) ORDER BY o.created_at DESC, o.id DESC LIMIT 1
""")


def thread_of(db: Connection, content: Mapping[str, Any]) -> str:
    """The code of the lead it is about, "" when nothing says so."""
    if content.get("thread"):
        return str(content["thread"])
    names = [str(each).partition("@")[0] for each in content.get("in_reply_to") or ()]
    ids = {*names, *(name.partition(".")[0] for name in names)} - {""}
    found = db.execute(ANSWERED, {"ids": sorted(ids)}).scalar() if ids else None
    return str(found) if found else ""
