"""The nouns of a lead's journey: the lead, its state, the facts a decision sees, and what a step returns.

Everything here is a frozen value. Instants end in `_at` and are aware UTC; durations are `timedelta`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from routing.events import Event
from routing.team import Pool, Rule, Site, Sla, Source, Team


class Status(StrEnum):
    """Where a lead is in its journey, in the order in which it meets them."""

    NEW = "new"  # on disk, not yet decided
    RINGING = "ringing"  # the caller is on the line while a rep's phone rings
    WAITING = "waiting"  # nobody has room (or nobody is on shift)
    OFFERED = "offered"  # one or more reps have been asked
    ACCEPTED = "accepted"  # a rep has it, no human response yet
    RESPONDED = "responded"  # a human has responded: the SLA clock has stopped
    CLOSED = "closed"  # done; a final state
    QUARANTINED = "quarantined"  # no usable contact: kept, shown, alarmed; a person must look


OPEN = frozenset({Status.NEW, Status.RINGING, Status.WAITING, Status.OFFERED, Status.ACCEPTED, Status.RESPONDED})
UNANSWERED = frozenset({Status.NEW, Status.RINGING, Status.WAITING, Status.OFFERED, Status.ACCEPTED})


class Cause(StrEnum):
    """Why a promise was broken."""

    NOBODY_ON_SHIFT = "nobody on shift"
    ALL_FULL = "all full"
    OFFERS_IGNORED = "offers ignored"
    REP_SILENT = "accepted but not answered"
    PROVIDER_FAILED = "provider failed"
    CONFIGURATION_GAP = "configuration gap"


class Kind(StrEnum):
    """How the lead came to us."""

    FORM = "form"
    CALL = "call"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote. `handles` are ids on social channels, e.g. {"messenger": "6200..."}; `zone` an IANA name if known.

    `opted_out` are channels closed by a STOP; `wrote_at` is when they last called or wrote to us themselves. `is_named`: the
    name is one they gave, not one that a platform or a carrier shows.
    """

    id: int
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    handles: Mapping[str, str] = field(default_factory=dict)
    zone: str | None = None
    locale: str | None = None
    last_rep: str | None = None
    opted_out: frozenset[str] = frozenset()
    wrote_at: datetime | None = None
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Lead:
    """One inquiry. `channel` is where it came in (form, call, sms, whatsapp, messenger ...); `fields` all else it said."""

    id: int
    code: str
    kind: Kind
    source: str
    channel: str
    person: Person
    arrived_at: datetime
    message: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """All that changes on a lead. `turn` counts offers (an alarm of an earlier turn is stale); `offered_to` hold this turn's offer.

    `dial_...` is the last call that a rep asked for: its number, who is on it (None: it is over), until when it can be under way,
    whether the rep pressed 1, and who took it ("human", "machine", "nobody").
    `declined_by` said no and are never asked again; `lapsed_by` let this round's offer lapse and are asked again
    next round; `tried` are all who were ever asked. `line` is who is rung for a caller although they have the lead already,
    `response_call` the call or text that was the first response, `contacted_at` when both had been heard, `said` the lead's last words while nobody had answered yet.
    `heard_on` is the channel of their last words where it is not the inquiry's, `reached` which numbers and accounts of ours they last
    used (routing/lines.py).
    `stage` is the newest that a CRM has told (qualified, won, lost), `stage_at` when it came to that there.
    """

    status: Status = Status.NEW
    owner: str | None = None
    offered_to: tuple[str, ...] = ()
    turn: int = 0
    rounds: int = 0
    declined_by: tuple[str, ...] = ()
    lapsed_by: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()
    offered_at: datetime | None = None
    offer_lapses_at: datetime | None = None
    accept_due_at: datetime | None = None
    response_due_at: datetime | None = None
    promised_at: datetime | None = None
    accepted_at: datetime | None = None
    attempted_at: datetime | None = None
    responded_at: datetime | None = None
    response_how: str | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    breached_at: datetime | None = None
    accept_breached_at: datetime | None = None
    cause: Cause | None = None
    acknowledged_by: str | None = None
    rung: int = 0
    wait_reason: str | None = None
    hold_for: str | None = None
    hold_until: datetime | None = None
    call_sid: str | None = None
    acked_on: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    undelivered: bool = False
    line: str | None = None
    response_call: str | None = None
    contacted_at: datetime | None = None
    said: tuple[str, ...] = ()
    dial_number: int = 0
    dial_rep: str | None = None
    dial_until: datetime | None = None
    dial_joined: bool = False
    dial_met: str | None = None
    dial_met_at: datetime | None = None
    heard_on: str | None = None
    reached: Mapping[str, str] = field(default_factory=dict)
    stage: str | None = None
    stage_at: datetime | None = None

    @property
    def holders(self) -> tuple[str, ...]:
        """Who has it, or else who is asked."""
        return (self.owner,) if self.owner else self.offered_to


