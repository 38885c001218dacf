"""People and their addresses. One address belongs to one person; its key makes parallel deliveries about one person meet."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from routing import identity
from routing.identity import Key
from routing.model import Person
from store import identifying
from store.identifying import Identified
from store.saving import Crowded, rows
from store.sealing import CHANNELS, Heeding, Seal
from store.together import Answer, Together

# people are locked in the order of their ids, after everything else: a batch that waits for a pool holds nobody's row
LEARN = text("""
WITH news AS MATERIALIZED (
  SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, name text, phone text, email text, handles jsonb,
    locale text, zone text, wrote_at timestamptz, last_rep text, is_named boolean)
), held AS MATERIALIZED (
  SELECT p.id FROM people p WHERE p.id IN (SELECT id FROM news) ORDER BY p.id FOR NO KEY UPDATE
)
UPDATE people SET name = coalesce(r.name, people.name), phone = coalesce(r.phone, people.phone),
  email = coalesce(r.email, people.email), handles = people.handles || coalesce(r.handles, '{}'),
  locale = coalesce(r.locale, people.locale), zone = coalesce(r.zone, people.zone),
  is_named = coalesce(r.is_named, people.is_named), wrote_at = greatest(r.wrote_at, people.wrote_at), last_rep = coalesce(r.last_rep, people.last_rep)
FROM news r, held WHERE people.id = r.id AND held.id = r.id
""")
OPTED_OUT = f"""
ARRAY(SELECT channel FROM suppressions s WHERE s.channel IN ({CHANNELS})
      AND s.address IN (p.phone, p.email, p.handles ->> 'whatsapp', p.handles ->> 'messenger', p.handles ->> 'instagram',
                        p.handles ->> 'telegram'))
"""
ADD = text("""
INSERT INTO people (id, name, phone, email, handles, locale, zone, wrote_at, is_named, created_at) OVERRIDING SYSTEM VALUE
SELECT id, name, phone, email, coalesce(handles, '{}'), locale, zone, wrote_at, coalesce(is_named, false), :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, name text, phone text, email text, handles jsonb, locale text,
  zone text, wrote_at timestamptz, is_named boolean)
""")
# leads with the person behind each
LEADS = f"""
SELECT l.*, p.name AS person_name, p.phone AS person_phone, p.email AS person_email, p.handles AS person_handles,
       p.zone AS person_zone, p.locale AS person_locale, p.last_rep AS person_last_rep, p.wrote_at AS person_wrote_at,
       {OPTED_OUT} AS opted_out
