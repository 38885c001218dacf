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
from store.together import Answer, Together

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


@dataclass(slots=True)
class Heeding:
    """The question which channels are closed to some people, and, when it was sent, what follows from the answer."""

    theirs: Mapping[int, set[str]]
    seals: Mapping[str, str]
    answer: Answer

    @classmethod
    def ask(cls, asks: Together, people: Iterable[Person], seal: Seal | None) -> "Heeding":
        """Ask with whatever else goes out."""
        theirs = {person.id: addresses_of(person) for person in people}
        every = {address for addresses in theirs.values() for address in addresses}
        seals = {one: address for address in every for one in seal.every(address)} if seal else {}
        return cls(theirs, seals, asks.add(STOPPED, {"addresses": sorted(every | seals.keys())}) if every else Answer())

    def heed(self, db: Connection, people: Mapping[int, Person], now: datetime) -> dict[int, Person]:
        """The people with the channels that are closed to them. An address whose seal is kept is suppressed again by its name."""
        found = self.answer.rows
        back = {self.seals[row["address"]] for row in found if row["address"] in self.seals}
        if back:
            suppress(db, back, "erased before", now)
        if not found:
            return dict(people)
        closed = [(self.seals.get(row["address"], row["address"]), row["channel"]) for row in found]
        return {
            person_id: replace(
                person, opted_out=frozenset(channel for address, channel in closed if address in self.theirs[person_id])
            )
            for person_id, person in people.items()
        }


def addresses_of(person: Person) -> set[str]:
    """All by which a person can be written to."""
    return {address for address in (person.phone, person.email, *person.handles.values()) if address}
