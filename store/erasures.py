"""A vendor says that a lead is to be forgotten (deleted at LinkedIn, a privacy deletion at HubSpot).

What is not fetched yet never will be. What is here is for a person to look at: the same human may have called since.
"""

from sqlalchemy import Engine, text

from routing.codes import code_of
from routing.events import NoteAdded
from store.batch import Batch
from store.engine import at_once
from store.item import Item
from store.notices import say

FOUND = text("SELECT id, lead_id, event, done_at FROM inbox WHERE source = :source AND external_id = :key FOR UPDATE")
WISHES = text("SELECT id FROM inbox WHERE lead_id = :lead AND event = 'erase_request'")
NEVER = text(
    "UPDATE inbox SET done_at = :now, error = 'to be forgotten before it was fetched' WHERE id = :id AND done_at IS NULL"
)


def wishes_about(engine: Engine, lead_id: int) -> list[str]:
    """The keys of the notices that ask to forget this lead."""
    with at_once(engine) as db:
        return [f"erase:{row.id}" for row in db.execute(WISHES, {"lead": lead_id})]


def act(batch: Batch, item: Item) -> None:
    """Stop a fetch that waits, note it on the lead, and tell the operator."""
    key = str(item.content.get("external_id") or "")
    found = batch.db.execute(FOUND, {"source": item.source, "key": key}).one_or_none()
    if found and found.event == "fetch_required" and found.done_at is None:
        batch.db.execute(NEVER, {"now": batch.now, "id": found.id})
        return
    item.lead_id = found.lead_id if found else None
    which = f"the one known there as {key[:120]}"
    if item.lead_id is not None:
        which = f"lead {code_of(item.lead_id)} (open it: one button forgets the person)"
        batch.load([item.lead_id])
        batch.happen(item.lead_id, NoteAdded(item.source, "asks us to forget this lead"))
    words = f"{item.source} asks us to forget a lead: {which}. Look for what else the person said, then forget them."
    say(batch.db, f"erase:{item.id}", words, batch.now)
