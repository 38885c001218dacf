"""Who may sign in to the console, and which programs may ask the API."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text, text

from store.tables.columns import identity, instant, metadata

ROLES = "role IN ('admin', 'manager', 'rep', 'viewer')"

accounts = Table(
    "accounts",
    metadata,
    identity(),
    Column("email", Text, nullable=False, unique=True),  # in lower case
    Column("hash", Text, nullable=False, server_default=text("''")),  # argon2id; empty until a password is set
    Column("role", Text, nullable=False),
    instant("created_at", required=True),
    instant("disabled_at"),
    CheckConstraint(ROLES, name="role"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    identity(),
    Column("name", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False, unique=True),  # sha256 of the token: it is random, so nothing slower is needed
    Column("role", Text, nullable=False),
    instant("created_at", required=True),
    instant("last_used_at"),
    instant("revoked_at"),
    CheckConstraint(ROLES, name="role"),
)

sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    identity(),
    Column("kind", Text, nullable=False),  # address, account, or "" for everybody
    Column("who", Text, nullable=False),  # a hash: nobody reads from it who tried
    instant("at", required=True),
    Index(None, "at"),
)
