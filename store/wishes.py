"""STOP, START and HELP obeyed: written down at once, answered once where the carrier is silent, told to who has the lead.

Whatever still waits to go to the person is looked at again in the same moment: the gate holds it against the wish.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import text

from routing import telling
from routing.contact import WISH
from routing.events import NoteAdded
from routing.model import Message
from routing.rulebook import Rulebook
from routing.wishes import closes_calls, is_the_carriers, lexicon, reads_as, words
from store import staff_stops, stops
from store.batch import Batch
from store.item import Item

ANSWERED_WITHIN = timedelta(minutes=5)  # 47 CFR 64.1200(a)(12): one confirmation, within five minutes, without any marketing
NOTES = {
    "stop": "STOP: no more texts",
    "stop_review": "asked us to stop: no more texts; please look",
    "start": "START: texts again",
}
BY_PHONE = frozenset(stops.PHONE_CHANNELS)
LOOK_AGAIN = text("""
UPDATE outbox SET not_before = :now WHERE state = 'pending' AND recipient || '' = 'lead' AND not_before > :now
  AND lead_id IN (SELECT id FROM leads WHERE person_id = :person)
""")


def wish(item: Item, book: Rulebook) -> str | None:
    """STOP, START, HELP or the like: never a lead. The words are those in force when it came."""
    if item.content.get("opt"):
        return str(item.content["opt"])
    if item.event == "opt_out":
        return "stop"
    if item.event != "message":
        return None
    return reads_as(said(item), lexicon(book, item.received_at))


def comes_back(item: Item, book: Rulebook) -> bool:
    """A YES of somebody who has stopped our texts: nothing we asked can be meant by it, and the carrier opens the line at it too."""
    stopped = item.person is not None and item.event == "message" and item.person.opted_out & BY_PHONE
    return bool(stopped) and words(said(item)) in lexicon(book, item.received_at).get("start_again", frozenset())


def said(item: Item) -> str:
    """Their words."""
    return str(item.content.get("message") or "")


def obey(batch: Batch, item: Item, open_leads: Mapping[int, list[int]]) -> None:
    """Write the wish down at once: every later message is held against it when it is sent."""
    book = batch.team.rulebook
    wanted = wish(item, book) or "start"
    ways, is_news = ways_of(item, book, lines_of(batch, item)), False
    if wanted in ("stop", "stop_review"):
        is_news = stops.stop(batch.db, ways, said(item) or wanted, batch.now)
        halt(batch, item)
    elif wanted == "start":
        stops.resume(batch.db, ways)
    if is_news or wanted == "start":
        batch.messages += [
            (None, message) for message in staff_stops.heard(batch.db, batch.team, item, stops=is_news, now=batch.now)
        ]
    theirs = open_leads.get(item.person.id if item.person else 0, [])
    for lead_id in theirs:
        item.lead_id = lead_id
        batch.happen(lead_id, NoteAdded("the lead", NOTES.get(wanted, wanted)))
    if wanted in ("stop", "stop_review") and theirs:
        tell(batch, theirs[-1], said(item), for_review=wanted == "stop_review")
    answer(batch, item, wanted, is_news=is_news)


def halt(batch: Batch, item: Item) -> None:
    """What waits for the morning, for a second try or for its turn is judged now, and not after it would have been sent."""
    if item.person is not None:
        batch.db.execute(LOOK_AGAIN, {"person": item.person.id, "now": batch.now})


def tell(batch: Batch, lead_id: int, words_said: str, *, for_review: bool) -> None:
    """Whoever has the lead knows of it; where a person has to look, and nobody has it, the managers do."""
    facts = batch.facts(batch.leads[lead_id], None)
    batch.messages += [
        (lead_id, message) for message in telling.opted_out(facts, words_said, for_review=for_review, now=batch.now)
    ]


def answer(batch: Batch, item: Item, wanted: str, *, is_news: bool) -> None:
    """The one confirmation of a STOP that the carrier does not answer itself, and the answer to a HELP; by text or WhatsApp only."""
    channel = str(item.content.get("channel") or "")
    address = item.content.get("phone") if channel == "sms" else (item.content.get("handles") or {}).get(channel)
    if channel not in BY_PHONE or not address or is_answered(item, batch.team.rulebook, wanted):
        return
    stopped = bool(item.person and item.person.opted_out & BY_PHONE)
    if wanted == "help":
        when = f"{item.received_at:%Y-%m-%d}" if stopped else f"{item.received_at:%Y-%m-%dT%H}"
        write(batch, item, "help", key=f"help:{channel}:{address}:{when}", fields={"stopped": "yes" if stopped else ""})
    elif wanted in ("stop", "stop_review") and is_news:
        write(batch, item, "stopped", key=f"stopped:{item.id}", fields={})


def is_answered(item: Item, book: Rulebook, wanted: str) -> bool:
    """Has the carrier answered it? It says so (`opt`), or it knows the single word; its HELP names no firm, so that one is ours too."""
    if item.content.get("opt") or item.event == "opt_out":
        return True
    is_stop = wanted in ("stop", "stop_review")
    return is_stop and item.content.get("channel") == "sms" and is_the_carriers(said(item), lexicon(book, item.received_at))


def write(batch: Batch, item: Item, template: str, *, key: str, fields: Mapping[str, str]) -> None:
    """An answer to their words, from the number they wrote to, soon or not at all. The same key is written once."""
    site, channel = batch.team.site, str(item.content["channel"])
    to = str(item.content.get("to") or "")
    address = item.content["phone"] if channel == "sms" else item.content["handles"][channel]
    named = {**fields, "firm": site.name, "contact": site.contact, "from": to if to in site.numbers else ""}
    message = Message(
        key=key, to="lead", channel=channel, address=str(address), template=template, purpose=WISH, fields=named,
        expires_at=item.received_at + ANSWERED_WITHIN,
    )  # fmt: skip
    batch.messages.append((item.lead_id, message))


def lines_of(batch: Batch, item: Item) -> list[str]:
    """The phones of who wrote."""
    return stops.lines_of(batch.db, item.person.id) if item.person else []


def calls_too(item: Item, book: Rulebook) -> tuple[str, ...]:
    """A STOP is about texts; "stop calling" and "leave me alone" also close a rep's own call, and START opens all again."""
    opens = (wish(item, book) or "start") == "start"
    return ("call",) if opens or closes_calls(said(item), lexicon(book, item.received_at)) else ()


def ways_of(item: Item, book: Rulebook, lines: Sequence[str] = ()) -> list[dict[str, object]]:
    """The channels and addresses that a wish is about: all the person's phones (`lines`) and the ids on platforms, or a mail's address."""
    phone, handles = item.content.get("phone"), item.content.get("handles") or {}
    if item.content.get("channel") == "email":  # a number in its words is a guess, and said nothing
        return [{"channel": "email", "address": item.content["email"]}] if item.content.get("email") else []
    numbers = dict.fromkeys((phone, *lines)) if phone else {}
    by_phone = stops.by_phone(numbers, (*stops.PHONE_CHANNELS, *calls_too(item, book)))
    return [*by_phone, *({"channel": kind, "address": str(value)} for kind, value in handles.items())]
