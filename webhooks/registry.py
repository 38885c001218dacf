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
from webhooks.bodies import LARGEST_BODY
from webhooks.catalogue import SourceDocs
from webhooks.delivery import Delivery
from webhooks.errors import Refused
from webhooks.example import Example

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SourceType:
    """What a file of webhooks/sources says. Required: verify, parse, EXAMPLE, CONTENT_TYPES; the rest has defaults.

    `settings_secrets` names the setting that stands in for a source without a secret of its own; `show` answers a GET that is
    no `handshake`; `decides_now` are the steps whose sender waits for the decision. `verbs` are the methods that bring leads;
    `key_alone`: the proof is a key, which may be the last part of the address; `key_instead`: it is one where nothing is signed;
    `keeps_unreadable`: its sender switches off an
    address that refuses, so that even what cannot be read is kept and answered as if it were; `refuse` says no in its words;
    `largest_body` in bytes: above LARGEST_BATCH the sender must prove itself by what is not in the body, before it is read.
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
    verbs: frozenset[str] = frozenset({"POST"})
    key_alone: bool = False
    key_instead: bool = False
    keeps_unreadable: bool = False
    refuse: Callable[[Refused], Answer] | None = None
    largest_body: int = LARGEST_BODY

    def is_by_key(self, delivery: Delivery) -> bool:
        """Is a key that may have leaked all that can prove this request?"""
        return self.key_alone or (self.key_instead and bool(delivery.path_key or "key" in delivery.query))

    @property
    def methods(self) -> tuple[str, ...]:
        """What may be sent to its address."""
        asked = (("GET",) if self.handshake or self.show else (), ("OPTIONS",) if self.preflight else ())
        return tuple(dict.fromkeys((*sorted(self.verbs, key=_post_first), *asked[0], *asked[1])))


def _post_first(verb: str) -> tuple[bool, str]:
    return verb != "POST", verb


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
        verbs=getattr(module, "VERBS", frozenset({"POST"})),
        key_alone=getattr(module, "KEY_ALONE", False),
        key_instead=getattr(module, "KEY_INSTEAD", False),
        keeps_unreadable=getattr(module, "KEEPS_UNREADABLE", False),
        refuse=getattr(module, "refuse", None),
        largest_body=getattr(module, "LARGEST_BODY", LARGEST_BODY),
    )


def _found() -> Mapping[str, SourceType]:
    names = sorted(each.name for each in pkgutil.iter_modules(sources.__path__))
    return {name: source_type(importlib.import_module(f"{sources.__name__}.{name}")) for name in names}


TYPES = _found()
