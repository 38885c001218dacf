"""What something in the inbox means: a new lead, a word on an open one, a step of a call, or a wish not to be written to."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from routing import lines, rules
from routing.calling_again import whose_phone_rings
from routing.codes import number_of
from routing.events import (
    CallArrived,
    CallBridged,
    CallMissed,
    Event,
    LeadArrived,
    MessageArrived,
    RingUnanswered,
    VoicemailLeft,
)  # fmt: skip
from routing.model import Person, State, Status
from routing.team import Rule, Team
from store import book, loops, people
from store.batch import Batch
from store.heard import files_of, note_what_answered_by_itself, reached, words_of
from store.inbox import TOLD_CALLS, begins_a_lead
from store.item import Item
from store.records import LeadRecord, lead_of
from store.threads import thread_of
from store.wishes import comes_back, obey, wish

# written so that the planner does not read all open leads by ix_leads_open: ix_leads_person has the few of these people
OPEN_LEADS = text("""
SELECT id, person_id, arrived_at, kind, status FROM leads
WHERE person_id = ANY(:people) AND coalesce(closed_at, 'infinity') = 'infinity' AND status <> 'quarantined' ORDER BY id
""")
OF_CALLS = text("""
SELECT id, call_sid FROM leads WHERE call_sid = ANY(:sids)
UNION SELECT lead_id, sid FROM joined_calls WHERE sid = ANY(:sids)
""")
JOIN = text(
    "INSERT INTO joined_calls (sid, lead_id) SELECT sid, :lead FROM unnest(CAST(:sids AS text[])) AS s(sid) ON CONFLICT DO NOTHING"
)
CALL_STEPS = frozenset({"call_answered", "missed_call", "call_status", "voicemail", "voicemail_text"})


def take(batch: Batch, items: Sequence[Item]) -> list[tuple[int, int]]:
    """Decide and take the step of each, in the order in which they came. Returns the pairs of people who turn out to be one."""
    wishes = [item for item in items if wish(item, batch.team.rulebook)]
    inquiries = [item for item in items if begins_a_lead(item.event, item.content) and item not in wishes]
    who = [people.who(item.content, item.received_at) for item in (*inquiries, *wishes)]
    meeting = people.meet(batch.db, who)
    seat_persons((*inquiries, *wishes), meeting)
    chosen = {item.id: choose(batch.team, item) for item in inquiries}
    sids = [sid for sid in map(call_sid, items) if sid]
    calls = {row.call_sid: row.id for row in batch.db.execute(OF_CALLS, {"sids": sids})} if sids else {}
    threads = {item.id: lead for item in inquiries if (lead := number_of(thread_of(batch.db, item.content)))}
    meeting.ask(batch.writes, batch.now, book.seal_of(batch.engine))
    open_leads = load_open(batch, meeting.known, [*calls.values(), *threads.values()], [rule.pool for rule, _ in chosen.values()])
    meeting.settle(batch.db, batch.now)
    seat_persons((*inquiries, *wishes), meeting)
    batch.learn(meeting.known)
    wishes += [item for item in inquiries if comes_back(item, batch.team.rulebook)]
    machines = loops.machines(batch, inquiries, known={person.id for person in meeting.known})
    for item in items:
        if item in wishes:
            obey(batch, item, open_leads)
        elif begins_a_lead(item.event, item.content):
            theirs = open_leads.get(item.person.id, []) if item.person else []
            if item.id in machines:
                loops.pass_over(batch, item, machines[item.id], theirs)
            else:
                inquire(batch, item, chosen[item.id], open_leads, threads.get(item.id))
        elif item.event in CALL_STEPS:
            follow_call(batch, item, calls)
    return meeting.who.twins


def seat_persons(items: Sequence[Item], meeting: people.Meeting) -> None:
    """Who each delivery is from, as far as the meeting has come."""
    for item, person in zip(items, meeting.persons, strict=True):
        item.person = person


def load_open(batch: Batch, known: Sequence[Person], leads: list[int], pools: list[str]) -> dict[int, list[int]]:
    """Lock and load the open leads of people we knew, and `leads`; returns lead ids by person. Sends what waits to be written."""
    if not known and not leads:
        batch.make_ready(pools)
        return {}
    theirs = batch.writes.add(OPEN_LEADS, {"people": sorted(person.id for person in known)})
    batch.writes.send()
    batch.load([*(row["id"] for row in theirs.rows), *leads], pools=pools)
    by_person: dict[int, list[int]] = {}
    for row in theirs.rows:
        by_person.setdefault(row["person_id"], []).append(row["id"])
    return by_person


def choose(team: Team, item: Item) -> tuple[Rule, tuple[str, ...]]:
    """The rule for a new lead: the source's own pool, else the first rule that matches."""
    source = team.sources[item.source]
    if source.pool:
        sla = source.sla or next(iter(team.slas))
        return Rule(f"source {source.id}", source.pool, sla), (f"source {source.id} goes to {source.pool}",)
    assert item.person is not None and item.number is not None
    lead = lead_of(item.number, item.source, item.content, person=item.person, arrived_at=item.received_at)
    return rules.first_match(team.rules, rules.fields_of(lead), calendars=team.calendars, at=item.received_at)


