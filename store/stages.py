"""How it goes on in a CRM: qualified, won or lost, told of a record that one of our leads became (crm_records)."""

from collections.abc import Mapping
from datetime import datetime

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
  ON r.kind = c.kind AND r.record = c.record JOIN leads l ON l.id = c.lead_id WHERE c.endpoint = ANY(:endpoints)
ORDER BY l.arrived_at > CAST(:at AS timestamptz) + interval '5 minutes', c.lead_id DESC LIMIT 1  -- a late report is of an earlier inquiry
""")
# a lead that went into another one goes on there
GOES_ON = text("""
WITH RECURSIVE way AS (
  SELECT id, 0 AS far FROM leads WHERE id = :lead
  UNION ALL
  SELECT n.id, way.far + 1 FROM way JOIN leads l ON l.id = way.id AND l.state ->> 'outcome' = 'merged'
  CROSS JOIN LATERAL (SELECT data ->> 'into' AS code FROM steps WHERE lead_id = l.id AND event = 'LeadFolded' ORDER BY id DESC LIMIT 1) AS s
  JOIN leads n ON n.code = s.code WHERE way.far < 10
)
SELECT id FROM way ORDER BY far DESC LIMIT 1
""")


def act(batch: Batch, item: Item) -> None:
    """One step on the lead, the newest that became this record; nothing for a record or a word that is none of ours."""
    crm, said = str(item.content.get("crm") or ""), str(item.content.get("said") or "")
    stage = meant(batch.team, crm, said)
    if stage is None:
        return
    endpoints = [endpoint.id for endpoint in batch.team.endpoints.values() if endpoint.type == crm]
    at = instant(item.content.get("submitted_at"))
    values = {"records": rows(item.content.get("records") or []), "endpoints": endpoints, "at": at}
    found: int | None = batch.db.execute(LEAD, values).scalar()
    if found is None:
        return
    lead = int(batch.db.execute(GOES_ON, {"lead": found}).scalar_one())
    batch.load([lead])
    if batch.leads[lead].state.stage == stage:
        return
    item.lead_id, item.after = lead, batch.happen(lead, StageReported(NAMES.get(crm, crm), stage, at))


def instant(said: object) -> datetime | None:
    """When the CRM says that it came to that."""
    try:
        at = datetime.fromisoformat(str(said)) if said else None
    except ValueError:
        return None
    return at if at and at.tzinfo else None


def meant(team: Team, crm: str, said: str) -> str | None:
    """Our word for a stage of theirs; None for one that is none of the three."""
    words = dict(USUAL.get(crm, {}))
    for endpoint in team.endpoints.values():
        own = endpoint.options.get("stages")
        if endpoint.type == crm and isinstance(own, Mapping):
            words |= own
    return words.get(said.strip().lower())
