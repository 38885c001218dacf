"""Messages in doubt or stuck: leases that ran out, look-ups at the provider, and what waits for a provider that is down."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, text

from routing.sending import CALL_LEASE
from store.engine import transaction
from store.outbox import SEEN, Claimed, claimed_from


def claim_lookups(engine: Engine, now: datetime, limit: int = 20) -> list[Claimed]:
    """Take ambiguous messages whose next look-up is due. They stay ambiguous; the fence keeps look-ups apart."""
    with transaction(engine) as db:
        return claimed_from(db.execute(_CLAIM_LOOKUPS, {"now": now, "until": now + CALL_LEASE, "limit": limit}))


def release(engine: Engine, now: datetime) -> tuple[int, int]:
    """Leases that ran out: claimed without attempt -> pending again; in mid-call -> ambiguous. Returns both counts."""
    with transaction(engine) as db:
        free = db.execute(_RELEASE_CLAIMED, {"now": now}).rowcount
        doubtful = db.execute(_RELEASE_SENDING, {"now": now}).rowcount
    return free, doubtful


def park(engine: Engine, now: datetime, *, channels: Sequence[str], until: datetime, give_up_before: datetime) -> int:
    """A provider is down: its due messages wait until `until`. Those written before `give_up_before` ask for another channel.

    An acknowledgement is then given up here; other messages wait on. Younger ones are looked at again at the moment they would
    be given up, should that come before `until`. Returns how many were moved.
    """
    with transaction(engine) as db:
        return db.execute(_PARK, {"now": now, "channels": list(channels), "until": until, "before": give_up_before}).rowcount


_CLAIM_LOOKUPS = text(
    """
    WITH picked AS MATERIALIZED (
        SELECT id FROM outbox WHERE state = 'ambiguous' AND lease_until <= :now
        ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED
    ),
    taken AS (
        UPDATE outbox SET fence = fence + 1, lease_until = :until WHERE id = ANY(ARRAY(SELECT id FROM picked)) RETURNING outbox.*
    )"""
    + SEEN.format(o="taken")
)

_RELEASE_CLAIMED = text("UPDATE outbox SET state = 'pending', lease_until = NULL WHERE state = 'claimed' AND lease_until <= :now")

_RELEASE_SENDING = text(
    """
    UPDATE outbox SET state = 'ambiguous', lease_until = :now,
        ambiguous_at = (SELECT max(started_at) FROM attempts WHERE message_id = outbox.id)
    WHERE state = 'sending' AND lease_until <= :now
    """
)

_PARK = text(
    """
    WITH moved AS (
        UPDATE outbox SET
            not_before = CASE WHEN created_at > :before
                THEN least(CAST(:until AS timestamptz), created_at + (CAST(:now AS timestamptz) - :before)) ELSE :until END,
            state = CASE WHEN created_at <= :before AND recipient = 'lead' AND purpose = 'ack' THEN 'failed' ELSE state END,
            error_code = 'provider_down', error = 'the provider cannot be reached'
        WHERE id = ANY(ARRAY(
            SELECT id FROM outbox WHERE state = 'pending' AND not_before <= :now AND channel = ANY(:channels) FOR UPDATE SKIP LOCKED
        )) RETURNING id, fence, created_at, state, purpose
    ),
    told AS (
        INSERT INTO receipts (provider, key, message_id, status, code, body, received_at)
        SELECT 'headroom', id || '-down', id, state, 'provider_down', '{}', :now
        FROM moved WHERE created_at <= :before ON CONFLICT DO NOTHING
    )
    SELECT id FROM moved
    """
)
