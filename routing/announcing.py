"""What the world outside is told of a lead: one event for every step of its timeline, with a name, a shape and a time to try again.

The names and the shape are a contract (docs/events.md is made from them): names are added, never renamed; fields are added,
never taken away within one VERSION. An event tells the lead as it stood after the step, not as it stands when it is delivered.
"""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from routing.model import Lead, State, Status

VERSION = 1
ERASED = "lead.erased"
NAMES: Mapping[str, str] = {
    "lead.arrived": "It is on disk and a first decision was taken: offered, waiting, ringing or set aside.",
    "lead.acknowledged": "The automatic answer was taken by a provider. It is no response and stops no clock.",
    "lead.acknowledgement_failed": "The automatic answer did not arrive on a channel.",
    "lead.offered": "Room was found for a lead that waited: one or more reps have been asked.",
    "lead.offer_passed": "A rep said no.",
    "lead.offer_lapsed": "Nobody answered the offer in time.",
    "lead.offer_undelivered": "The offer did not reach a rep on any channel.",
    "lead.accepted": "A rep said yes and has it now.",
    "lead.accept_refused": "A rep said yes, but too late: another one has it.",
    "lead.assigned": "Given to a rep without asking them: by a manager, or by the rule of the pool.",
    "lead.taken_back": "The rep left with it unanswered; it is on its way to another one.",
    "lead.waiting": "Looked again: nobody has room.",
    "lead.call_unanswered": "A rep's phone rang and was not taken.",
    "lead.call_missed": "The caller is gone without having talked with anyone.",
    "lead.attempted": "A rep tried and reached nobody. It is no response.",
    "lead.responded": "The first human response: the clock has stopped.",
    "lead.response_taken_back": "The call turned out never to have been connected: the clock runs again.",
    "lead.reply_lost": "A rep's own words did not reach the person.",
    "lead.contacted_again": "A rep wrote or talked again after the first response, or could not be let through to the person.",
    "lead.wrote": "The person wrote again.",
    "lead.left_voicemail": "The person left a recorded message.",
    "lead.noted": "Somebody of the team wrote a note.",
    "lead.accept_overdue": "It should have been accepted by now.",
    "lead.breached": "The promised time is over without a human response.",
    "lead.escalated": "A rung of the ladder was reached: reminded, offered anew, or managers told.",
    "lead.escalation_acknowledged": "A manager is on it. The clock goes on.",
    "lead.escalation_expired": "The manager's time is over and still nobody responded.",
    "lead.quarantined": "No usable phone, e-mail or handle: kept for a person to look at.",
    "lead.call_requested": "A rep asked to be connected with the person.",
    "lead.call_joined": "The rep who asked for the call took it and waits for the person.",
    "lead.call_ended": "The call that a rep asked for is over.",
    "lead.joined": "Another inquiry of the same person went into this one.",
    "lead.folded": "It went into another inquiry of the same person, which goes on for both.",
    "lead.parted": "What had been put together was another person's after all.",
    "lead.stage_changed": "The CRM says how it goes on: qualified, won or lost.",
    "lead.closed": "Done; `lead.outcome` says how.",
    ERASED: "The person asked to be forgotten. Forget them too: nothing but the code is told.",
    "lead.unchanged": "Something came too late or crossed to change anything; it is on the timeline.",
}
BY_EVENT: Mapping[str, str] = {  # the journey's event -> the name, where the lead's state does not say it already
    "LeadArrived": "lead.arrived", "CallArrived": "lead.arrived", "CallBridged": "lead.contacted_again", "RingUnanswered": "lead.call_unanswered",
    "CallMissed": "lead.call_missed", "VoicemailLeft": "lead.left_voicemail", "MessageArrived": "lead.wrote", "OfferAccepted": "lead.accepted",
    "OfferPassed": "lead.offer_passed", "OfferLapsed": "lead.offer_lapsed", "RoomOpened": "lead.offered", "RetryDue": "lead.offered",
    "AcceptDue": "lead.accept_overdue", "ResponseDue": "lead.breached", "RungReached": "lead.escalated",
    "EscalationAcknowledged": "lead.escalation_acknowledged", "AcknowledgementExpired": "lead.escalation_expired",
    "LeadAssigned": "lead.assigned", "HumanResponded": "lead.contacted_again", "ResponseAttempted": "lead.attempted",
    "OutcomeReported": "lead.closed", "NoteAdded": "lead.noted", "RepLeft": "lead.taken_back",
    "AcknowledgementFailed": "lead.acknowledgement_failed", "OfferUndelivered": "lead.offer_undelivered", "CloseDue": "lead.closed",
    "LeadErased": "lead.closed", "StageReported": "lead.stage_changed", "CallRequested": "lead.call_requested",
    "RepJoinedCall": "lead.call_joined", "LeadPickedUp": "lead.contacted_again", "LeadCallEnded": "lead.call_ended",
    "RepCallEnded": "lead.call_ended", "LeadFolded": "lead.folded", "LeadsJoined": "lead.joined", "LeadParted": "lead.parted", "ReplyLost": "lead.reply_lost", "LeadAcknowledged": "lead.acknowledged",
}  # fmt: skip
LOOKED = frozenset({"RoomOpened", "RetryDue"})
AFTER_A_LOOK = {Status.ACCEPTED: "lead.assigned", Status.WAITING: "lead.waiting"}
TOLD_OF_STEPS = (  # what of an event's own data goes out to everybody: ids and counts, nobody's words
    "rep", "via", "turn", "rung", "repeat", "manager", "channel", "how", "outcome", "reported", "seconds", "by", "stage",
)  # fmt: skip
PRIVATE = frozenset({"text", "url"})  # keys of an event's data that hold somebody's words or voice; the reason may quote them
TRACKED = ("utm.", "campaign.")  # fields of a lead that name no person
LONGEST, MOST_FIELDS, MOST_DETAILS = 4_000, 40, 20  # receivers of Standard Webhooks may refuse bodies above 20 kB

