"""Facts for the tests of the journey: Dana Cole writes to Acme; Priya, Tom, Ana and Joe answer; Kim and Lou are told.

It is Monday, 9:00 in Austin (15:00 UTC). The SLA is 20 minutes, so that its quarter, half and three quarters are whole: 5, 10, 15.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from config.teamfile.rules import rulebook
from routing.events import Event
from routing.hours import ALWAYS, Calendar
from routing.journey import step
from routing.model import Bench, Facts, Kind, Lead, Message, Person, Policy, Seat, State, Status, Step
from routing.team import Cap, Manager, Pool, Rep, Rule, Rung, RungAction, Site, Sla, Source, Team

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CHICAGO = "America/Chicago"
NEVER_OPEN = Calendar(CHICAGO, {}, name="never")
OFFICE = Calendar(CHICAGO, dict.fromkeys(range(5), ((510, 1050),)), name="office")  # Mon-Fri 8:30-17:30

NAMES = {"priya": "Priya Shah", "tom": "Tom Becker", "ana": "Ana Ruiz", "joe": "Joe Lindqvist"}
REPS = {
    rep: Rep(rep, name, rank, f"+1512555011{rank}", f"{rep}@acme.example", frozenset({"spanish"} if rep == "ana" else ()), Cap())
    for rank, (rep, name) in enumerate(NAMES.items())
}
KIM = Manager("kim", "Kim Ortega", phone="+15125550190", email="kim@acme.example")
LOU = Manager("lou", "Lou Bennett", phone="+15125550191", email="lou@acme.example")
DANA = Person(1, "Dana Cole", phone="+15125550143", email="dana@example.org", zone=CHICAGO)

REMIND, REOFFER, TELL = RungAction.REMIND, RungAction.REOFFER, RungAction.TELL
LADDER = (
    Rung(REMIND, 10 * MINUTE),
    Rung(REOFFER, 12 * MINUTE),
    Rung(TELL, 15 * MINUTE, who="pool_managers"),
    Rung(TELL, 30 * MINUTE, who="director", every=10 * MINUTE),
)
SLA = Sla("hot", ALWAYS, 5 * MINUTE, 20 * MINUTE, LADDER, acknowledged_for=15 * MINUTE)
POOL = Pool("sales", "Sales", tuple(NAMES), managers=("kim",), directors=("lou",))
SITE = Site("Acme", CHICAGO, postal_address="100 Example Street, Austin")
WEBSITE = Source("website", "form")


def a_seat(rep: str, **how: object) -> Seat:
    """The seat of one of the four, free and on duty unless `how` says otherwise."""
    person = REPS[rep]
    given = {"cap_open": 10, "cap_unanswered": 3, "phone": person.phone, "email": person.email, "skills": person.skills, **how}
    return Seat(rep, person.name, person.rank, **given)


def a_bench(*able: str | Seat, away: Iterable[Seat] = (), **how: object) -> Bench:
    """Those who can take a lead, best first, and the seats of those who cannot; the latter are counted by their reason."""
    free = tuple(a_seat(rep) if isinstance(rep, str) else rep for rep in able)
    absent = tuple(away)
    others: dict[str, int] = {}
    for seat in absent:
        why = seat.absence or "full"
        others[why] = others.get(why, 0) + 1
    given = {"others": others, "size": len(NAMES), "named": {seat.rep: seat for seat in (*free, *absent)}, **how}
    return Bench(free, **given)


EVERYBODY = a_bench(*NAMES)
NOBODY = a_bench(away=[a_seat(rep, absence="off shift") for rep in NAMES])
ALL_FULL = a_bench(away=[a_seat(rep, open=10) for rep in NAMES])


def a_lead(**how: object) -> Lead:
    """Dana's form of just now."""
    given = {"person": DANA, "arrived_at": NOW, "message": "Two quotes, please", **how}
    return Lead(7, "G1", given.pop("kind", Kind.FORM), "website", given.pop("channel", "form"), **given)


