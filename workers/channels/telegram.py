"""Telegram: answers through the bot to whom has written to it. There is no window, and no list to look into."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.outcomes import Ambiguous, NotProcessed, Receipt, SendFailed
from workers.wire import Answer, Wire, judge

HOST = "https://api.telegram.org"
LONGEST = 4_096  # characters of one message
GONE = ("blocked by the user", "user is deactivated", "kicked")  # of a 403: the person wants no more
LONGEST_WAIT = timedelta(hours=1)


class Telegram:
    """Carries Telegram messages."""

    provider = "telegram"
    channels: Sequence[str] = ("telegram",)

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._wire = wire
        self._url = f"{settings.telegram_api_url or HOST}/bot{settings.telegram_token}/sendMessage"  # a secret: never log it

    def send(self, parcel: Parcel) -> Receipt:
        """POST sendMessage, as plain text: what a person wrote must not become markup."""
        content = {
            "chat_id": parcel.message.address,
            "text": parcel.words.body[:LONGEST],
            "link_preview_options": {"is_disabled": True},
        }
        headers = {"Content-Type": "application/json"}
        answer = self._wire.request(
            "POST", self._url, body=json.dumps(content).encode(), headers=headers, deadline=parcel.deadline
        )
        _judge(answer)
        result = answer.json().get("result")
        if not isinstance(result, dict) or "message_id" not in result:
            raise Ambiguous("Telegram's answer has no message id", code="unreadable", status=answer.status)
        return Receipt(self.provider, f"{parcel.message.address}:{result['message_id']}", answer.status)

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """Telegram cannot be asked."""
        raise LookupError("Telegram has no list of messages")

    def meaning(self, code: str | None) -> Fault:
        """It sends no reports."""
        return Fault.PERMANENT


def _judge(answer: Answer) -> None:
    """Raises for everything but a 2xx."""
    if 200 <= answer.status < 300:
        return
    said = answer.json()
    reason, described = f"Telegram error {answer.status}", str(said.get("description") or "").lower()
    if answer.status == 429:
        parameters = said.get("parameters")
        seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
        wait = min(timedelta(seconds=seconds), LONGEST_WAIT) if isinstance(seconds, int) and seconds > 0 else None
        raise NotProcessed("asked to slow down", code="429", status=429, retry_after=wait)
    if answer.status == 403 and any(words in described for words in GONE):
        raise SendFailed(reason, code="403", status=403, opted_out=True)
    judge(answer, code=None, reason=reason, configuration=frozenset({401, 404}))  # both: there is no such bot


def make(settings: Settings, wire: Wire) -> Telegram | None:
    """Only with the bot's token."""
    return Telegram(settings, wire) if settings.telegram_token else None
