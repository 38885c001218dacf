"""A pool's seats inside one transaction: who has room, in the strategy's order, kept true from step to step in a batch.

A pool of up to SMALL seats is loaded whole. Of a larger one the best SHORTLIST free seats come first: whoever sorts no later than
the last of them is surely better than all who were not loaded. A decision that finds too few of those loads on (`reach`).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from routing import strategies
from routing.capacity import can_take
from routing.model import Bench, Person, RepChange, Seat, State, Status
from routing.team import Pool, Team
from store.ranking import Ranking
from store.seats import HEADING, NAMED, SHORTLIST, Edge, edge_of, members, next_best, seat_of
from store.together import Answer, Together

SMALL = 200
SHOWN = 12  # pools up to this size show every rep's reason in the timeline
WAITING_COUNTED = 200
A_FEW = 8  # seats changed at once up to which they are put in place one by one
ENOUGH = 25  # seats that must surely be the best: as many as are ever asked at once (routing/offering.py)
ANYBODY: frozenset[str] = frozenset()


@dataclass(slots=True)
class Change:
    """What a batch changes on one rep."""

    open: int = 0
    unanswered: int = 0
    today: int = 0
    lapses: int | None = None
    backoff_until: datetime | None = None
    away: bool = False
    assigned: bool = False
    checked: bool = False  # took room by routing: the caps must hold when it is saved


@dataclass(slots=True)
class Roster:
    """The seats in hand. `whole` tells whether every seat of the pool is."""

    pool: Pool
    seats: dict[str, Seat]
    guests: dict[str, Seat]  # reps of other pools who are named on a lead of this one
    size: int
    waiting: int
    tally: Mapping[str, int]
    opens_at: datetime | None
    whole: bool
    changes: dict[str, Change] = field(default_factory=dict)
    charged: set[str] = field(default_factory=set)
    freed: set[str] = field(default_factory=set)  # reps who have room that they did not have before
    edges: dict[frozenset[str], Edge] = field(default_factory=dict)  # how far the seats with these skills are loaded
    ranked: Ranking | None = None  # made when it is first asked for; None again when many seats have changed at once

    @property
    def ranking(self) -> Ranking:
        """Who can take a lead, in the strategy's order."""
        if self.ranked is None:
            self.ranked = Ranking(self.seats.values(), strategies.get(self.pool.strategy).order)
        return self.ranked

    def put(self, seat: Seat) -> None:
        """A seat as it is from now on."""
        self.seats[seat.rep] = seat
        if self.ranked is not None:
            self.ranked.put(seat)

    def bench(self, state: State, person: Person, names: Iterable[str] = ()) -> Bench:
        """The pool as a decision about this lead sees it."""
        asked = {name for name in (state.owner, *state.offered_to, *state.lapsed_by, person.last_rep, *names) if name}
        shown = self.seats if self.whole and self.size <= SHOWN else {}
        named = {rep: seat for rep in (*shown, *sorted(asked)) if (seat := self.seats.get(rep) or self.guests.get(rep))}
        return Bench(
            able=self.ranking.able(), others=self.others(), named=named, opens_at=self.opens_at, size=self.size, waiting=self.waiting,
        )  # fmt: skip

    def ensure(self, db: Connection, team: Team, names: set[str]) -> None:
        """Have these reps in hand, able or not. A rep of another pool is a guest: named, but never a candidate."""
        missing = names - self.seats.keys() - self.guests.keys()
        if not missing:
            return
        for row in db.execute(NAMED, {"pool": self.pool.id, "names": sorted(missing)}).mappings():
            self.enter(seat_of(row, team))

    def enter(self, seat: Seat) -> None:
        """A seat of the pool, or a guest's, as it is from now on."""
        if seat.rep in self.seats or (seat.rep not in self.guests and seat.rep in self.pool.members):
            self.put(seat)
        else:
            self.guests[seat.rep] = seat

    def seat(self, rep: str) -> Seat | None:
        """A rep in hand, of this pool or a guest."""
        return self.seats.get(rep) or self.guests.get(rep)

    def reach(self, db: Connection, team: Team, needs: frozenset[str], barred: Collection[str]) -> None:
        """In a large pool: load on until enough of those who may take this lead are surely the best there are."""
        while (edge := self.edges.get(needs, self.edges.get(ANYBODY))) is not None:
            sure = (seat for seat in self.ranking.up_to(edge) if needs <= seat.skills and seat.rep not in barred)
            if len(list(islice(sure, ENOUGH))) == ENOUGH:
                return
            self.load_on(db, team, needs)

    def load_on(self, db: Connection, team: Team, needs: frozenset[str]) -> None:
        """The next best seats with these skills."""
        scope = {"pool": self.pool.id, "needs": sorted(needs), "known": list(self.seats), "most": SHORTLIST}
        seats = [seat_of(row, team) for row in db.execute(members(next_best(self.pool.strategy)), scope).mappings()]
        self.edges[needs] = edge_of(seats, self.pool.strategy)
        for seat in seats:
            self.put(seat)

    def send_off(self, absent: Mapping[str, str]) -> None:
        """These reps go off duty in this transaction."""
        for rep, why in absent.items():
            if rep in self.seats and self.seats[rep].absence != why:
                self.put(replace(self.seats[rep], absence=why))

    def follow(self, other: "Roster", reps: Iterable[str]) -> None:
        """Take over what another pool's roster of the same batch has changed on reps whom both know."""
        for rep in reps:
            mine, theirs = self.seat(rep), other.seat(rep)
            if mine is None or theirs is None:
                continue
            shared = {name: getattr(theirs, name) for name in SHARED}
            self.enter(replace(mine, **shared))
            if rep in other.freed and rep in self.seats:
                self.freed.add(rep)

    def others(self) -> Mapping[str, int]:
        """How many cannot take a lead, by reason; in a large pool as last counted by the clock."""
        return self.ranking.others() if self.whole else self.tally

    def apply(self, before: State, after: State, changes: Iterable[RepChange], *, now: datetime, forced: bool) -> set[str]:
        """Move the counts from one state of a lead to the next; returns the reps touched.

        `forced`: a person's decision, which may go over a cap.
        """
        was, becomes = holdings(before), holdings(after)
        self.waiting += (after.status is Status.WAITING) - (before.status is Status.WAITING)
        for rep in sorted({*was, *becomes}):
            self.move(rep, was.get(rep, (0, 0)), becomes.get(rep, (0, 0)), tentative=before.status in TENTATIVE, forced=forced)
        for change in changes:
            self.note(change, now)
        return {*was, *becomes, *(change.rep for change in changes)}

    def move(self, rep: str, was: tuple[int, int], becomes: tuple[int, int], *, tentative: bool, forced: bool) -> None:
        """One rep's counts. An offer that was not taken gives today's count back."""
        opened, unanswered = becomes[0] - was[0], becomes[1] - was[1]
        today = max(opened, 0) - (1 if opened < 0 and tentative else 0)
        change = self.changes.setdefault(rep, Change())
        change.open += opened
        change.unanswered += unanswered
        change.today += today
        change.checked |= opened > 0 and not forced
        if opened < 0 or unanswered < 0:
            self.freed.add(rep)
        seat = self.seat(rep)
        if seat:
            counts = {"open": seat.open + opened, "unanswered": seat.unanswered + unanswered, "today": seat.today + today}
            self.enter(replace(seat, **{name: max(count, 0) for name, count in counts.items()}))  # type: ignore[arg-type]

    def note(self, change: RepChange, now: datetime) -> None:
        """Turns taken, silences, signs of life."""
        kept, seat = self.changes.setdefault(change.rep, Change()), self.seat(change.rep)
        if change.lapses is not None:
            kept.lapses, kept.backoff_until, kept.away = change.lapses, change.backoff_until, change.away
            if seat:
                absent = "away" if change.away else "backing off" if change.backoff_until else awake(seat.absence)
                if seat.absence and not absent:
                    self.freed.add(change.rep)  # a sign of life: the leads that wait may go to them
                seat = replace(seat, lapses=change.lapses, absence=absent, back_at=change.backoff_until)
        if change.assigned:
            kept.assigned = True
            self.charge(change.rep)
            current = self.seat(change.rep)
            seat = replace(seat, last_assigned_at=now, credit=current.credit, served=current.served) if seat and current else None
        if seat:
            self.enter(seat)

    def charge(self, rep: str) -> None:
        """Let the strategy count the turn."""
        chosen = self.seats.get(rep)
        able = [*self.ranking.able(), *([chosen] if chosen and not can_take(chosen) else [])]
        charged = strategies.get(self.pool.strategy).charge(able, rep)
        if len(charged) > A_FEW:
            self.ranked = None
        for seat in charged:
            self.put(seat)
            self.charged.add(seat.rep)


