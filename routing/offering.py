"""Who is asked next, how many at once, and what it means when nobody can be."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from routing import promise, telling
from routing.capacity import can_take, why_not
from routing.events import OfferLapsed, RetryDue, RoomOpened
from routing.model import Alarm, Facts, RepChange, Seat, State, Status, Step
from routing.team import OfferStyle, Returning
from routing.words import due_text

RETRY = timedelta(seconds=30)  # the net below RoomOpened; room that opens wakes the queue in its own transaction
LONGEST_RETRY = timedelta(minutes=15)
RETRY_SHARE = 4  # a lead that has been here for so long looks again after a quarter of it: fifty looks a night, not a thousand
BACK_OFF = timedelta(minutes=2)  # doubles with each silence in a row up to 30 min (theory.md 2: 1.52 min p95 against 5.10)
LONGEST_BACK_OFF = timedelta(minutes=30)
LOOKED_FOR = timedelta(seconds=5)  # after they are back by the clock: their coming itself moves the lead, this is the net below
SILENT = frozenset({"backing off", "away"})  # on shift, but let offers lapse
CONSIDERED = 12  # reps named in a step's details; the rest are counted by reason
BROADCAST_AT_MOST = 25  # more texts than this at one instant is a flood, not an offer


def offer(facts: Facts, now: datetime, *, because: str, besides: tuple[str, ...] = ()) -> Step:
    """Ask the next rep or reps, or wait and say why. `because` is what led here, `besides` are not asked this time."""
    hold = held_for_owner(facts, now, besides)
    if hold:
        return hold
    able = candidates(facts, besides)
    if not able and facts.state.lapsed_by:  # everybody was asked once: a new round begins
        facts = replace(facts, state=replace(facts.state, lapsed_by=(), rounds=facts.state.rounds + 1))
        able = candidates(facts, besides)
    if not able:
        return wait(facts, now, because=because, besides=besides)
    chosen = able[: width(facts, now)]
    if facts.policy.pool.offer is OfferStyle.ASSIGN:
        return give(facts, chosen[0], now, because=because, besides=besides)
    return ask(facts, chosen, now, because=because, besides=besides)


def look_again(facts: Facts, event: RoomOpened | RetryDue, now: datetime) -> Step:
    """Room has opened, or it is time to look. A lead that is held for its own rep lets others' room go by until then."""
    state = facts.state
    own = facts.bench.named.get(state.hold_for or "")
    if own and own.absence is not None and state.hold_until and now < state.hold_until:
        return Step(state, why=f"still held for {own.name}", changed=False)
    return offer(facts, now, because="room opened" if isinstance(event, RoomOpened) else "looked again")


def candidates(facts: Facts, besides: Iterable[str] = ()) -> tuple[Seat, ...]:
    """Reps with room who may be asked, best first; of a person who comes back their own rep leads."""
    barred = {*facts.state.declined_by, *facts.state.lapsed_by, *besides}
    needs = facts.policy.rule.needs
    able = [seat for seat in facts.bench.able if seat.rep not in barred and needs <= seat.skills]
    own = owner_seat(facts)
    if own and own.rep not in barred and needs <= own.skills and can_take(own):
        able = [own, *(seat for seat in able if seat.rep != own.rep)]
    return tuple(able)


def owner_seat(facts: Facts) -> Seat | None:
    """The seat of the rep who had this person before, where the pool wants them asked first."""
    last, pool = facts.lead.person.last_rep, facts.policy.pool
    wanted = pool.returning is Returning.SAME_REP or pool.strategy == "owner_first"
    members = facts.team.pools.get(pool.id, pool).members  # of today: a lead keeps its rules, but who has left is not asked
    return facts.bench.named.get(last) if last and wanted and last in members else None


def held_for_owner(facts: Facts, now: datetime, besides: Iterable[str] = ()) -> Step | None:
    """Wait a little for the person's own rep: at most a quarter of the SLA, and once (theory.md 2, "sticky")."""
    own, state = owner_seat(facts), facts.state
    if own is None or own.absence is None or own.back_at is None or not facts.policy.rule.needs <= own.skills:
        return None
    if state.hold_for or own.rep in (*state.declined_by, *state.tried, *besides):
        return None
    if not now < own.back_at <= facts.lead.arrived_at + facts.policy.sla.first_response_within / 4:
        return None
    state = replace(
        state, status=Status.WAITING, hold_for=own.rep, hold_until=own.back_at, wait_reason=f"held for {own.name}",
        owner=None, offered_to=(), offered_at=None, accepted_at=None,
    )  # fmt: skip
    why = f"held for {own.name}, who knows this person and is back in time ({own.absence})"
    return Step(state, why=why, alarms=(Alarm("retry", own.back_at + LOOKED_FOR, RetryDue()),))


