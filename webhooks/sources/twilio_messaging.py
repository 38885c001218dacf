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
    " `ReferralCtwaClid`); STOP, START and HELP are wishes and no leads",
    at_vendor=(
        "Phone Numbers > Manage > Active numbers > your number > Messaging (or the Messaging Service > Integration).",
        "A message comes in: Webhook, `https://<your Headroom>/webhooks/<source id>`, HTTP POST.",
        "WhatsApp: Messaging > Senders > WhatsApp senders > your sender: the same address.",
        "Put the auth token into `TWILIO_AUTH_TOKEN` (or the source's `secret`).",
    ),
)
MOST_MEDIA = 10
_CHANNELS = ("whatsapp", "messenger", "rcs")


def parse(delivery: Delivery) -> list[Received]:
    """One message, or a STOP, START or HELP that Twilio recognised. Raises Unreadable without a MessageSid."""
    form = delivery.form
    key = f"twilio_message:{twilio_requests.sid(delivery, 'MessageSid')}"
    opt = form.get("OptOutType", "").lower()
    event = "opt_out" if opt in ("stop", "start", "help") else "message"
    phone = twilio_requests.number(delivery, "From")
    if (form.get("From") and form.get("From") == form.get("To")) or phone in delivery.own_numbers:
        return []  # one of our own numbers wrote
    if phone is None and _channel(form) == "sms" and event == "message":
        why = "a short code or a name, which takes no answers"
        kept = lead.common_lead(external_id=key, kind="message", channel="sms", message=_words(form), is_test=False, why=why)
        return [Received(delivery.source.id, key, "auto_reply", kept, delivery.body, delivery.kept_headers, delivery.received_at)]
    content = lead.common_lead(
        external_id=key,
        kind="message",
        channel=_channel(form),
        name=normal.clean_line(form.get("ProfileName", ""), normal.LONGEST_NAME),
        phone=phone,
        to=twilio_requests.number(delivery, "To"),
        message=_words(form),
        opt=opt if event == "opt_out" else "",
        handles=_handles(form),
        campaign=_campaign(form),
        click_ids={"ctwa_clid": normal.identifier(form.get("ReferralCtwaClid", ""))},
        attachments=_media(form),
        is_test=False,
        extra={**twilio_requests.place(form), "button": normal.clean_line(form.get("ButtonPayload", ""))},
    )
    return [Received(delivery.source.id, key, event, content, delivery.body, delivery.kept_headers, delivery.received_at)]


def answer(_delivery: Delivery, _recorded: Sequence[Recorded], _after: After | None) -> Answer:
    """Nothing to say here: an answer in TwiML and one through the API would be two."""
    return twiml()


def _channel(form: Form) -> str:
    scheme = form.get("From", "").partition(":")[0].lower()
    return scheme if scheme in _CHANNELS else "sms"


def _words(form: Form) -> str:
    return normal.clean_text(form.get("Body", "") or form.get("ButtonText", ""))


def _handles(form: Form) -> dict[str, str]:
    channel, address = _channel(form), form.get("From", "").partition(":")[2]
    if channel == "whatsapp":
        return {"whatsapp": normal.identifier(form.get("WaId", "") or address.lstrip("+"))}
    return {"messenger": normal.identifier(address)} if channel == "messenger" else {}


def _campaign(form: Form) -> dict[str, str]:
    names = {"ad_id": "ReferralSourceId", "headline": "ReferralHeadline"}
    return {ours: normal.clean_line(form.get(theirs, "")) for ours, theirs in names.items()}


def _media(form: Form) -> list[dict[str, str]]:
    count = min(twilio_requests.whole(form, "NumMedia") or 0, MOST_MEDIA)
    media = ((form.get(f"MediaUrl{n}", ""), form.get(f"MediaContentType{n}", "")) for n in range(count))
    return [{"url": normal.clean_line(url, 1000), "type": normal.clean_line(kind, 100)} for url, kind in media if url]