def awake(absence: str | None) -> str | None:
    """What is left of an absence after a sign of life."""
    return None if absence in ("away", "backing off") else absence


TENTATIVE = frozenset({Status.OFFERED, Status.RINGING})
SHARED = ("open", "unanswered", "today", "absence", "back_at", "last_assigned_at", "lapses")  # a rep's, in whichever pool


def holdings(state: State) -> dict[str, tuple[int, int]]:
    """Whose room a lead takes: (open, unanswered) by rep. An offer holds room, or two offers could overfill a rep."""
    match state.status:
        case Status.OFFERED | Status.RINGING:
            return dict.fromkeys(state.offered_to, (1, 1))
        case Status.ACCEPTED if state.owner:
            return {state.owner: (1, 1)}
        case Status.RESPONDED if state.owner:
            return {state.owner: (1, 0)}
        case _:
            return {}


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions for a pool's seats; `roster` when they were sent."""

    pool: Pool
    members: Answer
    heading: Answer
    is_shortlist: bool

    def roster(self, team: Team) -> Roster:
        """The seats that a batch on this pool may need."""
        loaded = [seat_of(row, team) for row in self.members.rows]
        seats, heading = {seat.rep: seat for seat in loaded}, self.heading.rows[0]
        size = len(self.pool.members)
        whole = size <= SMALL
        opens_at = heading["opens_at"] if not whole else min((s.back_at for s in seats.values() if s.back_at), default=None)
        tally = {why: int(count) for why, count in (heading["tally"] or {}).items()}
        edges = {ANYBODY: edge_of(loaded, self.pool.strategy) if self.is_shortlist else None}
        return Roster(self.pool, seats, {}, size, heading["waiting"], tally, opens_at, whole, edges=edges)


def ask_roster(asks: Together, pool: Pool) -> Asked:
    """Ask for the seats of a pool with whatever else goes out. The pool must be locked, or be locked by what goes out before."""
    whole = len(pool.members) <= SMALL
    everybody = whole or pool.strategy == "round_robin"  # smooth round robin moves every present seat's credit at each turn
    which = "" if whole else "AND s.free" if everybody else next_best(pool.strategy)
    scope = {"pool": pool.id, "needs": [], "known": [], "most": SHORTLIST}
    return Asked(
        pool, asks.add(members(which), scope), asks.add(HEADING, {"pool": pool.id, "most": WAITING_COUNTED}), not everybody
    )


def load_roster(db: Connection, pool: Pool, team: Team) -> Roster:
    """The same at once."""
    asks = Together(db)
    asked = ask_roster(asks, pool)
    asks.send()
    return asked.roster(team)