def inquire(
    batch: Batch, item: Item, chosen: tuple[Rule, tuple[str, ...]], open_leads: dict[int, list[int]], thread: int | None = None
) -> None:
    """A word on a lead that is open (the one of its `thread` before others of the person), else a new lead."""
    assert item.person is not None
    theirs = [lead for lead in (thread, *reversed(open_leads.get(item.person.id, []))) if lead in batch.leads]
    for lead_id in theirs:
        record = batch.leads[lead_id]
        if record.state.status not in (Status.CLOSED, Status.QUARANTINED) and belongs(batch.team, item, record):
            if sids := [sid for sid in calls_joined(item, record) if sid]:  # later steps of either call find the lead
                batch.db.execute(JOIN, {"lead": lead_id, "sids": sids})
            item.lead_id, item.after = lead_id, batch.happen(lead_id, further_event(batch.team, item, record.pool))
            return
    if noted := note_what_answered_by_itself(batch, item.person, item.event, item.content):
        item.lead_id = noted
        return
    record = begin(batch, item, chosen)
    open_leads.setdefault(item.person.id, []).append(record.lead.id)
    item.lead_id = record.lead.id
    for event in first_events(batch.team, item, record.pool):
        item.after = batch.happen(record.lead.id, event)


def calls_joined(item: Item, record: LeadRecord) -> tuple[str | None, ...]:
    """The calls that belong to an open lead from now on; of one whose beginning we never heard, its end tells us."""
    if item.event == "call":
        return (record.state.call_sid, item.content.get("call_sid"))
    return (item.content.get("ended_call"),)


def first_events(team: Team, item: Item, pool: str) -> tuple[Event, ...]:
    """What begins the lead. Of a call that another system connected, its end is told and never its beginning."""
    match item.event:
        case "call":
            return (CallArrived(str(item.content.get("call_sid")), reached(team, item.source, item.content)),)
        case "call_answered":
            return (CallBridged(who_answered(team, item, pool), item.received_at),)
        case "missed_call":
            return (CallMissed(str(item.content.get("reason") or "no answer")),)
        case "voicemail":
            return (CallMissed("left a message"), voicemail(item))
    return (LeadArrived(),)


def further_event(team: Team, item: Item, pool: str) -> Event:
    """What the same person's next words or call mean on a lead that is open."""
    said = str(item.content.get("message") or "")
    match item.event:
        case "call":
            return CallArrived(str(item.content.get("call_sid")), reached(team, item.source, item.content))
        case "call_answered":
            return CallBridged(who_answered(team, item, pool), item.received_at)
        case "missed_call":
            return MessageArrived("call", said or "Called again; nobody took it.")
        case "voicemail":
            return voicemail(item)
    channel = str(item.content.get("channel") or item.event)
    return MessageArrived(channel, words_of(item.content), reached(team, item.source, item.content), files_of(item.content))