@dataclass(frozen=True, slots=True)
class Seat:
    """A rep's place in a pool as it stands now. `open`, `unanswered` and `today` count leads held, offers included.

    `absence` is None when on duty, else the reason ("off shift", "on leave", "away", "busy", "backing off", "off");
    `back_at` is when that ends, if known. `credit` is the round-robin current weight, `served` the weighted share so far.
    """

    rep: str
    name: str
    rank: int
    weight: int = 1
    skills: frozenset[str] = frozenset()
    open: int = 0
    unanswered: int = 0
    today: int = 0
    cap_open: int | None = None
    cap_unanswered: int | None = None
    cap_today: int | None = None
    absence: str | None = None
    back_at: datetime | None = None
    last_assigned_at: datetime | None = None
    credit: int = 0
    served: float = 0.0
    lapses: int = 0
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """Who could take a lead in this pool now.

    `able` have room and are on duty, best first by the pool's strategy (a shortlist in a large pool);
    `others` counts the rest by reason; `named` holds seats asked for by name (owner, last rep, the offer's reps), able or not;
    `opens_at` is the next instant at which somebody comes on duty.
    """

    able: tuple[Seat, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    named: Mapping[str, Seat] = field(default_factory=dict)
    opens_at: datetime | None = None
    size: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules this lead lives under: frozen when it arrived. `matched` is the rule read back clause by clause."""

    version: int
    site: Site
    source: Source
    pool: Pool
    sla: Sla
    rule: Rule
    matched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a decision may look at."""

    lead: Lead
    state: State
    policy: Policy
    bench: Bench
    team: Team


# --- what a step returns -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Alarm:
    """Ring `event` at `due_at`. One alarm per `key` and lead: a later one with the same key replaces it."""

    key: str
    due_at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Message:
    """Something to be told to somebody. `key` is unique for the lead: the same message is never written twice.

    `to` is "lead", "rep:<id>" or "manager:<id>"; `channel` one of workers/channels; `template` one of workers/messages;
    `words` a source's own template text; `fields` what the template may name. `purpose` is ack, offer, notice, alarm or call:
    acks are sent and calls are placed at most once, alarms at least once.
    """

    key: str
    to: str
    channel: str
    address: str
    template: str
    purpose: str
    fields: Mapping[str, str] = field(default_factory=dict)
    words: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RepChange:
    """A change to a rep that is not load: `lapses` None leaves the count, `away` sets them Away."""

    rep: str
    lapses: int | None = None
    backoff_until: datetime | None = None
    away: bool = False
    assigned: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What happens: the new state, why in words, and what it sets in motion. Saved whole or not at all.

    `disarm` silences the lead's alarms before `alarms` are set; `changed` is False for an event that came too late to matter.
    """

    state: State
    why: str
    details: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    messages: tuple[Message, ...] = ()
    reps: tuple[RepChange, ...] = ()
    disarm: bool = False
    changed: bool = True
