"""What people wish about being written to, when it comes in: STOP, START and HELP are never leads."""

from collections.abc import Mapping, Sequence

from routing.events import NoteAdded
from routing.rulebook import Rulebook
from routing.wishes import closes_calls, lexicon, reads_as
from store import stops
from store.batch import Batch
from store.item import Item


def wish(item: Item, book: Rulebook) -> str | None:
    """STOP, START, HELP or the like: never a lead. The words are those in force when it came."""
    if item.content.get("opt"):
        return str(item.content["opt"])
    if item.event == "opt_out":
        return "stop"
    if item.event != "message":
        return None
    return reads_as(str(item.content.get("message") or ""), lexicon(book, item.received_at))


def obey(batch: Batch, item: Item, open_leads: Mapping[int, list[int]]) -> None:
    """Write the wish down at once: every later message is held against it when it is sent."""
    said, ways = wish(item, batch.team.rulebook), ways_of(item, batch.team.rulebook, lines_of(batch, item))
    if said in ("stop", "stop_review"):
        stops.stop(batch.db, ways, str(item.content.get("message") or said), batch.now)
    elif said == "start":
        stops.resume(batch.db, ways)
    words = {
        "stop": "STOP: no more texts",
        "stop_review": "asked us to stop: no more texts; please look",
        "start": "START: texts again",
    }
    for lead_id in open_leads.get(item.person.id if item.person else 0, []):
        item.lead_id = lead_id
        batch.happen(lead_id, NoteAdded("the lead", words.get(said or "", said or "")))


def lines_of(batch: Batch, item: Item) -> list[str]:
    """The phones of who wrote."""
    return stops.lines_of(batch.db, item.person.id) if item.person else []


def calls_too(item: Item, book: Rulebook) -> tuple[str, ...]:
    """A STOP is about texts; "stop calling" and "leave me alone" also close a rep's own call, and START opens all again."""
    said = str(item.content.get("message") or "")
    return ("call",) if wish(item, book) == "start" or closes_calls(said, lexicon(book, item.received_at)) else ()


def ways_of(item: Item, book: Rulebook, lines: Sequence[str] = ()) -> list[dict[str, object]]:
    """The channels and addresses that a wish is about: all the person's phones (`lines`) and the ids on platforms, or a mail's address."""
    phone, handles = item.content.get("phone"), item.content.get("handles") or {}
    if item.content.get("channel") == "email":  # a number in its words is a guess, and said nothing
        return [{"channel": "email", "address": item.content["email"]}] if item.content.get("email") else []
    numbers = dict.fromkeys((phone, *lines)) if phone else {}
    by_phone = stops.by_phone(numbers, (*stops.PHONE_CHANNELS, *calls_too(item, book)))
    return [*by_phone, *({"channel": kind, "address": str(value)} for kind, value in handles.items())]