def voicemail(item: Item) -> VoicemailLeft:
    """Where it can be heard, and how long it is."""
    return VoicemailLeft(str(item.content.get("url") or ""), int(item.content.get("seconds") or 0))


def who_answered(team: Team, item: Item, pool: str) -> str:
    """The rep of the pool with the phone or e-mail at which another system had the call answered; "" when it is nobody's."""
    told = item.content.get("answered_by") or {}
    theirs = {value for value in (told.get("phone"), told.get("email")) if value}
    reps = (team.reps[name] for name in team.pools[pool].members if name in team.reps)
    return next((rep.id for rep in reps if {rep.phone, rep.email} & theirs), "")


def belongs(team: Team, item: Item, record: LeadRecord) -> bool:
    """Is this about that open lead? A message or a call is; a form within the source's window."""
    if item.event in ("message", "call") or item.event in TOLD_CALLS:
        return True
    window = team.sources[item.source].dedupe_for
    return item.event == "form" and item.received_at - record.lead.arrived_at <= window


def begin(batch: Batch, item: Item, chosen: tuple[Rule, tuple[str, ...]]) -> LeadRecord:
    """A new lead under the team file now in force."""
    assert item.person is not None and item.number is not None
    rule, matched = chosen
    lead = lead_of(item.number, item.source, item.content, person=item.person, arrived_at=item.received_at)
    ended = item.content.get("ended_call")
    state = State(reached=lines.used(lead.channel, reached(batch.team, item.source, item.content)), call_sid=ended)
    record = LeadRecord(
        lead=lead, before=State(), state=state, pool=rule.pool, version=batch.team.version, rule=rule.id, sla=rule.sla,
        matched=matched, is_new=True, person_id=item.person.id, content=item.content,
    )  # fmt: skip
    batch.add(record, rule.needs)
    return record


def call_sid(item: Item) -> str | None:
    """The provider's id of the call that this belongs to."""
    sid = item.content.get("call_sid")
    return str(sid) if sid and item.event in CALL_STEPS else None


def follow_call(batch: Batch, item: Item, calls: Mapping[str, int]) -> None:
    """A later step of a call, on the lead that the call began."""
    lead_id = calls.get(call_sid(item) or "")
    if lead_id is None:
        item.is_early = True
        return
    event = call_event(item, batch.leads[lead_id].state)
    item.lead_id = lead_id
    if event is not None:
        item.after = batch.happen(lead_id, event)


def call_event(item: Item, state: State) -> Event | None:
    """What a step of a call means for its lead; None when it says nothing new."""
    said, said_at, rep = item.content, item.received_at, str(item.content.get("rep") or "")
    reason = str(said.get("reason") or "no answer")
    match item.event:
        case "call_answered":
            rep = rep or whose_phone_rings(state) or ""
            is_new = (state.status, state.owner) != (Status.RESPONDED, rep) or state.line
            return CallBridged(rep, said_at) if rep and is_new else None
        case "missed_call" | "call_status" if said.get("call_sid") != (state.call_sid or said.get("call_sid")):
            return None  # an earlier call of theirs: they have called again since
        case "missed_call" if rep in (*state.offered_to, state.line) and not said.get("gone"):
            return RingUnanswered(rep, reason)
        case "missed_call" if state.status is Status.RINGING or state.line:
            return CallMissed(reason)
        case "missed_call" if (state.status, state.owner) == (Status.RESPONDED, rep) and state.response_call in (
            None,
            state.call_sid,
        ):
            return CallMissed(reason)
        case "call_status" if state.status is Status.RINGING or state.line:
            return CallMissed(reason)
        case "voicemail":
            return voicemail(item)
        case "voicemail_text":
            return MessageArrived("call", f"Voicemail says: {said.get('message') or ''}")
    return None
