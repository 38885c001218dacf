"""Messenger and Instagram answers through Meta's Send API, from the page that was written to.

Within 24 h of the person's last message, then with a human's tag only.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.outcomes import Receipt, SendFailed
from workers.wire import Answer, Wire, judge

HOST = "https://graph.facebook.com"
VERSION = "v25.0"
LONGEST = 2_000  # characters of one message
TOKEN_DEAD = 190
THROTTLED = frozenset({4, 17, 32, 613})
NO_RIGHT = frozenset({10, 200, 299})
OUTSIDE_WINDOW = 2018278  # subcode: the person last wrote more than 24 h ago


class Messenger:
    """Carries Messenger and Instagram messages."""

    provider = "meta"
    channels: Sequence[str] = ("messenger", "instagram")

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._wire, self._settings = wire, settings
        self._url = f"{settings.meta_graph_url or HOST}/{VERSION}/me/messages"

    def send(self, parcel: Parcel) -> Receipt:
        """POST /me/messages, "me" being the page or account they wrote to. The token goes in a header: addresses end up in logs."""
        token = self._settings.page_token(parcel.message.fields.get("from", ""))
        if not token:
            raise SendFailed("no token for the page they wrote to: add it to META_PAGE_TOKEN", code="no_token")
        tag = parcel.words.tag
        content = {
            "recipient": {"id": parcel.message.address},
            **({"messaging_type": "MESSAGE_TAG", "tag": tag} if tag else {"messaging_type": "RESPONSE"}),
            "message": {"text": parcel.words.body[:LONGEST]},
        }
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = self._wire.request(
            "POST", self._url, body=json.dumps(content).encode(), headers=headers, deadline=parcel.deadline
        )
        judge_graph(answer)
        return Receipt(self.provider, answer.json().get("message_id"), answer.status)

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """Meta cannot be asked by our id."""
        raise LookupError("Meta has no list of messages by our id")

    def meaning(self, code: str | None) -> Fault:
        """Nothing but for good."""
        return Fault.PERMANENT


def judge_graph(answer: Answer) -> None:
    """Raises for everything but a 2xx, by the Graph API's own error codes."""
    if 200 <= answer.status < 300:
        return
    error = answer.json().get("error")
    error = error if isinstance(error, dict) else {}
    code, subcode = error.get("code"), error.get("error_subcode")
    reason = f"Meta error {code or answer.status}" + (f"/{subcode}" if subcode else "")
    if code in THROTTLED:
        answer = Answer(429, answer.headers, answer.body)
    elif code == TOKEN_DEAD or (code in NO_RIGHT and subcode != OUTSIDE_WINDOW):
        raise SendFailed(reason, code=str(code), status=answer.status, configuration=True)
    judge(answer, code=str(code) if code else None, reason=reason)


def make(settings: Settings, wire: Wire) -> Messenger | None:
    """Only with a page token."""
    return Messenger(settings, wire) if settings.has_meta and settings.meta_page_token else None
