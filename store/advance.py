"""The doors through which things happen to leads: the inbox, alarms that are due, and one event at a time."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from routing.events import Event
from routing.team import Team
from store import actions, book, erasures, intake, merging, own_calls, staff, staff_stops, stages, told_receipts
from store.batch import After, Batch, run
from store.engine import at_once, straight
from store.item import Item
from store.notices import raise_notice
from store.outgoing import Outgoing
from store.records import event_from_json
from store.retrying import is_passing
from store.saving import rows

log = structlog.get_logger()

# SKIP LOCKED: what another process is deciding at this moment is not looked at twice
PEEK = """
SELECT id, source, event, content, received_at, number FROM inbox
WHERE done_at IS NULL AND due_at <= %(now)s AND event <> 'fetch_required' ORDER BY due_at, id LIMIT %(most)s
FOR KEY SHARE SKIP LOCKED
"""
CLAIM = text("SELECT id FROM inbox WHERE id = ANY(:ids) AND done_at IS NULL FOR UPDATE SKIP LOCKED")
DONE = text("""
UPDATE inbox SET done_at = :now, lead_id = r.lead_id FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, lead_id bigint)
WHERE inbox.id = r.id
""")
LATER = text(
    "UPDATE inbox SET attempts = attempts + :counts, due_at = :due, error = :error WHERE id = ANY(:ids) RETURNING id, attempts"
)
ONE = text("SELECT id, source, event, content, received_at, number, done_at, lead_id FROM inbox WHERE id = :id FOR UPDATE")
DUE_ALARMS = text("SELECT lead_id, key FROM alarms WHERE armed AND due_at <= :now ORDER BY due_at LIMIT :most")
RING = text("""
UPDATE alarms SET armed = false, rung_at = :now WHERE (lead_id, key) IN (
  SELECT lead_id, key FROM alarms WHERE lead_id = ANY(:leads) AND armed AND due_at <= :now)
RETURNING lead_id, key, due_at, event, data
""")
ALONE = {  # a button of Slack; a lead that is to be forgotten; a call that a rep asked us for; a stage in a CRM
    "agent_action": actions.act,
    "delivery_receipt": told_receipts.act,
    "erase_request": erasures.act,
    "own_call": own_calls.act,
    "stage_reported": stages.act,
}
GIVE_UP = 8  # tries of one delivery before it is left for a person to look at
BACK_OFF = timedelta(seconds=2)
ALARM_BACK_OFF = timedelta(minutes=1)


def happen(engine: Engine, lead_id: int, event: Event, now: datetime) -> After:
    """One event on one lead. Raises LookupError for a lead that does not exist."""

    def work(batch: Batch) -> After:
        batch.load([lead_id])
        if lead_id not in batch.leads:
            raise LookupError(f"there is no lead number {lead_id}")
        return batch.happen(lead_id, event)

    return run(engine, work, now)


def drain_inbox(engine: Engine, now: datetime, limit: int = 20, outgoing: Outgoing | None = None) -> int:
    """Decide what waits in the inbox, oldest first; returns how many were looked at. Several processes may do so at once.

    `outgoing` sends what is decided at once.
    """
    team = book.current(engine)
    items = peek(engine, now, limit)
    ours = [item for item in items if item.event in ALONE or is_command(team, item)]
    for item in ours:
        safely(engine, [item], lambda one: hear(engine, one[0], now, outgoing), now)
    others = [item for item in items if item not in ours]
    if others:
        safely(engine, others, lambda some: take(engine, some, now, outgoing), now)
    return len(items)


def peek(engine: Engine, now: datetime, limit: int) -> list[Item]:
    """What is next, not yet claimed."""
    with straight(engine) as db:
        return [Item(**row) for row in db.execute(PEEK, {"now": now, "most": limit})]


def is_command(team: Team, item: Item) -> bool:
    """Is this a text or an e-mail of somebody of the team? What the carrier obeys itself (STOP) is a wish of theirs as of anybody."""
    is_text = item.event == "message" and item.content.get("channel") in ("sms", "whatsapp", "rcs", "email")
    return is_text and staff.sender(team, item.content) is not None and not staff_stops.is_wish(team, item)


def take(engine: Engine, items: Sequence[Item], now: datetime, outgoing: Outgoing | None = None) -> None:
    """A batch of deliveries in one transaction. What another process has claimed is left to it."""

    def work(batch: Batch) -> list[tuple[int, int]]:
        mine = claimed(batch, items)
        others = [item for item in mine if not staff.has_left(batch, item)]
        twins = intake.take(batch, others) if others else []
        finish(batch, mine)
        return twins

    for one, other in run(engine, work, now, outgoing):
        merging.join_if_new(engine, one, other, now)


def hear(engine: Engine, item: Item, now: datetime, outgoing: Outgoing | None = None) -> None:
    """What is decided alone, such as a text of the team: obeyed, answered and marked as done in one transaction, by whoever claims it."""
    answer = None if item.event in ALONE else staff.change_duty(engine, item, now)

    def work(batch: Batch) -> None:
        mine = claimed(batch, [item])
        for each in mine:
            if each.event in ALONE:
                ALONE[each.event](batch, each)
            else:
                staff.obey(batch, each, answer)
        finish(batch, mine)

    run(engine, work, now, outgoing)


def claimed(batch: Batch, items: Sequence[Item]) -> list[Item]:
    """Those of the items that are ours now, fresh for this try."""
    ids = set(batch.db.execute(CLAIM, {"ids": [item.id for item in items]}).scalars())
    return [Item(i.id, i.source, i.event, i.content, i.received_at, i.number) for i in items if i.id in ids]


def finish(batch: Batch, items: Sequence[Item]) -> None:
    """Mark as done; what came before the thing it belongs to is looked at again soon."""
    done = [{"id": item.id, "lead_id": item.lead_id} for item in items if not item.is_early]
    if done:
        batch.writes.add(DONE, {"rows": rows(done), "now": batch.now})
    early = [item.id for item in items if item.is_early]
    if early:
        put_off(batch.db, early, "came before what it belongs to", batch.now)


def put_off(db: Connection, ids: Sequence[int], error: str, now: datetime, *, counts: bool = True) -> list[int]:
    """Try again later; after GIVE_UP tries that count leave it for the operator: nothing is lost. Returns what was given up."""
    values = {"ids": list(ids), "due": now + BACK_OFF, "error": error[:500], "counts": int(counts)}
    tried = db.execute(LATER, values).all()
    hopeless = [row.id for row in tried if row.attempts >= GIVE_UP]
    if hopeless:
        db.execute(text("UPDATE inbox SET done_at = :now WHERE id = ANY(:ids)"), {"now": now, "ids": hopeless})
    return hopeless


def safely(engine: Engine, items: Sequence[Item], work: Callable[[Sequence[Item]], None], now: datetime) -> None:
    """Do the work for all; when it fails, one by one, so that one broken delivery holds up no other."""
    try:
        work(items)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        alone(engine, items, work, now)
    except Exception:  # whatever a delivery can hold, the next one must still be served
        alone(engine, items, work, now)


def alone(engine: Engine, items: Sequence[Item], work: Callable[[Sequence[Item]], None], now: datetime) -> None:
    """Each by itself; what still fails is put off. Trouble of the database is no fault of the delivery's, however long it lasts."""
    for item in items:
        try:
            work([item])
        except Exception as error:
            complain("inbox_failed", error, inbox=item.id, source=item.source)
            with engine.begin() as db:
                given_up = put_off(db, [item.id], f"{type(error).__name__}: {error}", now, counts=not is_passing(error))
            if given_up:
                words = f"Delivery {item.id} from {item.source} could not be decided ({type(error).__name__}). It is kept: look at the log."
                raise_notice(engine, f"inbox:{item.id}", words, now)


