"""Whether anybody is at work: a queue whose next entry stays the same has been left alone, one whose next entry changes is only long.

The clock does by itself what nobody does. Workers that are alive but have too much to do are not helped by a further process
on the same machine: it takes the processor from them (0.5 to 0.9 ms a lead, measured under 250 leads/s).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from store.due import Due

UNDONE_AFTER = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class _Head:
    """The entry of a queue that is due next, and since when it has been left alone."""

    at: datetime
    since: datetime


class Undone:
    """Remembers the queues from one look to the next."""

    def __init__(self) -> None:
        self._heads: dict[str, _Head] = {}

    def look(self, waiting: Due, now: datetime) -> bool:
        """Has something that is due been left alone for 2 s?"""
        due = {name: at for name in Due.__slots__ if (at := getattr(waiting, name)) is not None and at <= now}
        self._heads = {name: self._head(name, at, now) for name, at in due.items()}
        return any(now - head.since >= UNDONE_AFTER for head in self._heads.values())

    def _head(self, name: str, at: datetime, now: datetime) -> _Head:
        before = self._heads.get(name)
        if before is None:
            return _Head(at, since=at)
        return before if before.at == at else _Head(at, since=now)
