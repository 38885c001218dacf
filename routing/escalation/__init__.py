"""Whom a rung of the ladder tells. The folder is the list: every file but people.py is a target and says contacts(facts)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from routing.escalation.people import Contact
from routing.model import Facts

__all__ = ["Contact", "Target", "UnknownTarget", "get", "names"]

_SHARED = "people"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody a rung can name: `contacts(facts)` are the people to tell now, most important first."""

    name: str
    contacts: Callable[[Facts], tuple[Contact, ...]]


class UnknownTarget(LookupError):
    """The team file names a target that is not in this folder."""


def get(name: str) -> Target:
    """The target of that name. Raises UnknownTarget, which says what there is."""
    if name in _ALL:
        return _ALL[name]
    near = get_close_matches(name.replace("-", "_"), _ALL, n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(_ALL)}"
    raise UnknownTarget(f"there is no escalation target {name!r}; {hint}")


def names() -> tuple[str, ...]:
    """Every target there is, in alphabetical order."""
    return tuple(_ALL)


def _load(name: str) -> Target:
    return Target(name, import_module(f"{__name__}.{name}").contacts)


_ALL: Mapping[str, Target] = {found.name: _load(found.name) for found in iter_modules(__path__) if found.name != _SHARED}
