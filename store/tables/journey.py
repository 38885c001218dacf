"""The journey: leads, the steps they took, and the alarms that guard them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    false,
    text,
    true,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY

from store.tables.columns import document, identity, instant, metadata

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
