"""E-mail to an address of ours, through SendGrid's Inbound Parse: what people write, the team's commands, answers to our mails.

What no person wrote (auto-replies, bounces, newsletters, our own mails coming back) is kept, and nothing follows from it.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from config import lead, normal
from config.links import read_message_id, read_thread_tag
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import keys, receiving
from webhooks.answers import Answer
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import Unreadable
from webhooks.example import Example
from webhooks.keys import verify as verify
from webhooks.mail import letters, words
from webhooks.mail.automatic import speaks_for, why_automatic
from webhooks.mail.letters import Letter
from webhooks.mail.parts import Parts, read_parts
from webhooks.signatures import is_sendgrids

log = structlog.get_logger("webhooks")
_FIELDS = {
    "headers": "From: Dana Cole <dana@example.com>\nMessage-ID: <14@mail.example.com>\nDate: Tue, 24 Nov 2026 09:58:00 -0600\nSubject: Need a quote\n",
    "from": "Dana Cole <dana@example.com>",
    "to": "sales@leads.example.com",
    "subject": "Need a quote",
    "text": "Do you install heat pumps? Please call 512 555 0143",
    "envelope": '{"to": ["sales@leads.example.com"], "from": "dana@example.com"}',
    "charsets": '{"to": "UTF-8", "subject": "UTF-8", "from": "UTF-8", "text": "UTF-8"}',
    "dkim": "{@example.com : pass}",
    "SPF": "pass",
}  # fmt: skip
EXAMPLE = Example(
    headers={"content-type": "multipart/form-data; boundary=xYzZY"},
    body="".join(f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in _FIELDS.items()).encode()
    + b"--xYzZY--\r\n",
    secret="a-key-of-the-example-in-the-address",
    sign=keys.bearer,
    signs_body=False,
)  # fmt: skip
CONTENT_TYPES = frozenset({"multipart/form-data"})
KEY_ALONE = True
LARGEST_BODY = 31 * 1024 * 1024  # bytes; SendGrid takes mails of 30 MB and drops what is answered with a 4xx
DOCS = SourceDocs(
    vendor="E-mail (SendGrid Inbound Parse)",
    verified_by="A key at the end of the address",
    answers="200 at once; redirects are not followed",
    retries="5xx is sent again for up to 3 days; a 4xx loses the mail",
    key="The mail's Message-ID",
    mapped="From to name and e-mail, the new words of the text (quoted mails and signatures cut, HTML read where there is no text) to "
    "message, a number written in it to phone as a guess; subject, DKIM and SPF to extra; attachments by name and size. Replies to "
    "our mails go to their lead; what a form's page mails from noreply@ is of whoever stands in Reply-To; mails of reps and managers are commands or, in a lead's thread, their answer to the lead",
    at_vendor=(
        "Point the MX record of a subdomain, such as in.example.com, to mx.sendgrid.net",
        "Make up a key of at least 22 letters and digits and set it as the source's `secret`",
        "SendGrid, Settings, Inbound Parse, Add Host & URL: that subdomain, and `https://<your Headroom>/webhooks/<source id>/<the key>`",
        "Set SENDGRID_REPLY_TO to an address of that subdomain, so that answers come back to their lead",
    ),
    thin="A number found in the words is a guess and marked as one (phone_is_a_guess). How a webhook security policy (signature or OAuth) is attached to "
    "Inbound Parse is not established: the key is needed with one and without one, and the log says what came besides (mail_believed: policy); "
    "a signature is tried with SENDGRID_WEBHOOK_KEY and with each public key in `secret`",
)
KEPT_WHOLE = 1024 * 1024  # bytes; of a larger mail the fields are kept without the files
_VERDICT = re.compile(r"@?([\w.-]+)\s*:\s*(\w+)")
_PLUS = re.compile(r"\+([a-z]\d{1,12}-[0-9a-f]{12})@", re.IGNORECASE)
_IDS = re.compile(r"<([^<>\s]{3,250})>")


def parse(delivery: Delivery) -> list[Received]:
    """One mail: a message, or an `auto_reply` from which nothing follows. What cannot be read is kept: a refusal loses it. Raises TooLarge."""
    log.info("mail_believed", source=delivery.source.id, by="key", policy=_policy(delivery))
    try:
        parts = read_parts(delivery.body, delivery.content_type)
        letter = letters.read(parts)
    except Unreadable as unreadable:
        log.warning("webhook_unreadable", source=delivery.source.id, what=unreadable.what)
        return [receiving.kept_unread(replace(delivery, body=delivery.body[:KEPT_WHOLE]), unreadable)]
    key = _key(letter)
    why = why_automatic(letter, _own(delivery)) or _is_ours(delivery, letter)
    if why:
        content = lead.common_lead(external_id=key, kind="message", channel="email", is_test=False, why=why)
        return [_received(delivery, parts, "auto_reply", key, content)]
    return [_received(delivery, parts, "message", key, _content(delivery, parts, letter, key))]


def _policy(delivery: Delivery) -> str:
    """What a security policy of the vendor's added to the mail, beside the key that proved it."""
    signature, at = (delivery.headers.get(f"x-twilio-email-event-webhook-{name}", "") for name in ("signature", "timestamp"))
    known = [part.strip() for each in delivery.source.secrets for part in each.split(",")]
    if signature:
        fits = any(
            is_sendgrids(delivery.body, signature, at, key) for key in (delivery.settings.sendgrid_webhook_key, *known) if key
        )
        return "a signature that fits" if fits else "a signature that fits no key we have"
    scheme, _, token = delivery.headers.get("authorization", "").partition(" ")
    return "a token" if scheme.lower() == "bearer" and token.strip() not in known else "none"


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """200, whatever it was."""
    return Answer(200, "OK")


