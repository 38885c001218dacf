"""E-mail through SendGrid: the SDK builds the request, our pool sends it.

The SDK's own client opens a new TLS connection for every mail (22 ms of CPU each), so only its mail objects and headers are used.
SendGrid has neither an idempotency key nor a list to look into: what is in doubt waits for its events.
"""

import json
from collections.abc import Sequence
from datetime import datetime

from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Content, CustomArg, Email, Header, Mail, To

from config.links import make_unsubscribe_link, thread_tag
from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers import mail_thread
from workers.channels import Parcel
from workers.outcomes import Receipt
from workers.wire import Wire, judge

HOST = "https://api.sendgrid.com"  # EU accounts set SENDGRID_API_URL=https://api.eu.sendgrid.com
OPTED_OUT = frozenset({"unsubscribe", "spamreport", "group_unsubscribe", "opted_out"})


class SendGrid:
    """Carries e-mail."""

    provider = "sendgrid"
    channels: Sequence[str] = ("email",)

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._wire, self._from, self._settings = wire, settings.sendgrid_from, settings
        host = settings.sendgrid_api_url or HOST
        self._url = f"{host}/v3/mail/send"
        self._headers = {
            **SendGridAPIClient(settings.sendgrid_api_key, host).client.request_headers,
            "Content-Type": "application/json",
        }

    def send(self, parcel: Parcel) -> Receipt:
        """POST /v3/mail/send; the message id rides along and comes back with every event."""
        body = json.dumps(self._mail(parcel).get()).encode()
        answer = self._wire.request("POST", self._url, body=body, headers=self._headers, deadline=parcel.deadline)
        judge(answer, code=None, reason=f"SendGrid answered {answer.status}")
        return Receipt(self.provider, answer.headers.get("X-Message-Id"), answer.status)

    def _mail(self, parcel: Parcel) -> Mail:
        message, words = parcel.message, parcel.words
        firm = one_line(message.fields.get("firm", "")) or None
        mail = Mail(
            from_email=Email(self._from, firm), to_emails=To(one_line(message.address)), subject=one_line(words.subject or "Headroom"),
            plain_text_content=Content("text/plain", words.body), html_content=Content("text/html", words.html) if words.html else None,
        )  # fmt: skip
        mail.reply_to = Email(self._reply_to(message), firm)
        # on the personalization: for the whole mail the vendor describes custom_args as a string, there as an object
        mail.personalizations[0].add_custom_arg(CustomArg("headroom_message_id", str(message.id)))
        for name, value in self._thread(message).items():
            mail.add_header(Header(name, value))
        return mail

    def _thread(self, message: Claimed) -> dict[str, str]:
        """The headers of a mail to a lead: its thread, and the way out (RFC 2369, one click: RFC 8058)."""
        found = mail_thread.headers(message, self._settings)
        if not found or message.lead_id is None:
            return {}
        ways = [f"<mailto:{self._reply_to(message)}?subject=unsubscribe>"] if self._settings.sendgrid_reply_to else []
        if self._settings.public_url.startswith("https://"):
            ways.insert(0, f"<{make_unsubscribe_link(self._settings, message.lead_id)}>")
            found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return found | ({"List-Unsubscribe": ", ".join(ways)} if ways else {})

    def _reply_to(self, message: Claimed) -> str:
        """Where answers go: with an address of Inbound Parse, one that says which lead it is about (sales+a7-...@)."""
        address = self._settings.sendgrid_reply_to
        if not address or not message.code:
            return address or self._from
        local, _, domain = address.rpartition("@")
        return f"{local}+{thread_tag(self._settings, message.code)}@{domain}"

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """SendGrid cannot be asked."""
        raise LookupError("SendGrid has no list of messages")

    def meaning(self, code: str | None) -> Fault:
        """A bounce is for good."""
        return Fault.OPTED_OUT if code in OPTED_OUT else Fault.PERMANENT


def one_line(text: str) -> str:
    """Without line breaks: one in a header would begin another header."""
    return " ".join(text.split())


def make(settings: Settings, wire: Wire) -> SendGrid | None:
    """Only with a key."""
    return SendGrid(settings, wire) if settings.has_sendgrid else None
