"""When a manager is told: the first alarm at once, then one message a window that gathers the rest, and so many an hour.

Never a flood, never silence: what is held back goes out in the next message, and there always is a next one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(seconds=60)  # theory: one text a manager and window; breaches of one cause come in bunches
HOUR = timedelta(hours=1)
CODES_NAMED, REPS_NAMED = 12, 3
SEVERITY = ("away", "waiting", "at_risk", "uncontactable", "breach")  # a message that gathers several speaks of the worst


@dataclass(frozen=True, slots=True)
class History:
    """What this person has been told on this channel in the last hour: instants of messages, oldest first, sent or to be sent."""

    told_at: tuple[datetime, ...] = ()


def tell_at(history: History, now: datetime, at_most_per_hour: int, template: str = "breach") -> datetime:
    """The instant at which the next message may go out; `now` when nothing stands against it.

    The last message of the hour is kept for what is late: news of less weight must not use up the word that it has.
    """
    most = at_most_per_hour if template == "breach" else max(at_most_per_hour - 1, min(at_most_per_hour, 1))
    last_hour = [at for at in history.told_at if at > now - HOUR]
    earliest = max([now, *([last_hour[-1] + WINDOW] if last_hour else [])])
    if len(last_hour) >= most > 0:
        earliest = max(earliest, last_hour[-most] + HOUR)
    return earliest


def joined(held: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """The fields of a held message after one more has joined it: its lead, or the reps it tells are set Away.

    `gathered` and `all_away` keep every code and name, so that each counts once.
    """
    both = held if held.get("codes") else {**held, **more}  # what tells of a lead says more than what tells of a rep
    told = [one.get("pool") for one in (held, more) if one.get("codes")] or [one.get("pool") for one in (held, more)]
    pool = {} if len(set(told)) == 1 else {"pool": ""}  # of several pools none is named
    return {**both, **pool, **_leads(held, more), **_reps(held, more)}


def is_mixed(held: str, more: str) -> bool:
    """Do the templates say different things of leads, so that the worse one is not true of all?"""
    return held != more and "away" not in (held, more)


def _leads(held: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    codes = (held.get("gathered") or held.get("codes", "")).split()
    new = [code for code in (more.get("gathered") or more.get("codes", "")).split() if code not in codes]
    if not codes or not new:
        return {}
    every = codes + new
    return {"gathered": " ".join(every), "codes": _listed(every, CODES_NAMED, " "), "count": str(len(every))}


def _reps(held: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    every = list(dict.fromkeys(name for one in (held, more) for name in one.get("all_away", "").split("; ") if name))
    lapses = max(held.get("lapses", ""), more.get("lapses", ""), key=lambda number: int(number or 0))
    return {"all_away": "; ".join(every), "set_away": _listed(every, REPS_NAMED, ", "), "lapses": lapses} if every else {}


def _listed(every: list[str], most: int, between: str) -> str:
    """The first so many, and how many more there are."""
    rest = len(every) - most
    return between.join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def worst(one: str, other: str) -> str:
    """The more serious of two templates."""
    return max(one, other, key=lambda name: SEVERITY.index(name) if name in SEVERITY else -1)
