"""What happens in a call that a rep asked us for: the events, past tense, each a frozen value (see routing/events.py)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CallRequested:
    """A rep wants to be put through to the lead from the firm's number. `via` is page, sms or email."""

    rep: str
    via: str


@dataclass(frozen=True, slots=True)
class RepJoinedCall:
    """The rep picked up our call number `call` of this lead and pressed 1: put them through."""

    rep: str
    call: int


@dataclass(frozen=True, slots=True)
class LeadPickedUp:
    """Somebody took the rep's call: `by` is human or machine, as the provider heard it. `at`: when we were told (None is now)."""

    rep: str
    call: int
    by: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeadCallEnded:
    """The leg to the lead is over. `status` is the provider's word; `bridged`: the two lines were connected, for `seconds`.

    `watched`: the provider listened for an answering machine, so that a call without its verdict is no proof of a person.
    `at`: when we were told (None is now).
    """

    rep: str
    call: int
    status: str
    bridged: bool
    seconds: int = 0
    watched: bool = True
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RepCallEnded:
    """The leg to the rep is over, or was never begun; `reason` in words."""

    rep: str
    call: int
    reason: str
