"""The queue of messages: claim, write the attempt ahead, record what became of it. The only SQL that moves a message.

States: pending -> claimed -> sending -> sent -> delivered | failed; sending -> ambiguous -> sent | pending | uncertain;
claimed -> pending | suppressed | expired | failed. The fence counts claims: whoever holds an old one cannot write (a provider
cannot check our fence, so a lease that runs out in mid-call is "ambiguous", never a plain retry).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, TextClause, text
from sqlalchemy.exc import OperationalError

from routing.sending import CALL_LEASE
from store.acknowledged import announce, ask_to_acknowledge
from store.engine import straight, transaction
from store.together import Answer, Together

CLAIM_LEASE = timedelta(seconds=5)  # long enough to render a batch; what is not begun by then is free for anybody
TRIES = 3  # a deadlock or a lock time-out rolls the whole batch back; writing it again is safe, the fence sees to that


@dataclass(frozen=True, slots=True)
class Lane:
    """The channels one provider carries, and how many more messages it can take now."""

    channels: tuple[str, ...]
    room: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours until the lease ends, with what the gate and the words need to know.

    `answers` is what this mail to a lead goes on from: their own last mail (`id`, `subject`, and the ids it names, `earlier`), else the
    first of `ours` to them. Never a mail of the rep's: its ids tell of the rep's own mail server.
    """

    id: int
    fence: int
    lead_id: int | None
    key: str
    recipient: str
    channel: str
    address: str
    purpose: str
    template: str
    words: str | None
    fields: Mapping[str, str]
    subject: str | None
    body: str | None
    attempts: int
    created_at: datetime
    expires_at: datetime | None
    provider: str | None
    provider_id: str | None
    ambiguous_at: datetime | None
    lookups: int
    code: str | None = None
    is_test: bool = False
    arrived_at: datetime | None = None
    person_phone: str | None = None
    zone: str | None = None
    wrote_at: datetime | None = None
    opted_out: Sequence[str] = ()
    answers: Mapping[str, Any] | None = None
    heard_at: datetime | None = None
    acked_today: int | None = None
    earlier: str | None = (
        None  # on Slack: the provider's id of the offer or alarm about this lead to this person, "" until it is out
    )


