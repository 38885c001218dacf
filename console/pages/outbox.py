"""The letter box: every text and e-mail as it was sent; and without a provider, the place to answer as who got it."""

import re
from dataclasses import dataclass

from flask import Response, g, request

from console import answers, inbound, inbound_calls, words
from console.desk import Desk
from routing.team import Team
from store import reports_lead, reports_messages
from store.reports import Row

LONGEST_REPLY = 1_600  # characters, as the vendor's longest text
TEXTS = frozenset({"sms", "whatsapp"})
_NUMBER, _ADDRESS = re.compile(r"\+[0-9]{7,15}"), re.compile(r"[!-;=?A-~]{1,64}@[A-Za-z0-9.-]{3,190}")
_AS = {"lead": "the lead", "rep": "the rep", "manager": "the manager"}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on the page."""

    message: Row
    to: str
    kind: str
    answerable: bool
    answers_as: str


def show(desk: Desk) -> Response:
    """GET /outbox, newest first; ?to= and ?lead= filter, ?below= pages back."""
    team = desk.team()
    to, lead = words.typed(request.args.get("to", "")) or None, words.typed(request.args.get("lead", "")) or None
    below = request.args.get("below", "")
    found = reports_lead.find(desk.engine, lead) if lead else None
    letters = [] if lead and not found else reports_messages.letters(
        desk.engine, recipient=to, lead_id=found["id"] if found else None, below=int(below) if below.isdigit() and len(below) < 18 else None
    )  # fmt: skip
    return answers.live(
        desk, "outbox.html", letters=[letter(desk, team, row) for row in letters], to=to, lead=lead,
        people=[(row["recipient"], words.recipient_name(team, row["recipient"]), row["n"]) for row in reports_messages.recipients(desk.engine)],
        older=letters[-1]["id"] if len(letters) == reports_messages.PAGE else None, problem=request.args.get("problem"),
        call_source=None if desk.settings.has_twilio else inbound.first_source(team, "twilio_voice"),
        text_source=None if desk.settings.has_twilio else inbound.first_source(team, "twilio_messaging"),
        mail_source=None if desk.settings.has_sendgrid else inbound.first_source(team, "sendgrid_inbound"),
        has_sendgrid=desk.settings.has_sendgrid, has_twilio=desk.settings.has_twilio,
    )  # fmt: skip


def letter(desk: Desk, team: Team, message: Row) -> Letter:
    """Who got it, and may it be answered from here?"""
    kind = message["recipient"].partition(":")[0]
    name = words.recipient_name(team, message["recipient"], message["lead_name"])
    return Letter(
        message, name, kind, can_answer(desk, team, message["channel"]), name.rpartition(" (")[0] or _AS.get(kind, kind)
    )


def can_answer(desk: Desk, team: Team, channel: str) -> bool:
    """Only where no real provider stands behind the channel, and the team file has a source that would hear the answer."""
    if channel == "call":
        return not desk.settings.has_twilio and inbound.first_source(team, "twilio_voice") is not None
    if channel == "email":
        return not desk.settings.has_sendgrid and inbound.first_source(team, "sendgrid_inbound") is not None
    if channel in TEXTS:
        return not desk.settings.has_twilio and inbound.first_source(team, "twilio_messaging") is not None
    return channel == "messenger" and not desk.settings.has_meta and inbound.first_source(team, "meta") is not None


def reply(desk: Desk, number: str) -> Response:
    """POST /outbox/<message id>: answer as the person who got it, through the front door."""
    message = reports_messages.letter(desk.engine, int(number)) if number.isdigit() and len(number) < 18 else None
    if message is None or not can_answer(desk, desk.team(), message["channel"]):
        return answers.fault(
            404, what="That message cannot be answered here", mend="With a real provider, answer it on the phone it was sent to."
        )
    text = (request.form.get("quick") or request.form.get("text", "")).strip()[:LONGEST_REPLY]
    if text:
        try:
            _deliver(desk, message, text)
        except inbound.NotTaken as refused:
            return answers.fault(502, what="The answer did not get in", mend=str(refused))
    back = request.form.get("back", "")
    return answers.see(back if back.startswith("/outbox") else "/outbox")


def write_in(desk: Desk) -> Response:
    """POST /outbox: somebody new writes or calls, to try those doors without an account."""
    phone, email = request.form.get("phone", "").strip(), request.form.get("email", "").strip()
    text = request.form.get("text", "").strip()[:LONGEST_REPLY] or "Hello"
    try:
        is_in = _knock(desk, request.form.get("do", ""), phone=phone, email=email, text=text)
    except inbound.NotTaken as refused:
        return answers.fault(502, what="It did not get in", mend=str(refused))
    if not is_in:
        mend = "Write a number with country code and no blanks, like +15125550143, an address like dana@example.com."
        return answers.fault(400, what="That is not a phone number or e-mail address", mend=mend)
    return answers.see("/outbox")


def _knock(desk: Desk, do: str, *, phone: str, email: str, text: str) -> bool:
    """False where the address does not do for the door, or there is none. Raises NotTaken."""
    team, settings = desk.team(), desk.settings
    kind = {"text": "twilio_messaging", "call": "twilio_voice", "mail": "sendgrid_inbound"}.get(do, "")
    source = inbound.first_source(team, kind)
    if source is None or (settings.has_sendgrid if do == "mail" else settings.has_twilio):
        return False
    if do == "mail":
        if not _ADDRESS.fullmatch(email):
            return False
        inbound.post_mail(settings, source, inbound.Mail(email, text[:60], text), g.now)
        return True
    if not _NUMBER.fullmatch(phone):
        return False
    if do == "call":
        inbound.post_missed_call(settings, source, caller=phone, now=g.now)
    else:
        inbound.post_text(settings, source, sender=phone, text=text)
    return True


def _deliver(desk: Desk, message: Row, text: str) -> None:
    team, settings, channel, ours = desk.team(), desk.settings, message["channel"], message["fields"].get("from", "")
    if channel == "call":
        if text in (*inbound_calls.OUTCOMES, inbound_calls.MISSED):
            inbound_calls.play(settings, message["fields"], code=message["code"], rep_phone=message["address"], how=text)
        return
    if channel == "messenger":
        source = inbound.first_source(team, "meta")
        if source:
            inbound.post_messenger(settings, source, sender=message["address"], text=text, now=g.now, page=ours)
        return
    if channel == "email":
        source = inbound.first_source(team, "sendgrid_inbound")
        if source:
            mail = inbound.Mail(message["address"], f"Re: {message['subject'] or ''}", text, message["code"] or "")
            inbound.post_mail(settings, source, mail, g.now)
        return
    source = inbound.first_source(team, "twilio_messaging")
    if source:
        inbound.post_text(settings, source, sender=message["address"], text=text, channel=channel, to=ours)
