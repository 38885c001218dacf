"""Words for the pages: who, when, how long, in which state. Filters of the templates; nothing here decides."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from routing.team import Team
from routing.words import ago, clean, segments
from store.accounts import Role

STATUSES = {
    "new": "just in",
    "ringing": "ringing",
    "waiting": "waiting for a rep",
    "offered": "offered",
    "accepted": "accepted",
    "responded": "responded",
    "closed": "closed",
    "quarantined": "set aside",
}
# the words of a step's title: what happened, as a person would say it
EVENTS = {
    "LeadArrived": "Arrived",
    "CallArrived": "Call came in",
    "CallBridged": "Talking on the phone",
    "RingUnanswered": "Ring not answered",
    "CallMissed": "Missed call",
    "VoicemailLeft": "Voicemail",
    "MessageArrived": "The lead wrote",
    "OfferAccepted": "Accepted",
    "OfferPassed": "Passed",
    "OfferLapsed": "Offer lapsed",
    "RoomOpened": "Room opened",
    "RetryDue": "Looked again",
    "AcceptDue": "Not accepted in time",
    "ResponseDue": "Not answered in time",
    "RungReached": "Escalation",
    "EscalationAcknowledged": "Escalation acknowledged",
    "AcknowledgementExpired": "Escalation goes on",
    "LeadAssigned": "Assigned by hand",
    "HumanResponded": "Responded",
    "ResponseAttempted": "Tried to reach",
    "OutcomeReported": "Outcome",
    "CallRequested": "Call asked for",
    "RepJoinedCall": "Rep on the line",
    "LeadPickedUp": "Picked up",
    "LeadCallEnded": "Call over",
    "RepCallEnded": "Rep's line over",
    "NoteAdded": "Note",
    "RepLeft": "Rep left",
    "AcknowledgementFailed": "Acknowledgement failed",
    "OfferUndelivered": "Offer not delivered",
    "CloseDue": "Closed",
    "LeadErased": "Erased",
    "StageReported": "In the CRM",
    "LeadAcknowledged": "Acknowledged",
}
_ICONS = {
    "LeadArrived": "in", "CallArrived": "call", "CallBridged": "call", "RingUnanswered": "missed", "CallMissed": "missed",
    "VoicemailLeft": "call", "MessageArrived": "in", "OfferAccepted": "accepted", "OfferPassed": "passed", "OfferLapsed": "lapsed",
    "RoomOpened": "room", "RetryDue": "room", "AcceptDue": "late", "ResponseDue": "late", "RungReached": "climb",
    "EscalationAcknowledged": "accepted", "AcknowledgementExpired": "climb", "LeadAssigned": "assigned", "HumanResponded": "on-time",
    "CallRequested": "call", "RepJoinedCall": "call", "LeadPickedUp": "call", "LeadCallEnded": "call", "RepCallEnded": "missed",
    "ResponseAttempted": "call", "OutcomeReported": "on-time", "NoteAdded": "note", "RepLeft": "passed",
    "AcknowledgementFailed": "late", "OfferUndelivered": "late", "CloseDue": "closed", "LeadErased": "closed", "StageReported": "note", "LeadAcknowledged": "sent",
}  # fmt: skip
DELIVERY = {  # state of a message -> icon, words
    "pending": ("queued", "waiting to be sent"),
    "claimed": ("queued", "about to be sent"),
    "sending": ("queued", "being sent"),
    "ambiguous": ("at-risk", "unclear, being looked up"),
    "sent": ("sent", "sent"),
    "delivered": ("on-time", "delivered"),
    "failed": ("late", "failed"),
    "uncertain": ("at-risk", "unclear whether it arrived"),
    "suppressed": ("paused", "not sent"),
    "expired": ("paused", "not sent: too late to be of use"),
}
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_SIGNED = re.compile(r"(/(?:offers|manage)/)[\w.-]+")
_LONGEST_RAW = 20_000  # characters of a payload shown on a page


def filters() -> dict[str, object]:
    """All filters of the templates, by name."""
    return {
        "clock": clock, "stamp": stamp, "minute": minute, "span": span, "brief": brief, "until": until, "linked": linked, "pretty": pretty, "segments": segments,
        "step_title": step_title, "event_icon": event_icon, "delivery": delivery, "status_word": status_word, "plain": plain,
    }  # fmt: skip


def clock(at: datetime | None, zone: str) -> Markup:
    """10:04:05 on the site's wall clock; own script turns it into the viewer's zone."""
    return _time(at, zone, "%H:%M:%S", "clock")


def minute(at: datetime | None, zone: str) -> Markup:
    """10:04."""
    return _time(at, zone, "%H:%M", "minute")


def stamp(at: datetime | None, zone: str) -> Markup:
    """Sun 22 Nov, 10:04 on the site's wall clock."""
    return _time(at, zone, "%a %-d %b, %H:%M", "stamp")


