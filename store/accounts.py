"""Accounts of the console: who may sign in with an e-mail address and a password, and in which role.

Passwords are kept as argon2id hashes only. An account whose hash is empty cannot sign in until a password is set by a link.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Engine, RowMapping, text

from store.engine import at_once, transaction

SHORTEST, LONGEST = 12, 200  # characters of a password; a long hashing input would be work for nothing
# the least that OWASP's password storage advice asks of argon2id: 19 MiB, two passes; about 20 ms
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODYS = _hasher.hash("the password of nobody")  # looked at for unknown addresses, so that they take as long as known ones


class Role(StrEnum):
    """What somebody may do; each may do all that those before may."""

    VIEWER = "viewer"  # reads
    REP = "rep"  # and notes on, and answers, their own leads
    MANAGER = "manager"  # and assigns, acknowledges, notes, reads the letter box, exports
    ADMIN = "admin"  # and the accounts

    def may(self, least: "Role") -> bool:
        """Is this role at least `least`?"""
        order = list(Role)
        return order.index(self) >= order.index(least)


class Refused(ValueError):
    """What was asked for cannot be; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. `proof` changes with the password: sessions and links made under an older one are void."""

    id: int
    email: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    proof: str


SEEN = "SELECT id, email, role, created_at, disabled_at, hash FROM accounts"
LOOK = text("""
SELECT EXISTS (SELECT FROM accounts) AS any_account, a.* FROM (SELECT 1) AS one
LEFT JOIN (SELECT id, email, role, created_at, disabled_at, hash FROM accounts WHERE id = :id) AS a ON true
""")
ADD = text(
    "INSERT INTO accounts (email, hash, role, created_at) VALUES (:email, :hash, :role, :now) ON CONFLICT DO NOTHING RETURNING id"
)
LAST_ADMIN = text("""
SELECT count(*) FILTER (WHERE id <> :id) FROM accounts WHERE role = 'admin' AND disabled_at IS NULL AND hash <> ''
""")
LOCK = text(
    "LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE"
)  # who is first, and who is the last admin, is decided by one at a time


def look(engine: Engine, account_id: int | None) -> tuple[bool, Account | None]:
    """Is there any account at all, and the one asked for if it may sign in."""
    with at_once(engine) as db:
        row = db.execute(LOOK, {"id": account_id}).mappings().one()
    return bool(row["any_account"]), _account(row) if row["id"] is not None and row["disabled_at"] is None else None


def find(engine: Engine, email: str) -> Account | None:
    """The account of this address, also a disabled one."""
    with at_once(engine) as db:
        row = db.execute(text(f"{SEEN} WHERE email = :email"), {"email": email.strip().lower()}).mappings().one_or_none()
    return _account(row) if row else None


def everyone(engine: Engine) -> list[Account]:
    """All accounts, by address."""
    with at_once(engine) as db:
        return [_account(row) for row in db.execute(text(f"{SEEN} ORDER BY email")).mappings()]


def check(engine: Engine, email: str, password: str) -> Account | None:
    """The account, if the password is right and it is not disabled. Takes as long for addresses that nobody has."""
    with at_once(engine) as db:
        row = db.execute(text(f"{SEEN} WHERE email = :email"), {"email": email.strip().lower()[:254]}).mappings().one_or_none()
    kept = row["hash"] if row and row["hash"] else _NOBODYS
    try:
        _hasher.verify(kept, password[:LONGEST])
    except (VerifyMismatchError, InvalidHashError):
        return None
    return _account(row) if row and row["hash"] and row["disabled_at"] is None else None


def add(engine: Engine, email: str, role: Role, now: datetime) -> Account:
    """An account that waits for its password. Raises Refused when the address has one already."""
    with transaction(engine) as db:
        if db.execute(ADD, {"email": email.strip().lower(), "hash": "", "role": role, "now": now}).scalar() is None:
            raise Refused(f"There is an account for {email} already.")
    found = find(engine, email)
    assert found is not None
    return found


def add_first(engine: Engine, email: str, password: str, now: datetime) -> Account:
    """The first admin. Raises Refused when there is an account already: whoever holds an old link comes too late."""
    hashed = hash_of(password, email)
    with transaction(engine) as db:
        db.execute(LOCK)
        if db.execute(text("SELECT EXISTS (SELECT FROM accounts)")).scalar():
            raise Refused("There is an account already, so this link has done its work. Sign in, or ask an admin for an account.")
        db.execute(ADD, {"email": email.strip().lower(), "hash": hashed, "role": Role.ADMIN, "now": now})
    found = find(engine, email)
    assert found is not None
    return found


def set_password(engine: Engine, account: Account, password: str) -> bool:
    """Set it, which ends all sessions; False when it was changed since `account` was read: a link works once."""
    hashed = hash_of(password, account.email)
    with transaction(engine) as db:
        row = db.execute(text(f"{SEEN} WHERE id = :id FOR UPDATE"), {"id": account.id}).mappings().one()
        if not hmac.compare_digest(_account(row).proof, account.proof):
            return False
        db.execute(text("UPDATE accounts SET hash = :hash WHERE id = :id"), {"id": account.id, "hash": hashed})
    return True


def set_role(engine: Engine, account_id: int, role: Role) -> None:
    """Raises Refused when nobody would be left who can manage accounts."""
    with transaction(engine) as db:
        if role is not Role.ADMIN:
            _keep_an_admin(db, account_id)
        db.execute(text("UPDATE accounts SET role = :role WHERE id = :id"), {"id": account_id, "role": role})


def set_disabled(engine: Engine, account_id: int, disabled_at: datetime | None) -> None:
    """Disable from now on (its sessions end), or enable again with None. Raises Refused for the last admin."""
    with transaction(engine) as db:
        if disabled_at is not None:
            _keep_an_admin(db, account_id)
        db.execute(text("UPDATE accounts SET disabled_at = :at WHERE id = :id"), {"id": account_id, "at": disabled_at})


def hash_of(password: str, email: str) -> str:
    """An argon2id hash. Raises Refused for a password that is too short, too long, or has the address in it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(f"A password has {SHORTEST} to {LONGEST} characters. A few words in a row are easy to keep in mind.")
    if email.strip().lower() in password.lower():
        raise Refused("The e-mail address is no part of a good password: everybody knows it.")
    return _hasher.hash(password)


def _keep_an_admin(db: Connection, account_id: int) -> None:
    db.execute(LOCK)
    role = db.execute(text("SELECT role FROM accounts WHERE id = :id AND disabled_at IS NULL"), {"id": account_id}).scalar()
    if role == Role.ADMIN and not db.execute(LAST_ADMIN, {"id": account_id}).scalar():
        raise Refused("This is the last admin. Make another one first.")


def _account(row: RowMapping) -> Account:
    return Account(
        id=row["id"], email=row["email"], role=Role(row["role"]), created_at=row["created_at"], disabled_at=row["disabled_at"],
        has_password=bool(row["hash"]), proof=hashlib.sha256(row["hash"].encode()).hexdigest(),
    )  # fmt: skip
