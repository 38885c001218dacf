"""A small language for stories: real PostgreSQL, fake phones, a clock that moves only when the story says so.

Everything comes in through the inbox and goes out through the outbox, as in the product: only the web server, the providers and
the time are left out. After every move the invariants of tests/invariants.py are looked at.
"""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from config.settings import Settings
from routing.calling_again import whose_phone_rings
from routing.codes import code_of, number_of
from routing.events import Event
from store import advance, doubts, due, duty, inbox, policies, receipts
from store.advance import After
from store.engine import connect
from store.inbox import Received, Recorded
from tests import invariants
from workers.followups import follow_up
from workers.lookups import look_up
from workers.send import Sender, send_due

BEFORE_WE_OPEN = datetime(2026, 11, 24, 13, 30, tzinfo=UTC)  # 7:30 in Chicago
TUESDAY_NINE = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # 9:00 in Chicago, an ordinary working day
SETTINGS = Settings(secret_key="a key that only the stories know", public_url="https://leads.example.com")
OUR_NUMBER = "+15125550100"

SMALL_TEAM = """
version: 1
site: {name: Acme, time_zone: America/Chicago}
channels: {sms: {quiet_hours: none}}
hours:
  office: {mon-fri: "08:00-18:00"}
managers:
  - {id: kim, name: Kim Ortega, phone: "+15125550190", email: kim@acme.example}
  - {id: lou, name: Lou Bennett, phone: "+15125550191", email: lou@acme.example, director: true}
reps:
  - {id: priya, name: Priya Shah, phone: "+15125550111", email: priya@acme.example, cap: {open: 5, unanswered: 3}, hours: office}
  - {id: tom, name: Tom Becker, phone: "+15125550112", email: tom@acme.example, cap: {open: 5, unanswered: 3}, hours: office}
  - {id: ana, name: Ana Ruiz, phone: "+15125550113", email: ana@acme.example, cap: {open: 5, unanswered: 3}, hours: office}
pools:
  sales: {name: Sales, members: [priya, tom, ana], hours: office, managers: [kim], directors: [lou]}
slas:
  hot:
    clock: office
    accept_within: 5m
    first_response_within: 15m
    acknowledged_for: 15m
    ladder:
      - {at: 10m, do: remind}
      - {at: 12m, do: reoffer}
      - {at: 15m, do: tell, who: pool_managers}
      - {at: 20m, do: tell, who: director, every: 10m}
sources:
  website: {type: form}
  calls: {type: twilio_voice, secret: env:TWILIO_AUTH_TOKEN}
  texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}
  meta: {type: meta, secret: env:META_APP_SECRET}
rules:
  - {id: all, send_to: sales, sla: hot}
"""


@dataclass(slots=True)
class Seen:
    """A message as its reader sees it."""

    channel: str
    body: str
    subject: str | None
    template: str
    at: datetime


@dataclass(slots=True)
class Phone:
    """Somebody with a phone and a mail box. What has been asked about counts as read."""

    story: "Story"
    recipient: str  # "lead", "rep:priya", "manager:kim"
    phone: str | None = None
    email: str | None = None
    handle: tuple[str, str] | None = None  # ("messenger", "620000")
    code: str = ""
    read: set[int] = field(default_factory=set)

    def gets_sms(self, *words: str) -> str:
        """Asserts that a text not yet read holds all these words, marks it read and returns it."""
        return self.gets("sms", *words)

    def gets_email(self, *words: str) -> str:
        """The same for an e-mail; its subject is its first line."""
        return self.gets("email", *words)

    def gets(self, channel: str, *words: str) -> str:
        """The same for any channel."""
        unread = self.unread(channel)
        for number, seen in unread.items():
            if all(word.lower() in seen.body.lower() for word in words):
                self.read.add(number)
                return seen.body
        listed = "\n".join(f"  - {seen.body}" for seen in unread.values()) or "  (nothing)"
        raise AssertionError(f"{self.recipient} has no unread {channel} with {words}; unread:\n{listed}")

    def gets_nothing(self, channel: str = "sms") -> None:
        """Asserts that there is nothing unread on the channel."""
        unread = self.unread(channel)
        assert not unread, f"{self.recipient} did get: {[seen.body for seen in unread.values()]}"

    def has_read_all(self) -> "Phone":
        """Everything so far counts as read."""
        self.read.update(number for channel in ("sms", "email") for number in self.unread(channel))
        return self

    def unread(self, channel: str) -> dict[int, Seen]:
        """What has arrived on a channel and was not asked about."""
        return {n: seen for n, seen in self.story.delivered(self).items() if n not in self.read and seen.channel == channel}

    def replies(self, words: str, *, to: str | None = None) -> None:
        """Texts (or writes on their platform) to our number, or to one of them."""
        self.story.a_message_arrives(self, words, to=to)

    def says_stop(self) -> None:
        """The carrier tells us of a STOP."""
        self.story.a_message_arrives(self, "STOP", event="opt_out", opt="stop")

    def is_unreachable(self, code: str = "30005") -> None:
        """The carrier reports that the last text to this phone could not be delivered."""
        self.story.last_text_fails(self, code)


