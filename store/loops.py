"""Machines that text: what comes again and again in the same words, or is our own text coming back, is passed to nobody.

Our acknowledgements are once a lead, so no two machines can keep each other going; this keeps one that tries from a rep's phone.
"""

from collections.abc import Sequence, Set
from datetime import timedelta

from sqlalchemy import text

from routing.events import NoteAdded
from store.batch import Batch
from store.item import Item
from store.saving import rows

CHATS = frozenset({"sms", "whatsapp", "messenger", "instagram", "telegram"})
WITHIN = timedelta(hours=1)
SAME = 3  # times that they may say the very same within the hour: "Hello?" is said by people too
# row by row, and by the few leads of each person: as a join it would read the whole inbox (store/engine.py)
HEARD = text("""
SELECT r.id,
       (SELECT count(*) FROM inbox i WHERE i.lead_id = ANY(ARRAY(SELECT l.id FROM leads l WHERE l.person_id = r.person ORDER BY l.id DESC LIMIT 5))
          AND i.event = 'message' AND i.received_at > r.since AND i.content ->> 'message' = r.said) AS same,
       EXISTS (SELECT FROM outbox o WHERE o.lead_id = ANY(ARRAY(SELECT l.id FROM leads l WHERE l.person_id = r.person ORDER BY l.id DESC LIMIT 5))
          AND o.recipient || '' = 'lead' AND o.sent_at > r.since AND o.body = r.said) AS ours
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, person bigint, said text, since timestamptz)
""")


def machines(batch: Batch, items: Sequence[Item], *, known: Set[int]) -> dict[int, str]:
    """Why the words of some of these are taken for a machine's, by item. One question for all; none without a message of a `known` person."""
    asked = [
        {"id": item.id, "person": item.person.id, "said": said, "since": item.received_at - WITHIN}
        for item in items
        if item.event == "message"
        and item.content.get("channel") in CHATS
        and item.person
        and item.person.id in known
        and (said := item.content.get("message"))
    ]
    found = batch.db.execute(HEARD, {"rows": rows(asked)}) if asked else ()
    return {row.id: why for row in found if (why := _why(row.same, is_ours=row.ours))}


def _why(same: int, *, is_ours: bool) -> str:
    if is_ours:
        return "our own words came back"
    return f"the same words {same + 1} times within an hour" if same >= SAME else ""


def pass_over(batch: Batch, item: Item, why: str, leads: list[int]) -> None:
    """Kept, noted on the person's newest open lead, told to nobody, and no lead of its own."""
    if leads:
        item.lead_id = leads[-1]
        batch.happen(leads[-1], NoteAdded("Headroom", f"{why}: taken for an automatic answer, and passed to nobody"))
