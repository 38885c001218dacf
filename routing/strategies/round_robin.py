"""Round robin, smooth and weighted: with weights 5, 1, 1 the turns are a a b a c a a, never five in a row for the heavy one.

Before each turn every eligible rep's credit grows by their weight, the greatest goes first and pays the sum of all weights back
(the method of nginx's upstream balancer). The sum of credits is always 0; after W/gcd turns all are 0 again.
"""

from collections.abc import Sequence
from dataclasses import replace

from routing.model import Seat
from routing.strategies.order import Direction, Order

ORDER: Order = (("next_credit", Direction.DESC), ("rank", Direction.ASC))


def charge(eligible: Sequence[Seat], chosen: str) -> tuple[Seat, ...]:
    """The seats whose credit changes. A rep who took the lead outside the turn (by hand, as its owner) pays nothing: ()."""
    if all(seat.rep != chosen for seat in eligible):
        return ()
    total = sum(seat.weight for seat in eligible)
    grown = (replace(seat, credit=seat.credit + seat.weight - (total if seat.rep == chosen else 0)) for seat in eligible)
    return tuple(after for before, after in zip(eligible, grown, strict=True) if after.credit != before.credit)
