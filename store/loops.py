"""Machines that text: what comes again and again in the same words, or is our own text coming back, is passed to nobody.

Our acknowledgements are once a lead, so no two machines can keep each other going; this keeps one that tries from a rep's phone.
"""

from datetime import timedelta

from sqlalchemy import text

from routing.events import NoteAdded
from store.batch import Batch
from store.item import Item

CHATS = frozenset({"sms", "whatsapp", "messenger", "instagram", "telegram"})
WITHIN = timedelta(hours=1)
SAME = 3  # times that they may say the very same within the hour: "Hello?" is said by people too
HEARD = text("""
WITH theirs AS (SELECT id FROM leads WHERE person_id = :person ORDER BY id DESC LIMIT 5)
SELECT (SELECT count(*) FROM inbox i WHERE i.lead_id IN (SELECT id FROM theirs) AND i.event = 'message' AND i.id <> :id
          AND i.received_at > :since AND i.content ->> 'message' = :said) AS same,
       EXISTS (SELECT FROM outbox o WHERE o.lead_id IN (SELECT id FROM theirs) AND o.recipient || '' = 'lead'
          AND o.sent_at > :since AND o.body = :said) AS ours
""")


def why_a_machine(batch: Batch, item: Item) -> str:
    """Why these words are taken for a machine's, "" when a person may have written them."""
    said = str(item.content.get("message") or "")
    if item.event != "message" or item.content.get("channel") not in CHATS or not said or item.person is None:
        return ""
    found = batch.db.execute(
        HEARD, {"person": item.person.id, "id": item.id, "said": said, "since": item.received_at - WITHIN}
    ).one()
    if found.ours:
        return "our own words came back"
    return f"the same words {found.same + 1} times within an hour" if found.same >= SAME else ""


def pass_over(batch: Batch, item: Item, why: str, leads: list[int]) -> None:
    """Kept, noted on the person's newest open lead, told to nobody, and no lead of its own."""
    if leads:
        item.lead_id = leads[-1]
        batch.happen(leads[-1], NoteAdded("Headroom", f"{why}: taken for an automatic answer, and passed to nobody"))
