"""What the team file says, as frozen values: who is on the team, when they work, what is promised to whom.

A lead keeps the version of these values under which it arrived; `version` is that number.
Instants are aware UTC, durations are `timedelta`, keys are the names used in the team file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from routing.approved import Approved
from routing.endpoint import Endpoint
from routing.hours import ALWAYS, Calendar
from routing.pacing import Pace
from routing.rulebook import Rulebook


class OfferStyle(StrEnum):
    """How a pool hands a lead to its reps."""

    ASSIGN = "assign"
    ONE_AT_A_TIME = "one_at_a_time"
    RING = "ring"
    BROADCAST = "broadcast"


class QueueOrder(StrEnum):
    """Which waiting lead is next when room opens (theory: fresh_first answers more leads in time under load)."""

    FRESH_FIRST = "fresh_first"
    OLDEST_FIRST = "oldest_first"


class Returning(StrEnum):
    """Who is asked first when a person comes back with something new."""

    SAME_REP = "same_rep"  # who had them, where that rep can take it soon
    ANYBODY = "anybody"  # as the strategy says


class RungAction(StrEnum):
    """What a rung of the ladder does."""

    REMIND = "remind"
    REOFFER = "reoffer"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Cap:
    """Most leads a rep may hold: all open ones, those without a human response yet, and taken per local day. None = no cap."""

    open: int | None = 10
    unanswered: int | None = 3
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Ramp:
    """A new or returning rep starts at `start` (share of the cap, 0..1) and reaches the full cap after `weeks`."""

    begins_on: date
    weeks: int
    start: float


@dataclass(frozen=True, slots=True)
class Leave:
    """Whole local days on which a rep does not work, first and last included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Rep:
    """A person who answers leads. `hours` names their shift; `rank` is their place in the team file and breaks ties.

    `slack` is a member's or channel's id, `teams` where the webhook's address stands (env:NAME), never the address; `tell_by` the
    channels by which they want to be told, all they have when it is empty.
    """

    id: str
    name: str
    rank: int = 0
    phone: str | None = None
    email: str | None = None
    skills: frozenset[str] = frozenset()
    cap: Cap = Cap()
    weight: int = 1
    ramp: Ramp | None = None
    calendar: Calendar = ALWAYS
    leave: tuple[Leave, ...] = ()
    slack: str | None = None
    teams: str | None = None
    tell_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Manager:
    """A person who is told when nobody responds. `level` is "manager" or "director"."""

    id: str
    name: str
    phone: str | None = None
    email: str | None = None
    at_most_per_hour: int = 6
    slack: str | None = None
    teams: str | None = None
    tell_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder. It is due `at` (business time from arrival); `every` repeats it until a human acts."""

    action: RungAction
    at: timedelta
    who: str = ""
    every: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Sla:
    """What is promised, in business time of `calendar`."""

    id: str
    calendar: Calendar = ALWAYS
    accept_within: timedelta = timedelta(minutes=5)
    first_response_within: timedelta = timedelta(minutes=15)
    rungs: tuple[Rung, ...] = ()
    acknowledged_for: timedelta = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Digest:
    """The daily message about a pool, at `at` minutes after midnight where the pool is: to a Slack channel, or where a webhook stands."""

    at: int
    slack: str | None = None
    teams: str | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """The reps who share one kind of lead, and how leads are handed to them."""

    id: str
    name: str
    members: tuple[str, ...]
    strategy: str = "least_loaded"
    offer: OfferStyle = OfferStyle.ONE_AT_A_TIME
    ring: int = 3
    offer_for: timedelta = timedelta(minutes=2)
    queue: QueueOrder = QueueOrder.FRESH_FIRST
    returning: Returning = Returning.SAME_REP
    calendar: Calendar = ALWAYS
    managers: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    away_after: int = 2
    close_after: timedelta = timedelta(hours=24)
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A source's own acknowledgement texts (sandboxed templates); None = Headroom's own words."""

    sms: str | None = None
    email_subject: str | None = None
    email: str | None = None
    closed_sms: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where leads come from. `type` names the parser (webhooks/sources/<type>.py); `options` are that type's own keys.

    `sender` (`from` in the team file) is the number from which its leads are texted and called, where they used none of ours.
    `per_minute` requests of strangers are taken, of one address `per_address` (None: webhooks/limits.py).
    """

    id: str
    type: str
    secrets: tuple[str, ...] = ()
    pool: str | None = None
    sla: str | None = None
    acknowledge: bool = True
    words: Words = Words()
    thanks: str | None = None
    origins: tuple[str, ...] = ()
    dedupe_for: timedelta = timedelta(minutes=10)
    honeypot: str = "_gotcha"
    fields: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    per_minute: int = 600
    per_address: int | None = None
    sender: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """First match wins. `when` is a condition tree (routing/rules.py); None matches every lead."""

    id: str
    pool: str
    sla: str
    when: Mapping[str, object] | None = None
    needs: frozenset[str] = frozenset()


class AtNight(StrEnum):
    """What becomes of an acknowledgement in quiet hours."""

    EMAIL = "email"  # an e-mail now, where there is an address; else the text waits
    WAIT = "wait"  # the text waits for the morning


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local time in which no text is sent, minutes since midnight; a window that ends before it starts runs overnight.

    What waits goes out when the window opens, if it is still true then.
    """

    starts: int = 21 * 60
    ends: int = 8 * 60
    acknowledge: AtNight = AtNight.EMAIL


@dataclass(frozen=True, slots=True)
class Site:
    """The firm that answers. `numbers` are those through which reps are texted; none: the sender's own. `contact`: where people get help."""

    name: str
    zone: str = "UTC"
    region: str = "US"
    postal_address: str = ""
    numbers: tuple[str, ...] = ()
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """The whole team file, resolved: names are checked, calendars are built, secrets are read. With it go the rules of contact.

    `phones` are its people's own.
    """

    version: int
    site: Site
    reps: Mapping[str, Rep]
    managers: Mapping[str, Manager]
    pools: Mapping[str, Pool]
    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    slas: Mapping[str, Sla]
    calendars: Mapping[str, Calendar]
    rulebook: Rulebook
    quiet_hours: QuietHours | None = QuietHours()
    pace: Pace | None = None
    approved: Approved = Approved()
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    phones: frozenset[str] = frozenset()

    @property
    def has_listeners(self) -> bool:
        """Is there anybody outside who is told of steps?"""
        return any(endpoint.enabled for endpoint in self.endpoints.values())

    @property
    def has_confidants(self) -> bool:
        """Is one of them told who the person is?"""
        return any(endpoint.enabled and endpoint.contact for endpoint in self.endpoints.values())