@dataclass(slots=True)
class Call:
    """A call as the provider reports it, step by step. Each step's answer says whose phone rings now."""

    story: "Story"
    sid: str
    from_: str | None
    after: After | None = None
    legs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def rings(self) -> str | None:
        """The rep whose phone rings, None when the caller is asked for a message instead."""
        return whose_phone_rings(self.after.state) if self.after else None

    def is_taken(self) -> None:
        """The rung rep presses 1."""
        rep = self.rings
        assert rep, "no phone rings"
        self.after = self.story.a_step_of(self, "call_answered", f"answered:{rep}", rep=rep)

    def ends_after_talking(self, rep: str) -> None:
        """Both hang up; the provider reports the leg and then the call."""
        self.story.a_step_of(self, "call_answered", f"dial:{next(self.legs)}", rep=rep, seconds=95)
        self.story.a_step_of(self, "call_status", "status:completed", reason="the caller hung up", seconds=110)

    def is_not_taken(self, reason: str = "no-answer", **told: object) -> None:
        """The rung rep's leg ends without a 1."""
        self.after = self.story.a_step_of(
            self, "missed_call", f"dial:{next(self.legs)}", rep=self.rings or "", reason=reason, **told
        )

    def hangs_up_while_it_rings(self) -> None:
        """Only the status callback comes."""
        self.story.a_step_of(self, "call_status", "status:no-answer", reason="the caller hung up")
        self.story.settle()

    def leaves_a_voicemail(self, seconds: int) -> None:
        """The recording's callback."""
        self.story.a_step_of(self, "voicemail", f"recording:{seconds}", url="https://api.example/rec", seconds=seconds)
        self.story.settle()


