"""Who is who: people that may be one, merges by hand that can be undone, and calls that belong to a lead begun otherwise."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY

from store.tables.columns import document, identity, instant, metadata

likenesses = Table(  # a suggestion, `one` < `other`; settled by a merge or by "they are different"
    "likenesses",
    metadata,
    identity(),
    Column("one", BigInteger, ForeignKey("people.id"), nullable=False),
    Column("other", BigInteger, ForeignKey("people.id"), nullable=False),
    Column("kind", Text, nullable=False),  # of the address they share
    Column("value", Text, nullable=False),
    Column("why", Text, nullable=False),
    instant("at", required=True),
    instant("settled_at"),
    Column("settled_by", Text),
    Column("verdict", Text),  # merged, different
    UniqueConstraint("one", "other"),
    Index("ix_likenesses_other", "other"),
    Index("ix_likenesses_value", "value"),
)

merges = Table(  # what a merge moved, so that a split can give it back
    "merges",
    metadata,
    identity(),
    Column("kept", BigInteger, ForeignKey("people.id"), nullable=False),
    Column("gone", BigInteger, ForeignKey("people.id"), nullable=False),
    instant("at", required=True),
    Column("by", Text, nullable=False),
    document("before"),  # the kept person's own columns
    document("addresses"),  # the addresses of the other
    Column("leads", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    Column("folded", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),  # open leads that went into another
    instant("undone_at"),
    Column("undone_by", Text),
    Index("ix_merges_kept", "kept"),
)

joined_calls = Table(  # a caller who has an open lead rings on that one
    "joined_calls",
    metadata,
    Column("sid", Text, primary_key=True),
    Column("lead_id", BigInteger, ForeignKey("leads.id"), nullable=False, index=True),
)
