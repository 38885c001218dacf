"""A text from a rep or a manager: a command, never a lead. The answer goes back by text, in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

from routing.codes import number_of
from routing.commands import Ambiguous, Command, NoneOpen, NotUnderstood, OpenLead, ask_which, parse, typed, which
from routing.events import (
    CallRequested,
    EscalationAcknowledged,
    Event,
    HumanResponded,
    LeadAssigned,
    NoteAdded,
    OfferAccepted,
    OfferPassed,
    OutcomeReported,
    ResponseAttempted,
)  # fmt: skip
from routing.hours import next_open
from routing.model import Message, Status
from routing.team import Manager, Rep, Team
from routing.words import clean
from store import book, duty
from store.batch import Batch
from store.intake import Item
from store.lines import leads_on
from store.staff_answers import LISTED, held_by, last_offered, listed, on_duty, told_to, why
from store.threads import thread_of

TOLD = text("""
SELECT t.lead_id FROM told t JOIN leads l ON l.id = t.lead_id
WHERE t.manager = :manager AND t.acknowledged_at IS NULL AND l.closed_at IS NULL AND l.responded_at IS NULL ORDER BY t.lead_id LIMIT 50
""")
ACKNOWLEDGED = text("UPDATE told SET acknowledged_at = :now WHERE manager = :manager AND lead_id = ANY(:leads)")
HELP = "1 accept, 2 pass. After the call: C talked, V voicemail, B bad number. A7 words = text the lead. N note, L list, ON, OFF 2h, BUSY, WHY A7."
MANAGER_HELP = "OK = I am on it. T Priya A7 = give A7 to Priya. L list."
UNPROVED = "Nothing was done: your mail could not be proved to come from you (neither DKIM nor SPF of your domain passed). Use the link or text."
ABOUT_ME = frozenset({"on", "off", "busy"})
ASKED = frozenset({Status.OFFERED})
MEANT = {"accept": ASKED, "pass": ASKED, "why": frozenset(Status), "note": frozenset(Status)}  # what a bare command can be about


@dataclass(frozen=True, slots=True)
class Sender:
    """Who of the team wrote: `id` in the team file, `to` as recipient of the answer, which goes back the way they wrote."""

    id: str
    name: str
    is_manager: bool
    address: str
    channel: str = "sms"

    @property
    def to(self) -> str:
        """The answer's recipient."""
        return f"{'manager' if self.is_manager else 'rep'}:{self.id}"


def sender(team: Team, content: Mapping[str, object]) -> Sender | None:
    """The rep or manager with this number, or of an e-mail with this address. A rep who also manages is a rep."""
    by_mail = content.get("channel") == "email"
    theirs = content.get("email" if by_mail else "phone")
    people: list[Rep | Manager] = [*team.reps.values(), *team.managers.values()]
    for person in people:
        address = person.email if by_mail else person.phone
        if address and address.lower() == theirs:
            return Sender(person.id, person.name, isinstance(person, Manager), address, "email" if by_mail else "sms")
    return None


def understood(team: Team, item: Item, thread: str = "") -> tuple[Sender | None, Command | NotUnderstood]:
    """Who wrote, and what they want. In the `thread` of a lead no code is needed, and words that are no command are for the lead."""
    who, said = sender(team, item.content), str(item.content.get("message") or "")
    command = parse(said, manager=who is not None and who.is_manager)
    if isinstance(command, Command):
        return who, replace(command, code=command.code or thread or None)
    return who, Command("say", thread, said) if thread and who is not None and not who.is_manager else command


def is_unproved(item: Item) -> bool:
    """Anybody can write a rep's address into a mail: only what the rep's own mail server vouches for is obeyed."""
    return item.content.get("channel") == "email" and not item.content.get("authentic")


def change_duty(engine: Engine, item: Item, now: datetime) -> str | None:
    """ON, OFF and BUSY: done at once, in transactions of their own, and harmless when done twice. The answer; None for all else."""
    team = book.current(engine)
    who, command = understood(team, item)
    if who is None or who.is_manager or not isinstance(command, Command) or command.verb not in ABOUT_ME:
        return None
    if is_unproved(item):
        return None
    until, presence = set_presence(engine, who, command, now)
    return on_duty(team, who.id, presence, until, now)


