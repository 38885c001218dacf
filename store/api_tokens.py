"""Tokens of the API: made once, shown once, kept as sha256 only (they are random, so nothing slower is needed)."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, text

from store.accounts import Refused, Role
from store.engine import at_once, transaction

NAME = re.compile(r"[\w .-]{1,60}")
PREFIX = "hr_"  # so that scanners of leaked secrets can know one
NOTE_USE = timedelta(minutes=1)  # one write a minute at most, however often a program asks
ADD = text(
    "INSERT INTO api_tokens (name, hash, role, created_at) VALUES (:name, :hash, :role, :now) ON CONFLICT DO NOTHING RETURNING id"
)
READ = text("SELECT id, name, role, created_at, last_used_at, revoked_at FROM api_tokens ORDER BY created_at, id")
CHECK = text("SELECT id, role, last_used_at FROM api_tokens WHERE hash = :hash AND revoked_at IS NULL")
USED = text("UPDATE api_tokens SET last_used_at = :now WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :before)")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token without its secret."""

    id: int
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def add(engine: Engine, name: str, role: Role, now: datetime) -> str:
    """A new token; this is the only time it is told. Raises Refused for a name that is taken or none."""
    if not NAME.fullmatch(name):
        raise Refused("A token's name has 1 to 60 letters, digits, blanks, dots or hyphens: what will use it, for example crm.")
    secret = PREFIX + secrets.token_urlsafe(32)
    with transaction(engine) as db:
        if db.execute(ADD, {"name": name, "hash": _hash(secret), "role": role, "now": now}).scalar() is None:
            raise Refused(f"There is a token named {name} already, in use or revoked. Choose another name.")
    return secret


def everything(engine: Engine) -> list[ApiToken]:
    """All tokens, the oldest first."""
    with at_once(engine) as db:
        return [ApiToken(**{**row, "role": Role(row["role"])}) for row in db.execute(READ).mappings()]


def revoke(engine: Engine, name: str, now: datetime) -> bool:
    """It opens nothing from now on. False when no token of that name is in use."""
    with transaction(engine) as db:
        done = db.execute(
            text("UPDATE api_tokens SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL"), {"name": name, "now": now}
        )
        return bool(done.rowcount)


def check(engine: Engine, given: str, now: datetime) -> Role | None:
    """The role of a token in use, None for any other. Found by its hash, so time tells nothing of the secret."""
    if not given.startswith(PREFIX):
        return None
    with at_once(engine) as db:
        row = db.execute(CHECK, {"hash": _hash(given)}).one_or_none()
        if row is not None and (row.last_used_at is None or row.last_used_at < now - NOTE_USE):
            db.execute(USED, {"id": row.id, "now": now, "before": now - NOTE_USE})
    return Role(row.role) if row is not None else None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
