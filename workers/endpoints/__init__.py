"""Whom we tell of events, one file each: `send(parcel, line)` hands one event over and returns Sent, or raises what
workers/outcomes.py knows. The folder is the list. `LATEST = True`: only the newest event of each lead counts, one at a time (CRMs).
`MEND`: what the operator should look at when the endpoint refuses us.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules

from config.settings import Settings
from routing.endpoint import Endpoint
from routing.team import Team
from store.announcements import Claimed
from workers.endpoints.line import Line


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event for one endpoint."""

    event: Claimed
    endpoint: Endpoint
    team: Team
    settings: Settings


@dataclass(frozen=True, slots=True)
class Sent:
    """It was taken. `records`: what the CRM calls the lead, by kind of record."""

    status: int
    records: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndpointKind:
    """What a file says."""

    name: str
    send: Callable[[Parcel, Line], Sent]
    latest: bool
    mend: str


def _found() -> Mapping[str, EndpointKind]:
    found = {}
    for each in iter_modules(__path__):
        module = import_module(f"{__name__}.{each.name}")
        if hasattr(module, "send"):
            found[each.name] = EndpointKind(each.name, module.send, getattr(module, "LATEST", False), module.MEND)
    return found


KINDS = _found()
