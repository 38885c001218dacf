"""One lead is somebody else's: a merge is undone, or a lead that was taken for a known person's gets a person of its own."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, text

from routing import identity, joining
from routing.codes import code_of
from routing.events import LeadParted, NoteAdded
from routing.identity import Key
from routing.model import Person, Status
from store import people
from store.batch import Batch, run
from store.merging import LOCK, meet
from store.saving import rows

MERGE_OF = text("""
SELECT m.* FROM merges m JOIN leads l ON l.id = :lead WHERE m.undone_at IS NULL AND m.kept = l.person_id
ORDER BY (l.id = ANY(m.leads)) DESC, m.id DESC LIMIT 1 FOR UPDATE OF m
""")
OF_PERSON = text("SELECT id, content, closed_at FROM leads WHERE person_id = :person ORDER BY id")
GIVE_BACK = text("""
UPDATE addresses a SET person_id = :gone FROM jsonb_array_elements(CAST(:addresses AS jsonb)) AS was
WHERE a.person_id = :kept AND a.kind = was ->> 0 AND a.value = was ->> 1
""")
# what the kept person had of their own comes back, unless they have said something else since
RESTORE = text("""
UPDATE people k SET
  name = CASE WHEN k.name IS NOT DISTINCT FROM g.name THEN b.name ELSE k.name END,
  is_named = CASE WHEN k.name IS NOT DISTINCT FROM g.name THEN b.is_named ELSE k.is_named END,
  phone = CASE WHEN k.phone = g.phone THEN b.phone ELSE k.phone END,
  email = CASE WHEN k.email = g.email THEN b.email ELSE k.email END,
  handles = (SELECT coalesce(jsonb_object_agg(h.key, h.value), '{}') FROM jsonb_each(k.handles) h
             WHERE g.handles -> h.key IS DISTINCT FROM h.value OR b.handles -> h.key = h.value),
  last_rep = CASE WHEN k.last_rep = g.last_rep THEN b.last_rep ELSE k.last_rep END
