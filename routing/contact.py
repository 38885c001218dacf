"""May we write to this person now? Who has opted out, when a text would wake them, what a platform's window and a daily cap allow.

Ask again at the moment of sending, not of queueing. The rules are values handed in (routing/rulebook.py): here is only how they meet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from routing import quiet
from routing.rulebook import OpenFor, Rulebook, caps_on, day_of, open_for
from routing.team import QuietHours

Via = Literal["", "template", "human_agent"]

# Who called or texted a moment ago is awake and waits: the answer on their own channel is a reply, not a night text.
STILL_TALKING = timedelta(minutes=15)
# One number, one STOP: a person who stops texts has stopped what rings on that phone.
_BY_PHONE = frozenset({"sms", "whatsapp", "call", "voice"})
# ... but not what one person does by hand for one other: the revocation rules are about robocalls and robotexts. A call that a
# rep starts, to somebody who asked for it, is closed only by who does not want to be called.
_BY_HAND = frozenset({"call", "voice"})
EVERYTHING = "all"
# The one confirmation of a STOP and the answer to HELP go also to whom we do not write any more: they are the answer to their words.
WISH = "wish"


@dataclass(frozen=True, slots=True)
class Writing:
    """A message about to be sent. `purpose` is ack, offer, notice, alarm, reply, wish (the answer to STOP or HELP), or call (a rep calls by hand).

    `opted_out` are channels, or "all" among them; `quiet` the firm's quiet hours, None: it has none. Where the person may be: `zone`
    (IANA) if known, the number `phone`, the `state` they gave. `wrote_at`: when they last called or texted us on a phone; `heard_at`:
    when they last wrote on this very channel; `acked_today` counts the acknowledgements they had in the last day. `by_human`: a person
    wrote it; `human_agent` and `has_template`: what the firm may do after a platform's window has shut.
    """

    purpose: str
    channel: str
    to_staff: bool = False
    opted_out: frozenset[str] = frozenset()
    quiet: QuietHours | None = None
    zone: str | None = None
    phone: str | None = None
    state: str = ""
    wrote_at: datetime | None = None
    heard_at: datetime | None = None
    acked_today: int = 0
    by_human: bool = False
    human_agent: bool = False
    has_template: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """Send it now; `via` says in which form where the words alone may not go."""

    why: str = "nothing speaks against it"
    via: Via = ""


@dataclass(frozen=True, slots=True)
class Held:
    """Not before `until`; ask again then."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Not at all: unless the person opts in again, or writes first (`code` is opted_out, window or cap)."""

    why: str
    code: str = "opted_out"


def may_write(writing: Writing, book: Rulebook, now: datetime) -> Allowed | Held | Suppressed:
    """Whether the message may go out at `now` (aware UTC). A STOP always wins; quiet hours are for texts to leads only."""
    if stop := _stopped(writing):
        return Suppressed(f"the person has opted out of {stop}")
    if writing.to_staff:
        return Allowed("staff are always told")
    if writing.purpose == WISH:
        return Allowed("the answer to their own STOP or HELP")
    if writing.purpose == "call":
        return Allowed(f"a rep calls by hand; it is {_local_time(writing.zone, now)} there")
    day = day_of(now)
    if (windowed := _past_window(writing, open_for(book, day), now)) is not None:
        return windowed
    if writing.purpose == "ack" and writing.acked_today and (capped := _capped(writing, book, day)):
        return Suppressed(capped, code="cap")
    if writing.channel != "sms" or writing.quiet is None:
        return Allowed(f"no quiet hours for {writing.channel}")
    if _is_answer(writing, now):
        return Allowed("the person has just called or written")
    opens = quiet.quiet(book, writing.quiet, _places(writing, book, day), now)
    return Held(opens.at, opens.why) if opens else Allowed("not in quiet hours anywhere they may be")


def _past_window(writing: Writing, windows: Mapping[str, OpenFor], now: datetime) -> Allowed | Suppressed | None:
    """Platforms let a business write freely only for a while after the person's own last words there; None: it is open, or there is none."""
    window = windows.get(writing.channel)
    if window is None or writing.heard_at is None or now - writing.heard_at <= window.ours:
        return None
    if window.humans and writing.human_agent and writing.by_human and now - writing.heard_at <= window.humans:
        return Allowed(f"a human wrote it, within {_days(window.humans)} of their last words", via="human_agent")
    if window.by_template and writing.has_template:
        return Allowed("as an approved template: their last words are too long ago for ours", via="template")
    hours = int(window.ours / timedelta(hours=1))
    return Suppressed(
        f"{writing.channel} lets us write for {hours} hours after their last words there, and those are over", code="window"
    )


def _capped(writing: Writing, book: Rulebook, day: date) -> str:
    """Somebody who writes again and again is answered by people, and a machine that answers us is not answered back."""
    regions = {"", *(place.region for place in _places(writing, book, day))}
    most = min((cap.at_most for cap in caps_on(book, day) if cap.region in regions), default=None)
    is_over = most is not None and writing.acked_today >= most
    return f"the person had {writing.acked_today} acknowledgements in a day already" if is_over else ""


def _places(writing: Writing, book: Rulebook, day: date) -> tuple[quiet.Place, ...]:
    return quiet.places(book, writing.phone, zone=writing.zone, state=writing.state, day=day)


def _is_answer(writing: Writing, now: datetime) -> bool:
    """An acknowledgement or a reply to who has just called or texted; news they did not ask for waits for the morning."""
    asked = writing.wrote_at is not None and abs(now - writing.wrote_at) <= STILL_TALKING
    return asked and writing.purpose in ("ack", "reply")


def _stopped(writing: Writing) -> str | None:
    """The channel, or "everything", that the person has stopped and this message would use."""
    if EVERYTHING in writing.opted_out:
        return "everything"
    if writing.purpose == WISH:
        return None
    if writing.purpose == "call":
        return "calls" if writing.opted_out & _BY_HAND else None
    if writing.channel in writing.opted_out:
        return writing.channel
    if writing.channel in _BY_PHONE and writing.opted_out & _BY_PHONE:
        return min(writing.opted_out & _BY_PHONE)
    return None


def _local_time(zone: str | None, now: datetime) -> str:
    try:
        return f"{now.astimezone(ZoneInfo(zone)):%H:%M}" if zone else "an unknown hour"
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for a name that is none, or leads to a folder
        return "an unknown hour"


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span.days > 1 else f"{int(span.total_seconds() // 3600)} hours"
