"""HTTP to the providers: one pool of kept-alive connections and one TLS context per process, no retries of its own.

A new TLS context costs 22 ms of CPU per call (loading the CA bundle), a kept one 0.2 ms.
"""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, HTTPError, LocationParseError, NewConnectionError, SSLError
from urllib3.util import parse_url

from config import clock
from config.clock import monotonic
from workers.outcomes import Ambiguous, NotProcessed, NotSent, SendFailed

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
HOUR = timedelta(hours=1)
LONGEST_ANSWER = 1_000_000  # bytes; an answer of a provider has a few thousand
_ADDRESS = re.compile(r"(https?://[^/?#]+)([^#]*)")
_BEFORE_THE_WRITE = (NewConnectionError, ConnectTimeoutError, LocationParseError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is not one."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def list(self) -> list[Any]:
        """The body as a list; empty when it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return []
        return found if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when a call may still be started (monotonic seconds), and whether its lane has been stopped meanwhile.

    A process that was frozen and wakes late must not send: its lease is over and another may have taken the message.
    """

    until: float
    is_stopped: Callable[[], bool] = lambda: False

    def check(self) -> None:
        """Raises NotSent when it is too late."""
        if monotonic() > self.until:
            raise NotSent("the time for this call was over before it began", code="late")
        if self.is_stopped():
            raise NotSent("sending to this provider was stopped", code="stopped")


class _OneWrite:
    """Head and body of a request leave in one write: two wake the receiver twice, a third of the cost of a call."""

    _held: list[bytes] | None = None

    def request(self, *args: Any, **named: Any) -> None:
        self._held = []
        try:
            super().request(*args, **named)  # type: ignore[misc]
            held, self._held = self._held, None
            self.send(b"".join(held))
        finally:
            self._held = None

    def send(self, data: bytes) -> None:
        if self._held is None:
            super().send(data)  # type: ignore[misc]
        else:
            self._held.append(data)


class _Http(_OneWrite, HTTPConnection):  # type: ignore[misc]
    pass


class _Https(_OneWrite, HTTPSConnection):  # type: ignore[misc]
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


class Wire:
    """The pool. Use one per process, from any thread."""

    def __init__(self, *, connections: int = 16, read_seconds: float = READ_SECONDS) -> None:
        self._connections = connections
        self._timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds)
        self._pools: dict[str, HTTPConnectionPool] = {}  # by scheme, host and port: there are as many as providers

    def request(
        self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str], deadline: Deadline | None = None
    ) -> Answer:
        """One request. Raises NotSent when nothing can have reached the provider, Ambiguous when something may have."""
        if deadline:
            deadline.check()
        try:
            pool, target = self._way_to(url)
            answer = pool.urlopen(
                method, target, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            )
            try:
                return Answer(answer.status, answer.headers, answer.read(LONGEST_ANSWER, decode_content=True) or b"")
            finally:
                answer.drain_conn()
                answer.release_conn()
        except _BEFORE_THE_WRITE as error:
            raise NotSent(f"no connection ({type(error).__name__})", code="connection") from error
        except (HTTPError, OSError) as error:
            if isinstance(error, SSLError) and error.args and isinstance(error.args[0], ssl.SSLCertVerificationError):
                raise NotSent("the provider's certificate is not valid", code="certificate") from error
            raise Ambiguous(f"no answer ({type(error).__name__})", code="no_answer") from error

    def opened(self) -> int:
        """How many connections were opened so far, to the hosts talked with lately."""
        return sum(pool.num_connections for pool in self._pools.values())

    def close(self) -> None:
        """Let go of the connections."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _way_to(self, url: str) -> tuple[HTTPConnectionPool, str]:
        """The kept connections to that host, and what to ask it for. Raises LocationParseError."""
        found = _ADDRESS.match(url)
        if found is None:
            raise LocationParseError(url.partition("?")[0])
        base, target = found.groups()
        if base not in self._pools:
            where = parse_url(base)
            made = _HttpsPool if where.scheme == "https" else _HttpPool
            fresh = made(where.host or "", where.port, maxsize=self._connections, timeout=self._timeout)
            self._pools.setdefault(base, fresh)  # another thread may have been here first
        return self._pools[base], target if target.startswith("/") else f"/{target}"


def judge(answer: Answer, *, code: str | None, reason: str, configuration: frozenset[int] = frozenset({401, 403})) -> None:
    """Raises what an answer that is not a 2xx means for every provider; the channel adds what its own codes mean before."""
    if 200 <= answer.status < 300:
        return
    if answer.status == 429:
        raise NotProcessed("asked to slow down", code=code or "429", status=429, retry_after=retry_after(answer, clock.now()))
    if answer.status >= 500 or answer.status == 408:
        raise Ambiguous(reason or "the provider failed", code=code or str(answer.status), status=answer.status)
    raise SendFailed(reason, code=code or str(answer.status), status=answer.status, configuration=answer.status in configuration)


def retry_after(answer: Answer, now: datetime, *, longest: timedelta = HOUR) -> timedelta | None:
    """How long the provider asks us to wait, `longest` at most; None where it does not say, or what makes no sense.

    Retry-After is in seconds or a date (RFC 9110, 10.2.3); SendGrid says instead, in X-RateLimit-Reset, at which second of Unix time.
    """
    said = {name.lower(): value.strip() for name, value in answer.headers.items()}
    after, reset = said.get("retry-after", ""), said.get("x-ratelimit-reset", "")
    if _is_number(after):
        return min(timedelta(seconds=int(after)), longest)
    if after:
        return _until(after, now, longest)
    return min(max(timedelta(seconds=int(reset) - now.timestamp()), timedelta(0)), longest) if _is_number(reset) else None


def _until(date: str, now: datetime, longest: timedelta) -> timedelta | None:
    try:
        at: Any = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return min(max(at - now, timedelta(0)), longest) if at.tzinfo else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12
