"""Two people are one, or one lead is somebody else's: by hand, on the timeline, and undone by its opposite.

People are locked first, then pools and leads, as at intake. The person who was known first is kept; the other's addresses and leads
become theirs, a STOP of either holds for both, and of their open leads one goes on (routing/joining.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, text

from routing.events import LeadFolded, LeadsJoined, NoteAdded
from routing.model import Status
from store import people
from store.batch import Batch, run
from store.records import LeadRecord
from store.stops import stop_for_both

log = structlog.get_logger()

NEW_FOR = timedelta(minutes=10)  # as long as a form on an open lead is a word on it, where its source says nothing else
LOCK = text("SELECT * FROM people WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
OPEN = text("""
SELECT id, person_id FROM leads WHERE person_id = ANY(:ids) AND closed_at IS NULL AND status <> 'quarantined' ORDER BY arrived_at, id
""")
BEGIN = text("""
INSERT INTO merges (kept, gone, at, by, before, addresses, leads) SELECT :kept, :gone, :now, :by,
  (SELECT to_jsonb(p) - 'id' FROM people p WHERE id = :kept),
  (SELECT coalesce(jsonb_agg(jsonb_build_array(kind, value) ORDER BY kind, value), '[]') FROM addresses WHERE person_id = :gone),
  ARRAY(SELECT id FROM leads WHERE person_id = :gone ORDER BY id) RETURNING id
""")
MOVE = (
    text("UPDATE addresses SET person_id = :kept WHERE person_id = :gone"),
    text("UPDATE leads SET person_id = :kept, changed_at = :now WHERE person_id = :gone"),
    text("UPDATE people SET merged_into = :kept WHERE id = :gone"),
    text("""
    UPDATE likenesses SET settled_at = :now, settled_by = :by, verdict = 'merged'
    WHERE one = least(:kept, :gone) AND other = greatest(:kept, :gone)
    """),
    # whoever may be the one who is gone may be the one who is kept
    text("""
    INSERT INTO likenesses (one, other, kind, value, why, at)
    SELECT least(:kept, k.them), greatest(:kept, k.them), k.kind, k.value, k.why, k.at FROM (
      SELECT CASE WHEN one = :gone THEN other ELSE one END AS them, kind, value, why, at FROM likenesses
      WHERE :gone IN (one, other) AND settled_at IS NULL) k WHERE k.them <> :kept ON CONFLICT DO NOTHING
    """),
)
FILL = text("""
UPDATE people k SET name = coalesce(k.name, g.name), is_named = k.is_named OR (k.name IS NULL AND g.is_named),
  phone = coalesce(k.phone, g.phone), email = coalesce(k.email, g.email), handles = g.handles || k.handles,
  zone = coalesce(k.zone, g.zone), locale = coalesce(k.locale, g.locale), last_rep = coalesce(g.last_rep, k.last_rep),
  wrote_at = greatest(k.wrote_at, g.wrote_at)
FROM people g WHERE k.id = :kept AND g.id = :gone
""")
# one acknowledgement: what a provider has (or may have) taken stands, and only what still waits can be taken back
ACKS = text("""
WITH theirs AS (
  SELECT id, state IN ('pending', 'claimed') AS waits FROM outbox
  WHERE lead_id = ANY(:leads) AND purpose = 'ack' AND recipient = 'lead' AND state NOT IN ('suppressed', 'failed', 'expired')
  ORDER BY id FOR UPDATE
)
UPDATE outbox SET state = 'suppressed', fence = fence + 1, lease_until = NULL, error_code = 'merged',
  error = 'the person has another acknowledgement'
WHERE id IN (SELECT id FROM theirs WHERE waits)
  AND (EXISTS (SELECT FROM theirs WHERE NOT waits) OR id <> (SELECT min(id) FROM theirs WHERE waits))
""")


class CannotMerge(ValueError):
    """The two are one already, or one of them does not exist; the text says which."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: the person kept, and into which open lead which others went."""

    merge: int
    kept: int
    into: int | None
    folded: tuple[int, ...]


def merge(engine: Engine, one: int, other: int, *, by: str, now: datetime) -> Merged:
    """Make one person of two (ids of people). Raises CannotMerge."""

    def work(batch: Batch) -> Merged:
        kept, gone = both(batch, one, other)
        theirs = {row.id: row.person_id for row in batch.db.execute(OPEN, {"ids": [kept, gone]})}
        batch.load(theirs)
        number = move(batch, kept, gone, by)
        for record in batch.leads.values():
            meet(batch, record, kept)
        into, folded = fold(batch, theirs, by)
        if folded:
            values = {"id": number, "folded": list(folded)}
            batch.db.execute(text("UPDATE merges SET folded = :folded WHERE id = :id"), values)
        note(batch, into, theirs, by)
        return Merged(number, kept, into, folded)

    return run(engine, work, now)


