"""Rows for the tests of the outbox: a lead with its person, and messages about it."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import Engine, text

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # a Tuesday, 9:00 in Chicago
DANA = "+15125550143"
_numbers = count(1)


def a_lead(engine: Engine, *, name: str = "Dana Cole", phone: str = DANA, at: datetime = NOW) -> int:
    """A lead that is offered to Priya; returns its id."""
    number = next(_numbers)
    with engine.begin() as db:
        person = db.execute(
            text("INSERT INTO people (name, phone, zone, created_at) VALUES (:n, :p, 'America/Chicago', :at) RETURNING id"),
            {"n": name, "p": phone, "at": at},
        ).scalar_one()
        db.execute(
            text(
                "INSERT INTO leads (id, code, person_id, source, kind, channel, pool, policy_version, rule, sla, arrived_at, status,"
                " owner, changed_at) VALUES (:id, :code, :person, 'website', 'form', 'form', 'texas', 1, 'rest', 'normal', :at,"
                " 'offered', 'priya', :at)"
            ),
            {"id": number, "code": f"A{number}", "person": person, "at": at},
        )
    return number


def a_message(engine: Engine, lead_id: int | None, *, at: datetime = NOW, **columns: object) -> int:
    """A pending message about the lead, an acknowledgement by text unless `columns` say otherwise; returns its id."""
    row: dict[str, object] = {
        "lead_id": lead_id, "key": f"ack:{lead_id}:{next(_numbers)}", "recipient": "lead", "channel": "sms", "address": DANA,
        "purpose": "ack", "template": "ack", "words": None, "fields": FIELDS, "state": "pending", "not_before": at,
        "expires_at": at + timedelta(minutes=10), "created_at": at, "body": None,
    } | columns  # fmt: skip
    row["fields"] = json.dumps(row["fields"])
    names = ", ".join(row)
    values = ", ".join(f"CAST(:{n} AS jsonb)" if n == "fields" else f":{n}" for n in row)
    with engine.begin() as db:
        return int(db.execute(text(f"INSERT INTO outbox ({names}) VALUES ({values}) RETURNING id"), row).scalar_one())


def the_message(engine: Engine, message_id: int) -> dict[str, object]:
    """The row as it stands."""
    with engine.begin() as db:
        return dict(db.execute(text("SELECT * FROM outbox WHERE id = :id"), {"id": message_id}).mappings().one())


def rows(engine: Engine, table: str, **where: object) -> list[dict[str, object]]:
    """The rows of a table whose columns have these values."""
    clause = " AND ".join(f"{name} = :{name}" for name in where) or "true"
    with engine.begin() as db:
        return [dict(r) for r in db.execute(text(f"SELECT * FROM {table} WHERE {clause}"), where).mappings()]


FIELDS = {
    "first_name": "Dana", "name": "Dana Cole", "firm": "Acme", "rep": "Priya", "due_text": "10:04 am", "opens_text": "",
    "pool": "Texas", "code": "A7", "stop_hint": "Reply STOP to opt out.",
}  # fmt: skip
