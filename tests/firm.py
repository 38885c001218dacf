"""A firm for the tests of the store: a team file made of a few words, deliveries by the dozen, and many hands at once."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import TextClause, text

from config.settings import Settings
from routing.codes import code_of, number_of
from routing.events import Event
from store import advance, inbox, policies
from store.advance import After
from store.engine import connect
from store.inbox import Received, Recorded
from tests import invariants

NINE = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # Tuesday, 9:00 in Chicago
SETTINGS = Settings(secret_key="a key that only these tests know", public_url="https://leads.example.com")
OFFICE = '"08:00-18:00"'


def team(
    reps: Mapping[str, str], pools: Mapping[str, str], rules: Sequence[str] = (), *, extra: str = "", office: str = OFFICE
) -> str:
    """A team file. `reps`: id -> more keys ("cap: 5"); `pools`: id -> keys; `rules` before the last one, which takes the first pool."""
    lines = [
        "version: 1", "site: {name: Acme, time_zone: America/Chicago}", "channels: {sms: {quiet_hours: none}}",
        f"hours: {{office: {{mon-fri: {office}}}}}", "managers: [{id: kim, phone: '+15125550190'}]", "reps:",
        *(f"  - {{id: {name}, phone: '+1512555{n:04}', {more}}}" for n, (name, more) in enumerate(reps.items(), 2000)),
        "pools:", *(f"  {name}: {{managers: [kim], {keys}}}" for name, keys in pools.items()),
        "slas: {hot: {accept_within: 5m, first_response_within: 15m}}",
        "sources:", "  website: {type: form}", "  calls: {type: twilio_voice, secret: env:TWILIO_AUTH_TOKEN}",
        "  texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}",
        "rules:", *rules, f"  - {{id: rest, send_to: {next(iter(pools))}, sla: hot}}", extra,
    ]  # fmt: skip
    return "\n".join(lines)


class Firm:
    """An engine, a team in force, and a clock that stands still unless it is moved."""

    def __init__(self, url: str, body: str, *, at: datetime = NINE, size: int = 10, settings: Settings = SETTINGS) -> None:
        self.url, self.now, self.settings = url, at, settings
        self.engine = connect(url, role="firm", size=size)
        self._keys = itertools.count(1)
        self.takes(body)

    def takes(self, body: str) -> int:
        """The team file is put in force."""
        return policies.apply(self.engine, body, self.settings, self.now, "the tests")

    def after(self, **span: float) -> datetime:
        """The clock is moved; nothing happens by itself."""
        self.now += timedelta(**span)
        return self.now

    # --- what comes in ----------------------------------------------------------------------------------------------

    def a_form(self, *, key: str | None = None, phone: str | None = "", source: str = "website", **said: object) -> Received:
        """A form as the webhook parses it; every one from another person unless a phone is given."""
        number = next(self._keys)
        content = {"kind": "form", "channel": "form", "name": f"Person {number}", **said}
        content |= {"phone": phone or f"+1713{number:07}"} if phone is not None else {}
        return Received(source, key or f"form:{number}", "form", content, repr(said).encode(), {}, self.now)

    def record(self, *received: Received) -> list[Recorded]:
        """Onto the disk."""
        return inbox.record(self.engine, list(received), self.now)

    def arrive(self, count: int = 1, **said: object) -> list[str]:
        """So many forms, recorded and decided one after the other; returns their codes."""
        codes = [self.record(self.a_form(**said))[0].lead or "" for _ in range(count)]
        self.drain()
        return codes

    def drain(self) -> None:
        """Decide all that waits in the inbox now."""
        while advance.drain_inbox(self.engine, self.now):
            pass

    def happen(self, code: str, event: Event) -> After:
        """One event on one lead."""
        return advance.happen(self.engine, number_of(code) or 0, event, self.now)

    # --- what is there ----------------------------------------------------------------------------------------------

    def rows(self, query: str, **values: object):
        """Rows of a query."""
        with self.engine.connect() as db:
            return db.execute(text(query), values).all()

    def do(self, statement: str | TextClause, **values: object) -> None:
        """A statement of the test's own, or one of the store's."""
        with self.engine.begin() as db:
            db.execute(text(statement) if isinstance(statement, str) else statement, values)

    def count(self, table: str, **columns: object) -> int:
        """How many rows of a table have these values."""
        where = " AND ".join(f"{name} = :{name}" for name in columns) or "true"
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}", **columns)[0][0])

    def lead(self, code: str):
        """A lead's row."""
        return self.rows("SELECT * FROM leads WHERE id = :id", id=number_of(code))[0]

    def rep(self, name: str):
        """A rep's row."""
        return self.rows("SELECT * FROM reps WHERE id = :id", id=name)[0]

    def held_by(self, rep: str) -> list[str]:
        """The codes of the leads whose room a rep gives, by arrival."""
        return [
            code_of(row.id)
            for row in self.rows("SELECT id FROM leads WHERE holders @> ARRAY[CAST(:r AS text)] ORDER BY id", r=rep)
        ]

    def why(self, code: str) -> str:
        """The reasons of a lead's steps, a line each."""
        return "\n".join(
            row.why for row in self.rows("SELECT why FROM steps WHERE lead_id = :id ORDER BY id", id=number_of(code))
        )

    def is_sound(self, **kinds: bool) -> None:
        """The invariants hold."""
        problems = invariants.broken(self.engine, **kinds)
        assert not problems, "\n".join(problems)


def at_once(*work: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment, each in a thread of its own; returns the results, raises the first error."""
    ready, results, errors = threading.Barrier(len(work)), [None] * len(work), []

    def one(place: int, task: Callable[[], object]) -> None:
        ready.wait()
        try:
            results[place] = task()
        except BaseException as error:  # handed on to the test
            errors.append(error)

    hands = [threading.Thread(target=one, args=pair) for pair in enumerate(work)]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    if errors:
        raise errors[0]
    return results
