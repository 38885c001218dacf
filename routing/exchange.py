"""Contact: the first two-way exchange, the fourth of the instants ack, attempt, response and contact (each is kept, none stands for another)."""

from dataclasses import replace
from datetime import datetime

from routing.automatic import is_automatic
from routing.events import CallBridged, Event, LeadCallEnded, LeadPickedUp, MessageArrived, OutcomeReported, VoicemailLeft
from routing.model import Facts, Step
from routing.promise import told_at


def heard_both(facts: Facts, event: Event, step: Step, now: datetime) -> Step:
    """The step, with the instant at which both sides had been heard if it makes it so.

    A call in which they talk is an exchange by itself; words of the lead are one once a person has answered them. A first answer is
    the first try too, where none came before it.
    """
    answered_now = step.state.responded_at is not None and facts.state.responded_at is None
    if answered_now and step.state.attempted_at is None:
        step = replace(step, state=replace(step.state, attempted_at=step.state.responded_at))
    before, after = facts.state, step.state
    if after.contacted_at:
        gone = before.responded_at is not None and after.responded_at is None  # the answer was taken back
        return replace(step, state=replace(after, contacted_at=None)) if gone else step
    if not step.changed or not _talked(facts, event, step):
        return step
    return replace(step, state=replace(after, contacted_at=told_at(facts, getattr(event, "at", None), now)))


def _talked(facts: Facts, event: Event, step: Step) -> bool:
    match event:
        case CallBridged() | LeadPickedUp(by="human") | LeadCallEnded(bridged=True):
            return step.state.responded_at is not None
        case OutcomeReported(outcome="talked"):
            return True
        case MessageArrived(channel=channel, text=text) if is_automatic(channel, text):
            return False
        case MessageArrived() | VoicemailLeft():
            return facts.state.responded_at is not None
    return False
