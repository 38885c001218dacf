"""People and their addresses. One address belongs to one person; its key makes parallel deliveries about one person meet."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from routing.model import Person
from store.saving import Crowded, rows
from store.sealing import CHANNELS, Seal, heed

FIND = text("""
SELECT a.kind, a.value, a.person_id FROM addresses a
JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(kind text, value text) ON a.kind = r.kind AND a.value = r.value
""")
ADD_PEOPLE = text("INSERT INTO people (created_at) SELECT :now FROM generate_series(1, :n) RETURNING id")
ADD_ADDRESSES = text("""
INSERT INTO addresses (kind, value, person_id) SELECT kind, value, person_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(kind text, value text, person_id bigint) ORDER BY kind, value
ON CONFLICT (kind, value) DO NOTHING RETURNING kind, value
""")
# people are locked in the order of their ids, after everything else: a batch that waits for a pool holds nobody's row
LEARN = text("""
WITH news AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, name text, phone text, email text, handles jsonb,
    locale text, zone text, wrote_at timestamptz, last_rep text)
), held AS MATERIALIZED (
  SELECT p.id FROM people p WHERE p.id IN (SELECT id FROM news) ORDER BY p.id FOR NO KEY UPDATE
)
UPDATE people SET name = coalesce(r.name, people.name), phone = coalesce(r.phone, people.phone),
  email = coalesce(r.email, people.email), handles = people.handles || coalesce(r.handles, '{}'),
  locale = coalesce(r.locale, people.locale), zone = coalesce(r.zone, people.zone),
  wrote_at = greatest(r.wrote_at, people.wrote_at), last_rep = coalesce(r.last_rep, people.last_rep)
FROM news r, held WHERE people.id = r.id AND held.id = r.id
""")
OPTED_OUT = f"""
ARRAY(SELECT channel FROM suppressions s WHERE s.channel IN ({CHANNELS})
      AND s.address IN (p.phone, p.email, p.handles ->> 'whatsapp', p.handles ->> 'messenger', p.handles ->> 'instagram',
                        p.handles ->> 'telegram'))
"""
# locked: of two deliveries by one known person at once, the second must see the lead that the first begins
READ = text("SELECT * FROM people WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
BY_PHONE = frozenset({"sms", "whatsapp", "call"})  # channels on which writing to us means being awake at that phone


@dataclass(frozen=True, slots=True)
class Who:
    """What a delivery says about the person behind it."""

    name: str | None
    phone: str | None
    email: str | None
    handles: Mapping[str, str]
    locale: str | None
    zone: str | None
    wrote_at: datetime | None
    phone_is_a_guess: bool = False  # found in the words of a mail: whose it is, is better told by the mail's address

    def addresses(self) -> list[tuple[str, str]]:
        """The addresses by which this person is known, the surest first."""
        pairs = [("phone", self.phone), ("email", self.email), *sorted(self.handles.items())]
        pairs = [*pairs[1:], pairs[0]] if self.phone_is_a_guess else pairs
        return [(kind, value) for kind, value in pairs if value]


def who(content: Mapping[str, Any], received_at: datetime) -> Who:
    """The person of a common lead."""
    handles = {kind: str(value) for kind, value in (content.get("handles") or {}).items() if value}
    by_phone = content.get("channel") in BY_PHONE
    return Who(
        name=content.get("name"), phone=content.get("phone"), email=content.get("email"), handles=handles,
        locale=content.get("locale"), zone=content.get("zone"), wrote_at=received_at if by_phone else None,
        phone_is_a_guess=bool((content.get("extra") or {}).get("phone_is_a_guess")),
    )  # fmt: skip


def resolve(db: Connection, found: Sequence[Who], now: datetime, seal: Seal | None = None) -> list[Person]:
    """The person behind each, known or new, with what this delivery says; `learn` keeps that at the end of the transaction.

    `seal` tells those who were erased before.
    Raises Crowded when another transaction met the same new person first.
    """
    ids, new = identify(db, found, now)
    people = read(db, set(ids) - new) | {person_id: Person(person_id) for person_id in new}
    for each, person_id in zip(found, ids, strict=True):
        people[person_id] = told(people[person_id], each)
    people = heed(db, people, seal, now)
    return [people[person_id] for person_id in ids]


def identify(db: Connection, found: Sequence[Who], now: datetime) -> tuple[list[int], set[int]]:
    """The id of the person behind each, and which of them are new. Whoever shares an address in this batch is one person."""
    known = find(db, found)
    stood, strangers, ids = set(known), 0, []
    for each in found:
        person_id = next((known[key] for key in each.addresses() if key in known), None)
        if person_id is None:
            strangers += 1
            person_id = -strangers  # until the database has given them a number
        for key in each.addresses():
            known.setdefault(key, person_id)
        ids.append(person_id)
    made = db.execute(ADD_PEOPLE, {"n": strangers, "now": now}).scalars().all() if strangers else []
    numbers = {-place: number for place, number in enumerate(made, 1)}
    add(db, {key: numbers.get(owner, owner) for key, owner in known.items() if key not in stood}, set(made))
    return [numbers.get(person_id, person_id) for person_id in ids], set(made)


def told(person: Person, said: Who) -> Person:
    """The person as they are after these words of theirs. What was not said stays as it was."""
    return replace(
        person, name=said.name or person.name, phone=said.phone or person.phone, email=said.email or person.email,
        handles={**person.handles, **said.handles}, locale=said.locale or person.locale, zone=said.zone or person.zone,
        wrote_at=said.wrote_at or person.wrote_at,
    )  # fmt: skip


def find(db: Connection, found: Sequence[Who]) -> dict[tuple[str, str], int]:
    """Who is known by which address."""
    keys = {key for each in found for key in each.addresses()}
    if not keys:
        return {}
    found_rows = db.execute(FIND, {"rows": rows({"kind": kind, "value": value} for kind, value in sorted(keys))})
    return {(row.kind, row.value): row.person_id for row in found_rows}


def add(db: Connection, fresh: Mapping[tuple[str, str], int], new: Set[int]) -> None:
    """Every address we did not know. Raises Crowded when one of a new person is somebody's already: they are not new."""
    if not fresh:
        return
    values = [{"kind": kind, "value": value, "person_id": person_id} for (kind, value), person_id in fresh.items()]
    stored = {(row.kind, row.value) for row in db.execute(ADD_ADDRESSES, {"rows": rows(values)})}
    if any(owner in new and key not in stored for key, owner in fresh.items()):
        raise Crowded


def learn(db: Connection, news: Mapping[int, Mapping[str, object]]) -> None:
    """Keep what was learnt of each person, by id (columns of `people`); what is not named stays as it was."""
    if news:
        db.execute(LEARN, {"rows": rows({**said, "id": person_id} for person_id, said in news.items())})


def words_of(person: Person) -> dict[str, object]:
    """What `learn` keeps of a person in hand."""
    names = ("name", "phone", "email", "handles", "locale", "zone", "wrote_at")
    return {name: value for name in names if (value := getattr(person, name))}


def read(db: Connection, ids: Set[int]) -> dict[int, Person]:
    """The people with these ids."""
    people = {}
    for row in db.execute(READ, {"ids": sorted(ids)}) if ids else ():
        people[row.id] = Person(
            id=row.id, name=row.name, phone=row.phone, email=row.email, handles=row.handles or {}, zone=row.zone, locale=row.locale,
            last_rep=row.last_rep, wrote_at=row.wrote_at,
        )  # fmt: skip
    return people
