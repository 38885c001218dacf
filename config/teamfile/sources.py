"""Sources and rules: where leads come from and which pool they go to."""

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import phonenumbers

from config.teamfile.people import Context, read_phone
from config.teamfile.secrets import read_secrets
from config.teamfile.section import Section, listed, mappings
from config.teamfile.source_types import LEAST_KEY, SourceType, read_options, source_types
from config.teamfile.tree import Node, plain
from config.words import LONGEST_WORDS, WordsError, check_words, preview
from routing import rules
from routing.team import Rule, Source, Words

_CONDITIONS = "For example {state: TX}, {employees: {gte: 200}}, {all: [...]}, {any: [...]}, {not: {...}}, {in_hours: office}."
_ORIGIN = re.compile(r"https?://[^/\s?#]+")


def read_sources(node: Node | None, context: Context) -> dict[str, Source]:
    """Sources by id."""
    types = source_types()
    found = {name: _source(name, section, context, types) for name, section in mappings(node, "sources", context.findings)}
    return {name: source for name, source in found.items() if source}


def _source(name: str, section: Section, context: Context, types: Mapping[str, SourceType]) -> Source | None:
    if section.node("type") is None:
        section.fail("type", "is missing.", f"Add `type:` with one of {', '.join(types)}.")
        return None
    word = section.name("type", types, default="")
    if not word:
        return None
    kind = types[word]
    acknowledge, words = _acknowledgement(section, context.firm)
    source = Source(
        id=name,
        type=word,
        secrets=_secrets(section, word, kind, context),
        pool=_named(section, "pool", context.declared["pools"]),
        sla=_named(section, "sla", context.declared["slas"]),
        acknowledge=acknowledge,
        words=words,
        thanks=_thanks(section),
        origins=_origins(section),
        dedupe_for=_dedupe(section),
        honeypot=section.text("honeypot", "_gotcha", longest=60) or "",
        fields=_fields(section),
        region=_region(section),
        per_minute=section.whole("per_minute", 600, lowest=1, highest=100_000),
        per_address=section.whole("per_address", 0, lowest=1, highest=100_000) or None,
        sender=read_phone(section, context.region, "from") if "sms" in kind.answers_by else None,
        options=read_options(section, kind),
    )
    section.close()
    return source


def _secrets(section: Section, word: str, kind: SourceType, context: Context) -> tuple[str, ...]:
    found = read_secrets(section, "secret", context.settings)
    if kind.needs_secret and not section.several("secret"):
        name = {"twilio_voice": "TWILIO_AUTH_TOKEN", "twilio_messaging": "TWILIO_AUTH_TOKEN", "meta": "META_APP_SECRET"}
        reason = f"is missing: without one anybody could post leads as {word}."
        section.fail("secret", reason, f"Add `secret: env:{name.get(word, section.path.split('.')[-1].upper() + '_SECRET')}`.")
    if kind.key_alone and any(len(each) < LEAST_KEY for each in found):
        reason = f"is shorter than {LEAST_KEY} characters: {word} signs nothing, so whoever guesses the key can post leads."
        section.warn("secret", reason, "Make one with `openssl rand -base64 24`.")
    return found


def _named(section: Section, key: str, known: list[str]) -> str | None:
    node = section.node(key)
    return None if node is None or node.is_none else section.name(key, known, default="") or None


def _acknowledgement(section: Section, firm: str) -> tuple[bool, Words]:
    """Whether the lead is answered at once, and in which words."""
    node = section.node("acknowledge")
    if node is None or node.kind not in ("map", "seq"):
        return section.yes("acknowledge", True), Words()
    part = section.part("acknowledge")
    words = Words(
        sms=_template(part, "sms", LONGEST_WORDS),
        email_subject=_template(part, "email_subject", 200),
        email=_template(part, "email", LONGEST_WORDS),
        closed_sms=_template(part, "closed_sms", LONGEST_WORDS),
    )
    part.close()
    for key, text in (("sms", words.sms), ("closed_sms", words.closed_sms)):
        if text:
            part.findings.notes.append(f"{part.key(key)} reads: {preview(text, firm)}")
    return True, words


