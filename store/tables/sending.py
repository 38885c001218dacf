"""Sending: the outbox, the attempts written ahead, delivery reports, opt-outs, and what the operator must know."""

from sqlalchemy import BigInteger, Column, Date, Double, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from store.tables.columns import document, identity, instant, metadata, number

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
    Index(
        "ix_outbox_lane", "channel", text("(purpose <> 'ack')"), "not_before", "id", postgresql_where=text("state = 'pending'")
    ),
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

paces = Table(  # what a sender of texts may still send: a bucket of segments, and the day's count (routing/pacing.py)
    "paces",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("tokens", Double, nullable=False),
    instant("at", required=True),
    Column("day", Date, nullable=False),
    number("used"),
    instant("tail"),
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
