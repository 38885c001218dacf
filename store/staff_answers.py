"""What a text of the team is answered with: the rep's list, the last why, whether they are on duty."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from routing.model import Status
from routing.team import Team
from routing.words import ago, clean, due_text

HELD = text("""
SELECT l.id, l.code, l.status, l.arrived_at, p.name FROM leads l JOIN people p ON p.id = l.person_id
WHERE l.closed_at IS NULL AND l.holders @> ARRAY[:rep] ORDER BY l.response_due_at, l.id LIMIT 50
""")
TOLD = text("""
SELECT l.id, l.code, l.status, l.arrived_at, p.name FROM told t JOIN leads l ON l.id = t.lead_id JOIN people p ON p.id = l.person_id
WHERE t.manager = :manager AND t.acknowledged_at IS NULL AND l.closed_at IS NULL AND l.responded_at IS NULL
ORDER BY l.response_due_at, l.id LIMIT 50
""")
LAST_OFFER = text(
    "SELECT lead_id FROM outbox WHERE recipient = :who AND template = 'offer' ORDER BY created_at DESC, id DESC LIMIT 1"
)
WHY = text("""
SELECT why, details FROM steps WHERE lead_id = :lead AND event <> 'NoteAdded' AND (why LIKE '%offered to%' OR why LIKE '%assigned%')
ORDER BY id DESC LIMIT 1
""")
LISTED = 5


@dataclass(frozen=True, slots=True)
class Held:
    """A lead that a rep holds or is asked about."""

    id: int
    code: str
    status: str
    name: str
    age: timedelta


def on_duty(team: Team, rep: str, presence: str, until: datetime | None, now: datetime) -> str:
    """The answer to ON, OFF and BUSY."""
    if presence == "on":
        return "You are on. New leads come as you have room."
    when = f" until {due_text(until, team.reps[rep].calendar.zone, now)}" if until else ""
    kept = "What you had not answered goes to others." if presence == "off" else "You keep what you have."
    return f"You are {presence}{when}. {kept} Reply ON when back."


def held_by(db: Connection, rep: str, now: datetime) -> list[Held]:
    """What a rep holds or is asked about, most urgent first."""
    return [Held(r.id, r.code, r.status, r.name or "somebody", now - r.arrived_at) for r in db.execute(HELD, {"rep": rep})]


def told_to(db: Connection, manager: str, now: datetime) -> list[Held]:
    """What a manager was told of, has not said OK to, and nobody has answered: the most urgent first."""
    return [
        Held(r.id, r.code, r.status, r.name or "somebody", now - r.arrived_at) for r in db.execute(TOLD, {"manager": manager})
    ]


def last_offered(db: Connection, to: str) -> int | None:
    """The lead a late "1" means: the last one this rep was asked about."""
    found = db.execute(LAST_OFFER, {"who": to}).scalar()
    return int(found) if found is not None else None


def listed(held: list[Held]) -> str:
    """L: the rep's list."""
    if not held:
        return "You have nothing open."
    words = {Status.OFFERED: "asked", Status.ACCEPTED: "to call", Status.RESPONDED: "answered", Status.WAITING: "waits"}
    lines = [
        f"{lead.code} {clean(lead.name, 20)} {words.get(Status(lead.status), lead.status)} {ago(lead.age, parts=1)}"
        for lead in held[:LISTED]
    ]
    more = f", and {len(held) - LISTED} more" if len(held) > LISTED else ""
    return f"You have {len(held)}: {', '.join(lines)}{more}."


def why(db: Connection, lead_id: int, code: str) -> str:
    """WHY A7: the last decision about who gets it."""
    found = db.execute(WHY, {"lead": lead_id}).one_or_none()
    return clean(f"{code}: {found.why}. {'; '.join(found.details[:3])}", 300) if found else f"{code}: not offered to anybody yet."
