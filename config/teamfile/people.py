"""The site and the people: reps and managers, with numbers and addresses made uniform."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from config.outgoing import Guard
from config.settings import Settings
from config.teamfile.findings import Findings
from config.teamfile.hours import read_zone
from config.teamfile.secrets import read_secrets
from config.teamfile.section import Section, listed
from config.teamfile.tree import Node
from routing.hours import ALWAYS, Calendar
from routing.team import Cap, Leave, Manager, Ramp, Rep, Site

TELL_BY = ("sms", "email", "slack", "teams")
_SLACK_ID = re.compile(r"[UWCGD][A-Z0-9]{5,20}")


@dataclass(slots=True)
class Context:
    """What the parts of a team file need of each other while it is read."""

    settings: Settings
    findings: Findings
    today: date
    region: str = "US"
    firm: str = ""
    calendars: dict[str, Calendar] = field(default_factory=dict)
    declared: dict[str, list[str]] = field(default_factory=dict)


def read_site(section: Section) -> Site:
    """The firm that answers."""
    region = section.text("default_region") or "US"
    if region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        section.fail("default_region", f"{region!r} is not a country.", "Use two letters, such as US or DE.")
        region = "US"
    name = section.text("name", needed=True) or ""
    zone = read_zone(section, "time_zone", "zone", "timezone", "tz", default="UTC")
    address = section.text("postal_address", "") or ""
    contact = section.text("contact", "", longest=60) or ""
    numbers = [number for node in section.several("numbers") if (number := _number(node, section, "numbers", region.upper()))]
    set_elsewhere(section, {"url": "PUBLIC_URL"})
    section.close()
    return Site(name, zone, region.upper(), address, tuple(dict.fromkeys(numbers)), contact)


def set_elsewhere(section: Section, names: dict[str, str]) -> None:
    """Settings that stand in the environment; a secret must not stand here even though it is not read."""
    for key, name in names.items():
        node = section.node(key)
        if node is not None and key in ("token", "auth_token", "key", "api_key") and not node.text.startswith(("env:", "file:")):
            section.fail(key, "a secret must not stand in the team file.", f"Set {name} in the environment, and replace it.")
        elif node is not None:
            section.warn(key, "is not read from this file.", f"Set {name} in the environment; see .env.example.")


def read_managers(node: Node | None, context: Context) -> tuple[dict[str, Manager], tuple[str, ...]]:
    """Managers by id, and the ids of those who are directors."""
    managers: dict[str, Manager] = {}
    directors = []
    for name, section in listed(node, "managers", context.findings):
        managers[name] = Manager(
            id=name,
            name=section.text("name") or name.capitalize(),
            phone=read_phone(section, context.region),
            email=read_email(section),
            at_most_per_hour=section.whole("at_most_per_hour", 6, lowest=1, highest=1000),
            **_chat(section, context),
        )
        is_director = section.yes("director", False)
        if section.name("level", ("manager", "director"), default="manager") == "director" or is_director:
            directors.append(name)
        section.close()
    _refuse_shared_phones(managers, "managers", context.findings, node)
    return managers, tuple(directors)


def read_reps(node: Node | None, context: Context) -> dict[str, Rep]:
    """Reps by id, in the file's order."""
    reps: dict[str, Rep] = {}
    for rank, (name, section) in enumerate(listed(node, "reps", context.findings)):
        reps[name] = Rep(
            id=name,
            name=section.text("name") or name.capitalize(),
            rank=rank,
            phone=read_phone(section, context.region),
            email=read_email(section),
            skills=frozenset(node.text.strip().lower() for node in section.several("skills")),
            cap=_cap(section),
            weight=section.whole("weight", 1, lowest=1, highest=1000),
            ramp=_ramp(section),
            calendar=read_calendar(section, context),
            leave=_leave(section),
            **_chat(section, context),
        )
        section.close()
    _refuse_shared_phones(reps, "reps", context.findings, node)
    return reps


def read_calendar(section: Section, context: Context, key: str = "hours") -> Calendar:
    """The calendar that `key` names; always, if it names none."""
    name = section.name(key, context.declared["hours"], default="always")
    return context.calendars.get(name, ALWAYS)


def read_phone(section: Section, region: str, key: str = "phone") -> str | None:
    """A telephone number in E.164. Fictional ones (555-01xx) are fine: it need only be possible."""
    node = section.scalar(key)
    return None if node is None or node.is_none else _number(node, section, key, region)