def span(length: timedelta | float | None) -> str:
    """3m 40s; a number counts as seconds."""
    if length is None:
        return ""
    return ago(length if isinstance(length, timedelta) else timedelta(seconds=float(length)))


def brief(length: timedelta) -> str:
    """38 ms, 1.2 s, 3m 40s: how long a machine took."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 10 else ago(length)


def stamp_ago(at: datetime, now: datetime) -> str:
    """3m ago, in whole minutes once a minute is over, so that a live page does not change every second."""
    gone = now - at
    return (
        "just now" if gone < timedelta(minutes=1) else f"{ago(gone - timedelta(seconds=gone.total_seconds() % 60), parts=1)} ago"
    )


def until(due_at: datetime, now: datetime) -> Markup:
    """A countdown which own script keeps going: "1m 12s left", then "2m late"."""
    left = due_at - now
    words = f"{ago(left)} left" if left > timedelta(0) else f"{ago(-left)} late"
    return Markup('<span class="countdown" data-due="{}">{}</span>').format(_iso(due_at), words)


def linked(text: str) -> Markup:
    """Text with its addresses made into links, all else escaped."""
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        pieces += [escape(text[end : found.start()]), Markup('<a href="{0}">{0}</a>').format(found.group())]
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


def told_to(messages: Iterable[dict[str, Any]], role: Role) -> list[dict[str, Any]]:
    """Messages as somebody in this role may read them: the links in them act for whoever got them, so only managers see those whole."""
    if role.may(Role.MANAGER):
        return list(messages)
    return [{**message, "body": _SIGNED.sub(r"\1...", message["body"] or "") or None} for message in messages]


def pretty(body: bytes, content_type: str | None = None) -> str:
    """A payload as a person can read it: JSON indented, a form one field a line, anything else as it is."""
    words = bytes(body).decode("utf-8", "replace")
    if "urlencoded" in (content_type or "") or (not content_type and re.fullmatch(r"[\w.%+\-*]+=\S*", words[:2000])):
        return "\n".join(f"{name} = {value}" for name, value in parse_qsl(words, keep_blank_values=True))[:_LONGEST_RAW]
    try:
        return json.dumps(json.loads(words), indent=2, ensure_ascii=False)[:_LONGEST_RAW]
    except (ValueError, RecursionError):
        return words[:_LONGEST_RAW]


def typed(text: str) -> str:
    """What somebody typed into an address, fit for a query: one line, no control characters (PostgreSQL refuses NUL)."""
    return clean(text, 80)


def step_title(step: Mapping[str, Any]) -> str:
    """What happened, in two or three words; a yes that came too late is not called accepted."""
    if step["event"] == "OfferAccepted" and step["owner"] != step["data"].get("rep"):
        return "Too late"
    event = step["event"]
    return EVENTS.get(event) or plain(re.sub(r"(?<!^)(?=[A-Z])", " ", event).capitalize())


def event_icon(event: str) -> str:
    """The icon beside it."""
    return _ICONS.get(event, "dot")


def delivery(state: str) -> tuple[str, str]:
    """Icon and words for the state of a message."""
    return DELIVERY.get(state, ("dot", plain(state)))


def status_word(status: str) -> str:
    """Where a lead is, in words."""
    return STATUSES.get(status, plain(status))


def plain(word: str) -> str:
    """bad_number -> bad number."""
    return word.replace("_", " ")


def name_of(team: Team, who: str | None) -> str:
    """The name of a rep or manager; the id if they are no longer on the team."""
    if not who:
        return ""
    member = team.reps.get(who) or team.managers.get(who)
    return member.name if member else who


def recipient_name(team: Team, recipient: str, lead_name: str | None = None) -> str:
    """Priya Shah (rep), Dana Cole (lead) ..."""
    kind, _, who = recipient.partition(":")
    if kind == "lead":
        return f"{lead_name or 'someone'} (lead)"
    return f"{name_of(team, who)} ({kind})" if who else kind


def _time(at: datetime | None, zone: str, shape: str, kind: str) -> Markup:
    if at is None:
        return Markup("")
    local = at.astimezone(ZoneInfo(zone))
    said, full = local.strftime(shape), local.strftime("%a %-d %b %Y, %H:%M:%S")
    return Markup('<time datetime="{}" data-show="{}" title="{} {}">{}</time>').format(_iso(at), kind, full, zone, said)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