def complain(what: str, error: Exception, **about: object) -> None:
    """A line where the database is in trouble; the whole story where it may be a mistake of ours."""
    if is_passing(error):
        log.warning(what, reason=type(error).__name__, **about)
    else:
        log.error(what, exc_info=error, **about)


def decide(engine: Engine, inbox_id: int, now: datetime) -> After | None:
    """Decide one delivery at once, for a sender who waits for the answer; None when it begins or moves no lead.

    Where another process is about to decide it, this waits for that decision: a caller must hear of the rep who is to be rung.
    """

    def work(batch: Batch) -> After | None:
        found = batch.db.execute(ONE, {"id": inbox_id}).one()
        if found.done_at is not None:
            return view(batch, found.lead_id)
        item = Item(found.id, found.source, found.event, found.content, found.received_at, found.number)
        if item.event in ALONE:
            ALONE[item.event](batch, item)
        else:
            intake.take(batch, [item])
        finish(batch, [item])
        return item.after or view(batch, item.lead_id)

    return run(engine, work, now)


def view(batch: Batch, lead_id: int | None) -> After | None:
    """A lead as it stands: the answer to a repeated delivery."""
    if lead_id is None:
        return None
    batch.load([lead_id])
    record = batch.leads[lead_id]
    facts = batch.facts(record, None)
    return After(record.lead, record.state, facts.policy, "as it stands", facts.bench)


def ring_alarms(engine: Engine, now: datetime, limit: int = 50, outgoing: Outgoing | None = None) -> int:
    """Ring what is due, each alarm once; returns how many leads were looked at."""
    with at_once(engine) as db:
        leads = list(dict.fromkeys(row.lead_id for row in db.execute(DUE_ALARMS, {"now": now, "most": limit})))
    if leads:
        try:
            run(engine, lambda batch: ring(batch, leads), now, outgoing)
        except Exception as error:
            complain("alarms_failed", error, leads=len(leads))
            ring_alone(engine, leads, now)
    return len(leads)


def ring_alone(engine: Engine, leads: Sequence[int], now: datetime) -> None:
    """One lead that cannot be stepped must not keep others from being escalated."""
    for lead_id in leads:
        try:
            run(engine, lambda batch, lead_id=lead_id: ring(batch, [lead_id]), now)  # type: ignore[misc]
        except Exception as error:
            complain("alarm_failed", error, lead=lead_id)
            with engine.begin() as db:
                db.execute(
                    text("UPDATE alarms SET due_at = :later WHERE lead_id = :lead AND armed AND due_at <= :now"),
                    {"later": now + (BACK_OFF if is_passing(error) else ALARM_BACK_OFF), "lead": lead_id, "now": now},
                )
            if is_passing(error):
                continue
            words = f"An alarm of lead number {lead_id} failed ({type(error).__name__}); it is tried again each minute."
            raise_notice(engine, f"alarm:{lead_id}", words, now)


def ring(batch: Batch, leads: Sequence[int]) -> None:
    """The due alarms of these leads, in the order in which they were due."""
    batch.load(leads)
    due = batch.db.execute(RING, {"leads": list(leads), "now": batch.now}).all()
    for alarm in sorted(due, key=lambda row: (row.due_at, row.lead_id, row.key)):
        late_by = (batch.now - alarm.due_at).total_seconds()
        batch.happen(alarm.lead_id, event_from_json(alarm.event, alarm.data), late_by=late_by)


__all__ = ["After", "decide", "drain_inbox", "happen", "ring_alarms"]
