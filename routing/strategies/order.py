"""How a strategy's columns sort: shared by all of them, and the twin of the ORDER BY that the store makes of the same columns."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from routing.capacity import load
from routing.hours import EPOCH
from routing.model import Seat


class Direction(StrEnum):
    """Which end of a column goes first. An instant that never was (None, SQL NULL) counts as the smallest value."""

    ASC = "asc"
    DESC = "desc"


Order = tuple[tuple[str, Direction], ...]

COLUMNS: Mapping[str, Callable[[Seat], float | datetime | None]] = {
    "load": load,
    "last_assigned_at": lambda seat: seat.last_assigned_at,
    "next_credit": lambda seat: seat.credit + seat.weight,
    "served": lambda seat: seat.served,
    "rank": lambda seat: seat.rank,
}


def key(seat: Seat, order: Order) -> tuple[float, ...]:
    """What `sorted` compares; the smallest tuple is the best seat."""
    return tuple(_number(COLUMNS[column](seat)) * (1 if way is Direction.ASC else -1) for column, way in order)


def best_first(seats: Iterable[Seat], order: Order) -> tuple[Seat, ...]:
    """The seats, best first. `rank` ends every order, so the result depends neither on the order given nor on anyone's name."""
    return tuple(sorted(seats, key=lambda seat: key(seat, order)))


def _number(value: float | datetime | None) -> float:
    if value is None:
        return -math.inf
    return (value - EPOCH).total_seconds() if isinstance(value, datetime) else value
