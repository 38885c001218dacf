"""The channels: one file each. A channel says which `CHANNELS` it carries and sends one message at a time.

`make(settings, wire)` returns a Carrier when its provider is set up, None when not; then workers/channels/local.py carries
the message to the page /outbox. Adding a channel is adding a file: the folder is the list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol

from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers.outcomes import Receipt
from workers.render import Rendered
from workers.wire import Deadline, Wire


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message about to be handed over: its row, its words, and until when the call may begin."""

    message: Claimed
    words: Rendered
    deadline: Deadline | None = None


class Carrier(Protocol):
    """What carries messages to one provider."""

    provider: str
    channels: Sequence[str]

    def send(self, parcel: Parcel) -> Receipt:
        """Hand the message over. Raises workers.outcomes.NotAccepted."""

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """Ask the provider for an ambiguous message tried at `since`; None when its list does not have it.

        Raises LookupError when it cannot be asked at all, NotAccepted when it cannot be asked now.
        """

    def meaning(self, code: str | None) -> Fault:
        """What the code of a bad delivery report means."""


def carriers(settings: Settings, wire: Wire) -> Mapping[str, Carrier]:
    """Who carries which channel, the local one where no provider is set up."""
    found: dict[str, Carrier] = {}
    for module in sorted(info.name for info in iter_modules(__path__) if info.name != "local"):
        carrier = import_module(f"{__name__}.{module}").make(settings, wire)
        for channel in carrier.channels if carrier else ():
            found[channel] = carrier
    local = import_module(f"{__name__}.local").make(settings, wire)
    return dict.fromkeys(local.channels, local) | found
