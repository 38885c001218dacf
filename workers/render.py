"""A message with its final words. Whatever a stranger wrote is data here: one line, no hidden characters, no links in texts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from config.links import make_manager_link, make_offer_link
from config.settings import Settings
from config.words import LONGEST_TEXT, WordsError, in_own_words, variable
from routing.approved import Template
from routing.words import clean, gsm, segments
from store.outbox import Claimed
from workers.letter import Letter, as_text, compose, letter
from workers.mail_thread import subject as subject_of
from workers.templates import chat_template, email_template, sms_names, sms_template

# Characters of a field in a text: so that the rest still fits into one segment.
SMS_LIMITS = {
    "first_name": 20,
    "name": 28,
    "company": 28,
    "place": 24,
    "about": 44,
    "text": 90,
    "said": 90,
    "reason": 44,
    "codes": 80,
    "set_away": 100,
}
SMS_LIMIT = 44
ABOUT_LIMITS, LEAST = (28, 16, 0), {"about": "", "place": ""}  # tried one after the other where the whole does not fit
SAID_LIMIT = 1_200  # of the lead's own words to who has it: several segments rather than half a sentence
LONG_LIMIT = 5_000  # of the lead's own words in an e-mail
LONGEST_MAIL = 10_000  # of a rep's own words in one
OWN_WORDS = frozenset({"relay", "reply"})  # templates that pass on a rep's or our own words as they are
WHOLE = frozenset({"lead_said"})  # the lead's words, which are what the text is for
CHATS = frozenset({"slack", "teams", "call"})  # not counted in segments; what is said to a rep on the phone neither
FROM_STRANGERS = frozenset({"first_name", "name", "company", "place", "about", "message", "said", "text"})
OURS = frozenset({"link", "stop_hint", "postal_address", "subject_words", "contact"})  # never cut

_NAMES = """
    about ago away accepted by_call cause code codes company contact count due_text elapsed email files firm first_name kind lapses late link message mixed
    name no_phone opens_text owner phone place pool postal_address reason recorded remaining rep rep_name ring said set_away source stop_hint stopped
    target test text tried who winner
"""
_OPTIONAL = dict.fromkeys(_NAMES.split(), "")
_LINK = re.compile(
    r"(?:\b(?:https?|ftp)://|\bwww\.)\S+"
    r"|(?<![@\w.])[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|co|info|biz|xyz|ru|cn|top|link|site|online|club|shop|app|dev|ly|me|us|uk)\b(?:/\S*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What is sent. `problem`: why the customer's own words could not be used (Headroom's were used instead).

    `tag` is what a platform wants beside the words; `template` and its `values` go instead of them.
    """

    body: str
    subject: str | None = None
    html: str | None = None
    problem: str | None = None
    tag: str = ""
    template: Template | None = None
    values: tuple[tuple[str, str], ...] = ()


def render(message: Claimed, settings: Settings) -> Rendered:
    """The words of a claimed message. Raises FileNotFoundError for a template that does not exist."""
    fields = {**_OPTIONAL, "count": "1", **message.fields, "link": link_of(message, settings)}
    fields["by_mail"] = "yes" if settings.sendgrid_reply_to else ""  # do answers to our mails come back to us?
    if message.channel == "email":
        mail = _email(message, _with_who({name: _in_mail(name, value, message.template) for name, value in fields.items()}))
        begins = "subject_words" in message.fields or mail.subject is None  # the customer's own subject stands
        return mail if begins else replace(mail, subject=subject_of(message, mail.subject or ""))
    if message.channel in CHATS and (template := chat_template(message.template)) is not None:
        written = template.render(_with_who({name: _in_chat(name, value) for name, value in fields.items()}))
        return Rendered("\n".join(line.strip() for line in written.splitlines() if line.strip()))
    used = (
        fields.keys() if message.words else fields.keys() & (sms_names(message.template) | {"code", "name", "due_text", "late"})
    )
    words = {name: _in_text(name, fields[name], message.template) for name in used}
    if fields["by_call"] and "text" in used:  # told by the phone company, not by a stranger: where a voicemail can be heard
        words["text"] = _tidy(fields["text"], SAID_LIMIT)
    return _text(message, _with_who(words))


