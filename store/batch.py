"""Lock -> load facts -> journey.step -> save, for one lead or for many: ONE transaction.

Pools are locked first (the pool is the shard), then leads, each in the order of their ids. Steps are taken in memory against
facts that stay true from step to step; then all is written with a few statements. Room that a step frees wakes the next in line.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine, text

from routing import journey, queueing
from routing.announcing import Happening
from routing.events import BY_HAND, Event, RoomOpened
from routing.model import Alarm, Bench, Facts, Lead, Message, Person, Policy, State, Status, Step
from routing.team import Pool, QueueOrder, Team
from store import announcements, book, messages, people, saving
from store.outgoing import Outgoing
from store.records import LeadRecord, event_to_json, policy_of, record_of
from store.retrying import in_turn
from store.roster import Roster, ask_roster, load_roster
from store.together import Together

AT_ONCE = 50  # waiting leads tried in one go; the next event or retry goes on
LOCK = text("SELECT id FROM pools WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
ELSEWHERE = text("""
SELECT DISTINCT s.pool FROM seats s WHERE s.rep = ANY(:freed) AND s.pool <> ALL(:here)
  AND EXISTS (SELECT 1 FROM leads l WHERE l.pool = s.pool AND l.status = 'waiting') ORDER BY s.pool
""")

log = structlog.get_logger()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class After:
    """A lead after an event: what the one who waits for the answer may see."""

    lead: Lead
    state: State
    policy: Policy
    why: str
    bench: Bench


@dataclass(slots=True)
class Batch:
    """The leads, rosters and results of one transaction."""

    db: Connection
    engine: Engine
    now: datetime
    team: Team
    leads: dict[int, LeadRecord] = field(default_factory=dict)
    rosters: dict[str, Roster] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    steps: list[dict[str, object]] = field(default_factory=list)
    silenced: list[int] = field(default_factory=list)
    alarms: list[tuple[int, Alarm]] = field(default_factory=list)
    messages: list[tuple[int | None, Message]] = field(default_factory=list)
    announced: list[dict[str, object]] = field(default_factory=list)  # events for endpoints outside, where the team has any
    needs: dict[int, frozenset[str]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)  # reps who go off duty in this transaction: no lead may go to them
    news: dict[int, dict[str, object]] = field(default_factory=dict)  # what was learnt of people, by their id
    outgoing: Outgoing | None = None  # who sends from this process: takes new messages over in this same commit
    begun: set[int] = field(default_factory=set)  # messages whose attempt stands with them: theirs to send after the commit
    writes: Together = field(init=False)  # what the next flush sends together

    def __post_init__(self) -> None:
        """Nothing is written yet."""
        self.writes = Together(self.db)

    def lock(self, pools: Iterable[str]) -> None:
        """Take the pools for this transaction, in the order of their ids."""
        missing = sorted(set(pools) - self.locked)
        if missing:
            self.db.execute(LOCK, {"ids": missing})
            self.locked.update(missing)

    def load(self, ids: Iterable[int], *, pools: Iterable[str] = ()) -> None:
        """Lock the pools of these leads (and `pools`), then the leads."""
        wanted = sorted(set(ids) - self.leads.keys())
        if not wanted:
            self.lock(pools)
            return
        found = self.db.execute(text("SELECT DISTINCT pool FROM leads WHERE id = ANY(:ids)"), {"ids": wanted}).scalars()
        self.lock([*found, *pools])
        self.fetch("WHERE l.id = ANY(:ids) ORDER BY l.id FOR UPDATE OF l", {"ids": wanted})

    def fetch(self, where: str, values: dict[str, object]) -> list[LeadRecord]:
        """Leads by a condition, each one only once in hand."""
        records = []
        for row in self.db.execute(text(people.LEADS + where), values).mappings():
            records.append(self.leads.setdefault(row["id"], record_of(row, frozenset(row["opted_out"]))))
        return records

    def add(self, record: LeadRecord, needs: frozenset[str]) -> None:
        """A lead that begins in this transaction. Its pool must be locked."""
        self.leads[record.lead.id] = record
        self.needs[record.lead.id] = needs

    def facts(self, record: LeadRecord, event: Event | None) -> Facts:
        """All that a decision about this lead may look at."""
        policy = policy_of(book.at(self.engine, record.version, self.db), record)
        roster, state = self.roster(policy), record.state
        asked = (getattr(event, "rep", None), getattr(event, "owner", None))
        mentioned = (*asked, state.owner, *state.offered_to, record.lead.person.last_rep)
        names = {str(name) for name in mentioned if name}
        roster.ensure(self.db, self.team, names)
        roster.reach(self.db, self.team, policy.rule.needs, {*state.declined_by, *state.lapsed_by, *state.offered_to})
        for other in self.rosters.values():
            if other is not roster:
                roster.follow(other, other.changes)
        return Facts(record.lead, record.state, policy, roster.bench(record.state, record.lead.person, names), self.team)

    def make_ready(self, pools: Iterable[str]) -> None:
        """Lock these pools and have their seats in hand, with one round trip, and with it whatever waits to be written."""
        wanted = sorted(set(pools) - self.locked)
        if wanted:
            self.writes.add(LOCK, {"ids": wanted})
        mine = [self.team.pools[pool] for pool in wanted if pool in self.team.pools]
        asked = [ask_roster(self.writes, pool) for pool in mine]
        self.writes.send()
        self.locked.update(wanted)
        self.rosters |= {each.pool.id: each.roster(self.team) for each in asked}

    def roster(self, policy: Policy) -> Roster:
        """The seats of the lead's pool, as they stand after the steps so far."""
        self.lock([policy.pool.id])
        return self.seated(self.team.pools.get(policy.pool.id, policy.pool))

    def seated(self, pool: Pool) -> Roster:
        """The pool's roster, read once. The pool must be locked."""
        if pool.id not in self.rosters:
            self.rosters[pool.id] = load_roster(self.db, pool, self.team)
        self.rosters[pool.id].send_off(self.absent)
        return self.rosters[pool.id]

    def happen(self, lead_id: int, event: Event, *, late_by: float | None = None) -> After:
        """Take one step. Raises LookupError for a lead that is not in hand."""
        record = self.leads[lead_id]
        facts = self.facts(record, event)
        step = journey.step(facts, event, self.now)
        roster = self.rosters[record.pool]
        touched = roster.apply(record.state, step.state, step.reps, now=self.now, forced=isinstance(event, BY_HAND))
        for other in self.rosters.values():
            if other is not roster:
                other.follow(roster, touched)
        self.note(record, event, step, late_by)
        record.state = step.state
        return After(record.lead, step.state, facts.policy, step.why, roster.bench(step.state, record.lead.person))

    def note(self, record: LeadRecord, event: Event, step: Step, late_by: float | None) -> None:
        """Keep what the step sets in motion. A look that found nothing new leaves no line in the timeline."""
        lead_id, (name, data) = record.lead.id, event_to_json(event)
        if step.changed or name not in QUIET:
            self.steps.append(saving.step_row(record, (name, data), step, late_by))
            if self.team.has_listeners:
                happened = Happening(name, data, record.state.status, step.why, step.details, late_by, step.changed)
                told = announcements.row(record, step.state, happened, in_confidence=self.team.has_confidants)
                self.announced.append(told)
        if step.disarm:
            self.silenced.append(lead_id)
            self.alarms = [(lead, alarm) for lead, alarm in self.alarms if lead != lead_id]
        self.alarms += [(lead_id, alarm) for alarm in step.alarms]
        self.messages += [(lead_id, message) for message in step.messages]

    def wake(self, pools: Iterable[str]) -> bool:
        """Give room to the leads that wait for it, in the order of each pool's queue; True when more could move at once."""
        more, known = False, sorted(set(pools) & self.team.pools.keys())
        self.lock(known)
        for pool in (self.team.pools[pool_id] for pool_id in known):
            roster = self.seated(pool)
            roster.freed.clear()
            if roster.ranking.has_room():
                more |= self.serve_queue(roster)
        return more

    def serve_queue(self, roster: Roster) -> bool:
        """Try waiting leads until nobody has room. A lead that nobody may take keeps waiting and blocks no other."""
        starts = self.db.execute(text("SELECT fresh_starts FROM pools WHERE id = :id"), {"id": roster.pool.id}).scalar() or 0
        fresh, late = self.queue(roster)
        moved = 0
        for record, is_fresh in queueing.next_up(fresh, late, starts):
            self.happen(record.lead.id, RoomOpened())
            if record.state.status is not Status.WAITING:
                starts, moved = starts + 1 if is_fresh else 0, moved + 1
            if not roster.ranking.has_room():
                break
        if moved:
            self.db.execute(text("UPDATE pools SET fresh_starts = :n WHERE id = :id"), {"n": starts, "id": roster.pool.id})
        return moved > 0 and AT_ONCE in (len(fresh), len(late)) and roster.ranking.has_room()

    def queue(self, roster: Roster) -> tuple[list[LeadRecord], list[LeadRecord]]:
        """The waiting leads to try: (fresh, late). Oldest first knows no difference."""
        values: dict[str, object] = {"pool": roster.pool.id, "now": self.now, "most": AT_ONCE}
        waiting = "WHERE l.pool = :pool AND l.status = 'waiting'"
        end = "LIMIT :most FOR UPDATE OF l SKIP LOCKED"
        if roster.pool.queue is QueueOrder.OLDEST_FIRST:
            return self.fetch(f"{waiting} ORDER BY l.arrived_at, l.id {end}", values), []
        fresh = self.fetch(f"{waiting} AND l.response_due_at >= :now ORDER BY l.response_due_at, l.id {end}", values)
        late = self.fetch(f"{waiting} AND l.response_due_at < :now ORDER BY l.response_due_at, l.id {end}", values)
        return fresh, late

    def flush(self) -> None:
        """Write all that was decided since the last flush."""
        records = [record for record in self.leads.values() if record.is_new or record.state != record.before]
        saving.insert_leads(self.writes, records, self.needs, self.now)
        saving.update_leads(self.writes, records, self.now)
        saving.insert_steps(self.writes, self.steps, self.now)
        saving.save_alarms(self.writes, self.silenced, self.alarms)
        announcements.write(self.writes, self.announced, self.now)
        seated = saving.save_rosters(self.writes, self.rosters.values(), self.now)
        self.remember(records)
        self.writes.send()
        seated.check()
        self.begun |= messages.write(self.db, self.messages, self.team, self.now, self.outgoing)
        for record in records:
            record.before, record.is_new = record.state, False
        for roster in self.rosters.values():
            roster.changes, roster.charged = {}, set()
        self.steps, self.silenced, self.alarms, self.messages, self.announced = [], [], [], [], []

    def learn(self, persons: Iterable[Person]) -> None:
        """Keep what these people said of themselves when the batch is written."""
        for person in persons:
            self.news[person.id] = self.news.get(person.id, {}) | people.words_of(person)

    def remember(self, records: Iterable[LeadRecord]) -> None:
        """What was learnt of people, and who has their lead: the rep they return to."""
        for record in records:
            if record.state.owner and record.state.owner != record.before.owner:
                self.news.setdefault(record.person_id, {})["last_rep"] = record.state.owner
        people.learn(self.writes, self.news)
        self.news = {}

    def finish(self) -> list[str]:
        """Write, wake, write. Returns the pools not in hand where leads wait and the same reps have room now."""
        self.flush()
        freed = {rep for roster in self.rosters.values() for rep in roster.freed}
        if not freed:
            return []
        self.wake([pool for pool, roster in self.rosters.items() if roster.freed])
        self.flush()
        if len(self.team.pools) == 1:
            return []
        return list(self.db.execute(ELSEWHERE, {"freed": sorted(freed), "here": sorted(self.rosters)}).scalars())


