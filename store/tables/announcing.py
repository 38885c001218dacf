"""What the world outside is told: events as they were when they happened, their way to each endpoint, and how each endpoint is."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from store.tables.columns import document, identity, instant, metadata, number

announcements = Table(  # written in the transaction of the step; never changed, but emptied when the person is forgotten
    "announcements",
    metadata,
    identity(),
    Column(
        "key", UUID(as_uuid=False), nullable=False, unique=True, server_default=text("gen_random_uuid()")
    ),  # for receivers, across databases
    Column("lead_id", BigInteger, ForeignKey("leads.id"), nullable=False, index=True),
    Column("type", Text, nullable=False),
    instant("at", required=True),
    document("body"),
    Column("contact", JSONB),  # only while an endpoint may know it
    Index("ix_announcements_at", "at"),
)

dispatches = Table(
    "dispatches",
    metadata,
    identity(),
    Column("announcement_id", BigInteger, ForeignKey("announcements.id", ondelete="CASCADE"), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("lead_id", BigInteger, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    instant("queued_at", required=True),  # a replay begins anew
    instant("not_before", required=True),
    instant("lease_until"),
    number("fence"),
    number("attempts"),
    Column("status", Integer),
    Column("error", Text),
    instant("done_at"),
    UniqueConstraint("announcement_id", "endpoint"),
    Index("ix_dispatches_due", "endpoint", "not_before", "id", postgresql_where=text("state = 'pending'")),
    Index("ix_dispatches_lead", "endpoint", "lead_id", "id", postgresql_where=text("state IN ('pending', 'sending')")),
    Index("ix_dispatches_leased", "lease_until", postgresql_where=text("state = 'sending'")),
    Index("ix_dispatches_dead", "id", postgresql_where=text("state = 'dead'")),
)

endpoints = Table(  # `enabled`, `wants` and `contact` are copies of the team file in force; the rest is how it has been lately
    "endpoints",
    metadata,
    Column("id", Text, primary_key=True),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("wants", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("contact", Boolean, nullable=False, server_default=true()),
    number("failures"),
    instant("failed_at"),
    instant("open_until"),
    instant("disabled_at"),
    Column("why", Text),
    instant("delivered_at"),
)

crm_records = (
    Table(  # which record of a CRM a lead became: so that it is updated and not made twice, and its stages find the lead
        "crm_records",
        metadata,
        Column("endpoint", Text, nullable=False),
        Column("lead_id", BigInteger, ForeignKey("leads.id"), nullable=False),
        Column("kind", Text, nullable=False),
        Column("record", Text, nullable=False),
        PrimaryKeyConstraint("endpoint", "lead_id", "kind"),
        Index("ix_crm_records_record", "endpoint", "kind", "record"),
    )
)
