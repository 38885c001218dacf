"""Teams: cards to the webhook of a workflow, with buttons that open the page on which to accept, pass or acknowledge.

A workflow's webhook takes messages and sends nothing back, so a card can neither be pressed by a known person nor be changed later:
its buttons are our own signed link, and when it is over another card says so. The webhook's address is a secret, read at the moment of sending from where the team file says
(env:NAME), and called through the guard for addresses that users set. What a stranger wrote is plain runs of text, no markdown.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from config.outgoing import AddressRefused, Guard, NoAddress
from config.outgoing_call import NoReply, NotReached, Reply, call
from config.settings import Settings
from config.teamfile.secrets import resolved
from routing.sending import Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.outcomes import Ambiguous, NotProcessed, NotSent, Receipt, SendFailed
from workers.render import link_of
from workers.wire import Wire

LONGEST = 8_000  # characters: a card may have 28 KB
ASKED = {"Accept": "accept", "Pass": "pass"}  # each opens the page of the offer at its own button: opening alone must not act
SECONDS = 10.0
LONGEST_WAIT = 3600
CARD = "application/vnd.microsoft.card.adaptive"
BUTTONS = {"remind": "Open the lead", "accepted": "Call"}


class Teams:
    """Carries messages to staff."""

    provider = "teams"
    channels: Sequence[str] = ("teams",)

    def __init__(self, settings: Settings) -> None:
        self._settings, self._guard = settings, Guard(settings.private_urls)

    def send(self, parcel: Parcel) -> Receipt:
        """POST the card. 202 is Power Automate's yes."""
        url = resolved(parcel.message.address, self._settings)
        if not url:
            raise SendFailed("the webhook's address is not set any more", code="no_address")
        if parcel.deadline:
            parcel.deadline.check()
        body = json.dumps(card(parcel, self._settings)).encode()
        try:
            reply = call(self._guard, "POST", url, body=body, headers={"Content-Type": "application/json"}, seconds=SECONDS)
        except NoAddress as gone:
            raise NotSent("no address", code="connection") from gone
        except AddressRefused as refused:
            raise SendFailed(str(refused), code="address_refused") from refused
        except NotReached as gone:
            raise NotSent("no connection", code="connection") from gone
        except NoReply as silent:
            raise Ambiguous("no answer", code="no_answer") from silent
        _judge(reply)
        return Receipt(self.provider, None, reply.status)

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """A webhook cannot be asked."""
        raise LookupError("Teams has no list of messages")

    def meaning(self, code: str | None) -> Fault:
        """It sends no reports."""
        return Fault.PERMANENT


def card(parcel: Parcel, settings: Settings) -> dict[str, object]:
    """The message with one adaptive card: a run of text a line, and the button."""
    lines = parcel.words.body[:LONGEST].splitlines() or ["-"]
    body = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line}]} for line in lines]
    link, message = link_of(parcel.message, settings), parcel.message
    title = BUTTONS.get(message.template, "Acknowledge or assign" if message.purpose == "alarm" else "Open")
    places = {name: f"#{place}" for name, place in ASKED.items()} if message.template == "offer" else {title: ""}
    actions = [{"type": "Action.OpenUrl", "title": name, "url": f"{link}{place}"} for name, place in places.items() if link]
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body,
        "actions": actions,
    }  # fmt: skip
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": content}]}


def _judge(reply: Reply) -> None:
    """Raises for everything but a 2xx. Each address is somebody's own: one that is refused stops no other."""
    if 200 <= reply.status < 300:
        return
    code = str(reply.status)
    if reply.status == 429:
        seconds = reply.headers.get("retry-after", "")
        wait = timedelta(seconds=min(int(seconds), LONGEST_WAIT)) if seconds.isascii() and seconds.isdigit() else None
        raise NotProcessed("asked to slow down", code=code, status=429, retry_after=wait)
    if reply.status >= 500 or reply.status == 408:
        raise Ambiguous(f"Teams error {code}", code=code, status=reply.status)
    raise SendFailed(f"Teams error {code}: is the workflow still there?", code=code, status=reply.status)


def make(settings: Settings, _wire: Wire) -> Teams:
    """Always: whoever has no webhook is sent nothing this way."""
    return Teams(settings)
