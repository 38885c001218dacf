"""Which of the firm's numbers a rep is texted from about a lead: given with the first text, kept while the rep holds the lead."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from routing.lines import pick
from routing.model import Message
from routing.team import Team
from store.engine import transaction

Written = Sequence[tuple[int | None, Message]]

GIVEN = text("""
SELECT DISTINCT ON (o.recipient, o.lead_id) o.recipient, o.lead_id, l.code, l.status, o.fields ->> 'from' AS line
FROM leads l JOIN outbox o ON o.lead_id = l.id
WHERE l.closed_at IS NULL AND l.holders && :reps AND o.recipient = ANY(:recipients) AND o.channel = 'sms'
  AND substr(o.recipient, 5) = ANY(l.holders) AND o.fields ->> 'from' <> ''
ORDER BY o.recipient, o.lead_id, o.id DESC
""")


def with_numbers(db: Connection, messages: Written, team: Team) -> Written:
    """The messages, texts to reps about a lead with the number to send them from. Two pools at once may give a rep one number twice;
    then, as with one number, the code tells the leads apart."""
    about = {message.to for lead_id, message in messages if lead_id is not None and is_for_a_rep(message)}
    if len(team.site.numbers) < 2 or not about:
        return messages
    lines = {(row.recipient, row.lead_id): row.line for row in given(db, sorted(about))}
    found = []
    for lead_id, message in messages:
        if lead_id is not None and message.to in about and is_for_a_rep(message):
            used = [line for (to, _), line in lines.items() if to == message.to]
            line = lines.setdefault((message.to, lead_id), pick(team.site.numbers, used))
            message = replace(message, fields={**message.fields, "from": line})
        found.append((lead_id, message))
    return found


def line_of(engine: Engine, team: Team, recipient: str, lead_id: int | None) -> str:
    """The number for one more text to this rep about this lead; "" where there is nothing to tell apart."""
    if len(team.site.numbers) < 2 or lead_id is None or not recipient.startswith("rep:"):
        return ""
    with transaction(engine) as db:
        lines = {row.lead_id: str(row.line) for row in given(db, [recipient])}
    return lines.get(lead_id) or pick(team.site.numbers, list(lines.values()))


def leads_on(db: Connection, rep: str, number: str) -> list[tuple[str, str]]:
    """(code, status) of the open leads that the rep holds, or is asked about, on this number."""
    return [(row.code, row.status) for row in given(db, [f"rep:{rep}"]) if row.line == number]


def given(db: Connection, recipients: list[str]) -> Sequence[Row[Any]]:
    """The numbers that these reps' open leads have."""
    reps = [recipient.removeprefix("rep:") for recipient in recipients]
    return db.execute(GIVEN, {"reps": reps, "recipients": recipients}).all()


def is_for_a_rep(message: Message) -> bool:
    """Only what a rep may answer by text, and not an answer to their own text, which goes back the way it came."""
    return message.channel == "sms" and message.to.startswith("rep:") and not message.fields.get("from")
