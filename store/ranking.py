"""The seats of a roster that can take a lead, kept in the strategy's order while a batch changes a few of them."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from routing.capacity import can_take, reason
from routing.model import Seat
from routing.strategies.order import Order, key

Place = tuple[tuple[float, ...], str]


class Ranking:
    """Each step moves a seat or two: they are taken out and put in again (bisection), the others are not looked at.

    Sorting 200 seats anew at every step was two thirds of the cost of a decision.
    """

    def __init__(self, seats: Iterable[Seat], order: Order) -> None:
        self._order = order
        self._seats: dict[str, Seat] = {}
        self._place: dict[str, Place] = {}
        self._places: list[Place] = []
        self._reasons: dict[str, str] = {}
        for seat in seats:
            self._enter(seat)
        self._places.sort()

    def put(self, seat: Seat) -> None:
        """The seat as it is from now on."""
        before = self._place.pop(seat.rep, None)
        if before is not None:
            del self._places[bisect_left(self._places, before)]
        self._reasons.pop(seat.rep, None)
        if self._enter(seat):
            insort(self._places, self._places.pop())

    def able(self) -> tuple[Seat, ...]:
        """Those who can take a lead, best first."""
        return tuple([self._seats[rep] for _, rep in self._places])

    def up_to(self, edge: tuple[float, ...]) -> Iterator[Seat]:
        """Those who can take a lead and sort no later than `edge`, best first."""
        for place, rep in self._places:
            if place > edge:
                return
            yield self._seats[rep]

    def has_room(self) -> bool:
        """Can anybody take a lead?"""
        return bool(self._places)

    def others(self) -> Mapping[str, int]:
        """How many cannot, by reason: an absence by name, a cap as "full" or "full today"."""
        return dict(Counter(self._reasons.values()))

    def _enter(self, seat: Seat) -> bool:
        """Append the seat's place, unsorted; False for a seat that cannot take a lead."""
        self._seats[seat.rep] = seat
        if not can_take(seat):
            self._reasons[seat.rep] = reason(seat)
            return False
        place = self._place[seat.rep] = (key(seat, self._order), seat.rep)
        self._places.append(place)
        return True