def width(facts: Facts, now: datetime) -> int:
    """How many are asked at once: it widens as the SLA runs down (half gone, or two rounds: a ring; three quarters: all)."""
    pool, used = facts.policy.pool, promise.used(facts, now)
    if pool.offer is OfferStyle.BROADCAST or used >= 0.75:
        return BROADCAST_AT_MOST
    if pool.offer is OfferStyle.RING or used >= 0.5 or facts.state.rounds >= 2:
        return pool.ring
    return 1


def ask(facts: Facts, chosen: tuple[Seat, ...], now: datetime, *, because: str, besides: tuple[str, ...] = ()) -> Step:
    """Offer the lead to `chosen`; they have `offer_for` to say yes."""
    turn = facts.state.turn + 1
    lapses_at = now + facts.policy.pool.offer_for
    state = replace(
        facts.state, status=Status.OFFERED, owner=None, offered_to=tuple(s.rep for s in chosen), turn=turn,
        offered_at=now, offer_lapses_at=lapses_at, wait_reason=None, accepted_at=None,
        tried=tried(facts.state, (s.rep for s in chosen)),
    )  # fmt: skip
    names = " and ".join(seat.name for seat in chosen) if len(chosen) < 4 else f"{len(chosen)} reps at once"
    return Step(
        state,
        why=f"{because}: offered to {names} ({reason(facts, chosen[0])})",
        details=considered(facts, chosen, besides),
        alarms=(Alarm("lapse", lapses_at, OfferLapsed(turn)),),
        messages=tuple(m for seat in chosen for m in telling.offered(facts, state, seat, now)),
        reps=tuple(RepChange(seat.rep, assigned=True) for seat in chosen),
    )


def give(facts: Facts, seat: Seat, now: datetime, *, because: str, besides: tuple[str, ...] = ()) -> Step:
    """Hand the lead over without asking."""
    state = owned(replace(facts.state, turn=facts.state.turn + 1), seat.rep, now)
    return Step(
        state,
        why=f"{because}: assigned to {seat.name} ({reason(facts, seat)})",
        details=considered(facts, (seat,), besides),
        messages=telling.yours(facts, seat.rep, now),
        reps=(RepChange(seat.rep, assigned=True),),
    )


def tried(state: State, reps: Iterable[str]) -> tuple[str, ...]:
    """Everybody who was ever asked, in the order in which they were."""
    return tuple(dict.fromkeys((*state.tried, *reps)))


def wait(facts: Facts, now: datetime, *, because: str, besides: tuple[str, ...] = ()) -> Step:
    """Nobody can take it now: it waits, and moves the instant room appears."""
    reason_why = nobody(facts)
    opens = facts.bench.opens_at
    state = replace(
        facts.state, status=Status.WAITING, owner=None, offered_to=(), offered_at=None, accepted_at=None, hold_until=None,
        wait_reason=reason_why,
    )  # fmt: skip
    when = f"; the next is back {due_text(opens, facts.policy.site.zone, now)}" if opens else ""
    fresh = facts.state.status is not Status.WAITING or facts.state.wait_reason != reason_why
    return Step(
        state,
        why=f"{because}: waits, {reason_why}{when}",
        details=considered(facts, (), besides),
        alarms=(Alarm("retry", looks_at(facts, now), RetryDue()),),
        messages=telling.waiting(facts, reason_why, now) if promise.will_breach(facts, opens) else (),
        changed=fresh,
    )


def looks_at(facts: Facts, now: datetime) -> datetime:
    """When to look again: after 30 s at first, later after a quarter of the lead's age, and soon after the next one comes on duty.

    Not at that very instant: then the queue is served in its own order, and who looks for themselves would jump it.
    """
    rest = min(max(RETRY, (now - facts.lead.arrived_at) / RETRY_SHARE), LONGEST_RETRY)
    opens = facts.bench.opens_at
    return min(now + rest, opens + RETRY) if opens and opens + RETRY > now else now + rest


