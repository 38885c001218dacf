"""Delivery reports that come in with other news (WhatsApp's statuses): applied by rank, like those that come alone."""

from store import receipts
from store.batch import Batch
from store.item import Item
from store.receipts import Report


def act(batch: Batch, item: Item) -> None:
    """One status of one message; of a message that is not ours it is kept and nothing follows."""
    said = item.content
    status, provider_id = str(said.get("status") or ""), str(said.get("provider_id") or "")
    code = str(said["code"]) if said.get("code") else None
    report = Report(
        str(said.get("provider") or ""),
        f"{provider_id}:{status}",
        status,
        None,
        provider_id,
        code,
        {"reason": said.get("reason") or ""},
    )
    receipts.record_in(batch.db, [report], batch.now)
