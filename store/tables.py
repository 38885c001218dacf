"""The tables. PostgreSQL 15 or newer, core only; every instant is a `timestamptz` that the caller hands in.

Queues (inbox, alarms, outbox) are read by state through partial indexes, never by an id watermark: a lower id can commit later.
`tests/store/test_schema.py` holds these definitions against the migrations.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

lead_numbers = Sequence("lead_numbers", metadata=metadata)


def instant(name: str, *, required: bool = False) -> Column[object]:
    """A column that holds an aware UTC instant."""
    return Column(name, DateTime(timezone=True), nullable=not required)


def number(name: str, default: int = 0) -> Column[int]:
    """A counter that starts at `default`."""
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def identity() -> Column[int]:
    """A surrogate key."""
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def document(name: str) -> Column[object]:
    """A JSON document, empty by default."""
    return Column(name, JSONB, nullable=False, server_default=text("'{}'::jsonb"))


policies = Table(
    "policies",
    metadata,
    Column("version", Integer, Identity(always=True), primary_key=True),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
    instant("applied_at", required=True),
    Column("applied_by", Text, nullable=False),
)

people = Table(
    "people",
    metadata,
    identity(),
    Column("name", Text),
    Column("phone", Text),
    Column("email", Text),
    document("handles"),
    Column("zone", Text),
    Column("locale", Text),
    Column("last_rep", Text),
    instant("created_at", required=True),
    instant("wrote_at"),
)

addresses = Table(  # one row an address or platform id; the key makes twenty parallel webhooks about one person make one person
    "addresses",
    metadata,
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False, index=True),
    PrimaryKeyConstraint("kind", "value"),
)

inbox = Table(
    "inbox",
    metadata,
    identity(),
    Column("source", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("event", Text, nullable=False),
    document("content"),
    document("headers"),
    Column("body", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    instant("received_at", required=True),
    Column("number", BigInteger),  # the lead number promised in the 202 answer
    Column("lead_id", BigInteger),  # the lead it belongs to, once decided
    instant("due_at", required=True),
    instant("done_at"),
    number("attempts"),
    Column("error", Text),
    UniqueConstraint("source", "external_id"),
    Index("ix_inbox_waiting", "due_at", "id", postgresql_where=text("done_at IS NULL")),
    Index("ix_inbox_number", "number", postgresql_where=text("number IS NOT NULL")),
)

leads = Table(
    "leads",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("person_id", BigInteger, ForeignKey("people.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("pool", Text, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("sla", Text, nullable=False),
    Column("matched", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("needs", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    document("content"),
    Column("message", Text, nullable=False, server_default=text("''")),
    Column("is_test", Boolean, nullable=False, server_default=false()),
    instant("arrived_at", required=True),
    Column("status", Text, nullable=False),
    Column("owner", Text),
    Column("holders", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # reps whose room this lead takes
    Column("call_sid", Text),
    instant("accept_due_at"),
    instant("response_due_at"),
    instant("acked_at"),
    instant("accepted_at"),
    instant("attempted_at"),
    instant("responded_at"),
    instant("breached_at"),
    instant("closed_at"),
    instant("changed_at", required=True),
    document("state"),
    Index("ix_leads_person", "person_id", "id"),
    Index("ix_leads_waiting", "pool", "response_due_at", "id", postgresql_where=text("status = 'waiting'")),
    Index("ix_leads_open", "status", "response_due_at", postgresql_where=text("closed_at IS NULL")),
    Index("ix_leads_holders", "holders", postgresql_using="gin", postgresql_where=text("closed_at IS NULL")),
    Index("ix_leads_call", "call_sid", unique=True, postgresql_where=text("call_sid IS NOT NULL")),
    Index("ix_leads_arrived", "arrived_at"),
)

steps = Table(  # append-only: the audit, the timeline page and the source of reports
    "steps",
    metadata,
    identity(),
    Column("lead_id", BigInteger, ForeignKey("leads.id"), nullable=False),
    instant("at", required=True),
    Column("event", Text, nullable=False),
    document("data"),
    Column("was", Text, nullable=False),
    Column("became", Text, nullable=False),
    Column("owner", Text),
    Column("why", Text, nullable=False),
    Column("details", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("late_by", Double),  # seconds between an alarm's due instant and this step
    Index("ix_steps_lead", "lead_id", "id"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("lead_id", BigInteger, ForeignKey("leads.id"), nullable=False),
    Column("key", Text, nullable=False),
    instant("due_at", required=True),
    Column("event", Text, nullable=False),
    document("data"),
    Column("armed", Boolean, nullable=False, server_default=true()),
    instant("rung_at"),
    PrimaryKeyConstraint("lead_id", "key"),
    Index("ix_alarms_due", "due_at", postgresql_where=text("armed")),
)

pools = Table(
    "pools",
    metadata,
    Column("id", Text, primary_key=True),
    number("fresh_starts"),  # fresh leads served since the last late one
    document("tally"),  # how many seats are taken up by which reason; refreshed by the clock
    instant("tallied_at"),
    instant("opens_at"),
)

reps = Table(
    "reps",
    metadata,
    Column("id", Text, primary_key=True),
    Column("in_team", Boolean, nullable=False, server_default=true()),
    Column("presence", Text, nullable=False, server_default=text("'on'")),
    instant("presence_until"),
    instant("backoff_until"),
    number("lapses"),
    number("open"),
    number("unanswered"),
    number("today"),
    Column("today_on", Date),
    instant("last_assigned_at"),
    Column("cap_open", Integer),
    Column("cap_unanswered", Integer),
    Column("cap_today", Integer),
    Column("cap_override", Integer),
    Column("absence", Text),
    instant("back_at"),
    instant("duty_changes_at"),
    CheckConstraint("open >= 0 AND unanswered >= 0 AND today >= 0", name="counts"),
    Index("ix_reps_duty", "duty_changes_at", postgresql_where=text("in_team")),
)

seats = Table(
    "seats",
    metadata,
    Column("pool", Text, nullable=False),
    Column("rep", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    number("weight", 1),
    Column("skills", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    number("credit"),
    Column("next_credit", Integer, nullable=False, server_default=text("1")),
    Column("served", Double, nullable=False, server_default=text("0")),
    Column("load", Double, nullable=False, server_default=text("0")),
    Column("free", Boolean, nullable=False, server_default=false()),
    instant("last_assigned_at"),
    PrimaryKeyConstraint("pool", "rep"),
    Index("ix_seats_load", "pool", "load", text("last_assigned_at NULLS FIRST"), "rank", postgresql_where=text("free")),
    Index("ix_seats_served", "pool", "served", text("last_assigned_at NULLS FIRST"), "rank", postgresql_where=text("free")),
)

outbox = Table(
    "outbox",
    metadata,
    identity(),
    Column("lead_id", BigInteger, ForeignKey("leads.id")),
    Column("key", Text, nullable=False, unique=True),  # the same message is never written twice
    Column("recipient", Text, nullable=False),  # lead, rep:<id>, manager:<id>, operator
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("words", Text),
    document("fields"),
    Column("subject", Text),
    Column("body", Text),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    instant("not_before", required=True),
    instant("expires_at"),
    instant("created_at", required=True),
    instant("lease_until"),
    number("fence"),
    number("attempts"),
    Column("provider", Text),
    Column("provider_id", Text),
    number("rank"),
    Column("error_code", Text),
    Column("error", Text),
    instant("ambiguous_at"),
    number("lookups"),
    instant("sent_at"),
    instant("delivered_at"),
    Index("ix_outbox_due", "not_before", "id", postgresql_where=text("state = 'pending'")),
    Index("ix_outbox_leased", "lease_until", postgresql_where=text("state IN ('claimed', 'sending', 'ambiguous')")),
    Index("ix_outbox_lead", "lead_id"),
    Index("ix_outbox_provider", "provider", "provider_id"),
    Index("ix_outbox_recipient", "recipient", "created_at"),
)

attempts = Table(  # the write-ahead record: committed before the provider is called
    "attempts",
    metadata,
    Column("message_id", BigInteger, ForeignKey("outbox.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    instant("started_at", required=True),
    instant("finished_at"),
    Column("outcome", Text),
    Column("status", Integer),
    Column("code", Text),
    Column("provider_id", Text),
    PrimaryKeyConstraint("message_id", "n"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("provider", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("message_id", BigInteger),
    Column("provider_id", Text),
    Column("status", Text, nullable=False),
    Column("code", Text),
    document("body"),
    instant("received_at", required=True),
    instant("applied_at"),
    PrimaryKeyConstraint("provider", "key"),
    Index("ix_receipts_waiting", "received_at", postgresql_where=text("applied_at IS NULL")),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("reason", Text, nullable=False),
    instant("since", required=True),
    PrimaryKeyConstraint("channel", "address"),
)

told = Table(  # which manager was told of which lead, so that a bare OK knows what it means
    "told",
    metadata,
    Column("manager", Text, nullable=False),
    Column("lead_id", BigInteger, ForeignKey("leads.id"), nullable=False),
    instant("at", required=True),
    instant("acknowledged_at"),
    PrimaryKeyConstraint("manager", "lead_id"),
)

breakers = Table(
    "breakers",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("state", Text, nullable=False, server_default=text("'closed'")),
    number("failures"),
    instant("since"),
    instant("until"),
    Column("why", Text),
)

beats = Table("beats", metadata, Column("name", Text, primary_key=True), instant("at", required=True), document("detail"))

notices = Table(  # what an operator must know: shown on the start page and at /ops/invariants until it is over
    "notices",
    metadata,
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
    instant("since", required=True),
    instant("seen_at", required=True),
    instant("over_at"),
)
