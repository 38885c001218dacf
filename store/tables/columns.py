"""What the tables are made of: the one metadata, names of constraints, and the kinds of column."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, MetaData, Sequence, text
from sqlalchemy.dialects.postgresql import JSONB

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
