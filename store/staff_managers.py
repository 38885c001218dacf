"""A manager's text: I am on it, or give it to somebody."""

from sqlalchemy import text

from routing.codes import number_of
from routing.commands import Command
from routing.events import EscalationAcknowledged, LeadAssigned
from routing.words import clean
from store.batch import Batch
from store.item import Item
from store.staff_answers import LISTED
from store.staff_sender import Sender, reply

TOLD = text("""
SELECT t.lead_id FROM told t JOIN leads l ON l.id = t.lead_id
WHERE t.manager = :manager AND t.acknowledged_at IS NULL AND l.closed_at IS NULL AND l.responded_at IS NULL ORDER BY t.lead_id LIMIT 50
""")
ACKNOWLEDGED = text("UPDATE told SET acknowledged_at = :now WHERE manager = :manager AND lead_id = ANY(:leads)")
MANAGER_HELP = "OK = I am on it. T Priya A7 = give A7 to Priya. L list."


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
