"""May we write to this person now? What their words mean for that, who has opted out, and when a text would wake them.

The words follow 47 CFR 64.1200(a)(10), in force since 11 April 2025 (any reasonable means of saying stop counts), and the default
keywords of the carrier (Twilio). The hours follow 47 CFR 64.1200(c)(1). Ask again at the moment of sending, not of queueing.
"""

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from routing.team import QuietHours

WORDS_AS_OF = "2026-01-06"  # the date of the latest rule read (DA 26-12); review the lists below when the rules change

Reading = Literal["stop", "start", "help", "stop_review"]

# Alone, or with nothing but politeness around them. Compared without blanks, so that STOP ALL, OPT-OUT and S T O P are found.
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "remove", "arret", "td"})
START_WORDS = frozenset({"start", "unstop"})  # YES is the carrier's too, but here it may answer a question
HELP_WORDS = frozenset({"help", "info"})
# "Please cancel" and "thanks, end of May" may be about an appointment: obeyed, and a person looks.
_ALSO_ABOUT_APPOINTMENTS = frozenset({"cancel", "end"})
_POLITE = frozenset(
    {"please", "pls", "plz", "kindly", "just", "now", "it", "this", "thanks", "thank", "thx", "you", "ok", "hi", "hello"}
)

# Anywhere in a text of any length.
_PLAIN_REFUSALS = (
    "stop texting",
    "stop messaging",
    "stop calling",
    "stop contacting",
    "stop sending",
    "stop all messages",
    "quit texting",
    "unsubscribe me",
    "opt me out",
    "dont text me",
    "do not text me",
    "dont contact me",
    "do not contact me",
    "dont call me again",  # without "again" it often reads: ... before five, text me
    "do not call me again",
    "take me off",
    "remove me",
    "remove my number",
    "delete my number",
    "lose my number",
    "no more texts",
    "no more messages",
    "leave me alone",
    "no me escriba",
    "no me llame",
    "no me mande",
)
# Only in a short text: a long one may tell a story ("I first called the wrong number ...").
_SHORT_REFUSALS = ("wrong number", "wrong person", "no mas", "numero equivocado")
_ALONE_REFUSALS = frozenset({"parar", "alto", "basta"})  # in a sentence, Alto may be a town
_SHORT = 8  # words
_READ = 1_600  # characters: the longest text the carrier delivers
_VISITS = frozenset({"by", "in", "at", "over"})  # "stop by tomorrow" invites

# Nobody knows where the person is: inside 08:00-21:00 in every zone of the contiguous United States.
STRICT_ZONE = "America/New_York"
STRICT = QuietHours(starts=20 * 60, ends=11 * 60)
# Who called or texted a moment ago is awake and waits: the answer on their own channel is a reply, not a night text.
STILL_TALKING = timedelta(minutes=15)
# One number, one STOP: a person who stops texts has stopped what rings on that phone.
_BY_PHONE = frozenset({"sms", "whatsapp", "call", "voice"})
# ... but not what one person does by hand for one other: the revocation rules are about robocalls and robotexts. A call that a
# rep starts, to somebody who asked for it, is closed only by who does not want to be called.
_BY_HAND = frozenset({"call", "voice"})
_NO_CALLS = (
    "stop calling", "stop contacting", "dont call me again", "do not call me again", "dont contact me", "do not contact me",
    "take me off", "remove me", "remove my number", "delete my number", "lose my number", "leave me alone", "no me llame",
    "wrong number", "wrong person", "numero equivocado",
)  # fmt: skip
EVERYTHING = "all"
# https://developers.facebook.com/docs/messenger-platform/policy and .../whatsapp/pricing: the customer service window
WINDOWED = frozenset({"whatsapp", "messenger", "instagram"})
WINDOW = timedelta(hours=24)
ACKS_A_DAY = 5  # somebody who writes again and again is answered by people, and a machine that answers us is not answered back

_MINUTE = timedelta(minutes=1)
_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Writing:
    """A message about to be sent. `purpose` is ack, offer, notice, alarm, reply, or call (a rep calls by hand); `opted_out` are channels, or "all" among them.

    `zone` is where the person is (IANA name) if known; `wrote_at` when they themselves last called or texted us on a phone;
    `heard_at` when they last wrote on this very channel; `acked_today` counts the acknowledgements they had in the last day.
    """

    purpose: str
    channel: str
    to_staff: bool = False
    opted_out: frozenset[str] = frozenset()
    quiet: QuietHours | None = None
    zone: str | None = None
    wrote_at: datetime | None = None
    heard_at: datetime | None = None
    acked_today: int = 0


@dataclass(frozen=True, slots=True)
class Allowed:
    """Send it now."""

    why: str = "nothing speaks against it"


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


def may_write(writing: Writing, now: datetime) -> Allowed | Held | Suppressed:
    """Whether the message may go out at `now` (aware UTC). A STOP always wins; quiet hours are for texts to leads only."""
    if stop := _stopped(writing):
        return Suppressed(f"the person has opted out of {stop}")
    if writing.to_staff:
        return Allowed("staff are always told")
    if writing.purpose == "call":
        return Allowed(f"a rep calls by hand; it is {_local_time(writing.zone, now)} there")
    if shut := _window_shut(writing, now):
        return Suppressed(shut, code="window")
    if writing.purpose == "ack" and writing.acked_today >= ACKS_A_DAY:
        return Suppressed(f"the person had {writing.acked_today} acknowledgements in a day already", code="cap")
    if writing.channel != "sms" or writing.quiet is None:
        return Allowed(f"no quiet hours for {writing.channel}")
    if _is_answer(writing, now):
        return Allowed("the person has just called or written")
    zone, quiet, place = _place(writing)
    if not _is_quiet(now, zone, quiet):
        return Allowed(f"not in quiet hours {place}")
    return Held(_opens_at(now, zone, quiet), f"quiet hours {_clock(quiet.starts)}-{_clock(quiet.ends)} {place}")


