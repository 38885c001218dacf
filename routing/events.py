"""What can happen to a lead: the events, past tense, each a frozen value. Alarms ring some of them, people and providers cause the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from routing.rep_calls import CallRequested as CallRequested
from routing.rep_calls import LeadCallEnded as LeadCallEnded
from routing.rep_calls import LeadPickedUp as LeadPickedUp
from routing.rep_calls import RepCallEnded as RepCallEnded
from routing.rep_calls import RepJoinedCall as RepJoinedCall

WRITTEN = frozenset({"sms", "email"})  # `via` of who gets their answer in words; a page shows what came of it


@dataclass(frozen=True, slots=True)
class LeadArrived:
    """A form was posted, or a message came from somebody with no open lead."""


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A phone call is ringing at our number `to`; the answer tells the provider whom to ring."""

    call_sid: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class CallBridged:
    """A rep talks (or talked) with the caller; "" when a call was answered elsewhere and nobody says by whom.

    `at`: when we were told of it, where that was before it is decided on; None is now.
    """

    rep: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RingUnanswered:
    """The rung rep did not take the call; `reason` is the provider's word (no-answer, busy, failed, not bridged)."""

    rep: str
    reason: str


@dataclass(frozen=True, slots=True)
class CallMissed:
    """The caller is gone without having talked with anyone."""

    reason: str


@dataclass(frozen=True, slots=True)
class VoicemailLeft:
    """The caller left a message. Under 2 s it is a hang-up."""

    url: str
    seconds: int


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """The lead wrote (again) on an open lead, to our number or account `to`; `files` says where what they sent along can be found."""

    channel: str
    text: str
    to: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferAccepted:
    """A rep said yes. `via` is sms, page, email or call."""

    rep: str
    via: str


@dataclass(frozen=True, slots=True)
class OfferPassed:
    """A rep said no."""

    rep: str
    via: str


@dataclass(frozen=True, slots=True)
class OfferLapsed:
    """Alarm of the turn: nobody accepted in time."""

    turn: int


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """A rep of the pool has room (again); sent to the pool's next waiting lead."""


@dataclass(frozen=True, slots=True)
class RetryDue:
    """Alarm, the net below RoomOpened: look again whether somebody has room."""


@dataclass(frozen=True, slots=True)
class AcceptDue:
    """Alarm of the lead: it should be accepted by now."""


@dataclass(frozen=True, slots=True)
class ResponseDue:
    """Alarm of the lead: a human should have responded by now."""


@dataclass(frozen=True, slots=True)
class RungReached:
    """Alarm of the lead: the ladder's rung `rung` is due; `repeat` counts its repetitions."""

    rung: int
    repeat: int = 0


@dataclass(frozen=True, slots=True)
class EscalationAcknowledged:
    """A manager said: I am on it. Stops the climb, not the clock."""

    manager: str


@dataclass(frozen=True, slots=True)
class AcknowledgementExpired:
    """Alarm: the manager who was on it has had their time and still nobody responded."""


@dataclass(frozen=True, slots=True)
class LeadAssigned:
    """A manager gave the lead to a rep by hand."""

    rep: str
    by: str


@dataclass(frozen=True, slots=True)
class HumanResponded:
    """A rep's own call, text or e-mail reached the lead (`how`), or the rep says so (`reported`).

    `sent`: the key of a text that quiet hours had held back and that has gone out now. `at`: when it was, None is now.
    """

    rep: str
    how: str
    reported: bool = False
    text: str = ""
    sent: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReplyLost:
    """A rep's own words (the message `key`) did not reach the lead by `channel`."""

    rep: str
    channel: str
    reason: str
    key: str


@dataclass(frozen=True, slots=True)
class ResponseAttempted:
    """A rep tried: voicemail, no answer. Not a response."""

    rep: str
    how: str


@dataclass(frozen=True, slots=True)
class OutcomeReported:
    """The rep is done: talked, bad_number, not_now, closed. Talked and not_now are also a response, given by `at` (None is now)."""

    rep: str
    outcome: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """A rep's or manager's note."""

    by: str
    text: str


@dataclass(frozen=True, slots=True)
class RepLeft:
    """A rep went off duty (or was removed) with this lead unanswered."""

    rep: str
    why: str


@dataclass(frozen=True, slots=True)
class AcknowledgementFailed:
    """The acknowledgement did not reach the lead on `channel`."""

    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class OfferUndelivered:
    """The offer of `turn` did not reach `rep` on any channel; without a turn it is the present one."""

    rep: str
    reason: str
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class CloseDue:
    """Alarm: nothing has happened since the response; free the rep's room."""


@dataclass(frozen=True, slots=True)
class LeadFolded:
    """The person is the one of the lead `into`, which goes on for both, with `owner` if it has one. `by` said so."""

    into: str
    by: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class LeadsJoined:
    """The lead `code` of the same person goes into this one. `owner`: who goes on with both, None for who has this one.

    `responded_at` and `how`: the answer they had there; `acked_on`: where they were acknowledged; `text`: what they said there;
    `reached`: which numbers and accounts of ours they used there.
    `stage` and `stage_at`: how it stands there in the CRM.
    """

    code: str
    by: str
    channel: str = ""
    text: str = ""
    owner: str | None = None
    responded_at: datetime | None = None
    how: str | None = None
    acked_on: tuple[str, ...] = ()
    reached: Mapping[str, str] = field(default_factory=dict)
    stage: str | None = None
    stage_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeadParted:
    """A lead that had gone into `from_` is another person's after all. `by` said so."""

    from_: str
    by: str


@dataclass(frozen=True, slots=True)
class StageReported:
    """The CRM `by` says how it goes on there: `stage` is qualified, won or lost, since `said_at` (None: it does not say)."""

    by: str
    stage: str
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LeadErased:
    """The person asked to be forgotten: whatever is still to be done about the lead is over."""


Event = (
    LeadArrived | CallArrived | CallBridged | RingUnanswered | CallMissed | VoicemailLeft | MessageArrived
    | OfferAccepted | OfferPassed | OfferLapsed | RoomOpened | RetryDue | AcceptDue | ResponseDue | RungReached
    | EscalationAcknowledged | AcknowledgementExpired | LeadAssigned | HumanResponded | ResponseAttempted
    | CallRequested | RepJoinedCall | LeadPickedUp | LeadCallEnded | RepCallEnded
    | OutcomeReported | NoteAdded | RepLeft | AcknowledgementFailed | OfferUndelivered | CloseDue | LeadErased
    | ReplyLost | LeadFolded | LeadsJoined | LeadParted | StageReported
)  # fmt: skip

# a person's decision may go over a cap
BY_HAND = (LeadAssigned, HumanResponded, CallBridged, LeadPickedUp, LeadCallEnded, LeadsJoined, LeadParted)
