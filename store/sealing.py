"""What is left of somebody who was erased: a seal of each address (HMAC with SECRET_KEY), kept so that nobody writes to it again.

A seal stands in `suppressions` in place of the address. Whoever comes back by a sealed address is told apart at intake, where
the address itself is suppressed again: sending then needs no more than its usual look. A new SECRET_KEY voids all seals,
unless the key before stays in SECRET_KEY_OLD.
"""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, text

from routing.contact import EVERYTHING
from routing.model import Person

CHANNELS = (
    "'sms', 'whatsapp', 'call', 'email', 'messenger', 'instagram', 'telegram', 'all'"  # the key of suppressions begins with it
)
STOPPED = text(f"SELECT channel, address FROM suppressions WHERE channel IN ({CHANNELS}) AND address = ANY(:addresses)")
ERASED = text("SELECT address, since FROM suppressions WHERE channel = :channel AND address = ANY(:addresses)")
SUPPRESS = text("""
INSERT INTO suppressions (channel, address, reason, since) SELECT :channel, address, :reason, :now
FROM unnest(CAST(:addresses AS text[])) AS a(address) ORDER BY address ON CONFLICT (channel, address) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Seal:
    """Makes the seal of an address: with the key in force, and `every` one it may have been sealed with."""

    keys: tuple[str, ...]

    def __call__(self, address: str) -> str:
        return _sealed(self.keys[0], address)

    def every(self, address: str) -> list[str]:
        """The seals of all keys."""
        return [_sealed(key, address) for key in self.keys]


def _sealed(key: str, address: str) -> str:
    return "sealed:" + hmac.new(key.encode(), b"erased\0" + address.lower().encode(), sha256).hexdigest()


def erased_at(db: Connection, addresses: Iterable[str], seal: Seal) -> dict[str, datetime]:
    """Which of these were erased, and when last."""
    sealed = {one: address for address in addresses for one in seal.every(address)}
    found = db.execute(ERASED, {"channel": EVERYTHING, "addresses": sorted(sealed)}).all() if sealed else []
    return {sealed[row.address]: row.since for row in found}


def suppress(db: Connection, addresses: Iterable[str], reason: str, now: datetime) -> None:
    """Nothing is written to these (addresses or seals) any more, on any channel."""
    db.execute(SUPPRESS, {"channel": EVERYTHING, "addresses": sorted(set(addresses)), "reason": reason, "now": now})


def heed(db: Connection, people: Mapping[int, Person], seal: Seal | None, now: datetime) -> dict[int, Person]:
    """The people with the channels that are closed to them. An address whose seal is kept is suppressed again by its name."""
    theirs = {person.id: addresses_of(person) for person in people.values()}
    every = {address for addresses in theirs.values() for address in addresses}
    seals = {one: address for address in every for one in seal.every(address)} if seal else {}
    found = db.execute(STOPPED, {"addresses": sorted(every | seals.keys())}).all() if every else []
    back = {seals[row.address] for row in found if row.address in seals}
    if back:
        suppress(db, back, "erased before", now)
    closed = [(seals.get(row.address, row.address), row.channel) for row in found]
    return {
        person_id: replace(person, opted_out=frozenset(channel for address, channel in closed if address in theirs[person_id]))
        for person_id, person in people.items()
    }


def addresses_of(person: Person) -> set[str]:
    """All by which a person can be written to."""
    return {address for address in (person.phone, person.email, *person.handles.values()) if address}