FROM leads l JOIN people p ON p.id = l.person_id
"""
# locked: of two deliveries by one known person at once, the second must see the lead that the first begins
READ = text("SELECT * FROM people WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE")
BY_PHONE = frozenset({"sms", "whatsapp", "rcs", "call"})  # channels on which writing to us means being awake at that phone


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
    is_named: bool = True  # the name was given, not shown by a platform or a carrier

    @property
    def given(self) -> str | None:
        """The name they gave themselves, None if they gave none."""
        return self.name if self.is_named else None

    def addresses(self) -> tuple[Key, ...]:
        """The addresses by which this person is known, the surest first."""
        found = identity.keys(self.phone, self.email, self.handles)
        return tuple(sorted(found, key=lambda key: key[0] == "phone")) if self.phone_is_a_guess else found


def who(content: Mapping[str, Any], received_at: datetime) -> Who:
    """The person of a common lead."""
    handles = {kind: str(value) for kind, value in (content.get("handles") or {}).items() if value}
    channel = content.get("channel")
    return Who(
        name=content.get("name"), phone=content.get("phone"), email=content.get("email"), handles=handles,
        locale=content.get("locale"), zone=content.get("zone"), wrote_at=received_at if channel in BY_PHONE else None,
        phone_is_a_guess=bool((content.get("extra") or {}).get("phone_is_a_guess")), is_named=channel not in identity.DISPLAYED,
    )  # fmt: skip


@dataclass(slots=True)
class Meeting:
    """The people behind some deliveries, known or new, with what these say; `join` writes down who is new.

    What was learnt of those who were known, `learn` keeps at the end of the transaction.
    """

    who: Identified
    people: dict[int, Person]
    heeding: Heeding | None = None
    added: Answer = field(default_factory=Answer)

    @property
    def persons(self) -> list[Person]:
        """In the order of the deliveries."""
        return [self.people[person_id] for person_id in self.who.ids]

    @property
    def known(self) -> list[Person]:
        """Those who were known before, each once."""
        return [person for person_id, person in self.people.items() if person_id not in self.who.new]

    def ask(self, asks: Together, now: datetime, seal: Seal | None = None) -> None:
        """Write down the new ones with their addresses, and ask who is not to be written to; `seal` tells those who were erased before."""
        new = [{**words_of(self.people[person_id]), "id": person_id} for person_id in sorted(self.who.new)]
        if new:
            asks.add(ADD, {"rows": rows(new), "now": now})
        self.added = identifying.add(asks, self.who)
        self.heeding = Heeding.ask(asks, self.people.values(), seal)

    def settle(self, db: Connection, now: datetime) -> None:
        """When it was sent. Raises Crowded when another transaction met the same new person first."""
        identifying.check(self.who, self.added)
        identifying.suggest(db, self.who.alike, now)
        if self.heeding is not None:
            self.people = self.heeding.heed(db, self.people, now)


def meet(db: Connection, found: Sequence[Who]) -> Meeting:
    """The person behind each. Locks those who are known."""
    who = identifying.identify(db, found)
    people = read(db, set(who.ids) - who.new) | {person_id: Person(person_id) for person_id in who.new}
    for each, person_id in zip(found, who.ids, strict=True):
        people[person_id] = told(people[person_id], each)
    return Meeting(who, people)


def told(person: Person, said: Who) -> Person:
    """The person as they are after these words of theirs. What was not said stays as it was; a name shown replaces none given."""
    name = identity.fuller(person.name, said.name) if said.is_named or not person.is_named else person.name
    return replace(
        person, name=name, is_named=person.is_named or bool(said.given), phone=said.phone or person.phone, email=said.email or person.email,
        handles={**person.handles, **said.handles}, locale=said.locale or person.locale, zone=said.zone or person.zone,
        wrote_at=said.wrote_at or person.wrote_at,
    )  # fmt: skip


def learn(writes: Together, news: Mapping[int, Mapping[str, object]]) -> None:
    """Keep what was learnt of each person, by id (columns of `people`); what is not named stays as it was."""
    if news:
        writes.add(LEARN, {"rows": rows({**said, "id": person_id} for person_id, said in news.items())})


def words_of(person: Person) -> dict[str, object]:
    """What `learn` keeps of a person in hand."""
    names = ("name", "phone", "email", "handles", "locale", "zone", "wrote_at", "is_named")
    return {name: value for name in names if (value := getattr(person, name))}


def read(db: Connection, ids: Set[int]) -> dict[int, Person]:
    """The people with these ids."""
    people = {}
    for row in db.execute(READ, {"ids": sorted(ids)}) if ids else ():
        if row.merged_into is not None:  # merged at this very moment: decide again, with whom they are now
            raise Crowded
        people[row.id] = Person(
            id=row.id, name=row.name, phone=row.phone, email=row.email, handles=row.handles or {}, zone=row.zone, locale=row.locale,
            last_rep=row.last_rep, wrote_at=row.wrote_at, is_named=row.is_named,
        )  # fmt: skip
    return people


def known(db: Connection, person_id: int) -> Person:
    """A person as they stand, with the channels that are closed to them."""
    found = read(db, {person_id})[person_id]
    closed = db.execute(text(f"SELECT {OPTED_OUT} FROM people p WHERE p.id = :id"), {"id": person_id}).scalar()
    return replace(found, opted_out=frozenset(closed or ()))
