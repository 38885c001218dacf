"""How it goes on in a CRM: qualified, won or lost, told of a record that one of our leads became (crm_records)."""

from collections.abc import Mapping

from sqlalchemy import text

from routing.events import StageReported
from routing.team import Team
from store.batch import Batch
from store.item import Item
from store.saving import rows

NAMES = {"hubspot": "HubSpot", "salesforce": "Salesforce", "pipedrive": "Pipedrive"}
USUAL: Mapping[str, Mapping[str, str]] = {  # the CRM's word, in lower case -> ours; `stages:` of the endpoint adds to these
    "hubspot": {"salesqualifiedlead": "qualified", "opportunity": "qualified", "customer": "won", "unqualified": "lost"},
    "salesforce": {
        "qualified": "qualified", "closed - converted": "qualified", "closed - not converted": "lost", "unqualified": "lost",
        "closed won": "won", "closed lost": "lost",
    },
    "pipedrive": {"open": "qualified", "won": "won", "lost": "lost"},
}  # fmt: skip

LEAD = text("""
SELECT c.lead_id FROM crm_records c JOIN jsonb_to_recordset(CAST(:records AS jsonb)) AS r(kind text, record text)
  ON r.kind = c.kind AND r.record = c.record WHERE c.endpoint = ANY(:endpoints) ORDER BY c.lead_id DESC LIMIT 1
""")
LAST = text("SELECT data ->> 'stage' FROM steps WHERE lead_id = :lead AND event = 'StageReported' ORDER BY id DESC LIMIT 1")


def act(batch: Batch, item: Item) -> None:
    """One step on the lead, the newest that became this record; nothing for a record or a word that is none of ours."""
    crm, said = str(item.content.get("crm") or ""), str(item.content.get("said") or "")
    stage = meant(batch.team, crm, said)
    if stage is None:
        return
    endpoints = [endpoint.id for endpoint in batch.team.endpoints.values() if endpoint.type == crm]
    found: int | None = batch.db.execute(
        LEAD, {"records": rows(item.content.get("records") or []), "endpoints": endpoints}
    ).scalar()
    if found is None:
        return
    batch.load([found])
    if batch.db.execute(LAST, {"lead": found}).scalar() == stage:
        return
    item.lead_id, item.after = found, batch.happen(found, StageReported(NAMES.get(crm, crm), stage))


def meant(team: Team, crm: str, said: str) -> str | None:
    """Our word for a stage of theirs; None for one that is none of the three."""
    words = dict(USUAL.get(crm, {}))
    for endpoint in team.endpoints.values():
        own = endpoint.options.get("stages")
        if endpoint.type == crm and isinstance(own, Mapping):
            words |= own
    return words.get(said.strip().lower())