def _template(part: Section, key: str, longest: int) -> str | None:
    text = part.text(key, longest=longest)
    try:
        check_words(text or "")
    except WordsError as error:
        fault, _, remedy = str(error).partition("; ")
        hint = f"{remedy[:1].upper()}{remedy[1:]}." if remedy else "Fields stand in double braces: {{ first_name }}."
        part.fail(key, f"is not a template: {fault}.", hint)
        return None
    return text


def _thanks(section: Section) -> str | None:
    text = section.text("thanks", longest=2000)
    if text and not (text.startswith("/") or _is_web_address(text)):
        section.fail("thanks", f"{text!r} is not an address.", "Write it as https://example.com/thanks")
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _origins(section: Section) -> tuple[str, ...]:
    found = []
    for node in section.several("allowed_origins"):
        origin = node.text.strip().lower().rstrip("/")
        if origin == "*" or _ORIGIN.fullmatch(origin):
            found.append(origin)
        else:
            hint = "Scheme and host only, such as https://www.example.com"
            section.fail("allowed_origins", f"{node.text!r} is not an origin.", hint, line=node.line)
    return tuple(found)


def _dedupe(section: Section) -> timedelta:
    default, least = timedelta(minutes=10), timedelta(0)
    if section.node("dedupe") is None:
        return section.span("dedupe_window", default, least=least)
    part = section.part("dedupe")
    window = part.span("within", default, least=least)
    part.close()
    return window


def _fields(section: Section) -> dict[str, str]:
    """Our field -> the name it has in what is posted."""
    node = section.node("fields", "map")
    if node is None or node.is_none:
        return {}
    if node.kind != "map" or any(value.kind in ("map", "seq", "null") for _, value in node.entries):
        section.fail("fields", "must be a mapping of our field to yours.", "For example {phone: your_tel_field}.", line=node.line)
        return {}
    return {key: value.text for key, value in node.entries}


def _region(section: Section) -> str | None:
    text = section.text("region")
    if text and text.upper() not in phonenumbers.SUPPORTED_REGIONS:
        section.fail("region", f"{text!r} is not a country.", "Use two letters, such as US or DE.")
        return None
    return text.upper() if text else None


def read_rules(node: Node | None, context: Context) -> tuple[Rule, ...]:
    """The rules in order. The last must match every lead, so that none has nowhere to go."""
    sections = listed(node, "rules", context.findings)
    found = [_rule(name, section, context) for name, section in sections]
    last = sections[-1][1] if sections else None
    if found and last and found[-1].when is not None:
        last.fail(
            "when", "the last rule must match every lead.", "Add a rule without `when` below it: - {id: rest, send_to: ...}"
        )
    if not sections:
        line, hint = (node.line if node else 1), "Add at least one, without `when`: - {id: rest, send_to: ...}"
        context.findings.error(line, "rules", "there is no rule, so no lead would have a pool.", hint)
    return tuple(found)


def _rule(name: str, section: Section, context: Context) -> Rule:
    slas = context.declared["slas"]
    if section.node("send_to") is None:
        section.fail(
            "send_to", "is missing.", f"Add `send_to:` with one of {', '.join(context.declared['pools']) or 'your pools'}."
        )
    if section.node("sla") is None and len(slas) != 1:
        section.fail("sla", "is missing.", f"Add `sla:` with one of {', '.join(slas) or 'your slas'}.")
    rule = Rule(
        id=name,
        pool=section.name("send_to", context.declared["pools"], default=""),
        sla=section.name("sla", slas, default=slas[0] if len(slas) == 1 else ""),
        when=_when(section, context),
        needs=frozenset(node.text.strip().lower() for node in section.several("needs")),
    )
    section.close()
    return rule


def _when(section: Section, context: Context) -> Mapping[str, object] | None:
    node = section.node("when")
    if node is None:
        return None
    if node.kind != "map":
        section.fail("when", "must be a condition.", "For example {all: [{employees: {gte: 200}}, {country: {in: [US, CA]}}]}.")
        return {}
    when: Mapping[str, object] = plain(node)
    for reason in rules.check(when, calendars=context.declared["hours"]):
        fault, _, remedy = reason.partition("; ")
        section.fail("when", f"{fault}.", remedy[:1].upper() + remedy[1:] if remedy else _CONDITIONS, line=node.line)
    return when
