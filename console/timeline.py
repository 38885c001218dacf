"""One lead's story, line by line: what happened, what was said because of it, how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from store.reports import Row

_CHOICES = ("offered to", "assigned to", "ringing", "waits")  # how routing begins to tell whom it chose


@dataclass
class Line:
    """A step, the messages that went out with it, and the time since the step before (of the first: since the arrival)."""

    step: Row
    since: timedelta | None
    messages: list[Row] = field(default_factory=list)
    raw: list[Row] = field(default_factory=list)


def timeline(steps: Sequence[Row], messages: Sequence[Row], raw: Sequence[Row], arrived_at: datetime) -> list[Line]:
    """Steps in order, each with what was said because of it and what had come in just before it."""
    lines: list[Line] = []
    for step in steps:
        lines.append(Line(step, step["at"] - lines[-1].step["at"] if lines else _waited(step["at"] - arrived_at)))
    for message in messages:
        same = [line for line in lines if line.step["at"] == message["created_at"]]
        before = [line for line in lines if line.step["at"] < message["created_at"]]
        if lines:  # a step and what it says are saved with the same instant
            (same[:1] or before[-1:] or lines[:1])[0].messages.append(message)
    heard = [line for line in lines if line.step["event"] in HEARD] or lines
    for payload in raw:
        after = [line for line in heard if line.step["at"] >= payload["received_at"]]
        if heard:
            (after or heard[-1:])[0].raw.append(payload)
    return lines


def _waited(span: timedelta) -> timedelta | None:
    """Below a second a lead was decided at once, as it should be; above it the page must not hide it."""
    return span if span >= timedelta(seconds=1) else None


HEARD = frozenset(
    {
        "LeadArrived", "CallArrived", "CallBridged", "RingUnanswered", "CallMissed", "VoicemailLeft", "MessageArrived",
        "OfferAccepted", "OfferPassed", "ResponseAttempted", "HumanResponded", "OutcomeReported", "NoteAdded",
    }
)  # fmt: skip


def choice(steps: Sequence[Row]) -> Row | None:
    """The latest step in which somebody was chosen (or nobody could be): the Why panel explains that one."""
    return next((step for step in reversed(steps) if _chose(step)), None)


def next_up(chosen: Row | None) -> str | None:
    """Who would have been next: the first of those passed over who could have taken it (routing/offering.py words it)."""
    details = chosen["details"] if chosen else []
    return next((detail.partition(":")[0] for detail in details if ": could take it" in detail), None)


def _chose(step: Row) -> bool:
    return any(word in step["why"] for word in _CHOICES) and step["became"] in ("offered", "accepted", "waiting", "ringing")
