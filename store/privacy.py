"""What a person may ask of us: everything we hold about them, and to be forgotten (GDPR, articles 15, 17 and 20).

Forgetting empties what they said and what was said to them, and keeps the frame: that a lead came, when, where it went and how
long it took. Of their addresses only seals stay (store/sealing.py). Backups made before still hold the person.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, text

from routing.codes import code_of, number_of
from routing.events import LeadErased
from store import announcements
from store import privacy_sql as sql
from store.batch import Batch, run
from store.book import seal_of
from store.engine import at_once
from store.inbox import ERASED
from store.retrying import in_turn
from store.sealing import suppress

FORGOTTEN = "forgotten at the person's own request"  # stands where words stood
KEPT_OF_STEPS = (
    "rep",
    "via",
    "turn",
    "rung",
    "repeat",
    "manager",
    "channel",
    "how",
    "outcome",
    "reported",
    "seconds",
    "by",
    "stage",
)
TRIES = 5  # somebody who writes while they are being forgotten begins a new lead, which is forgotten too


class NotErased(RuntimeError):
    """New words of the person kept coming in while they were being forgotten."""


@dataclass(frozen=True, slots=True)
class Known:
    """The rows that are about somebody: people, leads, and every address and name by which they can be found in texts."""

    people: tuple[int, ...]
    leads: tuple[int, ...]
    addresses: tuple[str, ...]
    names: tuple[str, ...]

    def values(self) -> dict[str, object]:
        """As parameters of the statements of privacy_sql. Names alone find nobody: others have the same."""
        needles = [_anywhere(address) for address in self.addresses if len(address) > 4]
        codes = "|".join(code_of(lead) for lead in self.leads)
        return {
            "people": list(self.people), "leads": list(self.leads), "addresses": list(self.addresses), "needles": needles,
            "lower": [address.lower() for address in self.addresses], "names": [_anywhere(name) for name in self.names],
            "named": [*needles, *(_anywhere(name) for name in self.names)], "codes": rf"\m({codes or '-'})\M",
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was forgotten. `leads` are their numbers; `addresses` counts the seals that are kept."""

    people: int
    leads: tuple[int, ...]
    deliveries: int
    messages: int
    addresses: int


def find(db: Connection, asked: Mapping[str, str | None]) -> Known | None:
    """Who is meant by `asked`: code, phone (E.164), email or handle, one of them. None: nobody we know."""
    number = number_of(asked.get("code") or "")
    ways = [value for name in ("phone", "email", "handle") if (value := asked.get(name))]
    people = db.execute(sql.PEOPLE, {"number": number, "ways": ways}).scalars().all()
    if not people:
        return None
    rows = db.execute(sql.ADDRESSES, {"people": people}).all()
    leads = db.execute(sql.LEADS, {"people": people}).scalars().all()
    names = db.execute(sql.NAMES, {"people": people, "leads": leads}).scalars().all()
    return Known(tuple(people), tuple(leads), tuple(sorted({row.value for row in rows})), tuple(sorted(set(names))))


def addresses_of(engine: Engine, asked: Mapping[str, str | None]) -> tuple[str, ...]:
    """Every address of somebody; none for nobody."""
    with at_once(engine) as db:
        known = find(db, asked)
    return known.addresses if known else ()


def export_person(engine: Engine, asked: Mapping[str, str | None]) -> dict[str, Any] | None:
    """Everything we hold about somebody, for JSON. None: nobody we know. Messages to the team come without the team's addresses."""
    with at_once(engine) as db:
        known = find(db, asked)
        if known is None:
            return None
        values = known.values()
        found = {name: [_told(row) for row in db.execute(question, values).mappings()] for name, question in sql.EXPORT.items()}
    return {"people": found.pop("people"), **found}


def erase(engine: Engine, asked: Mapping[str, str | None], now: datetime) -> Erased | None:
    """Forget somebody: close what is open, empty what holds their words, keep seals of their addresses. None: nobody we know.

    Raises NotErased when they write so often meanwhile that it does not come to an end; nothing is half done then.
    """
    for _ in range(TRIES):
        with at_once(engine) as db:
            known = find(db, asked)
            open_leads = db.execute(sql.OPEN, known.values()).scalars().all() if known else []
        if known is None:
            return None
        if open_leads:
            run(engine, _closing([int(lead) for lead in open_leads]), now)
        erased = _forget(engine, asked, now)
        if erased is not None:
            return erased
    raise NotErased("The person keeps writing: nothing was erased. Try again in a minute.")


def _closing(leads: list[int]) -> Callable[[Batch], None]:
    """Through the same door as everything: the reps' room comes back, alarms fall silent."""

    def work(batch: Batch) -> None:
        batch.load(leads)
        for lead in leads:
            batch.happen(lead, LeadErased())

    return work


def _forget(engine: Engine, asked: Mapping[str, str | None], now: datetime) -> Erased | None:
    """One transaction: all or nothing. None: there is an open lead again."""

    seal = seal_of(engine)

    def whole(db: Connection) -> Erased | None:
        db.execute(text("SET LOCAL statement_timeout = '120s'"))  # nobody else searches in texts, and we do it once
        before = find(db, asked)
        if before is None:
            return None
        db.execute(sql.LOCK_WAITING, before.values())  # what is being decided now is waited for: it may be a lead of theirs
        known = find(db, asked)
        assert known is not None
        values = {**known.values(), "now": now, "forgotten": FORGOTTEN, "kept": list(KEPT_OF_STEPS), "erased": ERASED}
        db.execute(sql.LOCK, values)
        if db.execute(sql.OPEN, values).scalars().all():
            return None
        messages = db.execute(sql.FORGET_MESSAGES, values).rowcount
        deliveries = db.execute(sql.FORGET_DELIVERIES, values).rowcount
        for statement in sql.FORGET:
            db.execute(statement, values)
        announcements.write_erased(db, [(lead, code_of(lead)) for lead in known.leads], now)
        suppress(db, (seal(address) for address in known.addresses), "erased", now)
        return Erased(len(known.people), known.leads, deliveries, messages, len(known.addresses))

    return in_turn(engine, whole)


def _anywhere(words: str) -> str:
    """A pattern for LIKE that finds these words in a text."""
    return "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _told(row: RowMapping) -> dict[str, Any]:
    """A row with its bytes as text where they are text."""
    return {name: _words(value) if isinstance(value, bytes | memoryview) else value for name, value in row.items()}


def _words(body: bytes | memoryview) -> str:
    raw = bytes(body)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(raw).decode()
