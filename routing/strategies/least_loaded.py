"""Least loaded: the rep with the smallest share of their room in use; among equals the one whose last lead is longest ago."""

from collections.abc import Sequence

from routing.model import Seat
from routing.strategies.order import Direction, Order

ORDER: Order = (("load", Direction.ASC), ("last_assigned_at", Direction.ASC), ("rank", Direction.ASC))


def charge(eligible: Sequence[Seat], chosen: str) -> tuple[Seat, ...]:
    """Nothing: the lead itself, and the instant it was given, are what this strategy counts."""
    return ()
