"""Values to rows and back: how states, events and leads are written as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from routing.codes import code_of
from routing.events import Event
from routing.model import Cause, Kind, Lead, Person, Policy, State, Status
from routing.team import Rule, Team

STATE_FIELDS = {field.name for field in fields(State)}
EVENTS: Mapping[str, type] = {kind.__name__: kind for kind in Event.__args__}
CONTENT_AS_FIELDS = ("company", "first_name", "last_name", "locale")


@dataclass(slots=True)
class LeadRecord:
    """A lead in hand inside a transaction: as it was loaded, and as it is after the steps so far."""

    lead: Lead
    before: State
    state: State
    pool: str
    version: int
    rule: str
    sla: str
    matched: tuple[str, ...]
    is_new: bool = False
    person_id: int = 0
    content: Mapping[str, object] | None = None


def is_instant(name: str) -> bool:
    """Fields that hold instants are named so."""
    return name.endswith(("_at", "_until"))


def state_to_json(state: State) -> dict[str, object]:
    """Only what differs from a new state: rows stay small."""
    fresh, found = State(), {}
    for name in STATE_FIELDS:
        value = getattr(state, name)
        if value != getattr(fresh, name):
            found[name] = value.isoformat() if isinstance(value, datetime) else value
    return found


def state_from_json(row: Mapping[str, Any]) -> State:
    """The state of a row; names that a newer version wrote are left out."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        if name not in STATE_FIELDS:
            continue
        if is_instant(name) and isinstance(value, str):
            value = datetime.fromisoformat(value)
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    if "status" in values:
        values["status"] = Status(values["status"])
    if values.get("cause"):
        values["cause"] = Cause(values["cause"])
    return State(**values)


def event_to_json(event: Event) -> tuple[str, dict[str, object]]:
    """The event's name and its facts."""
    return type(event).__name__, {field.name: getattr(event, field.name) for field in fields(event)}


def event_from_json(name: str, data: Mapping[str, Any]) -> Event:
    """The event of a stored name. Raises KeyError for a name that this version does not know."""
    kind = EVENTS[name]
    known = {field.name for field in fields(kind)}
    event: Event = kind(**{key: value for key, value in data.items() if key in known})
    return event


def person_of(row: RowMapping, opted_out: frozenset[str] = frozenset()) -> Person:
    """The person behind a joined row (columns prefixed with `person_`)."""
    return Person(
        id=row["person_id"],
        name=row["person_name"],
        phone=row["person_phone"],
        email=row["person_email"],
        handles=row["person_handles"] or {},
        zone=row["person_zone"],
        locale=row["person_locale"],
        last_rep=row["person_last_rep"],
        wrote_at=row["person_wrote_at"],
        opted_out=opted_out,
    )


def flat(content: Mapping[str, Any]) -> dict[str, str]:
    """The lead's own words as flat text fields, as rules and messages name them: `company`, `utm.campaign`, any form field."""
    found: dict[str, str] = {}
    for name in CONTENT_AS_FIELDS:
        if content.get(name):
            found[name] = str(content[name])
    for group in ("utm", "campaign", "click_ids"):
        for name, value in (content.get(group) or {}).items():
            found[f"{group}.{name}"] = str(value)
    for name, value in (content.get("extra") or {}).items():
        if isinstance(value, (str, int, float, bool)):
            found.setdefault(name, str(value))
        elif isinstance(value, list):
            found.setdefault(name, ", ".join(str(each) for each in value))
    return found


KINDS = {  # the first part of a type, or a platform's own word -> what a person calls it
    "image": "picture", "photo": "picture", "sticker": "picture", "video": "video", "video_note": "video", "animation": "video",
    "audio": "recording", "voice": "recording",
}  # fmt: skip


def words_of(content: Mapping[str, Any]) -> str:
    """What they wrote, and in brackets what they sent along: who reads only the text must know that there is more."""
    sent = [KINDS.get(str(each.get("type") or "").partition("/")[0], "file") for each in attached(content)]
    named = [
        f"[{kind}{f' {name}' if (name := each.get('name')) else ''}]" for kind, each in zip(sent, attached(content), strict=True)
    ]
    return " ".join(part for part in (str(content.get("message") or ""), *named) if part)


def attached(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was sent along. A call's recording is told as a voicemail."""
    listed = content.get("attachments") or []
    return [each for each in listed if isinstance(each, Mapping)] if content.get("kind") != "call" else []


def lead_of(number: int, source: str, content: Mapping[str, Any], *, person: Person, arrived_at: datetime) -> Lead:
    """The lead that a received common lead (channels of the contract) describes."""
    return Lead(
        id=number,
        code=code_of(number),
        kind=Kind(content.get("kind") or "form"),
        source=source,
        channel=str(content.get("channel") or "form"),
        person=person,
        arrived_at=arrived_at,
        message=words_of(content),
        fields=flat(content),
        is_test=bool(content.get("is_test")),
    )


def policy_of(team: Team, record: LeadRecord) -> Policy:
    """The policy the lead arrived under. Raises KeyError if that version of the team file no longer holds its names."""
    rule = next((rule for rule in team.rules if rule.id == record.rule), None)
    pool = team.pools[record.pool]
    return Policy(
        version=record.version,
        site=team.site,
        source=team.sources[record.lead.source],
        pool=pool,
        sla=team.slas[record.sla],
        rule=rule or Rule(id=record.rule, pool=record.pool, sla=record.sla),
        matched=record.matched,
    )


def record_of(row: RowMapping, opted_out: frozenset[str] = frozenset()) -> LeadRecord:
    """A stored lead with its person."""
    person = person_of(row, opted_out)
    lead = lead_of(row["id"], row["source"], row["content"], person=person, arrived_at=row["arrived_at"])
    lead = replace(lead, kind=Kind(row["kind"]), channel=row["channel"], message=row["message"], is_test=row["is_test"])
    state = state_from_json(row["state"])
    return LeadRecord(
        lead=lead, before=state, state=state, pool=row["pool"], version=row["policy_version"], rule=row["rule"], sla=row["sla"],
        matched=tuple(row["matched"]), person_id=row["person_id"],
    )  # fmt: skip
