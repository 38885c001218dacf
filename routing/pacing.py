"""How fast texts may leave: what carriers take from a sender a minute and a day (A2P 10DLC), counted in segments as they count.

A bucket a sender: no sixty seconds ever see more than the class allows. Acknowledgements go first; what finds no room is given the
moment at which it will, behind those who wait already. When the day is used up nothing is kept waiting for midnight that will be stale.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from routing.rulebook import PACIFIC, Rulebook, classes_on

LONGEST = 12  # segments of the longest text (1,600 characters are 11): a bucket holds at least this, or half a minute's worth
BURST = 10  # a tenth of a minute's segments may go at once


@dataclass(frozen=True, slots=True)
class Rate:
    """What is said of one sender: the id of its class and of its brand's tier (config/rules/carriers-*.yaml), or numbers of its own."""

    kind: str = ""
    brand: str = ""
    per_minute: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """All senders of a campaign share the `usual` rate; those named in `senders` (a number, an MG sid) have one of their own."""

    usual: Rate = Rate()
    senders: Mapping[str, Rate] = field(default_factory=dict)

    def of(self, sender: str) -> tuple[str, Rate]:
        """Under which name a sender's texts are counted, and at which rate."""
        return (sender, self.senders[sender]) if sender in self.senders else ("", self.usual)


@dataclass(frozen=True, slots=True)
class Budget:
    """Segments a minute and a day; None: as many as there are. The day begins at midnight in `day_zone`."""

    per_minute: int | None = None
    per_day: int | None = None
    day_zone: str = PACIFIC

    @property
    def burst(self) -> float:
        """Segments that may go at once."""
        return min(max(self.per_minute / BURST, LONGEST), self.per_minute / 2) if self.per_minute else 0.0

    @property
    def per_second(self) -> float:
        """Segments by which the bucket fills: with a full bucket a minute never sees more than the class allows."""
        return (self.per_minute - self.burst) / 60 if self.per_minute else 0.0


@dataclass(frozen=True, slots=True)
class Spent:
    """A sender's bucket as it was `at` an instant: what is in it, what has gone on `day`, and until when places in the line are given."""

    tokens: float
    at: datetime
    day: date
    used: int = 0
    tail: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that wants to go: how many segments it costs, whether it goes before others, whether it asks for the first time."""

    cost: int
    goes_first: bool = False
    is_new: bool = True
    number: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Goes now (`until` None), or waits; `is_day_over`: the day is used up until then."""

    until: datetime | None = None
    is_day_over: bool = False


def budget(rate: Rate, book: Rulebook, day: date) -> Budget:
    """What a rate allows on this day; the firm's own numbers win over the class's."""
    known = classes_on(book, day)
    kind, brand = known.get(rate.kind), known.get(rate.brand)
    return Budget(
        per_minute=rate.per_minute or (kind.per_minute if kind else None),
        per_day=rate.per_day or (brand.per_day if brand else None),
        day_zone=brand.day_zone if brand else PACIFIC,
    )


def unspent(allowed: Budget, now: datetime) -> Spent:
    """A sender that has sent nothing yet."""
    return Spent(allowed.burst, now, _today(allowed, now))


def admit(allowed: Budget, spent: Spent, asked: Sequence[Asked], now: datetime) -> tuple[list[Verdict], Spent]:
    """A verdict for each text, in their order, and the bucket afterwards. Those that go first are looked at before the others."""
    spent = _filled(allowed, spent, now)
    verdicts: dict[int, Verdict] = {}
    owed = 0.0  # segments of those that wait at the front already
    for n in sorted(range(len(asked)), key=lambda n: (not asked[n].goes_first, n)):
        text = asked[n]
        if allowed.per_day is not None and spent.used + text.cost > allowed.per_day:
            verdicts[n] = Verdict(_midnight(allowed, spent.day), is_day_over=True)
        elif not owed and _fits(allowed, spent, text):
            verdicts[n] = Verdict()
            tokens = spent.tokens - text.cost if allowed.per_minute else spent.tokens
            spent = replace(spent, tokens=tokens, used=spent.used + text.cost)
        else:
            owed += text.cost
            at_front, tail = now + _in_seconds(allowed, owed - spent.tokens), max(spent.tail or now, now)
            if text.goes_first:
                verdicts[n] = Verdict(at_front)
            elif text.is_new:
                spent = replace(spent, tail=max(at_front, tail + _in_seconds(allowed, text.cost)))
                verdicts[n] = Verdict(spent.tail)
            else:
                verdicts[n] = Verdict(max(at_front, now + _somewhere(text, now) * (tail - now)))
    return [verdicts[n] for n in range(len(asked))], spent


def _somewhere(text: Asked, now: datetime) -> float:
    """Where in the line a text is put again whose place an acknowledgement took: were they all put first, they would meet again and again."""
    return zlib.crc32(f"{text.number}:{now.timestamp()}".encode()) / 0xFFFFFFFF


def _fits(allowed: Budget, spent: Spent, text: Asked) -> bool:
    """One longer than the whole bucket goes when that is full."""
    return allowed.per_minute is None or spent.tokens >= min(text.cost, allowed.burst) - 1e-6


def _filled(allowed: Budget, spent: Spent, now: datetime) -> Spent:
    """The bucket at `now`; a clock that is a little behind takes nothing out of it. A new day begins with nothing used."""
    gone = max((now - spent.at).total_seconds(), 0.0)
    today = _today(allowed, now)
    tokens = min(allowed.burst, spent.tokens + gone * allowed.per_second)
    return replace(
        spent, tokens=tokens, at=max(spent.at, now), day=max(today, spent.day), used=spent.used if today <= spent.day else 0
    )


def _in_seconds(allowed: Budget, segments: float) -> timedelta:
    """Rounded up: who comes back a microsecond early would find the bucket short by a hair."""
    seconds = max(segments, 0.0) / allowed.per_second if allowed.per_second else 0.0
    return timedelta(seconds=seconds, milliseconds=1)


def _today(allowed: Budget, now: datetime) -> date:
    return now.astimezone(ZoneInfo(allowed.day_zone)).date()


def _midnight(allowed: Budget, day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(allowed.day_zone)).astimezone(ZoneInfo("UTC"))