class Story:
    """One firm, one day. `now` is the only clock."""

    def __init__(self, url: str, team: str = SMALL_TEAM, *, at: datetime = TUESDAY_NINE) -> None:
        self.now, self.engine = at, connect(url, role="story", size=4)
        self._keys, self._numbers = itertools.count(1), itertools.count(143)
        self.takes(team)
        self.sender = Sender(self.engine, SETTINGS)

    def close(self) -> None:
        """Let go of threads and connections."""
        self.sender.close()
        self.engine.dispose()

    # --- the team ---------------------------------------------------------------------------------------------------

    def takes(self, team: str) -> int:
        """The team file is put in force."""
        version = policies.apply(self.engine, team, SETTINGS, self.now, "the story")
        self.team = policies.current(self.engine)
        return version

    def people(self, *ids: str) -> tuple[Phone, ...]:
        """The phones of reps and managers."""
        return tuple(self.person(each) for each in ids)

    def person(self, name: str) -> Phone:
        """The phone of one rep or manager."""
        if name in self.team.reps:
            rep = self.team.reps[name]
            return Phone(self, f"rep:{name}", rep.phone, rep.email)
        manager = self.team.managers[name]
        return Phone(self, f"manager:{name}", manager.phone, manager.email)

    # --- what comes in ----------------------------------------------------------------------------------------------

    def a_lead_arrives(self, name: str = "Dana Cole", source: str = "website", **said: object) -> Phone:
        """A form is posted. `phone=None` or `email=None` leaves one out; returns the lead's phone, with the lead's code."""
        number, first = next(self._numbers), name.split(" ")[0]
        content = {
            "kind": "form", "channel": "form", "name": name, "first_name": first, "phone": f"+1512555{number:04}",
            "email": f"{first.lower()}.{number}@example.com", "message": "wants a demo", "zone": "America/Chicago", **said,
        }  # fmt: skip
        key = str(content.pop("key", None) or f"form:{next(self._keys)}")
        recorded = self.receive(source, key, "form", content)
        self.settle()
        return Phone(self, "lead", _text(content["phone"]), _text(content["email"]), code=recorded.lead or "")

    def a_message_arrives(
        self, sender: Phone, words: str, *, event: str = "message", opt: str = "", to: str | None = None, **said: object
    ) -> Recorded:
        """A text, or a message on the sender's platform."""
        channel, handle = sender.handle or ("sms", None)
        content: dict[str, object] = {"kind": "message", "channel": channel, "message": words, "to": to or OUR_NUMBER, "opt": opt}
        content |= {"handles": {channel: handle}} if handle else {}
        content |= {"phone": sender.phone, "zone": "America/Chicago"} if sender.phone else {}
        content |= said
        source = "texts" if channel in ("sms", "whatsapp") and "texts" in self.team.sources else "meta"
        recorded = self.receive(source, f"message:{next(self._keys)}", event, content)
        self.settle()
        return recorded

    def somebody_writes(self, words: str, *, channel: str = "sms", name: str | None = None, **said: object) -> Phone:
        """An unknown person writes for the first time."""
        number = next(self._numbers)
        handle = None if channel == "sms" else (channel, f"62000{number}")
        phone = Phone(self, "lead", None if channel in ("messenger", "instagram") else f"+1512555{number:04}", handle=handle)
        phone.code = self.a_message_arrives(phone, words, **said).lead or ""
        return phone

    def a_call_comes_in(self, from_: str | None = "+15125550777", *, to: str = OUR_NUMBER) -> Call:
        """A caller is on the line: decided at once, as the web does it."""
        call = Call(self, f"CA{next(self._keys)}", from_)
        call.after = self.a_step_of(call, "call", "", to=to)
        return call

    def a_step_of(self, call: Call, event: str, step: str, **said: object) -> After | None:
        """One report about a call."""
        content = {
            "kind": "call",
            "channel": "call",
            "call_sid": call.sid,
            "phone": call.from_,
            "zone": "America/Chicago",
            **said,
        }
        recorded = self.receive(
            "calls", f"twilio_call:{call.sid}:{step}", event, {k: v for k, v in content.items() if v is not None}
        )
        if event == "call_status":  # nobody waits for an answer to this one
            self.settle()
            return None
        after = advance.decide(self.engine, recorded.inbox_id, self.now)
        self.settle()
        return after

    def receive(self, source: str, key: str, event: str, content: Mapping[str, object]) -> Recorded:
        """Onto the disk, as a webhook does it; nothing is decided yet."""
        body = json.dumps(content, default=str).encode()
        return inbox.record(self.engine, [Received(source, key, event, content, body, {}, self.now)], self.now)[0]

    def happens(self, code: str, event: Event) -> After:
        """An event from a page (accept, assign ...)."""
        after = advance.happen(self.engine, number_of(code) or 0, event, self.now)
        self.settle()
        return after

    def last_text_fails(self, reader: Phone, code: str) -> None:
        """A delivery report of the worst kind."""
        query = "SELECT id FROM outbox WHERE recipient = :r AND address = :a AND channel = 'sms' ORDER BY id DESC LIMIT 1"
        message = self.one(query, r=reader.recipient, a=reader.phone).id
        report = receipts.Report("twilio", f"SM{message}:undelivered", "undelivered", message_id=message, code=code)
        receipts.record(self.engine, [report], self.now)
        self.settle()

    # --- time -------------------------------------------------------------------------------------------------------

    def after(self, **span: float) -> None:
        """Time goes by: the clock stops at every instant at which something is due, as the real one does."""
        until = self.now + timedelta(**span)
        while (at := due.look(self.engine).earliest) is not None and at <= until:
            self.now = max(self.now, at)
            self.do_what_is_due()
        self.now = until
        self.settle()

    def settle(self) -> None:
        """Do what is due now, until nothing is; then look whether all is well."""
        self.do_what_is_due()
        self.is_sound()

    def do_what_is_due(self) -> None:
        """Rounds of work until nothing is due."""
        for _ in range(200):
            if not self.work():
                return
        raise AssertionError(f"there is no end of work at {self.now}")

    def work(self) -> int:
        """One round of the product's work, in the order of workers/work.py."""
        waiting, done = due.look(self.engine), 0
        is_due = lambda at: at is not None and at <= self.now  # noqa: E731
        if is_due(waiting.inbox):
            done += advance.drain_inbox(self.engine, self.now)
        if is_due(waiting.messages):
            done += send_due(self.sender, self.now)
        if is_due(waiting.alarms):
            done += advance.ring_alarms(self.engine, self.now)
        if is_due(waiting.receipts):
            done += follow_up(self.engine, SETTINGS, self.sender.lanes, self.now)
        if is_due(waiting.duty):
            done += duty.turn(self.engine, self.now)
        if is_due(waiting.leases):
            done += sum(doubts.release(self.engine, self.now)) + look_up(self.engine, self.sender.lanes, self.now)
        return done

    def is_sound(self) -> None:
        """Whatever happened, the invariants hold."""
        problems = invariants.broken(self.engine, over_caps_allowed=True) + invariants.stranded(self.engine)
        assert not problems, "\n".join(problems)

    # --- what can be read -------------------------------------------------------------------------------------------

    def delivered(self, reader: Phone) -> dict[int, Seen]:
        """What a provider has taken for this person, by message number."""
        query = "SELECT id, channel, body, subject, template, sent_at FROM outbox WHERE state = 'sent' AND recipient = :r"
        found = list(self.rows(query + " ORDER BY id", r=reader.recipient))
        if reader.recipient == "lead":
            mine = {reader.phone, reader.email, *(reader.handle or ())} - {None}
            ids = {row.id for row in self.rows("SELECT id FROM outbox WHERE address = ANY(:a)", a=sorted(map(str, mine)))}
            found = [row for row in found if row.id in ids]
        return {r.id: Seen(r.channel, f"{r.subject or ''}\n{r.body}".strip(), r.subject, r.template, r.sent_at) for r in found}

    def lead(self, code: str) -> dict[str, object]:
        """A lead's row."""
        return dict(self.rows("SELECT * FROM leads WHERE id = :id", id=number_of(code))[0]._mapping)

    def status(self, code: str) -> tuple[str, str | None]:
        """(status, owner) of a lead."""
        row = self.lead(code)
        return str(row["status"]), row["owner"]  # type: ignore[return-value]

    def why(self, code: str) -> str:
        """The timeline's reasons, a line each, with the details behind them."""
        steps = self.rows("SELECT event, why, details FROM steps WHERE lead_id = :id ORDER BY id", id=number_of(code))
        return "\n".join(f"{row.event}: {row.why} {'; '.join(row.details)}".strip() for row in steps)

    def codes(self, **columns: object) -> list[str]:
        """The codes of the leads whose columns have these values, in the order of their arrival."""
        where = " AND ".join(f"{name} = :{name}" for name in columns) or "true"
        return [code_of(row.id) for row in self.rows(f"SELECT id FROM leads WHERE {where} ORDER BY arrived_at, id", **columns)]

    def rep(self, name: str) -> dict[str, object]:
        """A rep's row."""
        return dict(self.rows("SELECT * FROM reps WHERE id = :id", id=name)[0]._mapping)

    def one(self, query: str, **values: object):
        """The only row of a query."""
        (row,) = self.rows(query, **values)
        return row

    def rows(self, query: str, **values: object):
        """Rows of a query."""
        with self.engine.connect() as db:
            return db.execute(text(query), values).all()


def _text(value: object) -> str | None:
    return str(value) if value else None
