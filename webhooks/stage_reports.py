"""What a CRM tells of a record that one of our leads became there: which record, and its new stage in the CRM's own word."""

import json
from dataclasses import dataclass

from config import lead, normal
from store.inbox import Received
from webhooks.delivery import Delivery


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the CRM, as workers/endpoints remembers it: contact, lead, person."""

    kind: str
    id: str


def heard(delivery: Delivery, key: str, *records: Record, said: object, at: object = "") -> Received:
    """One report for the inbox; store/stages.py finds the lead and knows what the word means."""
    word = normal.clean_line(said if isinstance(said, str | int | float) else "", 80)
    content = lead.common_lead(
        external_id=key, kind="message", channel="crm", is_test=False, crm=delivery.source.type, said=word,
        submitted_at=normal.instant(at if isinstance(at, str | int | float) else ""),
        records=[{"kind": record.kind, "record": record.id} for record in records],
    )  # fmt: skip
    body = json.dumps({"key": key, "said": word}, sort_keys=True).encode()
    return Received(delivery.source.id, key, "stage_reported", content, body, delivery.kept_headers, delivery.received_at)