def _number(node: Node, section: Section, key: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(node.text, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        hint = 'Write it with country code, in quotes: "+15125550111".'
        section.fail(key, f"{node.text!r} is not a telephone number.", hint, line=node.line)
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_email(section: Section) -> str | None:
    """A well-formed address; whether the domain exists is not asked."""
    text = section.text("email")
    if text is None:
        return None
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        section.fail("email", f"{text!r} is not an e-mail address.", str(error).splitlines()[0])
        return None


def _chat(section: Section, context: Context) -> Any:
    """Slack, Teams, and by which channels this person wants to be told."""
    wished = {node.text.strip().lower(): node.line for node in section.several("tell_by")}
    for word in wished.keys() - set(TELL_BY):
        section.fail("tell_by", f"{word!r} is no way to tell people.", f"There are {', '.join(TELL_BY)}.", line=wished[word])
    found = {"slack": read_slack(section, context), "teams": read_teams(section, context)}
    if wished.keys() & {"slack", "teams"} - {name for name, value in found.items() if value}:
        section.fail("tell_by", "names a way that this person does not have.", "Add `slack:` or `teams:` to them.")
    return {**found, "tell_by": frozenset(wished) & set(TELL_BY)}


def read_slack(section: Section, context: Context) -> str | None:
    """A member's or a channel's id."""
    text = section.text("slack")
    if text is None:
        return None
    if not _SLACK_ID.fullmatch(text):
        hint = "In Slack: the person's profile, Copy member ID (U...), or the channel's details (C...)."
        section.fail("slack", "is not the id of a member or channel.", hint)  # not quoted: it may be a pasted secret
        return None
    if not context.settings.slack_bot_token:
        section.warn(
            "slack", "is set, but SLACK_BOT_TOKEN is not: these messages stay on the page /outbox.", "Set it; see .env.example."
        )
    return text


def read_teams(section: Section, context: Context) -> str | None:
    """Where the webhook's address stands: it is a secret, so only its name is kept."""
    node = next(iter(section.several("teams")), None)
    found = read_secrets(section, "teams", context.settings)
    if node is None or not found:
        return None
    fault = Guard(context.settings.private_urls).fault(found[0], asks_names=False)
    if fault:
        section.fail("teams", fault, "In Teams: Workflows, 'Post to a channel when a webhook request is received', copy its URL.")
    return node.text.strip()


def _cap(section: Section) -> Cap:
    node = section.node("cap")
    if node is None or node.kind == "null":  # left empty is not yet "none"
        return Cap()
    if node.kind == "map":
        part = section.part("cap")
        cap = Cap(part.whole_or_none("open", 10), part.whole_or_none("unanswered", 3), part.whole_or_none("per_day", None))
        part.close()
        return cap
    if node.is_none:
        return Cap(None, None, None)
    return Cap(open=section.whole("cap", 10, highest=100_000))


def _ramp(section: Section) -> Ramp | None:
    node = section.node("ramp")
    if node is None or node.is_none:
        return None
    part = section.part("ramp")
    begins_on, weeks = part.day("from"), part.whole("weeks", 4, lowest=1, highest=104)
    start = part.share("start", 0.25)
    part.close()
    return Ramp(begins_on, weeks, start) if begins_on else None


def _leave(section: Section) -> tuple[Leave, ...]:
    node = section.node("leave")
    if node is None or node.is_none:
        return ()
    found = []
    for index, item in enumerate(node.items if node.kind == "seq" else (node,)):
        part = Section(item, section.key(f"leave[{index}]"), section.findings)
        first, last = part.day("from"), part.day("to")
        part.close()
        if first and last and last < first:
            part.fail("to", f"{last} is before {first}.", "Both days are included; one day off has the same twice.")
        elif first and last:
            found.append(Leave(first, last))
    return tuple(found)


def _refuse_shared_phones(people: dict[str, Rep] | dict[str, Manager], path: str, findings: Findings, node: Node | None) -> None:
    """A text comes from a number; with two people behind one, nobody knows who accepted."""
    lines = {item.get("id"): item for item in (node.items if node else ()) if item.kind == "map"}
    line_of = {key.text: (item.get("phone") or item).line for key, item in lines.items() if key}
    first: dict[str, str] = {}
    for person in people.values():
        if person.phone and first.setdefault(person.phone, person.id) != person.id:
            reason = f"has the same phone as {first[person.phone]}."
            findings.error(line_of.get(person.id, 1), f"{path}.{person.id}.phone", reason, "A text must tell who sent it.")
