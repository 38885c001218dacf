"""Where alarms stand on Slack, by manager: each of those messages is changed when somebody is on what it tells, one lead or many.

What stands on Teams cannot be changed: who was told there is told once more who is on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, text

from routing.codes import number_of
from routing.model import UNANSWERED, Message, Status
from routing.rollup import CODES_NAMED
from routing.team import Team

ON_IT = "on_it"  # the template that says so
LOOKED_BACK = timedelta(hours=24)  # older alarms have scrolled away
Written = Sequence[tuple[int | None, Message]]

STANDING = text("""
SELECT id, recipient, channel, provider_id, template, fields FROM outbox
WHERE recipient = ANY(:recipients) AND created_at > :since AND purpose = 'alarm'
  AND ((channel = 'slack' AND provider_id IS NOT NULL) OR (channel = 'teams' AND state IN ('sent', 'delivered')))
ORDER BY id
""")
ONE = text("SELECT fields FROM outbox WHERE id = :id AND channel = 'slack' AND purpose = 'alarm'")
HOW = text("SELECT code, status, state ->> 'acknowledged_by' AS by FROM leads WHERE id = ANY(:ids)")


@dataclass(frozen=True, slots=True)
class Taken:
    """How the leads of one alarm stand: `by` who is on which, the codes `answered` meanwhile, and those still `left`."""

    by: Mapping[str, Sequence[str]]
    answered: Sequence[str]
    left: Sequence[str]


def placed(db: Connection, messages: Written, team: Team, now: datetime) -> Written:
    """The messages; each "somebody is on it" once for every alarm that tells of its lead, with the place of that alarm on Slack."""
    said = [(lead_id, message) for lead_id, message in messages if message.template == ON_IT]
    if not said:
        return messages
    scope = {"recipients": sorted({message.to for _, message in said}), "since": now - LOOKED_BACK}
    found = list(messages_about(db, said, db.execute(STANDING, scope).all(), team))
    return [*((lead_id, message) for lead_id, message in messages if message.template != ON_IT), *found]


def messages_about(db: Connection, said: Written, standing: Sequence[Row[Any]], team: Team) -> Written:
    """One message for each alarm: with one lead as it was written, with several telling how they all stand. On Teams one is enough."""
    on_teams = {(alarm.recipient, code) for alarm in standing if alarm.channel == "teams" for code in codes_of(alarm.fields)}
    found: list[tuple[int | None, Message]] = [
        (lead_id, message) for lead_id, message in said
        if message.channel == "teams" and (message.to, message.fields.get("code")) in on_teams
    ]  # fmt: skip
    for alarm in standing:
        told = codes_of(alarm.fields)
        here = [(i, m) for i, m in said if (m.to, m.channel) == (alarm.recipient, "slack") and alarm.channel == "slack"]
        mine = next(((i, m) for i, m in here if m.fields.get("code") in told), None)
        if mine is None:
            continue
        lead_id, message = mine
        place = {"place": alarm.provider_id, "alarm": str(alarm.id)}
        more = together(alarm.fields, taken(db, told), team) if len(told) > 1 else {}
        fields = {**message.fields, **place, **more}
        found.append((lead_id, replace(message, key=f"{message.key}:{alarm.id}", fields=fields)))
    return found


def codes_of_alarm(db: Connection, message_id: int) -> list[str]:
    """The leads that this alarm on Slack tells of; none for what is no such message."""
    fields = db.execute(ONE, {"id": message_id}).scalar()
    return codes_of(fields) if fields else []


def codes_of(fields: Mapping[str, str]) -> list[str]:
    """The codes that an alarm's fields name, all of them."""
    return (fields.get("gathered") or fields.get("codes") or fields.get("code") or "").split()


def taken(db: Connection, codes: Sequence[str]) -> Taken:
    """How these leads stand inside this transaction."""
    ids = [number for number in map(number_of, codes) if number]
    rows = {row.code: row for row in db.execute(HOW, {"ids": ids})}
    waits = [code for code in codes if code in rows and rows[code].status in (*UNANSWERED, Status.QUARANTINED)]
    by: dict[str, list[str]] = {}
    for code in waits:
        if rows[code].by:
            by.setdefault(rows[code].by, []).append(code)
    return Taken(by, [code for code in codes if code not in waits], [code for code in waits if not rows[code].by])


def together(alarm: Mapping[str, str], now: Taken, team: Team) -> dict[str, str]:
    """The words for an alarm about several leads. `left`: its button stays."""
    names = {who: known.name if (known := team.managers.get(who)) else who for who in now.by}
    parts = [f"{names[who]} is on {listed(codes)}" for who, codes in now.by.items()]
    parts += [f"answered or done: {listed(now.answered)}"] if now.answered else []
    parts += [f"nobody is on {listed(now.left)}"] if now.left else []
    return {"count": alarm.get("count", "2"), "text": "; ".join(parts), "left": "yes" if now.left else ""}


def listed(codes: Sequence[str]) -> str:
    """ "A1, B1": at most 12, the rest counted."""
    more = len(codes) - CODES_NAMED
    return ", ".join(codes[:CODES_NAMED]) + (f" and {more} more" if more > 0 else "")
