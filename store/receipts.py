"""Delivery reports and failures: recorded once, applied by rank, and followed up by a worker where somebody must act.

Providers repeat and cross their reports (twilio "sent" after "delivered"), so a report only ever moves a message forward.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from routing import identity
from routing.sending import ENDED_BADLY, ENDED_WELL, rank
from store import stops
from store.acknowledged import Taken, acknowledge
from store.engine import transaction


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says of one message. `key` is unique per provider and report (twilio: SID:status, sendgrid: sg_event_id).

    `status` is one of routing.sending.RANKS, or "opted_out" (unsubscribe, spam report). `message_id` is ours, if it came along.
    """

    provider: str
    key: str
    status: str
    message_id: int | None = None
    provider_id: str | None = None
    code: str | None = None
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that somebody has to act on, with the message it is about."""

    provider: str
    key: str
    status: str
    code: str | None
    reason: str
    message_id: int


def record(engine: Engine, reports: Sequence[Report], now: datetime) -> int:
    """Keep the reports and move their messages forward, in one commit. Returns how many were not known before.

    A message is found by our id, else by the provider's; one that is still in doubt gets its provider id bound by this. Where
    the delivery ended badly, the report stays open (applied_at NULL) for `waiting`.
    """
    if not reports:
        return 0
    with transaction(engine) as db:
        return record_in(db, reports, now)


def record_in(db: Connection, reports: Sequence[Report], now: datetime) -> int:
    """The same inside a transaction."""
    rows = json.dumps([asdict(r) | {"rank": rank(r.status), "ended": _ended(r.status)} for r in reports], default=str)
    found = db.execute(_RECORD, {"rows": rows, "now": now, "bad": sorted(ENDED_BADLY)}).all()
    acknowledge(db, [Taken(row.lead_id, row.channel) for row in found if row.lead_id is not None], now)
    stops.heed_mail(db, [wish for report in reports if (wish := mail_wish(report))], now)
    return int(found[0].news)


def mail_wish(report: Report) -> tuple[str, str, bool] | None:
    """What an address wants, whichever of the firm's mails it was said at: (address, reason, is it a stop); None: nothing."""
    address = str(report.body.get("email") or "").strip().lower()
    if report.status not in ("opted_out", "opted_in") or "@" not in address:
        return None
    return address, report.code or report.status, report.status == "opted_out"


def waiting(engine: Engine, now: datetime, limit: int = 50) -> list[Waiting]:
    """Failures nobody has acted on yet, oldest first. Acting twice on one must be harmless (two workers may see it)."""
    with transaction(engine) as db:
        return [Waiting(**row) for row in db.execute(_WAITING, {"now": now, "limit": limit}).mappings()]


def applied(engine: Engine, done: Sequence[Waiting], now: datetime) -> None:
    """These were acted on."""
    rows = json.dumps([{"provider": w.provider, "key": w.key} for w in done])
    with transaction(engine) as db:
        db.execute(_APPLIED, {"rows": rows, "now": now})


def postpone(engine: Engine, report: Waiting, until: datetime) -> None:
    """Acting on it failed: look again at `until`."""
    with transaction(engine) as db:
        db.execute(
            text("UPDATE receipts SET received_at = :until WHERE provider = :provider AND key = :key"),
            {"until": until, "provider": report.provider, "key": report.key},
        )


def suppress(engine: Engine, channel: str, address: str, *, reason: str, now: datetime) -> None:
    """Never write to this address on this channel again (until `allow`)."""
    with transaction(engine) as db:
        for spelling in identity.spellings(address):
            db.execute(_SUPPRESS, {"channel": channel, "address": spelling, "reason": reason, "now": now})


def stopped(engine: Engine, channel: str, address: str, *, reason: str, now: datetime) -> None:
    """The person has told the carrier that they want no more of us: no address of theirs of this kind is written to again."""
    with transaction(engine) as db:
        stops.stop_everywhere(db, channel, address, reason, now)


def allow(engine: Engine, channel: str, address: str) -> None:
    """The person wrote START: we may write again."""
    with transaction(engine) as db:
        db.execute(text("DELETE FROM suppressions WHERE channel = :c AND address = :a"), {"c": channel, "a": address})


def _ended(status: str) -> str | None:
    if status in ENDED_WELL:
        return "delivered"
    return "failed" if status in ENDED_BADLY else None


_RECORD = text(
    """
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(provider text, key text, status text, message_id bigint,
            provider_id text, code text, body jsonb, rank int, ended text)
    ),
    found AS (
        SELECT r.*, coalesce(
            (SELECT id FROM outbox WHERE id = r.message_id),
            (SELECT id FROM outbox WHERE outbox.provider = r.provider AND outbox.provider_id = r.provider_id LIMIT 1)
        ) AS ours FROM r
    ),
    new AS (
        INSERT INTO receipts (provider, key, message_id, provider_id, status, code, body, received_at, applied_at)
        SELECT DISTINCT ON (provider, key) provider, key, ours, provider_id, status, code, body, :now,
               CASE WHEN ours IS NOT NULL AND (status = ANY(:bad) OR status = 'opted_out') THEN NULL ELSE CAST(:now AS timestamptz) END
        FROM found ON CONFLICT DO NOTHING RETURNING provider, key
    ),
    best AS (
        SELECT DISTINCT ON (ours) ours, provider, provider_id, rank, ended, code FROM found JOIN new USING (provider, key)
        WHERE ours IS NOT NULL AND rank > 0 ORDER BY ours, rank DESC, ended
    ),
    moved AS (
        UPDATE outbox o SET rank = best.rank, provider = best.provider, provider_id = coalesce(o.provider_id, best.provider_id),
            state = coalesce(best.ended, CASE WHEN o.state IN ('ambiguous', 'uncertain', 'sending') THEN 'sent' ELSE o.state END),
            lease_until = NULL, sent_at = coalesce(o.sent_at, :now),
            delivered_at = CASE WHEN best.ended = 'delivered' THEN coalesce(o.delivered_at, :now) ELSE o.delivered_at END,
            error_code = CASE WHEN best.ended = 'failed' THEN best.code ELSE NULL END
        FROM (SELECT id FROM outbox WHERE id IN (SELECT ours FROM best) ORDER BY id FOR UPDATE) AS locked, best
        WHERE o.id = locked.id AND o.id = best.ours AND o.rank < best.rank
        RETURNING o.lead_id, o.channel, o.purpose, o.recipient, o.state
    )
    SELECT (SELECT count(*) FROM new) AS news, lead_id, channel FROM (SELECT 1) AS always LEFT JOIN moved
        ON purpose = 'ack' AND recipient = 'lead' AND state <> 'failed' AND lead_id IS NOT NULL
    """
)

_WAITING = text(
    """
    SELECT provider, key, status, code, coalesce(body ->> 'reason', status) AS reason, message_id FROM receipts
    WHERE applied_at IS NULL AND received_at <= :now AND message_id IS NOT NULL ORDER BY received_at LIMIT :limit
    """
)

_APPLIED = text(
    """
    UPDATE receipts SET applied_at = :now FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(provider text, key text)
    WHERE receipts.provider = r.provider AND receipts.key = r.key
    """
)

_SUPPRESS = text(
    """
    INSERT INTO suppressions (channel, address, reason, since) VALUES (:channel, :address, :reason, :now)
    ON CONFLICT (channel, address) DO NOTHING
    """
)
