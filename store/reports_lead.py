"""Everything known about one lead, for its page, the phone page and the API."""

from datetime import datetime

from sqlalchemy import Engine

from routing.codes import number_of
from store.reports import CARD, Row, look_up
from store.sealing import CHANNELS

# what began it; of a lead that was fetched, the delivery that named it
_EVENT = "coalesce(l.content->>'heard_as', (SELECT i.event FROM inbox i WHERE i.lead_id = l.id ORDER BY i.id LIMIT 1)) AS event"
_LEAD = (
    f"SELECT {CARD}, {_EVENT}, l.matched, l.needs, l.person_id FROM leads l JOIN people p ON p.id = l.person_id WHERE l.id = :id"
)
_PROMISED = "SELECT received_at, lead_id, error FROM inbox WHERE number = :number ORDER BY id LIMIT 1"
_STEPS = "SELECT id, at, event, data, was, became, owner, why, details, late_by FROM steps WHERE lead_id = :id ORDER BY id"
_MESSAGES = """
    SELECT id, key, recipient, channel, address, purpose, template, subject, body, state, not_before, created_at, sent_at, delivered_at,
           attempts, error_code, error, provider FROM outbox WHERE lead_id = :id ORDER BY id
"""
_RAW = """
    SELECT id, source, external_id, event, received_at, headers->>'content-type' AS content_type, body, error
    FROM inbox WHERE lead_id = :id OR number = :id ORDER BY id LIMIT 50
"""
_DELIVERIES = """
    SELECT source, external_id, event, received_at, content FROM inbox WHERE lead_id = :id OR number = :id ORDER BY id LIMIT 50
"""
_MY_DAY = """
    SELECT count(*) AS taken, count(*) FILTER (WHERE responded_at <= coalesce(response_due_at, responded_at)) AS on_time
    FROM leads WHERE owner = :rep AND accepted_at >= :day AND arrived_at >= :day - interval '7 days' AND NOT is_test
"""
_HELD = """
    SELECT l.id, l.code, l.status, l.response_due_at, coalesce(p.name, l.content->>'name') AS name,
           CAST(coalesce(l.state->>'turn', '0') AS integer) AS turn
    FROM leads l JOIN people p ON p.id = l.person_id
    WHERE l.closed_at IS NULL AND l.holders @> ARRAY[:rep] AND l.status IN ('offered', 'accepted')
    ORDER BY l.response_due_at NULLS LAST, l.id LIMIT 20
"""
_OTHERS = """
    SELECT code, status, arrived_at FROM leads WHERE person_id = :person AND id <> :id ORDER BY id DESC LIMIT 10
"""
_STOPS = f"""
    SELECT s.channel, min(s.since) AS since, min(s.reason) AS reason FROM leads l JOIN people p ON p.id = l.person_id, suppressions s
    WHERE l.id = :id AND s.channel IN ({CHANNELS}) AND s.address IN (p.phone, p.email, p.handles ->> 'whatsapp',
      p.handles ->> 'messenger', p.handles ->> 'instagram', p.handles ->> 'telegram')
    GROUP BY s.channel ORDER BY s.channel
"""
_SEARCH = f"""
    SELECT {CARD} FROM leads l JOIN people p ON p.id = l.person_id
    WHERE l.id IN (SELECT id FROM leads ORDER BY id DESC LIMIT 5000)
      AND (:like = '%%' OR p.name ILIKE :like OR p.email ILIKE :like OR p.phone LIKE :like OR l.content->>'company' ILIKE :like)
    ORDER BY l.id DESC LIMIT 50
"""
_MANY = f"""
    SELECT {CARD}, {_EVENT}, l.matched FROM leads l JOIN people p ON p.id = l.person_id
    WHERE (CAST(:status AS text) IS NULL OR l.status = :status) AND (CAST(:pool AS text) IS NULL OR l.pool = :pool)
      AND (CAST(:since AS timestamptz) IS NULL OR l.arrived_at >= :since) AND (CAST(:below AS bigint) IS NULL OR l.id < :below)
      AND (NOT :late OR l.breached_at IS NOT NULL OR coalesce(l.responded_at, :now) > l.response_due_at)
    ORDER BY l.id DESC LIMIT :most
"""


def find(engine: Engine, code: str) -> Row | None:
    """The lead of that code (in any case); a code whose inquiry was joined to another lead leads to that one. None: no such."""
    number = number_of(code)
    if number is None:
        return None
    return by_id(engine, number) or _joined(engine, number)


def by_id(engine: Engine, lead_id: int) -> Row | None:
    """One lead with its person."""
    return next(iter(look_up(engine, _LEAD, {"id": lead_id})), None)


def search(engine: Engine, asked: str) -> list[Row]:
    """Among the latest 5,000 leads those whose name, firm, address or number contains the words, newest first; all for ""."""
    plain = asked.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return look_up(engine, _SEARCH, {"like": f"%{plain}%"})


def others_of(engine: Engine, person: int, lead_id: int) -> list[Row]:
    """The person's other leads, newest first: code, status, arrived_at."""
    return look_up(engine, _OTHERS, {"person": person, "id": lead_id})


def stops(engine: Engine, lead_id: int) -> list[Row]:
    """The channels that are closed to the lead's person: channel, since, reason."""
    return look_up(engine, _STOPS, {"id": lead_id})


def promised_at(engine: Engine, code: str) -> datetime | None:
    """When an inquiry came in that was given this code but is not decided yet; None if there is none."""
    number = number_of(code)
    found = look_up(engine, _PROMISED, {"number": number}) if number is not None else []
    return found[0]["received_at"] if found and found[0]["lead_id"] is None else None


def steps(engine: Engine, lead_id: int) -> list[Row]:
    """What happened, in order."""
    return look_up(engine, _STEPS, {"id": lead_id})


def messages(engine: Engine, lead_id: int) -> list[Row]:
    """What was said to anyone about this lead, in order."""
    return look_up(engine, _MESSAGES, {"id": lead_id})


def raw(engine: Engine, lead_id: int) -> list[Row]:
    """What came in, byte for byte."""
    return look_up(engine, _RAW, {"id": lead_id})


def deliveries(engine: Engine, lead_id: int) -> list[Row]:
    """What came in, as it was understood, at most 50: its event and its `content`, a common lead."""
    return look_up(engine, _DELIVERIES, {"id": lead_id})


def my_day(engine: Engine, rep: str, day: datetime) -> Row:
    """taken and on_time of a rep since `day`, test leads left out."""
    return look_up(engine, _MY_DAY, {"rep": rep, "day": day})[0]


def held_by(engine: Engine, rep: str) -> list[Row]:
    """Leads offered to or accepted by this rep, the most urgent first."""
    return look_up(engine, _HELD, {"rep": rep})


def many(engine: Engine, now: datetime, *, filters: Row, below: int | None, most: int) -> list[Row]:
    """Leads for the API, newest first. `filters`: status, pool, since (instant) or None, late (bool)."""
    return look_up(engine, _MANY, {**filters, "below": below, "most": most, "now": now})


def _joined(engine: Engine, number: int) -> Row | None:
    found = look_up(engine, _PROMISED, {"number": number})
    return by_id(engine, found[0]["lead_id"]) if found and found[0]["lead_id"] else None
