"""Which rep is asked first. The folder is the list: every file but order.py is a strategy and says ORDER and charge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from routing.model import Seat
from routing.strategies.order import Order

_SHARED = "order"


@dataclass(frozen=True, slots=True)
class Strategy:
    """`order` are the columns that sort the seats; `charge(eligible, chosen)` the seats that change when `chosen` takes a lead."""

    name: str
    order: Order
    charge: Callable[[Sequence[Seat], str], tuple[Seat, ...]]


class UnknownStrategy(LookupError):
    """The team file names a strategy that is not in this folder."""


def get(name: str) -> Strategy:
    """The strategy of that name. Raises UnknownStrategy, which says what there is."""
    if name in _ALL:
        return _ALL[name]
    near = get_close_matches(name.replace("-", "_"), _ALL, n=1)
    raise UnknownStrategy(
        f"there is no strategy {name!r}; " + (f"did you mean {near[0]}?" if near else f"one of {', '.join(_ALL)}")
    )


def names() -> tuple[str, ...]:
    """Every strategy there is, in alphabetical order."""
    return tuple(_ALL)


def _load(name: str) -> Strategy:
    module = import_module(f"{__name__}.{name}")
    return Strategy(name, module.ORDER, module.charge)


_ALL: Mapping[str, Strategy] = {found.name: _load(found.name) for found in iter_modules(__path__) if found.name != _SHARED}
