"""Who wrote, what came in, and the team: policies, people, the inbox, pools, reps and their seats."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import ARRAY

from store.tables.columns import document, identity, instant, metadata, number

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
    Column("is_named", Boolean, nullable=False, server_default=false()),  # they gave the name; no platform or carrier showed it
    Column("phone", Text),
    Column("email", Text),
    document("handles"),
    Column("zone", Text),
    Column("locale", Text),
    Column("last_rep", Text),
    instant("created_at", required=True),
    instant("wrote_at"),
    Column("merged_into", BigInteger, ForeignKey("people.id")),
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
    Index("ix_inbox_lead", "lead_id", postgresql_where=text("lead_id IS NOT NULL")),
    Index("ix_inbox_number", "number", postgresql_where=text("number IS NOT NULL")),
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
