"""The letter box: what was written to whom, and what became of it."""

from sqlalchemy import Engine

from store.reports import Row, look_up

PAGE = 40  # messages at once

_LETTERS = """
    SELECT o.id, o.lead_id, l.code, l.is_test, coalesce(p.name, l.content->>'name') AS lead_name, o.recipient, o.channel, o.address,
           o.purpose, o.template, o.subject, o.body, o.state, o.not_before, o.created_at, o.sent_at, o.delivered_at, o.attempts,
           o.error_code, o.error, o.fields
    FROM outbox o LEFT JOIN leads l ON l.id = o.lead_id LEFT JOIN people p ON p.id = l.person_id
    WHERE (CAST(:recipient AS text) IS NULL OR o.recipient = :recipient) AND (CAST(:lead AS bigint) IS NULL OR o.lead_id = :lead)
      AND (CAST(:below AS bigint) IS NULL OR o.id < :below)
    ORDER BY o.id DESC LIMIT :most
"""
_RECIPIENTS = """
    SELECT recipient, count(*) AS n FROM (SELECT recipient FROM outbox ORDER BY id DESC LIMIT 500) AS recent
    GROUP BY recipient ORDER BY recipient
"""


def letters(
    engine: Engine, *, recipient: str | None = None, lead_id: int | None = None, below: int | None = None, most: int = PAGE
) -> list[Row]:
    """Messages, newest first, with the lead they are about."""
    return look_up(engine, _LETTERS, {"recipient": recipient, "lead": lead_id, "below": below, "most": most})


def letter(engine: Engine, message_id: int) -> Row | None:
    """One message: to whom, about what, on which channel."""
    sql = """
        SELECT o.id, o.lead_id, l.code, o.recipient, o.channel, o.address, o.subject, o.state, o.fields
        FROM outbox o LEFT JOIN leads l ON l.id = o.lead_id WHERE o.id = :id
    """
    return next(iter(look_up(engine, sql, {"id": message_id})), None)


def recipients(engine: Engine) -> list[Row]:
    """Who was written to in the last 500 messages, and how often."""
    return look_up(engine, _RECIPIENTS)