FROM people g, jsonb_populate_record(NULL::people, CAST(:before AS jsonb)) AS b WHERE k.id = :kept AND g.id = :gone
""")
GIVE_LEADS = text("UPDATE leads SET person_id = :gone, changed_at = :now WHERE id = ANY(:leads) AND person_id = :kept")
UNDO = (
    text("UPDATE people SET merged_into = NULL WHERE id = :gone"),
    text("UPDATE merges SET undone_at = :now, undone_by = :by WHERE id = :merge"),
    text("DELETE FROM suppressions WHERE reason = 'merge ' || CAST(:merge AS text)"),
    text("""
    INSERT INTO likenesses (one, other, kind, value, why, at, settled_at, settled_by, verdict)
    VALUES (least(:kept, :gone), greatest(:kept, :gone), '', '', 'split by hand', :now, :now, :by, 'different')
    ON CONFLICT (one, other) DO UPDATE SET verdict = 'different', settled_at = excluded.settled_at, settled_by = excluded.settled_by
    """),
)
NEW = text("INSERT INTO people (created_at) VALUES (:now) RETURNING id")
REMEMBER = text("UPDATE people SET name = :name, phone = :phone, email = :email WHERE id = :id")
TAKE = text("""
INSERT INTO addresses (kind, value, person_id) SELECT kind, value, :person
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(kind text, value text) ORDER BY kind, value
ON CONFLICT (kind, value) DO UPDATE SET person_id = excluded.person_id WHERE addresses.person_id = :was
""")
APART = text("""
INSERT INTO likenesses (one, other, kind, value, why, at, settled_at, settled_by, verdict)
VALUES (least(:a, :b), greatest(:a, :b), :kind, :value, 'split by hand', :now, :now, :by, 'different') ON CONFLICT (one, other) DO NOTHING
""")


class CannotSplit(ValueError):
    """There is nothing to take apart; the text says why."""


@dataclass(frozen=True, slots=True)
class Split:
    """What a split did: the person whose the leads are now, and those leads."""

    person: int
    leads: tuple[int, ...]
    undone: int | None = None


def split(engine: Engine, lead_id: int, *, by: str, now: datetime) -> Split:
    """Take the lead (and, where it came by a merge, all that came with it) away from its person. Raises CannotSplit, LookupError."""

    def work(batch: Batch) -> Split:
        person = batch.db.execute(text("SELECT person_id FROM leads WHERE id = :id"), {"id": lead_id}).scalar()
        if person is None:
            raise LookupError(f"there is no lead {code_of(lead_id)}")
        found = batch.db.execute(MERGE_OF, {"lead": lead_id}).mappings().one_or_none()
        return undo(batch, dict(found), by) if found else set_apart(batch, lead_id, person, by)

    return run(engine, work, now)


def undo(batch: Batch, merge: dict[str, Any], by: str) -> Split:
    """The merge backwards: addresses, leads (also those begun since by the other's addresses alone), columns, and STOPs it spread."""
    kept, gone = merge["kept"], merge["gone"]
    batch.db.execute(LOCK, {"ids": sorted((kept, gone))})
    theirs = batch.db.execute(OF_PERSON, {"person": kept}).all()
    moved = [row.id for row in theirs if row.id in merge["leads"] or came_since(row, merge)]
    batch.load([row.id for row in theirs if row.id in moved and (row.closed_at is None or row.id in merge["folded"])])
    values = {"kept": kept, "gone": gone, "by": by, "now": batch.now, "merge": merge["id"], "leads": moved}
    batch.db.execute(GIVE_BACK, {**values, "addresses": json.dumps(merge["addresses"])})
    batch.db.execute(RESTORE, {**values, "before": json.dumps(merge["before"])})
    batch.db.execute(GIVE_LEADS, values)
    for statement in UNDO:
        batch.db.execute(statement, values)
    for lead in [lead for lead in moved if lead in batch.leads]:
        meet(batch, batch.leads[lead], gone)
        go_on(batch, lead, merge, by)
    return Split(gone, tuple(moved), merge["id"])


def came_since(row: Any, merge: dict[str, Any]) -> bool:
    """Was it begun after the merge, by an address of the other and none of the kept person's?"""
    theirs = {tuple(pair) for pair in merge["addresses"]}
    said = keys_of(row.content)
    return bool(said) and row.id not in merge["leads"] and all(key in theirs for key in said)


def keys_of(content: dict[str, Any]) -> set[Key]:
    """The addresses that a lead came with."""
    handles = {kind: str(value) for kind, value in (content.get("handles") or {}).items() if value}
    return set(identity.keys(content.get("phone"), content.get("email"), handles))


def go_on(batch: Batch, lead: int, merge: dict[str, Any], by: str) -> None:
    """What went into another lead goes on by itself; everything else hears of it."""
    state = batch.leads[lead].state
    if state.status is Status.CLOSED and state.outcome == joining.MERGED:
        into = batch.db.execute(
            text("SELECT code FROM leads WHERE person_id = :kept ORDER BY id DESC LIMIT 1"), {"kept": merge["kept"]}
        )
        batch.happen(lead, LeadParted(into.scalar() or "another lead", by))
    elif state.status is not Status.CLOSED:
        batch.happen(lead, NoteAdded(by, "the merge was undone: this is another person again"))


def set_apart(batch: Batch, lead_id: int, person: int, by: str) -> Split:
    """A person of its own for a lead that was taken for a known person's, with the addresses that no other lead of theirs has."""
    batch.db.execute(LOCK, {"ids": [person]})
    theirs = {row.id: row for row in batch.db.execute(OF_PERSON, {"person": person})}
    if len(theirs) < 2:
        raise CannotSplit("This person has no other lead: there is nothing to take apart.")
    batch.load([lead_id])
    content = theirs[lead_id].content
    mine, others = keys_of(content), {key for row in theirs.values() if row.id != lead_id for key in keys_of(row.content)}
    made = int(batch.db.execute(NEW, {"now": batch.now}).scalar_one())
    name = str(content.get("name") or "")
    taken = mine - others | {identity.named_key(key, name) for key in mine & others if name and key[0] in ("phone", "email")}
    if taken:
        wanted = rows({"kind": kind, "value": value} for kind, value in sorted(taken))
        batch.db.execute(TAKE, {"rows": wanted, "person": made, "was": person})
    kind, value = min(mine & others, default=("", ""))
    values = {"a": person, "b": made, "kind": kind, "value": value, "now": batch.now, "by": by}
    batch.db.execute(APART, values)
    said = people.who(content, batch.now)
    people.learn(batch.writes, {made: people.words_of(people.told(Person(made), said)) | {"wrote_at": None}})
    batch.writes.send()
    forget(batch, person, content, [row.content for row in theirs.values() if row.id != lead_id])
    batch.db.execute(GIVE_LEADS, {"gone": made, "kept": person, "leads": [lead_id], "now": batch.now})
    meet(batch, batch.leads[lead_id], made)
    batch.happen(lead_id, NoteAdded(by, "this is another person than before: split off"))
    return Split(made, (lead_id,))


def forget(batch: Batch, person: int, said: dict[str, Any], others: list[dict[str, Any]]) -> None:
    """What the person is known by goes back to what their own leads say, where only the lead that leaves has said it."""
    row = batch.db.execute(text("SELECT name, phone, email FROM people WHERE id = :id"), {"id": person}).one()
    kept = dict(row._mapping)
    for column, value in row._mapping.items():
        if value and value == said.get(column) and all(other.get(column) != value for other in others):
            kept[column] = next((other[column] for other in reversed(others) if other.get(column)), None)
    batch.db.execute(REMEMBER, {**kept, "id": person})
