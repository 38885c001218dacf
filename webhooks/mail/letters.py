"""A mail as SendGrid's Inbound Parse posts it, in its parsed or in its raw shape."""

import email
import email.policy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import HeaderParser
from email.utils import getaddresses, parseaddr

from webhooks import bodies
from webhooks.errors import Unreadable
from webhooks.mail import markup
from webhooks.mail.parts import Attached, Parts, decoded

MOST_FILES = 50
_LOST = "\ufffd"  # stands for what could not be decoded
_ADDRESSES = re.compile(r"<([^<>\s]+@[^<>\s]+)>")
LONGEST_TEXT = 200_000  # characters of a mail that are looked at


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. `headers` have lower-case names, the first value of each; `bounce_to` is the envelope's sender, None if untold.

    `reply_to` is the name and address to which its writer wants answers, where that is said.
    """

    headers: Mapping[str, str]
    sender: str
    name: str
    reply_to: tuple[str, str]
    subject: str
    text: str
    recipients: Sequence[str]
    bounce_to: str | None
    files: Sequence[Attached]


def read(parts: Parts) -> Letter:
    """Raises Unreadable when there is neither a sender nor any header."""
    charsets = {key: str(value) for key, value in _object(parts.text("charsets")).items()}
    whole = _parsed(parts.fields["email"]) if parts.fields.get("email") else None
    headers = _headers(whole) if whole is not None else _header_lines(parts.text("headers", charsets.get("headers", "utf-8")))
    name, sender = _sender(headers.get("from", ""), parts.text("from", charsets.get("from", "utf-8")))
    if "@" not in sender:
        raise Unreadable("The mail has no sender", where="from", mend="Point SendGrid's Inbound Parse here, and nothing else.")
    envelope = _object(parts.text("envelope"))
    plain, html = _bodies(whole) if whole is not None else _posted(parts, charsets)
    said = _better(headers.get("subject", ""), parts.text("subject", charsets.get("subject", "utf-8")))
    files = _attached(whole) if whole is not None else parts.files
    return Letter(
        headers=headers,
        sender=sender,
        name=name,
        reply_to=parseaddr(headers.get("reply-to", "")),
        subject=said,
        text=(plain if plain.strip() else markup.text_of(html[: 2 * LONGEST_TEXT]))[:LONGEST_TEXT],
        recipients=_recipients(headers, envelope, parts.text("to", charsets.get("to", "utf-8"))),
        bounce_to=str(envelope["from"]) if isinstance(envelope.get("from"), str) else None,
        files=list(files)[:MOST_FILES],
    )


def _sender(header: str, posted: str) -> tuple[str, str]:
    """Name and address of the writer. A name may hold an address of its own, in which case the last one is meant."""
    said = _better(header, posted)
    name, address = parseaddr(said)
    found = _ADDRESSES.findall(said)
    if len(found) > 1 and "," not in said:
        return said[: said.rindex(f"<{found[-1]}>")].strip(' "'), found[-1]
    shown = parseaddr(posted)
    return name or (shown[0] if shown[1].lower() == address.lower() else ""), address


def _better(header: str, posted: str) -> str:
    """A header as it stands in the mail, unless it lost letters on the way: then as SendGrid read it."""
    return posted if posted and (not header or _LOST in header) else header


def _posted(parts: Parts, charsets: Mapping[str, str]) -> tuple[str, str]:
    return parts.text("text", charsets.get("text", "utf-8")), parts.text("html", charsets.get("html", "utf-8"))


def _parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, _class=EmailMessage, policy=email.policy.default)


def _header_lines(lines: str) -> dict[str, str]:
    found = HeaderParser(policy=email.policy.default).parsestr(lines.lstrip("\r\n"), headersonly=True)
    return _headers(found)


def _headers(message: EmailMessage | object) -> dict[str, str]:
    """The first value of each header. One that the library cannot read is left out: mails from the wild have them."""
    found: dict[str, str] = {}
    for name in list(getattr(message, "keys", list)()):
        try:
            found.setdefault(name.lower(), " ".join(str(message[name]).split()))  # type: ignore[index]
        except (MessageError, ValueError, LookupError, IndexError, TypeError, AttributeError):
            continue
    return found


def _bodies(message: EmailMessage) -> tuple[str, str]:
    """The plain and the HTML text of a raw mail."""
    found = {"plain": "", "html": ""}
    for part in message.walk():
        kind = part.get_content_subtype()
        if part.get_content_maintype() == "text" and kind in found and not found[kind] and not _is_file(part):
            payload = part.get_payload(decode=True)
            found[kind] = decoded(payload if isinstance(payload, bytes) else b"", part.get_content_charset() or "utf-8")
    return found["plain"], found["html"]


def _attached(message: EmailMessage) -> list[Attached]:
    files = []
    for part in message.walk():
        if _is_file(part):
            payload = part.get_payload(decode=True)
            files.append(Attached(_file_name(part), part.get_content_type(), len(payload) if isinstance(payload, bytes) else 0))
    return files


def _is_file(part: object) -> bool:
    return bool(_file_name(part)) or getattr(part, "get_content_disposition", lambda: None)() == "attachment"


def _file_name(part: object) -> str:
    try:
        return str(getattr(part, "get_filename", lambda: "")() or "")
    except (MessageError, ValueError, LookupError, AttributeError, TypeError):
        return ""


def _recipients(headers: Mapping[str, str], envelope: Mapping[str, object], to: str) -> list[str]:
    """Everybody it went to, the envelope's first: only there our own address is sure to stand."""
    theirs = envelope.get("to")
    enveloped = [str(each) for each in theirs] if isinstance(theirs, list) else []
    written = [
        address
        for _, address in getaddresses([to, headers.get("to", ""), headers.get("cc", ""), headers.get("delivered-to", "")])
    ]
    return list(dict.fromkeys(address.strip().lower() for address in (*enveloped, *written) if "@" in address))[:50]


def _object(text: str) -> Mapping[str, object]:
    """A JSON object in a field; what is none says nothing: the mail is there all the same."""
    try:
        value = bodies.read_json(text.encode("utf-8", "replace")) if text.strip() else {}
    except Unreadable:
        return {}
    return value if isinstance(value, dict) else {}
