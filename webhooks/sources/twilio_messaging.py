"""Texts, picture messages and WhatsApp through Twilio. Who wrote (a lead, a rep, a manager) is decided where people are known."""

from collections.abc import Sequence

from config import lead, normal
from store.advance import After
from store.inbox import Received, Recorded
from webhooks import twilio_requests
from webhooks.answers import Answer, twiml
from webhooks.bodies import Form
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.example import Example
from webhooks.twilio_requests import CONTENT_TYPES as CONTENT_TYPES
from webhooks.twilio_requests import VERBS as VERBS
from webhooks.twilio_requests import verify as verify

EXAMPLE = Example(
    headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
    body=b"MessageSid=SM0123456789abcdef0123456789abcdef&AccountSid=AC0123456789abcdef0123456789abcdef&From=%2B15125550143"
    b"&To=%2B15125550100&Body=Do+you+install+heat+pumps%3F&NumMedia=0&FromCity=AUSTIN&FromState=TX&FromCountry=US",
    secret="12345678901234567890123456789012",
    sign=twilio_requests.sign,
)
SETTINGS_SECRETS = "twilio_tokens"
DOCS = SourceDocs(
    vendor="Twilio texts and WhatsApp",
    verified_by="`X-Twilio-Signature` (HMAC-SHA1 of the address and the fields) with the auth token; a subaccount signs with its own",
    answers="an empty TwiML document within 15 s",
    retries="once when it cannot connect, then the fallback address",
    key="`MessageSid`",
    mapped="number, words, pictures, place; WhatsApp's profile name, number, pressed button, and the ad it came from (`ReferralSourceId`,"
    " `ReferralCtwaClid`); STOP, START and HELP are wishes and no leads; nor is what our own numbers, short codes and named senders write",
    at_vendor=(
        "Phone Numbers > Manage > Active numbers > your number > Messaging (or the Messaging Service > Integration).",
        "A message comes in: Webhook, `https://<your Headroom>/webhooks/<source id>`, HTTP POST.",
        "WhatsApp: Messaging > Senders > WhatsApp senders > your sender: the same address.",
        "Put the auth token into `TWILIO_AUTH_TOKEN` (or the source's `secret`).",
    ),
)
MOST_MEDIA = 10
MOST_SHORT = 8  # digits of a short code; nobody's own number has so few with its country code
_CHANNELS = ("whatsapp", "messenger", "rcs")
_WISHES = frozenset({"stop", "start", "help"})


def parse(delivery: Delivery) -> list[Received]:
    """One message, or a STOP, START or HELP that Twilio recognised. Raises Unreadable without a MessageSid.

    What short codes and named senders write (codes, offers, notices) is kept, and nothing follows from it: no person reads an answer.
    """
    form, phone = delivery.form, twilio_requests.number(delivery, "From")
    key = f"twilio_message:{twilio_requests.sid(delivery, 'MessageSid')}"
    if phone in delivery.own_numbers or (form.get("From") and form.get("From") == form.get("To")) or _says_nothing(form):
        return []
    kept = (delivery.raw, delivery.kept_headers, delivery.received_at)
    if why := _is_automatic(form):
        content = lead.common_lead(
            external_id=key, kind="message", channel=_channel(form), message=_words(form), is_test=False, why=why
        )
        return [Received(delivery.source.id, key, "auto_reply", content, *kept)]
    opt = form.get("OptOutType", "").lower()
    event = "opt_out" if opt in _WISHES else "message"
    return [Received(delivery.source.id, key, event, _content(delivery, key, phone, opt), *kept)]


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """Nothing to say here: an answer in TwiML and one through the API would be two."""
    return twiml()