WAITS = tuple(
    timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000)
)  # Standard Webhooks' schedule; the last repeats
JITTER = 0.2
GIVE_UP_AFTER = timedelta(days=3)
OPENS_AT = 5  # failures in a row after which an endpoint is left alone for a while
IN_A_ROW = timedelta(minutes=10)  # no further apart: one event that fails all day says nothing about others
OPEN_FOR = tuple(
    timedelta(seconds=s) for s in (15, 30, 60, 120, 300, 600, 900, 900, 900, 900, 1800, 3600)
)  # then one probe; the last repeats


@dataclass(frozen=True, slots=True)
class Happening:
    """A step as the store writes it: the journey's event by name with its data, what it made of the lead, and why."""

    event: str
    data: Mapping[str, object]
    was: str
    why: str
    details: tuple[str, ...] = ()
    late_by: float | None = None
    changed: bool = True


def name_of(happened: Happening, before: State, after: State) -> str:
    """The public name of a step. What became of the lead counts for more than what was tried."""
    if before.status is Status.NEW:
        return "lead.quarantined" if after.status is Status.QUARANTINED else "lead.arrived"
    if after.closed_at and not before.closed_at:
        return "lead.closed"
    if bool(after.responded_at) != bool(before.responded_at):
        return "lead.responded" if after.responded_at else "lead.response_taken_back"
    if happened.event == "OfferAccepted" and after.owner != happened.data.get("rep"):
        return "lead.accept_refused"
    if not happened.changed:
        return "lead.unchanged"
    if happened.event in LOOKED:
        return AFTER_A_LOOK.get(after.status, "lead.offered")
    return BY_EVENT.get(happened.event) or "lead." + re.sub(r"(?<!^)(?=[A-Z])", "_", happened.event).lower()


def told(lead: Lead, state: State, happened: Happening, placed: Mapping[str, str]) -> dict[str, object]:
    """The `data` of an event for everybody: the lead as it stands and the step, without a word of the person's."""
    quotes = any(happened.data.get(key) for key in PRIVATE)
    return {
        "lead": {**standing(lead, state), **placed},
        "step": {
            "event": happened.event, "was": happened.was, "became": str(state.status), "reason": None if quotes else cut(happened.why, 500),
            "details": [] if quotes else [cut(each, 300) for each in happened.details[:MOST_DETAILS]],
            "late_by_seconds": happened.late_by, **{key: happened.data[key] for key in TOLD_OF_STEPS if key in happened.data},
        },
    }  # fmt: skip


def told_in_confidence(lead: Lead, happened: Happening) -> dict[str, object]:
    """What is added for those who may know the person: how to reach them, what they said, and reasons that quote words."""
    person = lead.person
    more = {name: cut(value, 500) for name, value in lead.fields.items() if not name.startswith(TRACKED) and name != "company"}
    return {
        "contact": {
            "name": person.name, "phone": person.phone, "email": person.email, "handles": dict(person.handles), "zone": person.zone,
            "locale": person.locale, "company": lead.fields.get("company"), "message": cut(lead.message, LONGEST),
            "fields": dict(list(more.items())[:MOST_FIELDS]),
        },
        "step": {
            "reason": cut(happened.why, LONGEST), "details": [cut(each, 300) for each in happened.details[:MOST_DETAILS]],
            **{key: cut(str(happened.data[key]), LONGEST) for key in sorted(PRIVATE) if happened.data.get(key)},
        },
    }  # fmt: skip


def standing(lead: Lead, state: State) -> dict[str, object]:
    """Where the lead stands: ids, words of our own, and instants (ISO 8601, UTC, null where it has not come to that)."""
    return {
        "code": lead.code, "kind": str(lead.kind), "source": lead.source, "channel": lead.channel, "is_test": lead.is_test,
        "status": str(state.status), "owner": state.owner, "offered_to": list(state.offered_to), "outcome": state.outcome,
        "cause": str(state.cause) if state.cause else None, "response_how": state.response_how,
        "arrived_at": iso(lead.arrived_at), "accept_due_at": iso(state.accept_due_at), "response_due_at": iso(state.response_due_at),
        "accepted_at": iso(state.accepted_at), "attempted_at": iso(state.attempted_at), "responded_at": iso(state.responded_at),
        "breached_at": iso(state.breached_at), "closed_at": iso(state.closed_at), "stage": state.stage, "stage_at": iso(state.stage_at),
        "attribution": {name: cut(value, 200) for name, value in lead.fields.items() if name.startswith(TRACKED)},
    }  # fmt: skip


def iso(at: datetime | None) -> str | None:
    """2026-11-24T15:00:03.120Z."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def cut(text: str, longest: int) -> str:
    """At most so many characters."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def wait_after(key: str, attempts: int) -> timedelta:
    """How long after the failed try number `attempts` the next one comes; spread by +-20 %, foretellable from the event's id."""
    base = WAITS[min(max(attempts, 1), len(WAITS)) - 1]
    share = zlib.crc32(f"{key}:{attempts}".encode()) / 0xFFFFFFFF * 2 - 1
    return base * (1 + JITTER * share)


def left_alone_for(failures: int) -> timedelta:
    """How long an endpoint that failed so many times in a row is not called at all; then one event finds out whether it is back."""
    return OPEN_FOR[min(failures - OPENS_AT, len(OPEN_FOR) - 1)] if failures >= OPENS_AT else timedelta(0)
