"""The channels: quiet hours, how fast texts may leave, and what the platforms have approved."""

import re
from dataclasses import dataclass
from datetime import date

import phonenumbers

from config.teamfile.hours import read_windows
from config.teamfile.people import Context, set_elsewhere
from config.teamfile.section import Section
from config.teamfile.tree import Node
from config.words import APPROVED_FIELDS, WORD_FIELDS, WordsError, check_words
from routing.approved import Approved, Template
from routing.pacing import Pace, Rate, budget
from routing.rulebook import Rulebook, classes_on
from routing.team import AtNight, QuietHours

LONGEST_VARIABLE = 500  # characters of a variable's own text
LONG_CODE = "long_code"  # what an unregistered number is
_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_NAME, _LANGUAGE = re.compile(r"[a-z0-9_]{1,512}"), re.compile(r"[a-z]{2,3}(?:_[A-Z]{2})?")


@dataclass(frozen=True, slots=True)
class Channels:
    """`quiet` is None for `quiet_hours: none`, `pace` where no `a2p` is given."""

    quiet: QuietHours | None
    pace: Pace | None
    approved: Approved


def read_channels(section: Section, context: Context, book: Rulebook) -> Channels:
    """What the team file says of sms, email, whatsapp and meta."""
    texts, email, whatsapp, meta = (section.part(key) for key in ("sms", "email", "whatsapp", "meta"))
    account, token = dict.fromkeys(("provider", "account", "account_sid"), "TWILIO_ACCOUNT_SID"), "TWILIO_AUTH_TOKEN"
    set_elsewhere(texts, {**account, "from": "TWILIO_FROM", "token": token, "auth_token": token})
    set_elsewhere(email, {**dict.fromkeys(("provider", "key", "api_key"), "SENDGRID_API_KEY"), "from": "SENDGRID_FROM"})
    quiet, pace = _quiet_hours(texts), _pace(texts, context, book)
    approved = Approved(
        template=_template(whatsapp, "template", context),
        reply_template=_template(whatsapp, "reply_template", context),
        human_agent=meta.yes("human_agent", False),
    )
    for part in (texts, email, whatsapp, meta, section):
        part.close()
    return Channels(quiet, pace, approved)


def _quiet_hours(section: Section) -> QuietHours | None:
    at_night = section.one_of("acknowledge_at_night", AtNight, AtNight.EMAIL)
    node = section.node("quiet_hours")
    if node is None or node.kind == "null":  # left empty is not yet "off"
        return QuietHours(acknowledge=at_night)
    if node.is_none:
        section.warn(
            "quiet_hours", "are off: leads may be texted at night.", "Delete the line for 21:00-08:00 in the lead's own zone."
        )
        return None
    bare = Node(node.line, node.kind, node.text.replace("lead-local", ""))
    faults = len(section.findings.errors)
    windows = read_windows(bare, section, "quiet_hours")
    if len(windows) != 1 and len(section.findings.errors) == faults:
        section.fail("quiet_hours", "must be one stretch.", 'For example "21:00-08:00", or none for no quiet hours.')
    quiet = QuietHours(*windows[0], acknowledge=at_night) if windows else QuietHours(acknowledge=at_night)
    if windows and not _meets_noon_to_eight(quiet):
        section.warn(
            "quiet_hours",
            "leave hardly an hour in which the law allows texts too.",
            "It allows them from 8:00, 9:00 or 11:00 to 20:00.",
        )
    return quiet


def _meets_noon_to_eight(quiet: QuietHours) -> bool:
    """Is there an hour between 11:00 and 20:00, when texts may go to everybody, that is not quiet?"""
    hours = range(11 * 60, 20 * 60, 60)
    return any(not _is_quiet(minute, quiet) and not _is_quiet(minute + 59, quiet) for minute in hours)


def _is_quiet(minute: int, quiet: QuietHours) -> bool:
    if quiet.starts <= quiet.ends:
        return quiet.starts <= minute < quiet.ends
    return minute >= quiet.starts or minute < quiet.ends


# --- how fast ------------------------------------------------------------------------------------------------------------


def _pace(section: Section, context: Context, book: Rulebook) -> Pace | None:
    node = section.node("a2p")
    if node is None or node.is_none:
        return None
    part = section.part("a2p")
    senders = {}
    named = part.part("senders")
    for name, value in named.rest():
        sender = _sender(name, value, named, context)
        if sender:
            senders[sender] = _rate(Section(value, named.key(name), part.findings), book, context.today)
    usual = _rate(part, book, context.today)
    pace = Pace(usual, senders)
    for sender in ("", *senders):
        _note(part, sender, pace.of(sender)[1], book, context)
    return pace