def _content(delivery: Delivery, key: str, phone: str | None, opt: str) -> lead.Content:
    form = delivery.form
    page = normal.clean_line(form.get("ReferralSourceUrl", ""), 1000)
    return lead.common_lead(
        external_id=key,
        kind="message",
        channel=_channel(form),
        name=normal.clean_line(form.get("ProfileName", ""), normal.LONGEST_NAME),
        phone=phone or _whatsapp_phone(form),
        to=twilio_requests.number(delivery, "To"),
        message=_words(form),
        opt=opt if opt in _WISHES else "",
        consent=_consent(form, opt),
        handles=_handles(form),
        campaign=_campaign(form),
        **lead.tracking({"ctwa_clid": normal.identifier(form.get("ReferralCtwaClid", ""))}, page),
        attachments=_media(form),
        is_test=False,
        extra={**twilio_requests.place(form), **_named(form), "page_url": page},
    )


def _is_automatic(form: Form) -> str:
    """Why no person wrote it, "" when one did. People's numbers come in E.164; short codes are bare digits, named senders have letters."""
    sender = form.get("From", "").strip()
    if _channel(form) != "sms" or not sender or sender.startswith("+"):
        return ""
    if any(char.isalpha() for char in sender):
        return "a sender with a name instead of a number"
    return "a short code" if len(sender) <= MOST_SHORT else ""


def _says_nothing(form: Form) -> bool:
    """A thumb under a message of ours is no message."""
    return form.get("MessageType", "").lower() == "reaction"


def _channel(form: Form) -> str:
    scheme = form.get("From", "").partition(":")[0].lower()
    return scheme if scheme in _CHANNELS else "sms"


def _words(form: Form) -> str:
    """What was said; a pressed button, a chosen line or a shared place says it too."""
    said = next((form[name] for name in ("Body", "ButtonText", "ListTitle") if form.get(name, "").strip()), "")
    place = (form.get(name, "") for name in ("Latitude", "Longitude", "Label", "Address"))
    return normal.clean_text(said, normal.LONGEST_MESSAGE) or normal.shared_place(*place)


def _consent(form: Form, opt: str) -> list[lead.Content]:
    """STOP takes back what START gives."""
    if opt not in ("stop", "start"):
        return []
    return [lead.common_lead(key=_channel(form), value=opt == "start", text=_words(form) or opt.upper())]


def _whatsapp_phone(form: Form) -> str | None:
    """The number of whom Twilio addresses by another id."""
    digits = form.get("WaId", "")
    return normal.phone(f"+{digits}", "ZZ") if _channel(form) == "whatsapp" and digits.isdigit() else None


def _handles(form: Form) -> dict[str, str]:
    channel, address = _channel(form), form.get("From", "").partition(":")[2]
    if channel == "whatsapp":
        return {"whatsapp": normal.identifier(form.get("WaId", "") or address.lstrip("+"))}
    return {"messenger": normal.identifier(address)} if channel == "messenger" else {}


def _campaign(form: Form) -> dict[str, str]:
    names = {"ad_id": "ReferralSourceId", "headline": "ReferralHeadline"}
    return {ours: normal.clean_line(form.get(theirs, "")) for ours, theirs in names.items()}


def _named(form: Form) -> dict[str, str]:
    return {ours: normal.clean_line(form.get(theirs, "")) for ours, theirs in _EXTRA.items()}


def _media(form: Form) -> list[dict[str, str]]:
    count = min(twilio_requests.whole(form, "NumMedia") or 0, MOST_MEDIA)
    media = ((form.get(f"MediaUrl{n}", ""), form.get(f"MediaContentType{n}", "")) for n in range(count))
    return [{"url": normal.clean_line(url, 1000), "type": normal.clean_line(kind, 100)} for url, kind in media if url]


_EXTRA = {
    "button": "ButtonPayload", "list_id": "ListId", "list_description": "ListDescription", "latitude": "Latitude",
    "longitude": "Longitude", "forwarded": "Forwarded", "reply_to": "OriginalRepliedMessageSid", "referral_type": "ReferralSourceType",
    "referral_body": "ReferralBody",
}  # fmt: skip
