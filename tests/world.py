"""A small world without a database: leads, seats, alarms and messages, kept from step to step as the store keeps them.

Reps are known by their rank, so that a whole story can be told again with other names.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from config.teamfile.rules import rulebook
from routing import queueing
from routing.capacity import can_take
from routing.events import CallBridged, Event, HumanResponded, LeadAssigned, LeadCallEnded, LeadPickedUp, RepLeft, RoomOpened
from routing.journey import step
from routing.model import UNANSWERED, Alarm, Facts, Kind, Lead, Message, Policy, Seat, State, Status, Step
from routing.team import Pool, Rep, Rule, Source, Team
from store.roster import Roster, holdings
from tests.builders import DANA, KIM, LOU, NOW, SITE, SLA

BY_HAND = (LeadAssigned, HumanResponded, CallBridged, LeadPickedUp, LeadCallEnded)

LINE = Source("calls", "twilio_voice")


@dataclass
class World:
    """Acme on a Monday. `names` are the reps by rank; every step taken is in `log`, checked as it is taken."""

    names: Sequence[str]
    pool: Pool
    now: datetime = NOW
    leads: dict[int, Lead] = field(default_factory=dict)
    states: dict[int, State] = field(default_factory=dict)
    alarms: dict[tuple[int, str], Alarm] = field(default_factory=dict)
    messages: dict[int, list[Message]] = field(default_factory=dict)
    escalated: set[int] = field(default_factory=set)
    log: list[tuple[object, ...]] = field(default_factory=list)
    fresh_starts: int = 0

    def __post_init__(self) -> None:
        reps = {name: Rep(name, f"Rep {rank}", rank, f"+1512555010{rank}") for rank, name in enumerate(self.names)}
        self.team = Team(
            1, SITE, reps, {m.id: m for m in (KIM, LOU)}, {self.pool.id: self.pool}, {"calls": LINE}, (), {}, {}, rulebook()
        )
        seats = {
            name: Seat(name, rep.name, rep.rank, weight=1 + rep.rank % 2, cap_open=4, cap_unanswered=2, phone=rep.phone)
            for name, rep in reps.items()
        }
        self.roster = Roster(self.pool, seats, {}, len(seats), 0, {}, None, whole=True)
        self.policy = Policy(1, SITE, Source("website", "form"), self.pool, SLA, Rule("rest", self.pool.id, SLA.id))

    def arrive(self, event: Event, *, kind: Kind = Kind.FORM, knows: str | None = None) -> None:
        """A new lead of a new person."""
        number = len(self.leads) + 1
        person = replace(DANA, id=number, last_rep=knows)
        self.leads[number] = Lead(number, f"L{number}", kind, "website", "form", person, self.now)
        self.states[number] = State()
        self.messages[number] = []
        self.happen(number, event)

    def happen(self, number: int, event: Event) -> Step:
        """One step, as in store/batch.py."""
        before = self.states[number]
        given = self.facts(number, event)
        decided = step(given, event, self.now)
        assert decided == step(given, event, self.now), "the same facts must give the same step"
        held = {rep: seat.open for rep, seat in self.roster.seats.items()}
        by_hand = isinstance(event, BY_HAND)
        self.roster.apply(before, decided.state, decided.reps, now=self.now, forced=by_hand)
        self.states[number] = decided.state
        self.keep(number, decided)
        self.check_step(number, before, decided)
        if not by_hand:
            self.check_caps(before, decided.state, held)
        self.log.append((self.now, number, type(event).__name__, self.by_rank(decided.state), decided.why, len(decided.messages)))
        return decided

    def facts(self, number: int, event: Event) -> Facts:
        """As store/batch.py loads them."""
        lead, state = self.leads[number], self.states[number]
        self.roster.waiting = sum(other.status is Status.WAITING for other in self.states.values())
        self.roster.opens_at = min((seat.back_at for seat in self.roster.seats.values() if seat.back_at), default=None)
        named = {
            str(name) for name in (getattr(event, "rep", None), state.owner, *state.offered_to, lead.person.last_rep) if name
        }
        return Facts(lead, state, self.policy, self.roster.bench(state, lead.person, named), self.team)

    def keep(self, number: int, decided: Step) -> None:
        """Alarms and messages."""
        if decided.disarm:
            self.alarms = {key: alarm for key, alarm in self.alarms.items() if key[0] != number}
        self.alarms |= {(number, alarm.key): alarm for alarm in decided.alarms}
        self.messages[number] += decided.messages
        if any(m.template in ("at_risk", "breach") for m in decided.messages) or decided.state.acknowledged_by:
            self.escalated.add(number)

    def wake(self) -> None:
        """Room goes to the leads that wait for it."""
        waiting = [n for n, state in self.states.items() if state.status is Status.WAITING]
        ordered = sorted(waiting, key=lambda n: (self.states[n].response_due_at or self.now, n))
        fresh = [n for n in ordered if (self.states[n].response_due_at or self.now) >= self.now]
        late = [n for n in ordered if n not in fresh]
        for number, is_fresh in queueing.next_up(fresh, late, self.fresh_starts):
            if not any(can_take(seat) for seat in self.roster.seats.values()):
                return
            self.happen(number, RoomOpened())
            if self.states[number].status is not Status.WAITING:
                self.fresh_starts = self.fresh_starts + 1 if is_fresh else 0

    def duty(self, rep: str, absence: str | None, back_at: datetime | None = None) -> None:
        """A rep comes or goes, as in store/duty.py: who goes off shift gives back what is unanswered."""
        self.roster.put(replace(self.roster.seats[rep], absence=absence, back_at=back_at))
        if absence == "off shift":
            for number, state in list(self.states.items()):
                if state.status in (Status.OFFERED, Status.ACCEPTED) and rep in (state.owner, *state.offered_to):
                    self.happen(number, RepLeft(rep, "has gone off shift"))
        self.wake()

    def pass_time(self, span: timedelta) -> None:
        """Alarms ring and back-offs end in the order in which they are due."""
        until = self.now + span
        while True:
            ends = [(seat.back_at, seat.rank) for seat in self.roster.seats.values() if seat.back_at and seat.back_at <= until]
            due = [(alarm.due_at, key) for key, alarm in self.alarms.items() if alarm.due_at <= until]
            if ends and (not due or min(ends)[0] <= min(due)[0]):
                at, rank = min(ends)
                self.now = max(self.now, at)
                self.duty(self.names[rank], None)
            elif due:
                at, key = min(due)
                self.now = max(self.now, at)
                self.happen(key[0], self.alarms.pop(key).event)
                self.wake()
            else:
                break
        self.now = until

    # --- what must hold ----------------------------------------------------------------------------------------

    def check_step(self, number: int, before: State, decided: Step) -> None:
        """What must hold after every single step."""
        state = decided.state
        assert decided.why
        if before.status is Status.CLOSED:
            assert state == before
        assert bool(state.owner) == (state.status in (Status.ACCEPTED, Status.RESPONDED)) or state.status is Status.CLOSED
        assert bool(state.offered_to) == (state.status in (Status.OFFERED, Status.RINGING))
        if before.response_due_at:
            assert (state.accept_due_at, state.response_due_at) == (before.accept_due_at, before.response_due_at)
        if state.status in UNANSWERED:
            assert any(key[0] == number for key in self.alarms), f"L{number} is {state.status} and no alarm is live"
        assert not set(state.offered_to) & set(state.declined_by)

    def check_caps(self, before: State, after: State, held: dict[str, int]) -> None:
        """Routing gives nothing to who has no room, is not on duty, or has declined."""
        for rep in holdings(after).keys() - holdings(before).keys():
            seat = self.roster.seats[rep]
            assert seat.open == held[rep] + 1
            assert seat.cap_open is None or seat.open <= seat.cap_open
            assert seat.cap_unanswered is None or seat.unanswered <= seat.cap_unanswered
            assert seat.absence is None

    def check(self) -> None:
        """What must hold whenever the world stands still."""
        for number, state in self.states.items():
            if state.status is Status.WAITING and not (state.hold_until and self.now < state.hold_until):
                able = [seat.rep for seat in self.roster.seats.values() if can_take(seat)]
                assert not set(able) - {*state.declined_by, *state.lapsed_by}, f"L{number} waits while {able} have room"
            if state.status in UNANSWERED and self.now >= self.leads[number].arrived_at + 0.75 * SLA.first_response_within:
                assert number in self.escalated, f"nobody was told of L{number}"
        for rep, seat in self.roster.seats.items():
            mine = [holdings(state)[rep] for state in self.states.values() if rep in holdings(state)]
            assert (seat.open, seat.unanswered) == (sum(m[0] for m in mine), sum(m[1] for m in mine))
        for sent in self.messages.values():
            keys = [m.key for m in sent if m.template != "not_acked"]
            assert len(keys) == len(set(keys)), sorted(key for key in keys if keys.count(key) > 1)
            acks = [m.channel for m in sent if m.purpose == "ack"]
            assert len(acks) == len(set(acks))

    def by_rank(self, state: State) -> tuple[object, ...]:
        """A state without names."""
        rank = {name: number for number, name in enumerate(self.names)} | {None: None}
        people = [[rank[name] for name in names] for names in (state.offered_to, state.declined_by, state.lapsed_by, state.tried)]
        return (state.status, rank[state.owner], *people, state.turn, state.rounds, state.cause, state.rung, state.wait_reason)