def _sender(name: str, node: Node, section: Section, context: Context) -> str | None:
    """A number of ours in E.164, or a messaging service."""
    if _SERVICE.fullmatch(name):
        return name
    try:
        number = phonenumbers.parse(name, context.region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        section.fail(
            name,
            f"{name!r} is no sender.",
            'Write a number of yours, "+15125550100", or a messaging service, MG...',
            line=node.line,
        )
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _rate(section: Section, book: Rulebook, today: date) -> Rate:
    classes = classes_on(book, today)
    kinds = [name for name, found in classes.items() if found.per_minute]
    brands = [name for name, found in classes.items() if found.per_day]
    own = section.whole("per_minute", 0, lowest=1, highest=1_000_000) or None
    rate = Rate(
        kind=section.name("class", kinds, default="" if own else LONG_CODE),
        brand=section.name("brand", brands, default=""),
        per_minute=own,
        per_day=section.whole("per_day", 0, lowest=1, highest=100_000_000) or None,
    )
    section.close()
    return rate


def _note(section: Section, sender: str, rate: Rate, book: Rulebook, context: Context) -> None:
    found = classes_on(book, context.today)
    allowed = budget(rate, book, context.today)
    kinds = ", ".join(found[name].words for name in (rate.kind, rate.brand) if name in found) or "numbers of your own"
    day = (
        f", {allowed.per_day:,} a day (then acknowledgements go by e-mail until midnight in {allowed.day_zone})"
        if allowed.per_day
        else ""
    )
    section.findings.notes.append(
        f"Texts from {sender or 'your senders together'}: {allowed.per_minute:,} segments a minute{day}: {kinds}."
    )


# --- what is approved ----------------------------------------------------------------------------------------------------


def _template(section: Section, key: str, context: Context) -> Template | None:
    node = section.node(key)
    if node is None or node.is_none:
        return None
    part = section.part(key)
    template = Template(
        sid=part.text("sid") or "",
        name=part.text("name", longest=512) or "",
        language=part.text("language") or "",
        variables=_variables(part, APPROVED_FIELDS if key == "reply_template" else WORD_FIELDS),
    )
    _check_name(part, template)
    if key == "reply_template" and not any("text" in value for value in template.variables.values()):
        part.fail(
            "variables",
            "pass on no {{ text }}: the rep's words would be lost.",
            'For example {1: "{{ first_name }}", 2: "{{ text }}"}.',
        )
    by_meta = bool(context.settings.whatsapp_token and context.settings.whatsapp_phone_id)
    if template.sid and by_meta:
        part.warn("sid", "is of Twilio, but WHATSAPP_TOKEN is set: Meta carries WhatsApp, and wants `name` and `language`.")
    if template.name and not by_meta and context.settings.has_twilio:
        part.warn("name", "is of Meta's own, but Twilio carries WhatsApp here, and wants the `sid` of the template (HX...).")
    part.close()
    return template


def _check_name(part: Section, template: Template) -> None:
    if bool(template.sid) == bool(template.name):
        part.fail(
            "sid",
            "or `name` must be given, one of them.",
            "A ContentSid (HX...) with Twilio, `name` and `language` with Meta's Cloud API.",
        )
    if template.sid and not _SID.fullmatch(template.sid):
        part.fail(
            "sid", f"{template.sid!r} is no ContentSid.", "It begins with HX; see Content Template Builder in Twilio's console."
        )
    if template.name and not _NAME.fullmatch(template.name):
        part.fail("name", f"{template.name!r} is no template's name.", "Small letters, digits and _.")
    if template.name and not template.sid and not _LANGUAGE.fullmatch(template.language):
        part.fail("language", f"{template.language!r} is no language of a template.", "Write it as en_US or de.")


def _variables(part: Section, fields: frozenset[str]) -> dict[str, str]:
    """By place ({1: ..., 2: ...} or a list) or by name."""
    node = part.node("variables")
    if node is None or node.is_none:
        return {}
    listed = [(str(place), item) for place, item in enumerate(node.items, start=1)] if node.kind == "seq" else list(node.entries)
    found = {}
    for name, value in listed:
        key = f"variables.{name}"
        if value.kind in ("map", "seq", "null") or not value.text.strip() or len(value.text) > LONGEST_VARIABLE:
            part.fail(
                key,
                f"must be a text of at most {LONGEST_VARIABLE} characters.",
                'For example "{{ first_name }}".',
                line=value.line,
            )
            continue
        try:
            check_words(value.text, fields)
        except WordsError as error:
            part.fail(key, f"is not a template: {error}.", "Fields stand in double braces: {{ first_name }}.", line=value.line)
            continue
        found[name] = value.text.strip()
    if not found and node.kind not in ("map", "seq"):
        part.fail("variables", "must be a mapping or a list.", 'For example {1: "{{ first_name }}"}.')
    return found
