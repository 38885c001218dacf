"""Knock at our own front door as a website or a provider would: over HTTP, with a genuine signature.

So that a test lead and an answer from the letter box take the very way of real ones. Providers' shapes are used only where the
provider is not set up: then the secrets are derived from SECRET_KEY and sign nothing but this.
"""

import base64
import hashlib
import hmac
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from config.links import thread_tag
from config.settings import Settings
from routing.team import Source, Team

PATIENCE_SECONDS = 10.0
PAGE = "100000000000001"  # of nobody
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}


class NotTaken(Exception):
    """The front door did not take it; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the front door said."""

    status: int
    body: bytes

    def lead(self) -> str | None:
        """The code of the lead, where it names one."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return None
        return found.get("lead") if isinstance(found, dict) else None


def first_source(team: Team, kind: str) -> Source | None:
    """The first source of a type in the team file."""
    return next((source for source in team.sources.values() if source.type == kind), None)


def post_form(settings: Settings, source: Source, fields: dict[str, str], now: datetime) -> Answer:
    """Fill in the source's form; signed where it asks for that. Raises NotTaken."""
    body = urlencode(fields).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if source.secrets:
        headers |= _standard_signature(source.secrets[0], body, now)
    return _knock(settings, f"/webhooks/{source.id}", body, headers)


def post_text(settings: Settings, source: Source, *, sender: str, text: str, channel: str = "sms", to: str = "") -> Answer:
    """Write to our number (`to`, else the usual one) as Twilio would pass it on. Raises NotTaken."""
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    sid = "SM" + secrets.token_hex(16)
    fields = {
        "MessageSid": sid, "SmsMessageSid": sid, "SmsSid": sid, "AccountSid": settings.twilio_account_sid, "ApiVersion": "2010-04-01",
        "From": prefix + sender, "To": prefix + (to or settings.twilio_from), "Body": text, "NumMedia": "0", "NumSegments": "1",
        "SmsStatus": "received",
    }  # fmt: skip
    return post_twilio(settings, f"/webhooks/{source.id}", fields)


def post_missed_call(settings: Settings, source: Source, *, caller: str, now: datetime) -> None:
    """Ring our number and hang up before anyone answers. Raises NotTaken."""
    fields = {
        "CallSid": "CA" + secrets.token_hex(16), "AccountSid": settings.twilio_account_sid, "ApiVersion": "2010-04-01",
        "From": caller, "To": settings.twilio_from, "Caller": caller, "Called": settings.twilio_from, "Direction": "inbound",
    }  # fmt: skip
    post_twilio(settings, f"/webhooks/{source.id}", fields | {"CallStatus": "ringing"})
    hung_up = {
        "CallStatus": "canceled",
        "CallDuration": "0",
        "SequenceNumber": "1",
        "Timestamp": now.strftime("%a, %d %b %Y %H:%M:%S +0000"),
    }
    post_twilio(settings, f"/webhooks/{source.id}/status", fields | hung_up)


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail as somebody writes it. `code` is of the lead whose mail it answers, "" for none."""

    sender: str
    subject: str
    text: str
    code: str = ""


def post_mail(settings: Settings, source: Source, mail: Mail, now: datetime) -> Answer:
    """Write an e-mail to us as SendGrid's Inbound Parse would pass it on, vouched for by the sender's own server. Raises NotTaken."""
    local, _, domain = (settings.sendgrid_reply_to or settings.sendgrid_from).rpartition("@")
    to = f"{local}+{thread_tag(settings, mail.code)}@{domain}" if mail.code else f"{local}@{domain}"
    subject, theirs = " ".join(mail.subject.split()), mail.sender.rpartition("@")[2]
    lines = (
        f"From: {mail.sender}",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: <{secrets.token_hex(12)}@outbox.invalid>",
        f"Date: {format_datetime(now)}",
    )
    fields = {
        "headers": "\n".join(lines), "from": mail.sender, "to": to, "subject": subject, "text": mail.text, "SPF": "pass",
        "dkim": f"{{@{theirs} : pass}}", "envelope": json.dumps({"to": [to], "from": mail.sender}),
        "charsets": json.dumps(dict.fromkeys(("to", "from", "subject", "text"), "UTF-8")),
    }  # fmt: skip
    mark = secrets.token_hex(16)
    parts = (f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items())
    body = ("".join(parts) + f"--{mark}--\r\n").encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}", "Authorization": f"Bearer {source.secrets[0]}"}
    return _knock(settings, f"/webhooks/{source.id}", body, headers)


def post_messenger(settings: Settings, source: Source, *, sender: str, text: str, now: datetime, page: str = "") -> Answer:
    """Write to our page as Meta would pass it on. Raises NotTaken."""
    page = page or PAGE
    at = int(now.timestamp() * 1000)
    message = {"mid": "m_" + secrets.token_urlsafe(18), "text": text}
    talk = {"sender": {"id": sender}, "recipient": {"id": page}, "timestamp": at, "message": message}
    body = json.dumps({"object": "page", "entry": [{"id": page, "time": at, "messaging": [talk]}]}).encode()
    signature = "sha256=" + hmac.new(settings.meta_app_secret.partition(",")[0].encode(), body, hashlib.sha256).hexdigest()
    return _knock(
        settings, f"/webhooks/{source.id}", body, {"Content-Type": "application/json", "X-Hub-Signature-256": signature}
    )


def twilio_signature(token: str, url: str, fields: dict[str, str]) -> str:
    """The vendor's scheme: HMAC-SHA1 over the address and every field, sorted by name, name and value joined."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def post_twilio(settings: Settings, path: str, fields: dict[str, str]) -> Answer:
    """Post a form as Twilio signs it. Raises NotTaken."""
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "X-Twilio-Signature": twilio_signature(settings.twilio_tokens[0], settings.public_url + path, fields),
        "I-Twilio-Idempotency-Token": secrets.token_hex(16),
    }
    return _knock(settings, path, urlencode(fields).encode(), headers)


def _standard_signature(secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """Standard Webhooks: HMAC-SHA256 over id.timestamp.body with the base64 part of the secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    name, at = "msg_" + secrets.token_hex(12), str(int(now.timestamp()))
    digest = hmac.new(key, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": "v1," + base64.b64encode(digest).decode()}


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """A form's thanks page is for browsers: do not follow."""


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


def _knock(settings: Settings, path: str, body: bytes, headers: dict[str, str]) -> Answer:
    address = f"http://{ANYWHERE.get(settings.host, settings.host)}:{settings.port}{path}"
    asked = urllib.request.Request(address, data=body, headers=headers, method="POST")
    try:
        with _opener.open(asked, timeout=PATIENCE_SECONDS) as answer:
            return Answer(answer.status, answer.read(65_536))
    except urllib.error.HTTPError as refused:
        if refused.code == 303:
            return Answer(303, b"")
        raise NotTaken(f"{path} answered {refused.code}: {_said(refused.read(2_000))}") from refused
    except OSError as gone:
        raise NotTaken(f"Nobody answers at {address}. Is the web process running on PORT={settings.port}?") from gone


def _said(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["what"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace")[:200] or "no reason given"
