"""What becomes of a message after a provider was asked to carry it: sent, again later, another channel, or uncertain.

Acknowledgements to leads are sent at most once per channel: where it cannot be proved that one did not go out, it is left
uncertain and another channel is used. Messages to staff are sent at least once: where in doubt, they are sent again.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LEAD = "lead"
ACK = "ack"
CALL = "call"  # a call to a rep, who is put through to the lead: a phone that rings twice for one press is worse than none

BACKOFF = tuple(timedelta(seconds=s) for s in (1, 5, 15, 60))
JITTER = 0.2  # share of the wait by which messages are spread, so that they do not all come back in the same second
OTHER_CHANNEL_AFTER = timedelta(seconds=30)
THROTTLED_FOR = timedelta(seconds=5)  # when the provider says 429 without saying how long
CALL_LEASE = timedelta(seconds=30)  # a call takes 3 s to connect and 10 s to read at most
LOOKUPS = tuple(timedelta(seconds=s) for s in (15, 45, 90))  # after the attempt began
LATEST_PROOF = timedelta(seconds=60)  # a message may enter the provider's list up to 26 s late (twilio-ruby 519), so: twice that
CLEAN_LOOKUPS = 2
NEWS_WITHIN = timedelta(seconds=120)  # without a look-up: how long we wait for a delivery report
LOOKUP_AGAIN = timedelta(seconds=15)
ONCE_MORE_AFTER = timedelta(minutes=10)  # a phone that was off may be on again
ONCE_MORE = frozenset({ACK, "alarm"})  # what may still be true by then; an offer or a reminder has moved on
FILTERED_MANY, FILTERED_WITHIN = 5, timedelta(hours=1)  # one text may have been unlucky in its words, five are our sender
ASK_AFTER, ASK_UNTIL = timedelta(minutes=10), timedelta(hours=2)  # after sending: when a report may have been lost, and is no use


class Fault(StrEnum):
    """Why a call did not end in "accepted", in the only terms that matter afterwards."""

    NOT_SENT = "not sent"  # no connection: the provider never saw it
    THROTTLED = "throttled"  # 429: seen, and certainly not processed
    CONFIGURATION = "configuration"  # our keys or our sender are refused: every message would be
    PERMANENT = "permanent"  # this message to this address will never go
    OPTED_OUT = "opted out"  # this address said STOP
    NO_TEXTS = "takes no texts"  # reported later: a landline, or a number that is none; never again, but the person said nothing
    UNREACHABLE = "unreachable"  # reported later: the phone was off or out of reach; later it may arrive
    FILTERED = "filtered"  # reported later: the carrier takes these words for spam; they are never sent to it again
    AMBIGUOUS = "ambiguous"  # it may have gone out


class After(StrEnum):
    """The state in which the message is left (column `outbox.state`)."""

    PENDING = "pending"
    AMBIGUOUS = "ambiguous"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class Tried:
    """The message as it stands: `attempts` calls were begun, this one included; `age` since it was written."""

    message_id: int
    recipient: str
    purpose: str
    attempts: int
    age: timedelta


@dataclass(frozen=True, slots=True)
class Next:
    """What to do: leave it in `state`, look again after `wait`; `other_channel`: tell the same on another one."""

    state: After
    wait: timedelta = timedelta(0)
    other_channel: bool = False
    suppress: bool = False
    stop_lane: bool = False


def once_only(recipient: str, purpose: str) -> bool:
    """Is this a message that must rather stay unsent than be sent twice?"""
    return purpose == CALL or (recipient == LEAD and purpose == ACK)


def after_failure(fault: Fault, tried: Tried, *, retry_after: timedelta | None = None) -> Next:
    """The answer to a call that was not accepted. `retry_after` is what the provider asked for."""
    match fault:
        case Fault.NOT_SENT:
            return _not_sent(tried)
        case Fault.THROTTLED:
            return Next(After.PENDING, wait=retry_after or THROTTLED_FOR)
        case Fault.CONFIGURATION:
            return Next(After.PENDING, stop_lane=True)
        case Fault.PERMANENT | Fault.UNREACHABLE | Fault.FILTERED | Fault.NO_TEXTS:
            return Next(After.FAILED, other_channel=True)
        case Fault.OPTED_OUT:
            return Next(After.FAILED, other_channel=True, suppress=True)
        case Fault.AMBIGUOUS:
            return Next(After.AMBIGUOUS, wait=LOOKUPS[0])


def _not_sent(tried: Tried) -> Next:
    if tried.age < OTHER_CHANNEL_AFTER:
        return Next(After.PENDING, wait=backoff(tried.message_id, tried.attempts))
    if once_only(tried.recipient, tried.purpose):
        return Next(After.FAILED, other_channel=True)
    return Next(After.PENDING, wait=backoff(tried.message_id, tried.attempts), other_channel=True)


def backoff(message_id: int, attempts: int) -> timedelta:
    """1, 5, 15, then 60 s, each spread by +-20 %. The spread is worked out from the id, so that a test can foretell it."""
    base = BACKOFF[min(max(attempts, 1), len(BACKOFF)) - 1]
    share = zlib.crc32(f"{message_id}:{attempts}".encode()) / 0xFFFFFFFF * 2 - 1
    return base * (1 + JITTER * share)


def after_absence(tried: Tried, *, clean: int, since_attempt: timedelta) -> Next:
    """The provider's list does not have the message: `clean` such look-ups by now. Two, the last 60 s on, prove absence."""
    if clean >= CLEAN_LOOKUPS and since_attempt >= LATEST_PROOF:
        return Next(After.PENDING)
    later = next((at for at in LOOKUPS if at > since_attempt), None)
    return Next(After.AMBIGUOUS, wait=later - since_attempt if later else LOOKUP_AGAIN)


def after_silence(tried: Tried, *, since_attempt: timedelta) -> Next:
    """This provider cannot be asked: wait 120 s for a delivery report, then keep to once or to at least once."""
    if since_attempt < NEWS_WITHIN:
        return Next(After.AMBIGUOUS, wait=NEWS_WITHIN - since_attempt)
    if once_only(tried.recipient, tried.purpose):
        return Next(After.UNCERTAIN, other_channel=True)
    return Next(After.PENDING)


def is_stale(expires_at: datetime | None, now: datetime) -> bool:
    """Would it come too late to be true?"""
    return expires_at is not None and expires_at <= now


# --- delivery reports ---------------------------------------------------------------------------------------------


def once_more(meaning: Fault, purpose: str, *, is_second: bool) -> timedelta | None:
    """After how long a text that did not arrive is tried once more, if nothing else reached them by then; None: never.

    No acknowledgement is doubled by that: the carrier itself has said that the first did not arrive.
    """
    if meaning is Fault.UNREACHABLE and purpose in ONCE_MORE and not is_second:
        return ONCE_MORE_AFTER
    return None


RANKS = {
    "accepted": 1, "scheduled": 1, "queued": 2, "sending": 3, "deferred": 3, "sent": 4,
    "delivered": 5, "undelivered": 5, "failed": 5, "canceled": 5, "read": 6,
}  # fmt: skip
ENDED_WELL = frozenset({"delivered", "read"})
ENDED_BADLY = frozenset({"undelivered", "failed", "canceled"})


def rank(status: str) -> int:
    """How far along a delivery is. Reports arrive doubled and crossed: a lower rank never replaces a higher one."""
    return RANKS.get(status, 0)
