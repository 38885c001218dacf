"""OAuth 2.0 for the CRMs: access tokens, asked for when they are needed and kept in this process' memory, nowhere else.

One is renewed shortly before it runs out, and once when the API answers 401. A refusal is about our keys: the endpoint rests and the
operator is told. Requests and answers of RFC 6749, sections 4.4, 5 and 6. What the vendors say of theirs:
HubSpot: `expires_in` is 1,800; errors have `error` beside `status` (changelog "New OAuth v3 API endpoints and standardized error responses").
Pipedrive: HTTP Basic; `expires_in` is 3,600; the same refresh token comes back and lives 60 days on; `api_domain` is where the API is
(pipedrive/client-nodejs 462144a, src/versions/v2/configuration.ts; readme "OAuth authorization", step 7).
Salesforce: no `expires_in` at all, so its 401 tells; `instance_url` is where the API is (jsforce 0184e21, src/oauth2.ts).
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from urllib.parse import urlencode

import structlog

from config import clock
from config.settings import Settings
from config.teamfile.grants import KEYS
from config.teamfile.secrets import resolved
from routing.endpoint import Grant
from workers.endpoints import Parcel
from workers.endpoints.line import Line, judge
from workers.outcomes import Ambiguous, NotProcessed, SendFailed
from workers.wire import Answer

log = structlog.get_logger(__name__)

RENEW_BEFORE = 120.0  # seconds before a token runs out, longer than the calls of one event can take; of a short-lived one a tenth
LATER = frozenset({"temporarily_unavailable", "server_error", "rate_limit_exceeded", "slow_down"})  # no word about our keys
_STRANGE = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class TokenDoor:
    """Where a vendor gives tokens. `is_basic`: it wants id and secret in the header instead of the form."""

    vendor: str
    url: str
    is_basic: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. `host` is where the vendor says it may be used, "" if it says nothing; `until` it is used, on the steady clock."""

    text: str = field(repr=False)
    host: str = ""
    until: float = float("inf")


@dataclass(frozen=True, slots=True)
class _Keys:
    """A grant's values at this moment."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False, default="")


class Tokens:
    """The access tokens of this process, one for each set of keys: new keys get a new one at once."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, _Keys], Token] = {}
        self._doors: dict[str, Lock] = {}  # one asks at a time at each door, and nobody waits for another vendor's

    def of(self, grant: Grant, settings: Settings, door: TokenDoor, line: Line) -> Token:
        """The token in hand, or a new one. Raises workers.outcomes.NotAccepted."""
        keys = _keys(grant, settings, door)
        with self._doors.setdefault(door.url, Lock()):
            token = self._tokens.get((door.url, keys))
            if token is None or token.until <= clock.monotonic():
                token = self._tokens[door.url, keys] = _ask(keys, door, line)
            return token

    def drop(self, token: Token) -> None:
        """It was refused. A newer one stays: another thread may have been quicker."""
        for place, kept in list(self._tokens.items()):
            if kept is token:
                self._tokens.pop(place, None)

    def clear(self) -> None:
        """Forget all of them."""
        self._tokens.clear()


TOKENS = Tokens()


def authorized(parcel: Parcel, line: Line, door: TokenDoor, call: Callable[[Token], Answer]) -> Answer:
    """`call` with a token; when that is answered 401, once more with a new one. Raises workers.outcomes.NotAccepted."""
    assert parcel.endpoint.grant is not None
    token = TOKENS.of(parcel.endpoint.grant, parcel.settings, door, line)
    answer = call(token)
    if answer.status != 401:
        return answer
    TOKENS.drop(token)
    return call(TOKENS.of(parcel.endpoint.grant, parcel.settings, door, line))


def _keys(grant: Grant, settings: Settings, door: TokenDoor) -> _Keys:
    found = {name: _value(getattr(grant, name), settings) for name in KEYS}
    for name, value in found.items():
        if getattr(grant, name) and not value:
            raise SendFailed(
                f"{door.vendor}: nothing stands at {getattr(grant, name)} ({name})", code="token", configuration=True
            )
    return _Keys(**found)


def _value(text: str, settings: Settings) -> str:
    """What a reference stands for now, the first where there are several; anything else stands for itself."""
    if not text.startswith(("env:", "file:")):
        return text
    return (resolved(text, settings) or "").partition(",")[0].strip()


def _ask(keys: _Keys, door: TokenDoor, line: Line) -> Token:
    """One request for a token."""
    said = {"grant_type": "client_credentials"}
    if keys.refresh_token:
        said = {"grant_type": "refresh_token", "refresh_token": keys.refresh_token}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if door.is_basic:
        pair = f"{keys.client_id}:{keys.client_secret}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    else:
        said |= {"client_id": keys.client_id, "client_secret": keys.client_secret}
    asked_at = clock.monotonic()
    answer = line.post(door.url, urlencode(said).encode(), headers)
    _judge(answer, door)
    given = answer.json()
    text = given.get("access_token")
    if not isinstance(text, str) or not text or not text.isascii():
        raise Ambiguous(f"{door.vendor} answered without a token", code="token", status=answer.status)
    renewed = given.get("refresh_token")
    if keys.refresh_token and renewed and renewed != keys.refresh_token:
        log.warning("refresh_token_rotates", vendor=door.vendor)  # the next process would be refused: docs/events.md
    log.info("token_given", vendor=door.vendor)
    host = str(given.get("instance_url") or given.get("api_domain") or "").rstrip("/")
    lasts = lifetime(given.get("expires_in"))
    return Token(text, host, asked_at + lasts - min(RENEW_BEFORE, lasts / 10))


def lifetime(said: object) -> float:
    """Seconds, from `expires_in` as a number or in quotes; for ever where the vendor says nothing that makes sense."""
    try:
        seconds = float(str(said))
    except ValueError:
        return float("inf")
    return seconds if 0 < seconds < 10**9 else float("inf")


def _judge(answer: Answer, door: TokenDoor) -> None:
    """Raises what an answer that is no token means; only the vendor's error code is quoted."""
    said = answer.json()
    error = _STRANGE.sub("", str(said.get("error") or said.get("status") or said.get("category") or ""))[:60] or str(
        answer.status
    )
    reason = f"{door.vendor} gives no token ({error})"
    if error in LATER:
        raise NotProcessed(reason, code="token", status=answer.status)
    if 300 <= answer.status < 500 and answer.status not in (408, 429):
        raise SendFailed(reason, code="token", status=answer.status, configuration=True)
    judge(answer, code="token", reason=reason)
