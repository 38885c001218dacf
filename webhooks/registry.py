"""The kinds of source there are: the folder webhooks/sources is the list. A new kind is one new file there."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from store.advance import After
from store.inbox import Received, Recorded
from webhooks import answers, sources
from webhooks.answers import Answer
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.example import Example

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SourceType:
    """What a file of webhooks/sources says. Required: verify, parse, EXAMPLE, CONTENT_TYPES; the rest has defaults.

    `settings_secrets` names the setting that stands in for a source without a secret of its own; `show` answers a GET that is
    no `handshake`; `decides_now` are the steps whose sender waits for the decision.
    """

    name: str
    verify: Callable[[Delivery, Sequence[str]], None]
    parse: Callable[[Delivery], list[Received]]
    example: Example
    content_types: frozenset[str]
    answer: Callable[[Delivery, Sequence[Recorded], After | None], Answer]
    handshake: Callable[[Delivery], Answer] | None = None
    show: Callable[[Delivery], Answer] | None = None
    preflight: Callable[[Delivery], Answer] | None = None
    cors: Callable[[Delivery], Headers] | None = None
    steps: frozenset[str] = frozenset()
    decides_now: frozenset[str] = frozenset()
    settings_secrets: str = ""
    docs: SourceDocs | None = None

    @property
    def methods(self) -> tuple[str, ...]:
        """What may be sent to its address."""
        return ("POST", *(("GET",) if self.handshake or self.show else ()), *(("OPTIONS",) if self.preflight else ()))


def source_type(module: ModuleType) -> SourceType:
    """Read one file. Raises AttributeError for a file that lacks what every kind of source must have."""
    return SourceType(
        name=module.__name__.rpartition(".")[2],
        verify=module.verify,
        parse=module.parse,
        example=module.EXAMPLE,
        content_types=module.CONTENT_TYPES,
        answer=getattr(module, "answer", lambda _delivery, recorded, _after: answers.taken(recorded)),
        handshake=getattr(module, "handshake", None),
        show=getattr(module, "show", None),
        preflight=getattr(module, "preflight", None),
        cors=getattr(module, "cors", None),
        steps=getattr(module, "STEPS", frozenset()),
        decides_now=getattr(module, "DECIDES_NOW", frozenset()),
        settings_secrets=getattr(module, "SETTINGS_SECRETS", ""),
        docs=getattr(module, "DOCS", None),
    )


def _found() -> Mapping[str, SourceType]:
    names = sorted(each.name for each in pkgutil.iter_modules(sources.__path__))
    return {name: source_type(importlib.import_module(f"{sources.__name__}.{name}")) for name in names}


TYPES = _found()