def owned(state: State, rep: str, now: datetime) -> State:
    """The state in which `rep` has the lead and nobody else is asked."""
    return replace(
        state, status=Status.ACCEPTED, owner=rep, offered_to=(), accepted_at=now, offered_at=None, offer_lapses_at=None,
        wait_reason=None, undelivered=False,
    )  # fmt: skip


def silenced(facts: Facts, reps: tuple[str, ...], now: datetime) -> tuple[RepChange, ...]:
    """What silence does to a rep: a doubling back-off, and Away after `away_after` silences in a row.

    Who is Away already, or has said that they are busy or off, is not expected to answer what they were asked before.
    """
    changes, first = (
        [],
        min(BACK_OFF, facts.policy.pool.offer_for),
    )  # offers of ten seconds: a pause of two minutes is the whole SLA
    for rep in reps:
        seat = facts.bench.named.get(rep)
        if seat and seat.absence not in (None, "backing off"):
            changes.append(RepChange(rep))
            continue
        lapses = (seat.lapses if seat else 0) + 1
        pause = min(first * 2 ** min(lapses - 1, 4), LONGEST_BACK_OFF)
        changes.append(RepChange(rep, lapses=lapses, backoff_until=now + pause, away=lapses >= facts.policy.pool.away_after))
    return tuple(changes)


def rested(facts: Facts, rep: str, now: datetime) -> RepChange:
    """A pause for a rep whom no offer reaches: no silence is counted, and any word of theirs ends it."""
    seat = facts.bench.named.get(rep)
    return RepChange(rep, lapses=seat.lapses if seat else 0, backoff_until=now + BACK_OFF)


def reason(facts: Facts, seat: Seat) -> str:
    """Why this rep comes first, in the strategy's own terms."""
    if seat == owner_seat(facts):
        return "knows this person"
    held = f"{seat.open} of {seat.cap_open}" if seat.cap_open is not None else f"{seat.open}"
    words = {"round_robin": "next in turn", "weighted": f"furthest below their share, weight {seat.weight}"}
    return words.get(facts.policy.pool.strategy, f"most room: holds {held}")


def considered(facts: Facts, chosen: tuple[Seat, ...], besides: Iterable[str] = ()) -> tuple[str, ...]:
    """Who else could have taken it, and why the others could not. `besides` are those it has just come back from."""
    taken = {seat.rep for seat in chosen}
    lines = []
    for seat in facts.bench.able[: CONSIDERED + len(taken)]:
        if seat.rep in taken:
            continue
        just_now = "it has just come back from them" if seat.rep in besides else None
        lines.append(f"{seat.name}: {excluded(facts, seat) or just_now or f'could take it, holds {seat.open}'}")
    for seat in facts.bench.named.values():
        why = why_not(seat)
        if why and seat.rep not in taken and all(s.rep != seat.rep for s in facts.bench.able):
            lines.append(f"{seat.name}: {why}")
    counted = ", ".join(f"{count} {why}" for why, count in sorted(facts.bench.others.items()))
    return (*lines[:CONSIDERED], *((f"the rest of {facts.bench.size}: {counted}",) if counted else ()))


def excluded(facts: Facts, seat: Seat) -> str | None:
    """Why a rep with room is not asked about this lead, None if they could be."""
    if seat.rep in facts.state.declined_by:
        return "passed on it"
    if seat.rep in facts.state.lapsed_by:
        return "was asked in this round"
    missing = facts.policy.rule.needs - seat.skills
    return f"lacks {', '.join(sorted(missing))}" if missing else None


def nobody(facts: Facts) -> str:
    """Why nobody can take it, in words."""
    bench = facts.bench
    if bench.size == 0:
        return "the pool has no reps"
    if any(facts.policy.rule.needs <= seat.skills for seat in bench.able):
        return "everybody with room has been asked"
    if bench.able:
        return f"nobody with room has {', '.join(sorted(facts.policy.rule.needs))}"
    if any("full" in why for why in bench.others):
        silent = SILENT & bench.others.keys()
        return "all who are on shift are full or do not answer" if silent else "all who are on shift are full"
    if SILENT & bench.others.keys():
        return "nobody who is on shift answers"
    return "nobody is on shift"
