"""When a manager is told: the first alarm at once, then one message a window that gathers the rest, and so many an hour.

Never a flood, never silence: what is held back goes out in the next message, and there always is a next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)  # theory: one text a manager and window; breaches of one cause come in bunches
HOUR = timedelta(hours=1)
CODES_NAMED = 12
SEVERITY = ("waiting", "at_risk", "uncontactable", "breach")  # a message that gathers several speaks of the worst


@dataclass(frozen=True, slots=True)
class History:
    """What this person has been told on this channel in the last hour: instants of messages, oldest first, sent or to be sent."""

    told_at: tuple[datetime, ...] = ()


def tell_at(history: History, now: datetime, at_most_per_hour: int) -> datetime:
    """The instant at which the next message may go out; `now` when nothing stands against it."""
    last_hour = [at for at in history.told_at if at > now - HOUR]
    earliest = max([now, *([last_hour[-1] + WINDOW] if last_hour else [])])
    if len(last_hour) >= at_most_per_hour > 0:
        earliest = max(earliest, last_hour[-at_most_per_hour] + HOUR)
    return earliest


def joined(held: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """The fields of a held message after one more lead has joined it. `gathered` keeps every code, so that each counts once."""
    codes = (held.get("gathered") or held.get("codes", "")).split()
    new = [code for code in (more.get("gathered") or more.get("codes", "")).split() if code not in codes]
    if not new:
        return dict(held)
    every = codes + new
    named, rest = " ".join(every[:CODES_NAMED]), len(every) - CODES_NAMED
    return {
        **held, "gathered": " ".join(every), "codes": f"{named} and {rest} more" if rest > 0 else named, "count": str(len(every)),
    }  # fmt: skip


def worst(one: str, other: str) -> str:
    """The more serious of two templates."""
    return max(one, other, key=lambda name: SEVERITY.index(name) if name in SEVERITY else -1)
