"""One call to an address that a user has set: checked, dialled at the checked address, no redirects, bounded in time and size."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

from config.clock import monotonic
from config.outgoing import Guard, Target

SECONDS = 10.0  # for the whole call, name server included
CONNECT_SECONDS = 3.0
LONGEST_REPLY = 64 * 1024  # bytes


class NotReached(Exception):
    """No connection: nothing can have arrived. The text names no path."""


class NoReply(Exception):
    """The call broke off after it had begun: it may have arrived, or not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; a redirect is a reply like any other. Names of headers are in lower case. `is_cut`: the body was longer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


def call(
    guard: Guard,
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
    longest: int = LONGEST_REPLY,
    context: ssl.SSLContext | None = None,
) -> Reply:
    """Call once, on a connection of its own. Raises AddressRefused, NotReached or NoReply.

    `seconds` is for everything together, however slowly the other side drips. `context` replaces the machine's trust (tests).
    """
    with _held(guard, url, seconds, context) as wires:
        connection = _Connection(wires)
        try:
            connection.request(method, wires.target.path, body=body, headers={"User-Agent": "Headroom", **(headers or {})})
            reply = _read(connection.getresponse(), longest)
            wires.check_time()
            return reply
        except (OSError, http.client.HTTPException) as error:
            if wires.is_open:
                raise NoReply(f"no answer from {wires.target.host} ({type(error).__name__})") from error
            raise NotReached(f"no connection to {wires.target.host} ({type(error).__name__})") from error
        finally:
            connection.close()


def reach(guard: Guard, url: str, *, seconds: float = SECONDS, context: ssl.SSLContext | None = None) -> None:
    """Connect, check the certificate of an https address, and hang up without a word. Raises AddressRefused or NotReached."""
    with _held(guard, url, seconds, context) as wires:
        try:
            wires.open()
        except OSError as error:
            raise NotReached(f"no connection to {wires.target.host} ({type(error).__name__})") from error


@contextmanager
def _held(guard: Guard, url: str, seconds: float, context: ssl.SSLContext | None) -> Iterator["_Wires"]:
    """Wires to the checked addresses of a URL, not yet open; cut when the time is over, closed at the end."""
    until = monotonic() + seconds
    target, addresses = guard.check(url)
    wires = _Wires(target, addresses, until, context)
    cutter = threading.Timer(max(0.0, until - monotonic()), wires.cut)
    cutter.daemon = True
    cutter.start()
    try:
        yield wires
    finally:
        cutter.cancel()
        wires.close()


def _read(response: http.client.HTTPResponse, longest: int) -> Reply:
    body = response.read(longest + 1)
    if len(body) <= longest and response.length:  # the other side promised more than it sent
        raise http.client.IncompleteRead(body, response.length)
    return Reply(
        response.status, {name.lower(): value for name, value in response.getheaders()}, body[:longest], len(body) > longest
    )


class _Wires:
    """The socket of one call, from the first try to the end: dials checked addresses only, and can be cut from outside."""

    def __init__(self, target: Target, addresses: tuple[str, ...], until: float, context: ssl.SSLContext | None) -> None:
        self.target, self._addresses, self._until = target, addresses, until
        self._context = context or _trust()
        self._socket: socket.socket | None = None
        self.is_open = self.is_cut = False

    def open(self) -> socket.socket:
        """Connected. The certificate is checked against the host's name, not the address."""
        wire = self._socket = self._dial()
        if self.target.scheme == "https":
            wire = self._socket = self._context.wrap_socket(wire, server_hostname=self.target.host, do_handshake_on_connect=False)
            self.check_time()
            wire.do_handshake()
        self.check_time()
        self.is_open = True
        return wire

    def _dial(self) -> socket.socket:
        """The first of the addresses that takes the connection."""
        failure: OSError = TimeoutError()
        for address in self._addresses:
            self.check_time()
            left = self._until - monotonic()
            try:
                dialled = socket.create_connection((address, self.target.port), timeout=min(CONNECT_SECONDS, max(0.001, left)))
            except OSError as error:
                failure = error
                continue
            dialled.settimeout(max(0.001, left))
            return dialled
        raise failure

    def check_time(self) -> None:
        """Raises TimeoutError once the time is over: a socket that was shut reads like one whose other end has finished."""
        if self.is_cut:
            raise TimeoutError

    def cut(self) -> None:
        """The time is over: whoever waits on the socket wakes up with an error."""
        self.is_cut = True
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the socket, also of one whose greeting failed."""
        if self._socket is not None:
            self._socket.close()


class _Connection(http.client.HTTPConnection):
    """Follows no redirect, knows no proxy, and asks for no packed answers (a few bytes of those may unfold to gigabytes)."""

    def __init__(self, wires: _Wires) -> None:
        super().__init__(wires.target.host, wires.target.port)
        self.default_port = wires.target.usual_port
        self._wires = wires

    def connect(self) -> None:
        self.sock = self._wires.open()


@cache
def _trust() -> ssl.SSLContext:
    """Loading the machine's certificates costs 22 ms of CPU: once per process."""
    return ssl.create_default_context()
