"""The tables. PostgreSQL 15 or newer, core only; every instant is a `timestamptz` that the caller hands in.

Queues (inbox, alarms, outbox) are read by state through partial indexes, never by an id watermark: a lower id can commit later.
`tests/store/test_schema.py` holds these definitions against the migrations.
"""

from store.tables import accounts, announcing, belonging, incoming, journey, sending
from store.tables.columns import metadata

__all__ = ["accounts", "announcing", "belonging", "incoming", "journey", "metadata", "sending"]