def a_team(pool: Pool = POOL, **how: object) -> Team:
    """Acme's team with that pool."""
    managers = {manager.id: manager for manager in (KIM, LOU)}
    return Team(1, SITE, REPS, managers, {pool.id: pool}, {}, (), {}, {}, rulebook(), **how)


def facts(state: State | None = None, bench: Bench = EVERYBODY, **how: object) -> Facts:
    """Dana's lead before the next step. `how`: lead, pool, sla, source, needs, team; pool fields may be given by `pool`."""
    pool, sla = how.get("pool", POOL), how.get("sla", SLA)
    rule = Rule("rest", pool.id, sla.id, needs=frozenset(how.get("needs", ())))
    policy = Policy(1, SITE, how.get("source", WEBSITE), pool, sla, rule)
    return Facts(how.get("lead") or a_lead(), state or State(), policy, bench, how.get("team") or a_team(pool))


def promised(status: Status, **how: object) -> State:
    """A state after arrival: with its due instants, acknowledged by text."""
    given = {"accept_due_at": NOW + 5 * MINUTE, "response_due_at": NOW + 20 * MINUTE, "acked_on": ("sms",), **how}
    return State(status, **given)


def offered(*reps: str, turn: int = 1, **how: object) -> State:
    """Offered to these reps since NOW."""
    given = {"offered_at": NOW, "offer_lapses_at": NOW + 2 * MINUTE, "tried": reps, **how}
    return promised(Status.OFFERED, offered_to=reps, turn=turn, **given)


def accepted(rep: str = "priya", **how: object) -> State:
    """Taken by that rep, nobody has answered yet."""
    given = {"turn": 1, "accepted_at": NOW + MINUTE, "tried": (rep,), **how}
    return promised(Status.ACCEPTED, owner=rep, **given)


def responded(rep: str = "priya", **how: object) -> State:
    """Answered by that rep by a bridged call."""
    state = accepted(rep)
    return replace(state, **{"status": Status.RESPONDED, "responded_at": NOW + 2 * MINUTE, "response_how": "call", **how})


def waiting(**how: object) -> State:
    """Nobody had room."""
    return promised(Status.WAITING, **{"wait_reason": "nobody is on shift", **how})


def ringing(rep: str = "priya", **how: object) -> State:
    """The caller is on the line while this rep's phone rings."""
    given = {"turn": 1, "tried": (rep,), "acked_on": (), "call_sid": "CA1", "offered_at": NOW, **how}
    return promised(Status.RINGING, offered_to=(rep,), **given)


STATES = {
    Status.NEW: State(),
    Status.RINGING: ringing(),
    Status.WAITING: waiting(),
    Status.OFFERED: offered("priya", "tom"),
    Status.ACCEPTED: accepted(),
    Status.RESPONDED: responded(),
    Status.CLOSED: responded(status=Status.CLOSED, closed_at=NOW + 3 * MINUTE, outcome="talked"),
    Status.QUARANTINED: promised(Status.QUARANTINED, acked_on=()),
}


def after(given: Facts, *events: Event, minutes: float = 1) -> tuple[Facts, Step]:
    """The facts after these events, all `minutes` after NOW, and the last step."""
    for event in events:
        last = step(given, event, NOW + minutes * MINUTE)
        given = replace(given, state=last.state)
    return given, last


def told(decided: Step, template: str | None = None) -> list[str]:
    """To whom and how, e.g. "rep:tom sms"; of one template or of all."""
    return [f"{m.to} {m.channel}" for m in decided.messages if template in (None, m.template)]


def message(decided: Step, template: str, to: str | None = None) -> Message:
    """The first message of that template (to that person). Fails with what there is."""
    fitting = [m for m in decided.messages if m.template == template and to in (None, m.to)]
    assert fitting, f"no {template} to {to} among {[(m.template, m.to) for m in decided.messages]}"
    return fitting[0]


def alarm_keys(decided: Step) -> set[str]:
    """The keys of the alarms that a step sets."""
    return {alarm.key for alarm in decided.alarms}
