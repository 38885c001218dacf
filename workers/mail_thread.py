"""What makes a mail to a lead go on in the conversation that it belongs to: its own id, the ids it answers (RFC 5322), its subject."""

import re

from config.links import make_message_id
from config.settings import Settings
from routing.sending import LEAD
from store.outbox import Claimed

MOST_IDS = 10  # of the conversation so far: the nearest say enough, and a header line has its limits
_ANSWERED = re.compile(r"^(?:(?:re|aw|sv|vs|ref|rif|r|antw|odp)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


def headers(message: Claimed, settings: Settings) -> dict[str, str]:
    """Message-ID, and In-Reply-To and References where it answers a mail. Nothing for the team's mails."""
    if message.recipient != LEAD or message.lead_id is None or not message.code:
        return {}
    domain = settings.sendgrid_from.rpartition("@")[2]
    found = {"Message-ID": make_message_id(settings, message.code, message.id, domain)}
    answers = message.answers or {}
    nearest = str(answers.get("id") or "")
    if answers.get("ours"):
        nearest = make_message_id(settings, message.code, int(answers["ours"]), domain)
    if not nearest:
        return found
    earlier = [f"<{each.strip('<> ')}>" for each in reversed(answers.get("earlier") or ()) if str(each).strip("<> ")]
    ids = [_plain(each) for each in dict.fromkeys((*earlier, nearest))][-MOST_IDS:]
    return found | {"In-Reply-To": _plain(nearest), "References": " ".join(ids)}


def subject(message: Claimed, ours: str) -> str:
    """The subject under which the conversation goes on: mail programs sort by it. `ours` where this mail begins one."""
    theirs = _ANSWERED.sub("", " ".join(str((message.answers or {}).get("subject") or "").split()))
    return f"Re: {theirs}"[:200] if theirs and message.recipient == LEAD else ours


def _plain(message_id: str) -> str:
    """Without blanks and line breaks: one in a header would begin another header."""
    return "".join(message_id.split())
