"""A manager's text: I am on it, give it to somebody, why is it where it is, a note."""

from sqlalchemy import text

from routing.codes import number_of
from routing.commands import Command, typed
from routing.events import EscalationAcknowledged, LeadAssigned, NoteAdded
from routing.model import UNANSWERED, Status
from routing.words import clean
from store.batch import Batch
from store.item import Item
from store.staff_answers import LISTED, why
from store.staff_sender import Sender, reply

TOLD = text("""
SELECT t.lead_id FROM told t JOIN leads l ON l.id = t.lead_id
WHERE t.manager = :manager AND t.acknowledged_at IS NULL AND l.closed_at IS NULL AND l.responded_at IS NULL ORDER BY t.lead_id LIMIT :most
""")
ACKNOWLEDGED = text("UPDATE told SET acknowledged_at = :now WHERE manager = :manager AND lead_id = ANY(:leads)")
CLIMBS = frozenset({*UNANSWERED, Status.QUARANTINED})  # somebody may still be on it
AT_ONCE = 500  # leads that one OK takes on: a flood of late ones is told in one message, and answered by one
ABOUT_ONE = frozenset({"why", "note"})
MANAGER_HELP = "OK = I am on it. T Priya A7 = give A7 to Priya. WHY A7, N A7 a note, L list."


def manage(batch: Batch, who: Sender, item: Item, command: Command) -> None:
    """A manager's text: I am on it, give it to somebody, why is it where it is, a note."""
    told = list(batch.db.execute(TOLD, {"manager": who.id, "most": AT_ONCE}).scalars())
    named = number_of(command.code) if command.code else None
    leads = [named] if named else told
    if not leads:
        reply(batch, who, item, "Nothing is waiting for your answer.")
    elif command.verb == "acknowledge":
        acknowledge(batch, who, item, leads)
    elif command.verb == "assign":
        assign(batch, who, item, leads, str(command.argument or ""))
    elif command.verb in ABOUT_ONE:
        about_one(batch, who, item, command, leads)
    else:
        reply(batch, who, item, MANAGER_HELP)


def acknowledge(batch: Batch, who: Sender, item: Item, leads: list[int]) -> None:
    """ "OK": on all they were told of, or on the one they name. What is answered already is said to be so."""
    batch.load(leads)
    known = [lead for lead in leads if lead in batch.leads]
    on_it = [lead for lead in known if batch.leads[lead].state.status in CLIMBS]
    for lead_id in known:
        batch.happen(lead_id, EscalationAcknowledged(who.id))
    batch.db.execute(ACKNOWLEDGED, {"now": batch.now, "manager": who.id, "leads": known})
    item.lead_id = known[0] if known else None
    codes = ", ".join(batch.leads[lead].lead.code for lead in on_it[:LISTED])
    more = f" and {len(on_it) - LISTED} more" if len(on_it) > LISTED else ""
    if on_it:
        reply(batch, who, item, f"You are on it: {codes}{more}. The clock goes on until somebody answers the lead.")
    else:
        reply(batch, who, item, over(batch, known[0]) if known else "No such lead.")


def over(batch: Batch, lead_id: int) -> str:
    """What became of a lead about which nothing is left to do."""
    lead, state = batch.leads[lead_id].lead, batch.leads[lead_id].state
    rep = batch.team.reps.get(state.owner or "")
    by = f" by {rep.name}" if rep and state.responded_at else ""
    return f"{lead.code} is {'answered' if state.responded_at else 'closed'}{by} already, so nothing to do."


def about_one(batch: Batch, who: Sender, item: Item, command: Command, leads: list[int]) -> None:
    """ "WHY A7", "N A7 called them myself": of the lead they name, or the only one they were told of."""
    if len(leads) != 1:
        reply(batch, who, item, f"Say which lead: {typed(command.verb).partition(' ')[0]} and its code.")
        return
    (lead_id,) = leads
    batch.load(leads)
    if lead_id not in batch.leads:
        reply(batch, who, item, "There is no such lead.")
        return
    item.lead_id, code = lead_id, batch.leads[lead_id].lead.code
    if command.verb == "note":
        batch.happen(lead_id, NoteAdded(who.name, str(command.argument or "")))
    reply(batch, who, item, why(batch.db, lead_id, code) if command.verb == "why" else f"{code}: noted.")


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
    given = batch.happen(leads[0], LeadAssigned(reps[0].id, who.name)).state.owner == reps[0].id
    is_over = batch.leads[leads[0]].state.status is Status.CLOSED
    code = batch.leads[leads[0]].lead.code
    if given and not is_over:
        reply(batch, who, item, f"{code} is with {reps[0].name} now.")
    else:
        reply(
            batch,
            who,
            item,
            over(batch, leads[0]) if is_over else f"{code} is {batch.leads[leads[0]].state.status}: nothing was changed.",
        )
