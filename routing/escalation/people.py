"""The people a rung can reach, and who stands in when those it names cannot be reached."""

from collections.abc import Iterable
from dataclasses import dataclass

from routing.model import Facts
from routing.team import Manager, Rep


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to tell. `to` is "manager:<id>" or "rep:<id>", as in a message."""

    to: str
    name: str
    phone: str | None = None
    email: str | None = None
    slack: str | None = None


def managers(facts: Facts, named: Iterable[str]) -> tuple[Contact, ...]:
    """Those of the named managers who can be reached, each once, in the order named."""
    team = facts.team.managers
    return tuple(of_manager(team[manager]) for manager in dict.fromkeys(named) if manager in team and _reachable(team[manager]))


def every_manager(facts: Facts) -> tuple[Contact, ...]:
    """All managers of the team: those who can be reached, or, where none can, all the same, so that the board shows a name."""
    return managers(facts, facts.team.managers) or tuple(of_manager(manager) for manager in facts.team.managers.values())


def reps(facts: Facts, named: Iterable[str]) -> tuple[Contact, ...]:
    """The named reps who are in the team, each once, in the order named."""
    team = facts.team.reps
    return tuple(of_rep(team[rep]) for rep in dict.fromkeys(named) if rep in team)


def of_manager(manager: Manager) -> Contact:
    """A manager as somebody to tell."""
    return Contact(f"manager:{manager.id}", manager.name, phone=manager.phone, email=manager.email, slack=manager.slack)


def of_rep(rep: Rep) -> Contact:
    """A rep as somebody to tell."""
    return Contact(f"rep:{rep.id}", rep.name, phone=rep.phone, email=rep.email)


def _reachable(manager: Manager) -> bool:
    """By text or e-mail: an alarm goes both ways, and Slack alone is not read at night."""
    return bool(manager.phone or manager.email)