def _window_shut(writing: Writing, now: datetime) -> str | None:
    """Platforms let a business write freely only for a day after the person's own last words there."""
    if writing.channel not in WINDOWED or writing.heard_at is None or now - writing.heard_at <= WINDOW:
        return None
    return f"{writing.channel} lets us write for 24 hours after their last words there, and those are over"


def reads_as(text: str) -> Reading | None:
    """What a text says about writing to its sender. "stop_review": obey as a STOP, and let a person look; None: about other things."""
    said = words(text).split()
    asked = "".join(word for word in said if word not in _POLITE)
    whole = "".join(said)
    if asked in STOP_WORDS:
        return "stop_review" if asked != whole and asked in _ALSO_ABOUT_APPOINTMENTS else "stop"
    if asked in _ALONE_REFUSALS:
        return "stop_review"
    if asked in START_WORDS:
        return "start"
    if whole in HELP_WORDS:
        return "help"
    return "stop_review" if _refuses(said) else None


def closes_calls(text: str) -> bool:
    """Does a refusal close the phone for calls by hand too? A plain STOP is about texts; "leave me alone" is not only."""
    said = f" {words(text)} "
    return reads_as(text) == "stop_review" and any(f" {phrase} " in said for phrase in _NO_CALLS)


def words(text: str) -> str:
    """The bare words of a text: one spelling of each letter, no capitals, accents, punctuation or emoji, single blanks."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text[:_READ]).casefold())
    return " ".join("".join(_bare(char) for char in decomposed).split())


def _bare(char: str) -> str:
    """Accents, apostrophes and hidden characters vanish (don't -> dont); all other punctuation parts words."""
    kind = unicodedata.category(char)
    if kind[0] in "LN":
        return char
    return "" if kind[0] == "M" or kind in ("Cf", "Cs") or char in "'’" else " "


def _refuses(said: list[str]) -> bool:
    text = f" {' '.join(said)} "
    if any(f" {phrase} " in text for phrase in _PLAIN_REFUSALS):
        return True
    if not said or len(said) > _SHORT:
        return False
    begins = said[0] in ("stop", "unsubscribe", "optout") or said[:2] == ["opt", "out"]
    return (begins and not _VISITS & set(said[1:2])) or any(f" {phrase} " in text for phrase in _SHORT_REFUSALS)


def _is_answer(writing: Writing, now: datetime) -> bool:
    """An acknowledgement or a reply to who has just called or texted; news they did not ask for waits for the morning."""
    asked = writing.wrote_at is not None and abs(now - writing.wrote_at) <= STILL_TALKING
    return asked and writing.purpose in ("ack", "reply")


def _stopped(writing: Writing) -> str | None:
    """The channel, or "everything", that the person has stopped and this message would use."""
    if EVERYTHING in writing.opted_out:
        return "everything"
    if writing.purpose == "call":
        return "calls" if writing.opted_out & _BY_HAND else None
    if writing.channel in writing.opted_out:
        return writing.channel
    if writing.channel in _BY_PHONE and writing.opted_out & _BY_PHONE:
        return min(writing.opted_out & _BY_PHONE)
    return None


def _place(writing: Writing) -> tuple[ZoneInfo, QuietHours, str]:
    """Where the person is, and the hours that hold there; the strict ones where we cannot know."""
    try:
        if writing.zone and writing.quiet:
            return ZoneInfo(writing.zone), writing.quiet, f"in {writing.zone}"
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for a name that is none, or leads to a folder
        pass
    return ZoneInfo(STRICT_ZONE), STRICT, f"in {STRICT_ZONE}, since the person's zone is unknown"


def _is_quiet(at: datetime, zone: ZoneInfo, quiet: QuietHours) -> bool:
    minute = _wall(at, zone)
    if quiet.starts <= quiet.ends:
        return quiet.starts <= minute < quiet.ends
    return minute >= quiet.starts or minute < quiet.ends


def _opens_at(now: datetime, zone: ZoneInfo, quiet: QuietHours) -> datetime:
    """The first whole minute whose wall clock is not quiet. Where the clock is put forward or back on the way, look at each."""
    start = now.astimezone(UTC).replace(second=0, microsecond=0)
    opens = start + timedelta(minutes=(quiet.ends - _wall(start, zone)) % _DAY)
    if opens.astimezone(zone).utcoffset() == start.astimezone(zone).utcoffset():
        return opens
    minutes = (start + ahead * _MINUTE for ahead in range(2 * _DAY))
    return next((minute for minute in minutes if not _is_quiet(minute, zone, quiet)), opens)


def _local_time(zone: str | None, now: datetime) -> str:
    try:
        return f"{now.astimezone(ZoneInfo(zone)):%H:%M}" if zone else "an unknown hour"
    except (KeyError, ValueError, OSError):
        return "an unknown hour"


def _wall(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 60 + local.minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"
