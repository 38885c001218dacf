"""How often somebody may be wrong: counted per address, per account, and of all together, in this process."""

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from config import clock

PER_MINUTE = {"address": 5, "account": 5, "": 60}  # "" is everybody: a swarm of addresses must not keep the machine hashing
LONGER = timedelta(minutes=15)
PER_LONGER = {"address": 30, "account": 20}  # slow guessing: at most 80 an hour at one account


@dataclass
class Tries:
    """Wrong tries of the last 15 min. `by`: {"address": ..., "account": ...}."""

    wrong: deque[tuple[float, str, str]] = field(default_factory=deque)

    def too_many(self, **by: str) -> bool:
        """Has one of these, or have all together, used up their tries?"""
        now = clock.monotonic()
        while self.wrong and self.wrong[0][0] < now - LONGER.total_seconds():
            self.wrong.popleft()
        if self._count("", "", since=now - 60) >= PER_MINUTE[""]:
            return True
        return any(
            self._count(kind, who, since=now - 60) >= PER_MINUTE[kind] or self._count(kind, who, since=0) >= PER_LONGER[kind]
            for kind, who in by.items()
        )

    def add(self, **by: str) -> None:
        """Count one wrong try."""
        now = clock.monotonic()
        self.wrong.extend((now, kind, who) for kind, who in {**by, "": ""}.items())

    def _count(self, kind: str, who: str, *, since: float) -> int:
        return sum(1 for at, what, whose in self.wrong if what == kind and whose == who and at >= since)
