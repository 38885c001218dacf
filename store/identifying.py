"""The person behind a delivery: known by an address, new, or perhaps somebody we know (routing/identity.py decides)."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection, text

from routing import identity
from routing.identity import Key, Met
from store.saving import Crowded, rows
from store.together import Answer, Together

FIND = text("""
SELECT a.kind, a.value, a.person_id, CASE WHEN p.is_named THEN p.name END AS name,
       EXISTS (SELECT FROM likenesses l WHERE l.value = a.value) AS is_shared
FROM addresses a JOIN people p ON p.id = a.person_id
JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(kind text, value text) ON a.kind = r.kind AND a.value = r.value
""")
# as many as there are deliveries, asked for together with FIND: one that turns out not to be needed leaves a gap
NUMBERS = text("SELECT nextval(pg_get_serial_sequence('people', 'id')) AS id FROM generate_series(1, :n)")
ADD_ADDRESSES = text("""
INSERT INTO addresses (kind, value, person_id) SELECT kind, value, person_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(kind text, value text, person_id bigint) ORDER BY kind, value
ON CONFLICT (kind, value) DO NOTHING RETURNING kind, value
""")
# of those who share an address: whoever talks with us now, else whose it was first
TALKING = text("""
SELECT l.person_id FROM leads l WHERE l.closed_at IS NULL AND l.status <> 'quarantined' AND (l.person_id = :person OR l.person_id IN (
  SELECT CASE WHEN k.one = :person THEN k.other ELSE k.one END FROM likenesses k
  WHERE k.value = :value AND :person IN (k.one, k.other)))
ORDER BY l.changed_at DESC, l.id DESC LIMIT 1
""")
SUGGEST = text("""
INSERT INTO likenesses (one, other, kind, value, why, at)
SELECT one, other, kind, value, why, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(one bigint, other bigint, kind text, value text, why text)
ON CONFLICT (one, other) DO NOTHING
""")


class Delivered(Protocol):
    """What is asked of a delivery: its addresses, the surest first, and the name somebody gave in it."""

    def addresses(self) -> tuple[Key, ...]: ...  # noqa: D102

    @property
    def given(self) -> str | None: ...  # noqa: D102

    @property
    def email(self) -> str | None: ...  # noqa: D102


@dataclass(slots=True)
class Register:
    """Who has which address, known and in this batch. People who are new yet have numbers below zero."""

    owners: dict[Key, int] = field(default_factory=dict)
    names: dict[int, str | None] = field(default_factory=dict)
    stored: set[Key] = field(default_factory=set)
    shared: set[Key] = field(default_factory=set)
    alike: list[tuple[int, int, Key, str]] = field(default_factory=list)
    twins: list[tuple[int, int]] = field(default_factory=list)
    strangers: int = 0

    def met(self, keys: Iterable[Key]) -> list[Met]:
        """The people who have these addresses, in the order of the addresses."""
        kinds: dict[int, list[str]] = {}
        for key in keys:
            if key in self.owners:
                kinds.setdefault(self.owners[key], []).append(key[0])
        return [Met(person, tuple(ways), self.names.get(person)) for person, ways in kinds.items()]

    def who(self, each: Delivered) -> int:
        """Decides who it is, writes their addresses down, and keeps what is only a suggestion."""
        keys = each.addresses()
        mine = [named for key in shareable(keys) if each.given and (named := identity.named_key(key, each.given)) in self.owners]
        verdict = identity.decide(self.met(keys), each.given, weakly=self.met(weak_keys(each.email)))
        person = self.owners[mine[0]] if mine else verdict.same
        if person is None:
            self.strangers += 1
            person = -self.strangers
        self.twins += [(person, other) for other in verdict.twins if other != person]
        self.alike += [
            (person, other, self.common(keys, each.email, other), why) for other, why in verdict.alike if other != person
        ]
        self.write_down(person, each)
        return person

    def common(self, keys: Iterable[Key], email: str | None, other: int) -> Key:
        """The address that two people share."""
        return next(key for key in (*keys, *weak_keys(email)) if self.owners.get(key) == other)

    def write_down(self, person: int, each: Delivered) -> None:
        """New addresses are theirs; one that is somebody else's is theirs only together with their name."""
        self.names[person] = identity.fuller(self.names.get(person), each.given)
        for key in each.addresses():
            owner = self.owners.setdefault(key, person)
            if owner != person and each.given and key in shareable(each.addresses()):
                self.owners.setdefault(identity.named_key(key, each.given), person)
        if each.email and (box := identity.mailbox(each.email)):
            self.owners.setdefault(("mailbox", box), person)