def _content(delivery: Delivery, parts: Parts, letter: Letter, key: str) -> lead.Content:
    said = words.new_words(letter.text)
    subject = normal.clean_line(letter.subject, 200)
    numbers = [each for each in normal.phones_in(_own_lines(letter.text), delivery.region) if each not in delivery.own_numbers]
    guess = numbers[0] if len(numbers) == 1 else None
    spoken_for = speaks_for(letter, _own(delivery))
    sender = spoken_for or letter.sender
    name = normal.clean_line(letter.reply_to[0] if spoken_for else letter.name, normal.LONGEST_NAME)
    return lead.common_lead(
        external_id=key,
        kind="message",
        channel="email",
        name="" if "@" in name else name,
        email=normal.email(sender),
        phone=guess,
        message=normal.clean_text(said, normal.LONGEST_MESSAGE) or subject,
        thread=_thread(delivery, letter.recipients, _answered(letter.headers)),
        in_reply_to=_answered(letter.headers),
        authentic=not spoken_for and _is_authentic(parts, letter),
        submitted_at=normal.instant(letter.headers.get("date", "")),
        attachments=[{"name": normal.clean_line(f.name, 200), "type": normal.clean_line(f.type, 100), "size": f.size} for f in letter.files],
        is_test=False,
        extra={
            "subject": subject,
            "to": normal.clean_line(letter.recipients[0] if letter.recipients else "", 254),
            "dkim": _verdict(parts.text("dkim")),
            "spf": _verdict(parts.text("SPF")),
            "spam_score": normal.clean_line(parts.text("spam_score"), 20),
            "phone_is_a_guess": True if guess else None,
            "email_as_typed": normal.clean_line(sender, 254) if normal.email(sender) is None else "",
            "sent_by": normal.clean_line(letter.sender, 254) if spoken_for else "",
        },
    )  # fmt: skip


def _own(delivery: Delivery) -> frozenset[str]:
    """The addresses that we write from, and where we have answers sent."""
    ours = (delivery.settings.sendgrid_from, delivery.settings.sendgrid_reply_to or "")
    return frozenset(each.strip().lower() for each in ours if each.strip())


def _is_ours(delivery: Delivery, letter: Letter) -> str:
    """A mail of ours that came back on its way, under whatever sender: its own id is one that we made."""
    made = _IDS.findall(letter.headers.get("message-id", ""))
    return "our own mail came back" if any(read_message_id(delivery.settings, each) for each in made) else ""


def _key(letter: Letter) -> str:
    """The mail's own id, or one made of who wrote what when."""
    message_id = normal.identifier(letter.headers.get("message-id", ""))
    if message_id:
        return f"email:{message_id}"
    made = json.dumps([letter.sender.lower(), letter.headers.get("date", ""), letter.subject, letter.text])
    return f"email:derived:{hashlib.sha256(made.encode('utf-8', 'replace')).hexdigest()}"


def _thread(delivery: Delivery, recipients: Sequence[str], answered: Sequence[str]) -> str:
    """The code of the lead whose thread it is in: by an address (sales+a7-...@), else by the mail of ours it answers; "" for none."""
    tags = (found[1] for address in recipients if (found := _PLUS.search(address)))
    by_address = next((code for tag in tags if (code := read_thread_tag(delivery.settings, tag))), "")
    return by_address or next((code for each in answered if (code := read_message_id(delivery.settings, each))), "")


def _own_lines(text: str) -> str:
    """What they wrote themselves, signature included: there the number often stands."""
    return words.new_words(text.replace("\n-- \n", "\n\n").replace("\n--\n", "\n\n"))


def _answered(headers: Mapping[str, str]) -> list[str]:
    """The ids of the mails this one answers, the nearest first."""
    nearest, earlier = _IDS.findall(headers.get("in-reply-to", "")), _IDS.findall(headers.get("references", ""))
    return [normal.identifier(each) for each in dict.fromkeys((*nearest, *reversed(earlier)))][:20]


def _is_authentic(parts: Parts, letter: Letter) -> bool:
    """Did the sender's own domain send it? From can be written by anybody; a rep's command must be proved."""
    domain = letter.sender.rpartition("@")[2].lower()
    signed = [found.lower() for found, verdict in _VERDICT.findall(parts.text("dkim")) if verdict.lower() == "pass"]
    if any(domain == each or domain.endswith(f".{each}") for each in signed):
        return True
    envelope = (letter.bounce_to or "").rpartition("@")[2].lower()
    return parts.text("SPF").strip().lower() == "pass" and bool(domain) and envelope == domain


def _verdict(text: str) -> str:
    """ "{@example.com : pass}" as "pass"."""
    found = list(dict.fromkeys(verdict.lower() for _, verdict in _VERDICT.findall(text)))
    return ", ".join(found) if found else normal.clean_line(text.strip("{} "), 40).lower()


def _received(delivery: Delivery, parts: Parts, event: str, key: str, content: lead.Content) -> Received:
    body = delivery.body
    if len(body) > KEPT_WHOLE:
        kept = {name: value[:KEPT_WHOLE].decode("utf-8", "replace") for name, value in parts.fields.items() if name != "email"}
        body = json.dumps(kept, sort_keys=True).encode()[: 2 * KEPT_WHOLE]
    return Received(delivery.source.id, key, event, content, body, delivery.kept_headers, delivery.received_at)