def join_if_new(engine: Engine, one: int, other: int, now: datetime) -> None:
    """Two whom somebody's own words have shown to be one, while both are new to us: a mail, a call and then the form that has both.

    Whom we have known for longer stays a suggestion; so does what fails here.
    """
    try:
        with engine.connect() as db:
            since = db.execute(
                text("SELECT min(created_at) FROM people WHERE id IN (:one, :other)"), {"one": one, "other": other}
            ).scalar()
        if since is not None and since >= now - NEW_FOR:
            merge(engine, one, other, by="Headroom", now=now)
    except CannotMerge:
        log.info("joined_already", one=one, other=other)
    except Exception:
        log.exception("join_failed", one=one, other=other)


def both(batch: Batch, one: int, other: int) -> tuple[int, int]:
    """Lock the two; (kept, gone): whoever was known first is kept."""
    kept, gone = min(one, other), max(one, other)
    found = {row.id: row for row in batch.db.execute(LOCK, {"ids": [kept, gone]})}
    if kept == gone:
        raise CannotMerge("These are one person already.")
    if len(found) < 2:
        raise CannotMerge("One of the two is not known.")
    if any(row.merged_into for row in found.values()):
        raise CannotMerge("One of the two was merged meanwhile: look again.")
    return kept, gone


def move(batch: Batch, kept: int, gone: int, by: str) -> int:
    """The rows: what is the other's becomes theirs. Returns the merge's number."""
    values: dict[str, Any] = {"kept": kept, "gone": gone, "by": by, "now": batch.now}
    number = int(batch.db.execute(BEGIN, values).scalar_one())
    batch.db.execute(FILL, values)
    for statement in MOVE:
        batch.db.execute(statement, values)
    stop_for_both(batch.db, kept, f"merge {number}", batch.now)
    return number


def meet(batch: Batch, record: LeadRecord, person: int) -> None:
    """A lead in hand, with the person it has now."""
    found = people.known(batch.db, person)
    record.person_id, record.lead = person, replace(record.lead, person=found)


def fold(batch: Batch, theirs: dict[int, int], by: str) -> tuple[int | None, tuple[int, ...]]:
    """Of the open leads of both the first inquiry goes on, and those of the other person go into it. Nothing while a call rings."""
    records = [batch.leads[lead] for lead in theirs if lead in batch.leads]
    if len(set(theirs.values())) < 2 or any(record.state.status is Status.RINGING for record in records):
        return None, ()
    main, others = records[0], [record for record in records[1:] if theirs[record.lead.id] != theirs[records[0].lead.id]]
    batch.db.execute(ACKS, {"leads": [main.lead.id, *(record.lead.id for record in others)]})
    for other in others:
        owner = who_goes_on(main, other)
        answered = other.state.responded_at
        batch.happen(other.lead.id, LeadFolded(main.lead.code, by, owner))
        batch.happen(
            main.lead.id,
            LeadsJoined(
                other.lead.code, by, other.lead.channel, other.lead.message, owner, answered,
                other.state.response_how, other.state.acked_on, other.state.reached, other.state.stage, other.state.stage_at,
            ),
        )  # fmt: skip
    return main.lead.id, tuple(record.lead.id for record in others)


def who_goes_on(main: LeadRecord, other: LeadRecord) -> str | None:
    """Who answered first, else who accepted first; None: nobody has either."""
    having = [record.state for record in (main, other) if record.state.owner]
    having.sort(key=lambda state: (state.responded_at is None, state.responded_at or state.accepted_at or state.offered_at))
    return having[0].owner if having else None


def note(batch: Batch, into: int | None, theirs: dict[int, int], by: str) -> None:
    """Leads that stay as they are hear of it too."""
    if into is None:
        for lead in theirs:
            batch.happen(lead, NoteAdded(by, "two people were made one; this lead stays as it is"))


def suggestions(engine: Engine, person: int) -> Sequence[Any]:
    """Whom this person may be the same as: other, name, why, at, and the code of their latest lead, newest first."""
    with engine.connect() as db:
        return db.execute(LIKELY, {"person": person}).mappings().all()


def dismiss(engine: Engine, one: int, other: int, *, by: str, now: datetime) -> None:
    """They are different people: not asked again."""
    with engine.begin() as db:
        db.execute(DIFFERENT, {"one": min(one, other), "other": max(one, other), "by": by, "now": now})


LIKELY = text("""
SELECT p.id AS other, p.name, p.phone, p.email, k.why, k.at,
       (SELECT code FROM leads l WHERE l.person_id = p.id ORDER BY l.id DESC LIMIT 1) AS code
FROM likenesses k JOIN people p ON p.id = CASE WHEN k.one = :person THEN k.other ELSE k.one END
WHERE :person IN (k.one, k.other) AND k.settled_at IS NULL AND p.merged_into IS NULL ORDER BY k.id DESC LIMIT 10
""")
DIFFERENT = text("""
UPDATE likenesses SET settled_at = :now, settled_by = :by, verdict = 'different'
WHERE one = :one AND other = :other AND settled_at IS NULL
""")