def _with_who(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields, and `who`: the lead as its reader is told of it, which has a code and mostly a name; and `when` it is to be answered."""
    due_text, late = fields.get("due_text", ""), fields.get("late")
    when = due_text and (f"now, it was due {due_text}" if late else f"by {due_text}")
    return {**fields, "who": f"{fields['code']} {fields['name']}".strip(), "when": when}


def as_template(message: Claimed, template: Template) -> Rendered:
    """An approved template with the values of its variables; the body says what was sent, for who reads it here.

    The platform takes no empty value and no line break in one.
    """
    fields = {**_OPTIONAL, **message.fields}
    tidy = {name: _in_mail(name, value, message.template) for name, value in fields.items()}
    values = tuple((name, variable(words, tidy)[:LONG_LIMIT] or "-") for name, words in template.variables.items())
    said = " | ".join(value for _, value in values)
    return Rendered(f"[{template.label}] {said}".strip(), template.label, template=template, values=values)


def _text(message: Claimed, fields: Mapping[str, str]) -> Rendered:
    problem = None
    if message.words:
        try:
            return Rendered(gsm(in_own_words(message.words, fields)).strip())
        except WordsError as error:
            problem = str(error)
    return Rendered(_shortest(message.template, fields), problem=problem)


def _shortest(name: str, fields: Mapping[str, str]) -> str:
    """The fullest variant that costs one segment, or else the fewest: brief 0 is everything, 1 short with the link, 2 without it.

    Of what the lead wants the short one says as much as there is room for.
    """
    texts = []
    for brief, less in ((0, {}), (1, {}), *((1, less) for less in _with_less(fields)), (2, {}), (2, LEAST)):
        text = gsm(sms_template(name).render({**fields, **less, "brief": brief})).strip()[:LONGEST_TEXT]
        if segments(text).count <= 1:
            return text
        texts.append(text)
    return min(texts, key=lambda text: segments(text).count)


def _with_less(fields: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Less and less of what the lead wants, then without where they are."""
    about = fields.get("about", "")
    yield from ({"about": clean(about, most)} for most in ABOUT_LIMITS if most < len(about))
    yield LEAST


def _email(message: Claimed, fields: Mapping[str, str]) -> Rendered:
    problem = None
    if message.words:
        try:
            subject = in_own_words(fields.get("subject_words") or "{{ firm }}: thank you for your message", fields)
            return _sealed(compose(subject, in_own_words(message.words, fields)))
        except WordsError as error:
            problem = str(error)
    template = email_template(message.template)
    if template is None:
        return _sealed(_of_text(message, fields))
    return _sealed(letter(template.render(fields)), problem)


def _of_text(message: Claimed, fields: Mapping[str, str]) -> Letter:
    """The e-mail of something that is usually a text: when there is no phone, or the text could not be delivered."""
    text = _shortest(message.template, {**fields, "link": ""})
    return compose(f"Headroom: {fields['code']} {fields['name']}", text)


def _sealed(mail: Letter, problem: str | None = None) -> Rendered:
    return Rendered(mail.body, mail.subject, mail.html, problem)


def _in_text(name: str, value: str, template: str) -> str:
    if not value or name in OURS:
        return value
    if template in OWN_WORDS and name == "text":
        return _lines(value)
    if name in FROM_STRANGERS:
        value = _LINK.sub("[link]", value)
    return _tidy(value, SAID_LIMIT if template in WHOLE and name == "text" else SMS_LIMITS.get(name, SMS_LIMIT))


def _in_chat(name: str, value: str) -> str:
    return _in_mail(name, _LINK.sub("[link]", value) if name in FROM_STRANGERS else value, "")


def _in_mail(name: str, value: str, template: str) -> str:
    if not value or name in OURS:
        return value
    if template in OWN_WORDS and name == "text":
        return as_text(_lines(value, LONGEST_MAIL))
    return _tidy(value, LONG_LIMIT)


def _tidy(value: str, limit: int) -> str:
    """`clean`, which looks at each character, only where there may be something to clean."""
    if len(value) <= limit and value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()
    return clean(value, limit)


def _lines(text: str, limit: int = LONGEST_TEXT) -> str:
    """Our own or a rep's words keep their lines."""
    return "\n".join(clean(line, limit) for line in text.splitlines()).strip()[:limit]


def link_of(message: Claimed, settings: Settings) -> str:
    """The page of whoever gets this: the offer for a rep, the lead's desk for a manager; none for the lead."""
    kind, _, who = message.recipient.partition(":")
    if message.lead_id is None or kind not in ("rep", "manager"):
        return ""
    if kind == "manager":
        return make_manager_link(settings, message.lead_id, who)
    return make_offer_link(settings, message.lead_id, who, int(message.fields.get("turn") or 0))
