"""WhatsApp through Meta's Cloud API, where a token and a phone number id are set; else Twilio carries WhatsApp (sms.py).

Free words only within 24 h of the person's last message. The file's name matters: channels are read in the order of the
alphabet, and the last to name a channel carries it.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.channels.messenger import HOST, VERSION, judge_graph
from workers.outcomes import Ambiguous, NotProcessed, Receipt, SendFailed
from workers.wire import Answer, Wire

LONGEST = 4_096  # characters of one message
# https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
SLOWER = frozenset({80007, 130429, 131048, 131056})
OUR_CONFIGURATION = frozenset({131005, 131030, 131031, 131042, 131045, 133010})
STOPPED = frozenset({131050})


class WhatsApp:
    """Carries WhatsApp messages. A lane of its own: its number and Messenger's page have different tokens."""

    provider = "meta_whatsapp"  # so it is told in webhooks/meta_messages.py too
    channels: Sequence[str] = ("whatsapp",)

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._wire, self._token = wire, settings.whatsapp_token or ""
        self._base, self._usual = f"{settings.meta_graph_url or HOST}/{VERSION}", settings.whatsapp_phone_id or ""

    def send(self, parcel: Parcel) -> Receipt:
        """POST /{id of the number they wrote to}/messages. A person without a number is written to by their business-scoped id."""
        digits = parcel.message.address.removeprefix("+")
        whom = {"to": digits} if digits.isdigit() else {"recipient": parcel.message.address}
        content = {"messaging_product": "whatsapp", "recipient_type": "individual", **whom, **_content(parcel)}
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        written_to = parcel.message.fields.get("from", "")
        url = f"{self._base}/{written_to if written_to.isascii() and written_to.isdigit() else self._usual}/messages"
        answer = self._wire.request("POST", url, body=json.dumps(content).encode(), headers=headers, deadline=parcel.deadline)
        _judge(answer)
        sent = answer.json().get("messages")
        first = sent[0] if isinstance(sent, list) and sent and isinstance(sent[0], dict) else {}
        if not first.get("id"):
            raise Ambiguous("Meta's answer has no message id", code="unreadable", status=answer.status)
        return Receipt(self.provider, str(first["id"]), answer.status)

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """Meta cannot be asked by our id."""
        raise LookupError("Meta has no list of messages by our id")

    def meaning(self, code: str | None) -> Fault:
        """What a failed status means."""
        return Fault.OPTED_OUT if code and code.isdigit() and int(code) in STOPPED else Fault.PERMANENT


def _content(parcel: Parcel) -> dict[str, object]:
    """The words, or the approved template with its variables. Raises SendFailed for a template of another provider.

    https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates: by place, or by `parameter_name`.
    """
    template, values = parcel.words.template, dict(parcel.words.values)
    if template is None:
        return {"type": "text", "text": {"preview_url": False, "body": parcel.words.body[:LONGEST]}}
    if not template.name:
        raise SendFailed("the template has no name: give its `name` and `language` in the team file", code="template")
    by_place = all(name.isdigit() for name in values)
    names = sorted(values, key=int) if by_place else list(values)
    parameters = [{"type": "text", **({} if by_place else {"parameter_name": name}), "text": values[name]} for name in names]
    body = [{"type": "body", "parameters": parameters}] if parameters else []
    named = {"name": template.name, "language": {"code": template.language}}
    return {"type": "template", "template": {**named, "components": body}}


def _judge(answer: Answer) -> None:
    """Raises for everything but a 2xx: WhatsApp's own codes first, then those of the whole Graph API."""
    if 200 <= answer.status < 300:
        return
    error = answer.json().get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if code in SLOWER:
        raise NotProcessed("asked to slow down", code=str(code), status=answer.status)
    if code in OUR_CONFIGURATION:
        raise SendFailed(f"WhatsApp error {code}", code=str(code), status=answer.status, configuration=True)
    if code in STOPPED:
        raise SendFailed(f"WhatsApp error {code}", code=str(code), status=answer.status, opted_out=True)
    judge_graph(answer)


def make(settings: Settings, wire: Wire) -> WhatsApp | None:
    """Only with a token and the id of a number."""
    return WhatsApp(settings, wire) if settings.whatsapp_token and settings.whatsapp_phone_id else None