QUIET = frozenset({"RoomOpened", "RetryDue", "AcceptDue", "AcknowledgementExpired"})


def run(engine: Engine, work: Callable[[Batch], T], now: datetime, outgoing: Outgoing | None = None) -> T:
    """Do `work` in one transaction, then wake the pools elsewhere that it made room in.

    With `outgoing` new messages go out from here as soon as they are on disk; without it whoever comes first takes them.
    """
    team = book.current(engine)  # before the transaction: one connection at a time, or a full pool waits for itself

    def whole(db: Connection) -> tuple[T, list[str], set[int]]:
        batch = Batch(db, engine, now, team, outgoing=outgoing)
        result = work(batch)
        return result, batch.finish(), batch.begun

    result, elsewhere, begun = in_turn(engine, whole)
    if outgoing is not None:
        outgoing.go(begun)
    wake_quietly(engine, elsewhere, now)
    return result


def wake(engine: Engine, pools: Sequence[str], now: datetime) -> None:
    """Room may have opened in these pools: serve their queues, each in transactions of its own."""
    for pool in pools:
        while run(engine, lambda batch, pool=pool: batch.wake([pool]), now):  # type: ignore[misc]
            pass


def wake_quietly(engine: Engine, pools: Sequence[str], now: datetime) -> None:
    """The same after a commit: what was decided stands, so a failure here is only logged. The leads' own alarms look again."""
    try:
        wake(engine, pools, now)
    except Exception:
        log.exception("wake_failed", pools=list(pools))