@dataclass(frozen=True, slots=True)
class Begun:
    """A claimed message with its final words, about to be handed to `provider`."""

    id: int
    fence: int
    provider: str
    subject: str | None
    body: str


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a message. `not_before`: when to try again; `look_at`: when to ask the provider about an ambiguous one.

    `follow`: somebody has to act on it (another channel, the lead's journey); `outcome` and `status` go to the attempt.
    """

    id: int
    fence: int
    state: str
    outcome: str | None = None
    provider: str | None = None
    provider_id: str | None = None
    status: int | None = None
    code: str | None = None
    error: str | None = None
    not_before: datetime | None = None
    look_at: datetime | None = None
    clean_lookup: bool = False
    follow: bool = False


def claim(engine: Engine, now: datetime, lanes: Sequence[Lane]) -> list[Claimed]:
    """Take due messages for 5 s, acknowledgements first, as many per lane as it has room for. Rivals skip each other's rows."""
    rows = [{"channels": lane.channels, "room": lane.room} for lane in lanes if lane.room > 0]
    if not rows:
        return []
    with straight(engine) as db:
        taken = db.execute(_CLAIM, {"lanes": json.dumps(rows), "now": now, "until": now + CLAIM_LEASE})
        return [Claimed(**row) for row in taken]


def turn(engine: Engine, now: datetime, *, begun: Sequence[Begun] = (), results: Sequence[Result] = ()) -> set[int]:
    """One commit: write the attempts of `begun` ahead, and record `results` of earlier calls.

    Returns the ids whose attempt is on disk: only these may be handed to the provider. A result with an old fence changes
    nothing, except that an id the provider gave is kept where none is known.
    """
    if not begun and not results:
        return set()
    for again in range(TRIES):
        try:
            with transaction(engine) as db:
                return _written(db, begun, results, now)
        except OperationalError as error:
            if again == TRIES - 1 or getattr(error.orig, "sqlstate", None) not in ("40P01", "40001", "55P03"):
                raise
    raise AssertionError("unreachable")


def write(engine: Engine, now: datetime, message: Mapping[str, object]) -> bool:
    """Add one message (columns of `outbox`); False when its key is there already."""
    with transaction(engine) as db:
        return bool(db.execute(_WRITE, {**message, "fields": json.dumps(message["fields"]), "now": now}).rowcount)


def one(engine: Engine, message_id: int) -> Claimed | None:
    """The message as it stands, without taking it."""
    with transaction(engine) as db:
        found = claimed_from(db.execute(_ONE, {"id": message_id}))
    return found[0] if found else None


def _flat(row: Begun | Result) -> dict[str, object]:
    """As a mapping (dataclasses.asdict copies deeply, which costs as much as the rest of the batch)."""
    return {name: getattr(row, name) for name in row.__slots__}


def state_of(engine: Engine, key: str) -> str | None:
    """The state of the message with this key, None when there is none."""
    with transaction(engine) as db:
        found: str | None = db.execute(text("SELECT state FROM outbox WHERE key = :key"), {"key": key}).scalar()
    return found


def claimed_from(rows: Any) -> list[Claimed]:
    """The messages that a statement with SEEN returned."""
    return [Claimed(**row) for row in rows.mappings()]


def _written(db: Connection, begun: Sequence[Begun], results: Sequence[Result], now: datetime) -> set[int]:
    writes, started, noted = Together(db), Answer(), Answer()
    if begun:
        started = writes.add(_BEGIN, {"rows": json.dumps([_flat(b) for b in begun]), "now": now, "until": now + CALL_LEASE})
    if results:
        writes.add(_FINISH, {"rows": json.dumps([_flat(r) for r in results], default=datetime.isoformat), "now": now})
        noted = ask_to_acknowledge(writes, [r.id for r in results if r.state == "sent"], now)
    writes.send()
    announce(db, noted.rows, now)
    return {int(row["message_id"]) for row in started.rows}


# `|| ''` keeps the planner off ix_outbox_recipient, which would read all messages that any lead ever got: ix_outbox_lead has the few.
# OFFSET 0 keeps its order, first the person's leads and then theirs: without statistics it takes a person to have a share of all
# leads, and would rather read all messages once for each of ours.
SEEN = """
    SELECT {o}.id, {o}.fence, {o}.lead_id, {o}.key, {o}.recipient, {o}.channel, {o}.address, {o}.purpose, {o}.template, {o}.words,
           {o}.fields, {o}.subject, {o}.body, {o}.attempts, {o}.created_at, {o}.expires_at, {o}.provider, {o}.provider_id,
           {o}.ambiguous_at, {o}.lookups,
           l.code, coalesce(l.is_test, false) AS is_test, l.arrived_at, p.phone AS person_phone, p.zone, p.wrote_at,
           CASE WHEN {o}.channel = 'email' AND {o}.recipient = 'lead' THEN coalesce((
             SELECT jsonb_build_object('id', substr(i.external_id, 7), 'subject', i.content -> 'extra' ->> 'subject',
                                       'earlier', i.content -> 'in_reply_to')
             FROM inbox i WHERE i.lead_id = {o}.lead_id AND starts_with(i.external_id, 'email:<') AND i.content ->> 'email' = p.email
             ORDER BY i.id DESC LIMIT 1),
             CASE WHEN {o}.purpose = 'reply' THEN (
             SELECT jsonb_build_object('ours', b.id, 'subject', b.subject) FROM outbox b WHERE b.lead_id = {o}.lead_id
               AND b.recipient || '' = 'lead' AND b.channel = 'email' AND b.id < {o}.id AND b.sent_at IS NOT NULL
             ORDER BY b.id LIMIT 1) END) END AS answers,
           CASE WHEN {o}.channel IN ('whatsapp', 'messenger', 'instagram') AND {o}.recipient = 'lead' THEN (
             SELECT max(i.received_at) FROM leads t CROSS JOIN LATERAL (
               SELECT received_at FROM inbox WHERE lead_id = t.id AND event = 'message' AND content ->> 'channel' = {o}.channel OFFSET 0) AS i
             WHERE t.person_id = p.id) END AS heard_at,
           CASE WHEN {o}.purpose = 'ack' AND {o}.recipient = 'lead' THEN (
             SELECT count(*) FROM leads t CROSS JOIN LATERAL (
               SELECT FROM outbox WHERE lead_id = t.id AND purpose = 'ack' AND recipient || '' = 'lead'
                 AND sent_at > {o}.created_at - interval '24 hours' OFFSET 0) AS b
             WHERE t.person_id = p.id AND t.id <> l.id) END AS acked_today,
           ARRAY(SELECT s.channel FROM suppressions s WHERE s.address = {o}.address
                 AND s.channel IN ('sms', 'whatsapp', 'call', 'email', 'messenger', 'instagram', 'telegram', 'all')) AS opted_out,
           CASE WHEN {o}.channel = 'slack' THEN (
               SELECT CASE WHEN e.provider_id IS NULL AND e.state IN ('pending', 'claimed', 'sending', 'ambiguous') THEN ''
                 ELSE e.provider_id END FROM outbox e WHERE e.lead_id = {o}.lead_id AND e.recipient || '' = {o}.recipient
                 AND e.channel = 'slack' AND e.purpose IN ('offer', 'alarm') AND coalesce(e.fields ->> 'count', '1') = '1'
                 AND e.id < {o}.id ORDER BY e.id DESC LIMIT 1) END AS earlier
    FROM {o} LEFT JOIN leads l ON l.id = {o}.lead_id LEFT JOIN people p ON p.id = l.person_id
"""

# ix_outbox_lane gives each channel's messages in this order, so a claim costs the same with 100,000 waiting. The array keeps the
# planner from guessing that so many rows are to be updated that it had better read the whole table.
_CLAIM = (
    """
    WITH lane AS (SELECT * FROM jsonb_to_recordset(CAST(%(lanes)s AS jsonb)) AS r(channels text[], room int)),
    picked AS MATERIALIZED (
        SELECT due.id FROM lane CROSS JOIN LATERAL unnest(lane.channels) AS one(channel) CROSS JOIN LATERAL (
            SELECT id FROM outbox WHERE state = 'pending' AND channel = one.channel AND not_before <= %(now)s
            ORDER BY purpose <> 'ack', not_before, id LIMIT lane.room FOR UPDATE SKIP LOCKED
        ) AS due
    ),
    taken AS (
        UPDATE outbox SET state = 'claimed', fence = fence + 1, lease_until = %(until)s
        WHERE id = ANY(ARRAY(SELECT id FROM picked)) RETURNING outbox.*
    )"""
    + SEEN.format(o="taken")
    + "ORDER BY taken.purpose <> 'ack', taken.id"
)

_ONE = text(SEEN.format(o="outbox") + "WHERE outbox.id = :id")

_BEGIN = text(
    """
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, fence int, provider text, subject text, body text)
    ),
    sending AS (
        UPDATE outbox SET state = 'sending', lease_until = :until, attempts = attempts + 1, ambiguous_at = NULL, lookups = 0,
               provider = r.provider, subject = r.subject, body = r.body
        FROM r WHERE outbox.id = r.id AND outbox.fence = r.fence AND outbox.state = 'claimed'
        RETURNING outbox.id, outbox.attempts, outbox.fence
    )
    INSERT INTO attempts (message_id, n, fence, started_at) SELECT id, attempts, fence, :now FROM sending RETURNING message_id
    """
)

_RESULTS = """
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, fence int, state text, outcome text, provider text,
        provider_id text, status int, code text, error text, not_before timestamptz, look_at timestamptz,
        clean_lookup boolean, follow boolean)
"""

_FINISH = text(
    f"""
    WITH r AS ({_RESULTS}),
    tried AS (
        UPDATE attempts SET finished_at = :now, outcome = r.outcome, status = r.status, code = r.code, provider_id = r.provider_id
        FROM r WHERE attempts.message_id = r.id AND attempts.fence = r.fence AND r.outcome IS NOT NULL
    ),
    done AS (
        UPDATE outbox o SET state = CASE WHEN o.state IN ('sent', 'delivered', 'failed') THEN o.state ELSE r.state END,
            lease_until = r.look_at, provider = coalesce(r.provider, o.provider),
            provider_id = coalesce(r.provider_id, o.provider_id), error_code = r.code, error = r.error,
            not_before = coalesce(r.not_before, o.not_before),
            ambiguous_at = CASE WHEN r.state = 'ambiguous' THEN coalesce(
                o.ambiguous_at, (SELECT max(started_at) FROM attempts WHERE message_id = o.id)) ELSE o.ambiguous_at END,
            lookups = o.lookups + r.clean_lookup::int,
            sent_at = CASE WHEN r.state = 'sent' THEN coalesce(o.sent_at, :now) ELSE o.sent_at END,
            rank = greatest(o.rank, (r.state = 'sent')::int)
        FROM r WHERE o.id = r.id AND o.fence = r.fence AND (
            o.state IN ('claimed', 'sending', 'ambiguous') OR r.state = 'sent' AND o.state IN ('sent', 'delivered', 'failed'))
        RETURNING o.id, o.fence, o.state, o.error_code, o.error, r.follow
    ),
    bound AS (
        UPDATE outbox o SET state = 'sent', lease_until = NULL, provider = coalesce(r.provider, o.provider),
            provider_id = r.provider_id, sent_at = :now, rank = greatest(o.rank, 1)
        FROM r WHERE o.id = r.id AND o.fence <> r.fence AND r.state = 'sent' AND o.provider_id IS NULL
            AND o.state IN ('pending', 'claimed', 'ambiguous', 'uncertain')
    )
    INSERT INTO receipts (provider, key, message_id, status, code, body, received_at)
    SELECT 'headroom', id || '-' || fence, id, state, error_code, jsonb_build_object('reason', error), :now
    FROM done WHERE follow ON CONFLICT DO NOTHING
    """
)

_WRITE: TextClause = text(
    """
    INSERT INTO outbox (lead_id, key, recipient, channel, address, purpose, template, words, fields, not_before, expires_at, created_at)
    VALUES (:lead_id, :key, :recipient, :channel, :address, :purpose, :template, :words, CAST(:fields AS jsonb), :now, :expires_at, :now)
    ON CONFLICT (key) DO NOTHING
    """
)
