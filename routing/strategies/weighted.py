"""Weighted: shares by weight like round robin, but only the chosen rep's number changes, so an index serves the largest pool.

`served` is virtual time (start-time fair queueing, Goyal, Vin & Cheng 1996): one lead costs 1/weight, the smallest goes first.
"""

from collections.abc import Sequence
from dataclasses import replace

from routing.model import Seat
from routing.strategies.order import Direction, Order

ORDER: Order = (("served", Direction.ASC), ("last_assigned_at", Direction.ASC), ("rank", Direction.ASC))


def charge(eligible: Sequence[Seat], chosen: str) -> tuple[Seat, ...]:
    """The chosen rep's share grows by 1/weight, from no earlier than now: who was away is not flooded to catch up."""
    taker = next((seat for seat in eligible if seat.rep == chosen), None)
    if taker is None:
        return ()
    return (replace(taker, served=max(taker.served, _virtual_now(eligible)) + _cost(taker)),)


def _virtual_now(eligible: Sequence[Seat]) -> float:
    """Where the latest turn began. Reps who were present all along stand at or after it, so for them it changes nothing."""
    return max(seat.served - _cost(seat) for seat in eligible)


def _cost(seat: Seat) -> float:
    return 1 / max(seat.weight, 1)
