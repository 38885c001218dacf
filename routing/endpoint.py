"""Where events for the world outside go, and by what right."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Grant:
    """Where OAuth's client id, client secret and refresh token stand (`env:NAME`, `file:PATH`; the id may stand for itself).

    They are read whenever a token is asked for, so what is replaced there holds from then on. Without a refresh token the client
    asks in its own name.
    """

    client_id: str
    client_secret: str
    refresh_token: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events go: `type` names the adapter (workers/endpoints/<type>.py); no `events` means all of them.

    `contact`: may it know the person? `fields`: their field -> ours; `owners`: rep -> their user; `options` are the type's own keys.
    `grant` instead of `secrets`: access tokens are asked for by OAuth.
    """

    id: str
    type: str
    url: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    events: frozenset[str] = frozenset()
    contact: bool = False
    enabled: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    grant: Grant | None = None