def obey(batch: Batch, item: Item, answer: str | None) -> None:
    """Do what the text asks inside a transaction, and answer; `answer` says what `change_duty` has done already."""
    who, command = understood(batch.team, item, thread_of(batch.db, item.content) or lead_on_line(batch, item))
    if who is None:  # they have left the team since: looked at again, as anybody's words
        item.is_early = True
        return
    if is_unproved(item):
        reply(batch, who, item, UNPROVED)
    elif answer is not None:
        reply(batch, who, item, answer)
    elif isinstance(command, NotUnderstood):
        reply(
            batch,
            who,
            item,
            f"Sorry, not understood. {MANAGER_HELP}" if who.is_manager and command == NotUnderstood() else command.hint,
        )
    elif command.verb == "help":
        reply(batch, who, item, MANAGER_HELP if who.is_manager else HELP)
    elif command.verb == "list":
        held = told_to(batch.db, who.id, batch.now) if who.is_manager else held_by(batch.db, who.id, batch.now)
        reply(batch, who, item, listed(held) if held or not who.is_manager else "Nothing is waiting for your answer.")
    elif who.is_manager:
        manage(batch, who, item, command)
    else:
        about_a_lead(batch, who, item, command)


def lead_on_line(batch: Batch, item: Item) -> str:
    """The code of the one lead that a rep holds on the number they wrote to, "" when that is none or several.

    Words that are no command are for a lead that is theirs, never for one that they are only asked about.
    """
    who, to = sender(batch.team, item.content), str(item.content.get("to") or "")
    if who is None or who.is_manager or to not in batch.team.site.numbers:
        return ""
    there = leads_on(batch.db, who.id, to)
    is_command = isinstance(parse(str(item.content.get("message") or "")), Command)
    return there[0][0] if len(there) == 1 and (is_command or there[0][1] != Status.OFFERED) else ""


def about_a_lead(batch: Batch, who: Sender, item: Item, command: Command) -> None:
    """A rep's command about one lead: the one named, or the only one it can mean."""
    held = held_by(batch.db, who.id, batch.now)
    fitting = [lead for lead in held if lead.status in MEANT.get(command.verb, {Status.ACCEPTED, Status.RESPONDED})]
    found = which(command, [lead.code for lead in fitting])
    if isinstance(found, Ambiguous):
        reply(batch, who, item, ask_which(command, [OpenLead(lead.code, lead.name, lead.age) for lead in fitting]))
        return
    lead_id = last_offered(batch.db, who.to) if isinstance(found, NoneOpen) and command.verb == "accept" else None
    if isinstance(found, str):
        lead_id = number_of(found)
    if lead_id is None:
        word = typed(command.verb).partition(" ")[0]
        reply(batch, who, item, f"Nothing open that {word} could be about. Reply L for your list.")
        return
    batch.load([lead_id])
    if lead_id not in batch.leads:
        reply(batch, who, item, f"There is no lead {found}. Reply L for your list.")
        return
    item.lead_id = lead_id
    on_lead(batch, who, item, command)


def on_lead(batch: Batch, who: Sender, item: Item, command: Command) -> None:
    """The event that the command is, and a word back where the journey sends none itself."""
    lead_id = item.lead_id or 0
    record = batch.leads[lead_id]
    code, said = record.lead.code, str(command.argument or "")
    if command.verb == "why":
        reply(batch, who, item, why(batch.db, lead_id, code))
        return
    if command.verb == "call":  # the journey answers by itself: ringing, or why not
        batch.happen(lead_id, CallRequested(who.id, "sms"))
        return
    if command.verb not in ("accept", "pass", "note") and who.id not in (record.state.owner, *record.state.offered_to):
        reply(batch, who, item, f"{code} is not yours, so nothing was changed.")
        return
    event, answer = event_of(command, who, said)
    if event is None:
        reply(batch, who, item, NotUnderstood().hint)
        return
    if command.verb == "pass" and who.id not in (record.state.owner, *record.state.offered_to):
        answer = "noted, but you were not asked any more."
    before = len(batch.messages)
    after = batch.happen(lead_id, event)
    if command.verb == "say" and after.state.status is Status.CLOSED:
        reply(batch, who, item, f"{code} is closed: nothing was sent.")
        return
    went = any(m.purpose == "reply" and "counts" not in m.fields for _, m in batch.messages[before:])
    if answer and (command.verb != "say" or went):  # what is held or cannot be sent is told by the step itself
        reply(batch, who, item, f"{code}: {answer}")


