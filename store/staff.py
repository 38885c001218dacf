"""A text from a rep or a manager: a command, never a lead. The answer goes back by text, in the same transaction."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from routing.automatic import is_automatic
from routing.codes import number_of
from routing.commands import Ambiguous, Command, NoneOpen, NotUnderstood, OpenLead, ask_which, ask_whose, parse, typed, which
from routing.events import (
    CallRequested,
    Event,
    HumanResponded,
    NoteAdded,
    OfferAccepted,
    OfferPassed,
    OutcomeReported,
    ResponseAttempted,
)  # fmt: skip
from routing.hours import next_open
from routing.model import State, Status
from routing.signature import without_own_lines
from routing.team import Team
from store import book, duty
from store.batch import Batch
from store.heard import files_of
from store.item import Item
from store.lines import leads_on
from store.records import attached
from store.staff_answers import held_by, last_offered, listed, on_duty, told_to, why
from store.staff_managers import MANAGER_HELP, manage
from store.staff_sender import Sender, former, reply
from store.staff_sender import sender as sender
from store.threads import thread_of
from store.waiting_words import completed, waiting, with_this

HELP = "1 accept, 2 pass. After the call: C talked, V voicemail, B bad number. A7 words = text the lead. N note, L list, ON, OFF 2h, BUSY, WHY A7."
UNPROVED = "Nothing was done: your mail could not be proved to come from you (neither DKIM nor SPF of your domain passed). Use the link or text."
FILE_ALONE = "We pass on words, no pictures or files. Text the lead's code and your words, or send it by your own mail."
FILE_STAYS = "sent, without the picture or file: we pass on words only."
ABOUT_ME = frozenset({"on", "off", "busy"})
ASKED = frozenset({Status.OFFERED})
WITH_ME = frozenset({Status.ACCEPTED, Status.RESPONDED})
MEANT = {"accept": ASKED, "pass": ASKED, "why": frozenset(Status), "note": frozenset(Status)}  # what a bare command can be about


def understood(team: Team, item: Item, thread: str = "") -> tuple[Sender | None, Command | NotUnderstood]:
    """Who wrote, and what they want. In the `thread` of a lead no code is needed, and words that are no command are for the lead."""
    who, said = sender(team, item.content), str(item.content.get("message") or "")
    command = parse(said, manager=who is not None and who.is_manager)
    if isinstance(command, Command):
        return who, replace(command, code=command.code or thread or None)
    if not thread or who is None or who.is_manager or command.code:  # a code alone is never words for a lead
        return who, command
    return who, Command("say", thread, said)


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
        no_command(batch, who, item, command)
    elif command.verb == "help":
        reply(batch, who, item, MANAGER_HELP if who.is_manager else HELP)
    elif command.verb == "list":
        held = told_to(batch.db, who.id, batch.now) if who.is_manager else held_by(batch.db, who.id, batch.now)
        reply(batch, who, item, listed(held) if held or not who.is_manager else "Nothing is waiting for your answer.")
    elif who.is_manager:
        manage(batch, who, item, command)
    else:
        about_a_lead(batch, who, item, command)


def has_left(batch: Batch, item: Item) -> bool:
    """Is this a command of a rep who is not in the team file any more? Then it is no lead, nothing is done, and they are told.

    Anything else they write is anybody's: numbers are given to other people.
    """
    if item.event != "message" or item.content.get("channel") not in ("sms", "email"):
        return False
    said = str(item.content.get("message") or "")
    command = parse(said)
    who = former(batch, item.content) if isinstance(command, Command) or command.code else None
    if who is None:
        return False
    number = number_of(command.code) if command.code else None
    batch.load([number] if number else [])
    if number in batch.leads:
        item.lead_id = number
        batch.happen(number, NoteAdded(f"{who.name}, who has left the team,", said))
    reply(batch, who, item, f"You are not on the team of {batch.team.site.name} any more, so nothing was done or sent.")
    return True


def no_command(batch: Batch, who: Sender, item: Item, said: NotUnderstood) -> None:
    """A code alone completes what waits for one. Words of a rep who has leads wait for one; all else gets the hint.

    What their phone answers by itself gets no answer: two machines would go on for ever.
    """
    if is_automatic(str(item.content.get("channel")), str(item.content.get("message") or "")):
        return
    waits = waiting(batch, who) if said.code else ()
    if said.code and waits:
        for command in completed(batch, waits, said.code):
            about_a_lead(batch, who, item, command, waits=waits)
        return
    held = [] if who.is_manager or said.code else held_by(batch.db, who.id, batch.now)
    mine = [OpenLead(lead.code, lead.name, lead.age) for lead in held if lead.status in WITH_ME]
    if attached(item.content) and not str(item.content.get("message") or "").strip():
        reply(batch, who, item, FILE_ALONE)
    elif mine and said == NotUnderstood() and str(item.content.get("message") or "").strip():
        reply(batch, who, item, ask_whose(mine), asks=with_this(batch, who, item))
    elif who.is_manager and said == NotUnderstood():
        reply(batch, who, item, f"Sorry, not understood. {MANAGER_HELP}")
    else:
        is_strange = who.is_manager and said == NotUnderstood()
        reply(batch, who, item, f"Sorry, not understood. {MANAGER_HELP}" if is_strange else said.hint)


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


def about_a_lead(batch: Batch, who: Sender, item: Item, command: Command, *, waits: tuple[int, ...] = ()) -> None:
    """A rep's command about one lead: the one named, or the only one it can mean. `waits`: the texts that it comes from."""
    held = held_by(batch.db, who.id, batch.now)
    fitting = [lead for lead in held if lead.status in MEANT.get(command.verb, WITH_ME)]
    found = which(command, [lead.code for lead in fitting])
    if isinstance(found, Ambiguous):
        question = ask_which(command, [OpenLead(lead.code, lead.name, lead.age) for lead in fitting])
        reply(batch, who, item, question, asks=with_this(batch, who, item))
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
        reply(batch, who, item, f"There is no lead {found}. Reply L for your list.", asks=waits)
        return
    item.lead_id = lead_id
    on_lead(batch, who, item, command, waits=waits)