def shareable(keys: Iterable[Key]) -> list[Key]:
    """Addresses that several people can have."""
    return [key for key in keys if key[0] in ("phone", "email")]


def weak_keys(email: str | None) -> tuple[Key, ...]:
    """Under which keys the same mailbox may be known with another plus-tag, or without one."""
    if not email:
        return ()
    box = identity.mailbox(email)
    return (("email", box), ("mailbox", box)) if box else (("mailbox", identity.email_key(email)),)


@dataclass(slots=True)
class Identified:
    """Who is behind each delivery. `new` are people who are not yet rows; `fresh` the addresses that are theirs from now on."""

    ids: list[int]
    new: set[int]
    fresh: dict[Key, int]
    alike: list[tuple[int, int, Key, str]]
    twins: list[tuple[int, int]]  # who turn out to be one person by what was said now


def identify(db: Connection, found: Sequence[Delivered]) -> Identified:
    """The id of the person behind each. Whoever shares an address in this batch is one person. Writes nothing yet."""
    register, numbers = look(db, found)
    ids = [register.who(each) for each in found]
    for place, each in enumerate(found):
        shared = [key for key in each.addresses() if key in register.shared]
        if each.given is None and shared and ids[place] > 0:
            values = {"person": ids[place], "value": shared[0][1]}
            ids[place] = db.execute(TALKING, values).scalar() or ids[place]
    made = {-place: number for place, number in enumerate(numbers[: register.strangers], 1)}
    fresh = {key: made.get(owner, owner) for key, owner in register.owners.items() if key not in register.stored}
    alike = [(made.get(a, a), made.get(b, b), key, why) for a, b, key, why in register.alike]
    twins = [(made.get(a, a), made.get(b, b)) for a, b in register.twins]
    return Identified([made.get(person_id, person_id) for person_id in ids], set(made.values()), fresh, alike, twins)


def look(db: Connection, found: Sequence[Delivered]) -> tuple[Register, list[int]]:
    """Who is known by which address; where a given name speaks against it, also who has the address under that name.

    With it numbers for people who are new, one for each delivery.
    """
    register, asks = Register(), Together(db)
    numbers = asks.add(NUMBERS, {"n": len(found)})
    learn_of(asks, register, {key for each in found for key in (*each.addresses(), *weak_keys(each.email))})
    contested = {
        identity.named_key(key, each.given)
        for each in found
        for key in shareable(each.addresses())
        if each.given and key in register.owners
        and identity.sameness(register.names.get(register.owners[key]), each.given) is identity.Sameness.DIFFER
    }  # fmt: skip
    learn_of(asks, register, contested)
    return register, [int(row["id"]) for row in numbers.rows]


def learn_of(asks: Together, register: Register, keys: Set[Key]) -> None:
    """Read these keys into the register, with whatever else is to be asked."""
    wanted = rows({"kind": kind, "value": value} for kind, value in sorted(keys))
    answer = asks.add(FIND, {"rows": wanted}) if keys else Answer()
    asks.send()
    for row in answer.rows:
        key = (row["kind"], row["value"])
        register.owners[key], register.names[row["person_id"]] = row["person_id"], row["name"]
        register.stored.add(key)
        if row["is_shared"]:
            register.shared.add(key)


def add(writes: Together, who: Identified) -> Answer:
    """Every address we did not know, and who may be the same. Give the answer to `check` when it is there."""
    answer = Answer()
    if who.fresh:
        values = [{"kind": kind, "value": value, "person_id": person_id} for (kind, value), person_id in who.fresh.items()]
        answer = writes.add(ADD_ADDRESSES, {"rows": rows(values)})
    return answer


def check(who: Identified, answer: Answer) -> None:
    """Raises Crowded when an address of a new person is somebody's already: they are not new."""
    stored = {(row["kind"], row["value"]) for row in answer.rows}
    if any(owner in who.new and key not in stored and key[0] != "mailbox" for key, owner in who.fresh.items()):
        raise Crowded


def suggest(db: Connection, alike: Sequence[tuple[int, int, Key, str]], now: datetime) -> None:
    """Keep who may be the same, each pair once: what a person has settled is not asked again."""
    values = [
        {"one": min(a, b), "other": max(a, b), "kind": kind, "value": value, "why": why} for a, b, (kind, value), why in alike
    ]
    if values:
        db.execute(SUGGEST, {"rows": rows(values), "now": now})
