"""Vendors that post only a lead's id, one file each: `ask` fetches the rest, `common_lead` makes it the common lead, `MEND` says what
the operator should look at when it does not come. The folder is the list; the notice names its vendor in `fetch.vendor`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from config.settings import Settings
from workers.wire import Wire

Content = Mapping[str, Any]
Page = tuple[list[tuple[str, dict[str, object]]], object]
Missed = Callable[[Content, Settings, Wire], Page]


@dataclass(frozen=True, slots=True)
class Vendor:
    """`ask(notice, settings, wire)` raises workers.outcomes.NotAccepted; `common_lead(notice, answer, region=)` is pure.

    `missed(asked, settings, wire)` gives one page of the vendor's list since `asked["missed_since"]`: (key, content) of each lead, and
    where the next page begins (`asked["cursor"]` of the next call), None after the last.
    """

    name: str
    ask: Callable[[Content, Settings, Wire], Content]
    common_lead: Callable[..., dict[str, object]]
    mend: str
    missed: Missed | None = None


def vendor_of(content: Content) -> Vendor:
    """Whom to ask. Meta's notices came before there were others and name none. Raises LookupError for a name nobody has."""
    wanted = content.get("fetch")
    name = str(wanted.get("vendor")) if isinstance(wanted, dict) else "meta"
    if name not in VENDORS:
        raise LookupError(f"there is no file for {name[:40]!r} in workers/fetching")
    return VENDORS[name]


def _found() -> Mapping[str, Vendor]:
    found = {}
    for each in iter_modules(__path__):
        module = import_module(f"{__name__}.{each.name}")
        found[each.name] = Vendor(each.name, module.ask, module.common_lead, module.MEND, getattr(module, "missed", None))
    return found


VENDORS = _found()