def on_lead(batch: Batch, who: Sender, item: Item, command: Command, *, waits: tuple[int, ...] = ()) -> None:
    """The event that the command is, and a word back where the journey sends none itself."""
    lead_id = item.lead_id or 0
    record = batch.leads[lead_id]
    code, said = record.lead.code, str(command.argument or "")
    if command.verb == "why":
        reply(batch, who, item, why(batch.db, lead_id, code))
        return
    if command.verb == "call":  # the journey answers by itself: ringing, or why not
        batch.happen(lead_id, CallRequested(who.id, who.channel))
        return
    if command.verb not in ("accept", "pass", "note") and who.id not in (record.state.owner, *record.state.offered_to):
        reply(batch, who, item, f"{code} is not yours, so nothing was changed.", asks=waits)
        return
    event, answer = event_of(command, who, said, item.received_at)
    if event is None:
        reply(batch, who, item, NotUnderstood().hint)
        return
    answer = too_late_for(command, record.state, who) or answer
    before = len(batch.messages)
    if isinstance(event, HumanResponded) and who.channel == "email":
        rep = batch.team.reps[who.id]
        event = replace(event, text=without_own_lines(event.text, rep.phone, rep.email))
    after = batch.happen(lead_id, event)
    if command.verb == "say" and after.state.status is Status.CLOSED:
        reply(batch, who, item, f"{code} is closed: nothing was sent.", asks=waits)
        return
    went = any(m.purpose == "reply" and "counts" not in m.fields for _, m in batch.messages[before:])
    if command.verb == "say" and attached(item.content):
        batch.happen(lead_id, NoteAdded(who.name, f"Sent along, not passed on: {' '.join(files_of(item.content)) or 'a file'}"))
        answer = FILE_STAYS
    if answer and (command.verb != "say" or went):  # what is held or cannot be sent is told by the step itself
        reply(batch, who, item, f"{code}: {answer}")


def too_late_for(command: Command, state: State, who: Sender) -> str:
    """What to say where a pass or a report changes nothing any more; "" where it does."""
    if command.verb == "pass" and who.id not in (state.owner, *state.offered_to):
        return "noted, but you were not asked any more."
    if command.verb == "pass" and state.status is Status.RESPONDED:
        return "stays yours, you have answered them. A manager can give it to somebody else."
    if command.verb in ("pass", "called", "voicemail", "bad_number") and state.status is Status.CLOSED:
        return "closed already, so nothing was changed."
    return ""


def event_of(command: Command, who: Sender, said: str, said_at: datetime) -> tuple[Event | None, str]:
    """What a rep's command, said then, means on a lead."""
    match command.verb:
        case "accept":
            return OfferAccepted(who.id, who.channel), ""
        case "pass":
            return OfferPassed(who.id, who.channel), "passed. You stay in line for the next."
        case "called":
            return OutcomeReported(who.id, "talked", said_at), "noted, talked."
        case "voicemail":
            return ResponseAttempted(who.id, "voicemail"), "noted, voicemail. The clock goes on: try again or text them."
        case "bad_number":
            return OutcomeReported(who.id, "bad_number", said_at), "noted, bad number."
        case "note":
            return NoteAdded(who.name, said), "noted."
        case "say":
            return HumanResponded(who.id, "text", text=said), "sent."
    return None, ""


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