def event_of(command: Command, who: Sender, said: str) -> tuple[Event | None, str]:
    """What a rep's command means on a lead."""
    match command.verb:
        case "accept":
            return OfferAccepted(who.id, "sms"), ""
        case "pass":
            return OfferPassed(who.id, "sms"), "passed. You stay in line for the next."
        case "called":
            return OutcomeReported(who.id, "talked"), "noted, talked."
        case "voicemail":
            return ResponseAttempted(who.id, "voicemail"), "noted, voicemail. The clock goes on: try again or text them."
        case "bad_number":
            return OutcomeReported(who.id, "bad_number"), "noted, bad number."
        case "note":
            return NoteAdded(who.name, said), "noted."
        case "say":
            return HumanResponded(who.id, "text", text=said), "sent."
    return None, ""


def manage(batch: Batch, who: Sender, item: Item, command: Command) -> None:
    """A manager's text: I am on it, or give it to somebody."""
    told = list(batch.db.execute(TOLD, {"manager": who.id}).scalars())
    named = number_of(command.code) if command.code else None
    leads = [named] if named else told
    if not leads:
        reply(batch, who, item, "Nothing is waiting for your answer.")
    elif command.verb == "acknowledge":
        batch.load(leads)
        known = [lead for lead in leads if lead in batch.leads]
        for lead_id in known:
            batch.happen(lead_id, EscalationAcknowledged(who.id))
        batch.db.execute(ACKNOWLEDGED, {"now": batch.now, "manager": who.id, "leads": known})
        item.lead_id = known[0] if known else None
        codes = ", ".join(batch.leads[lead].lead.code for lead in known[:LISTED])
        reply(
            batch,
            who,
            item,
            f"You are on it: {codes}. The clock goes on until somebody answers the lead." if known else "No such lead.",
        )
    elif command.verb == "assign":
        assign(batch, who, item, leads, str(command.argument or ""))
    else:
        reply(batch, who, item, MANAGER_HELP)


def assign(batch: Batch, who: Sender, item: Item, leads: list[int], name: str) -> None:
    """ "T Priya A7" """
    reps = [
        rep
        for rep in batch.team.reps.values()
        if name.casefold() in (rep.id.casefold(), rep.name.casefold(), rep.name.split(" ")[0].casefold())
    ]
    if len(reps) != 1 or len(leads) != 1:
        hint = f"No rep is called {clean(name, 30)}." if not reps else "Say which lead: T name code."
        reply(batch, who, item, hint if len(reps) < 2 else f"Several reps are called {clean(name, 30)}: use their full name.")
        return
    batch.load(leads)
    if leads[0] not in batch.leads:
        reply(batch, who, item, "There is no such lead.")
        return
    item.lead_id = leads[0]
    batch.happen(leads[0], LeadAssigned(reps[0].id, who.name))
    reply(batch, who, item, f"{batch.leads[leads[0]].lead.code} is with {reps[0].name} now.")


def set_presence(engine: Engine, who: Sender, command: Command, now: datetime) -> tuple[datetime | None, str]:
    """ON, OFF 2h, OFF TOMORROW, BUSY 30m."""
    until = None
    if isinstance(command.argument, timedelta):
        until = now + command.argument
    elif command.argument is not None:
        until = tomorrow(book.current(engine), who.id, now)
    elif command.verb == "busy":
        until = now + timedelta(minutes=30)
    duty.set_presence(engine, who.id, command.verb, until, now)
    return until, command.verb


def tomorrow(team: Team, rep: str, now: datetime) -> datetime:
    """The rep's next shift on a later day, or their next midnight."""
    calendar = team.reps[rep].calendar
    local = now.astimezone(ZoneInfo(calendar.zone))
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return next_open(calendar, midnight) or midnight


def reply(batch: Batch, who: Sender, item: Item, words: str) -> None:
    """The answer by text, once per text received."""
    to = str(item.content.get("to") or "")
    fields = {"text": words, "rep": who.id, "firm": batch.team.site.name, "from": to if to in batch.team.site.numbers else ""}
    message = Message(
        key=f"answer:{item.id}",
        to=who.to,
        channel=who.channel,
        address=who.address,
        template="reply",
        purpose="notice",
        fields=fields,
    )
    batch.messages.append((item.lead_id, message))
