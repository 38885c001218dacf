"""Texts that did not arrive, or of which no report came: what is counted of them, and which are asked after."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from routing.model import UNANSWERED
from routing.sending import ASK_AFTER, ASK_UNTIL, rank
from store.engine import transaction


@dataclass(frozen=True, slots=True)
class Silent:
    """A text that a provider took, and of whose end nothing was heard."""

    id: int
    provider_id: str


def look_again(engine: Engine, message_id: int, *, status: str, at: datetime) -> None:
    """Have `receipts.waiting` return a report of our own about this message, with this status, from `at` on. Once a message."""
    with transaction(engine) as db:
        db.execute(_LOOK_AGAIN, {"key": f"{message_id}-{status}", "id": message_id, "status": status, "at": at})


def is_still_wanted(engine: Engine, message_id: int, now: datetime, *, stem: str, lost: Collection[str]) -> bool:
    """Is the lead open and unanswered, the message not stale, and no message whose key begins with `stem` on the way or there?

    `lost` are the states in which such a message did not arrive.
    """
    known = {"id": message_id, "now": now, "stem": stem, "lost": list(lost), "unanswered": [str(s) for s in UNANSWERED]}
    with transaction(engine) as db:
        return bool(db.execute(_IS_STILL_WANTED, known).scalar())


def with_code(engine: Engine, provider: str, code: str, *, since: datetime) -> int:
    """How many of the newest 20,000 messages, sent since then, ended with this error code."""
    with transaction(engine) as db:
        return int(db.execute(_WITH_CODE, {"provider": provider, "code": code, "since": since}).scalar_one())


def claim_silent(engine: Engine, provider: str, now: datetime, limit: int = 20) -> list[Silent]:
    """Texts sent 10 min to 2 h ago whose end was not reported, to be asked after. Each at most every 10 min, by one process."""
    known = {
        "provider": provider, "now": now, "before": now - ASK_AFTER, "after": now - ASK_UNTIL, "again": now + ASK_AFTER,
        "ended": rank("delivered"), "limit": limit,
    }  # fmt: skip
    with transaction(engine) as db:
        return [Silent(**row) for row in db.execute(_CLAIM_SILENT, known).mappings()]


_LOOK_AGAIN = text(
    """
    INSERT INTO receipts (provider, key, message_id, status, body, received_at) VALUES ('headroom', :key, :id, :status, '{}', :at)
    ON CONFLICT DO NOTHING
    """
)

_IS_STILL_WANTED = text(
    """
    SELECT EXISTS (
        SELECT FROM outbox m JOIN leads l ON l.id = m.lead_id
        WHERE m.id = :id AND (m.expires_at IS NULL OR m.expires_at > :now) AND l.closed_at IS NULL AND l.status = ANY(:unanswered)
          AND NOT EXISTS (SELECT FROM outbox o WHERE o.lead_id = m.lead_id AND o.id <> m.id AND starts_with(o.key, :stem)
              AND o.state <> ALL(:lost)))
    """
)

_WITH_CODE = text(
    """
    SELECT count(*) FROM outbox WHERE id > (SELECT max(id) FROM outbox) - 20000 AND provider = :provider AND error_code = :code
        AND state = 'failed' AND sent_at > :since
    """
)

_CLAIM_SILENT = text(
    """
    UPDATE outbox SET lease_until = :again WHERE id = ANY(ARRAY(
        SELECT id FROM outbox WHERE id > (SELECT max(id) FROM outbox) - 20000 AND state = 'sent' AND provider = :provider
            AND channel IN ('sms', 'whatsapp') AND provider_id IS NOT NULL AND rank < :ended AND sent_at <= :before
            AND sent_at > :after AND (lease_until IS NULL OR lease_until <= :now)
        ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)) RETURNING id, provider_id
    """
)
