"""Leads over HTTP: as fast as they are answered, or on a fixed schedule that does not wait for slow answers.

On a schedule every latency counts from the instant at which the lead should have been sent, so that a stall of the server
is not hidden by a client that politely waits with it.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from benchmarks.team import FORM, SECRET

_KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
_numbers = count(1)
AREAS = (737, 214, 972)  # numbers of reps begin with 512


@dataclass(slots=True)
class Sent:
    """One lead: when it should have gone out, when it was answered (ns, steady clock), and how."""

    phone: str
    due: int
    answered: int = 0
    status: int = 0

    @property
    def took_ms(self) -> float:
        """From the scheduled instant to the answer."""
        return (self.answered - self.due) / 1e6


@dataclass(slots=True)
class Run:
    """What was sent in one go."""

    sent: list[Sent] = field(default_factory=list)
    began: int = 0
    ended: int = 0

    @property
    def accepted(self) -> list[Sent]:
        """Those answered with 202."""
        return [each for each in self.sent if each.status == 202]

    @property
    def rate(self) -> float:
        """Accepted leads a second."""
        return len(self.accepted) / max((self.ended - self.began) / 1e9, 1e-9)


def lead(number: int) -> tuple[str, bytes]:
    """A lead of its own: (its phone, the signed request)."""
    area, rest = AREAS[number // 7_000_000], 2_000_000 + number % 7_000_000
    phone = f"+1{area}{rest}"
    said = {
        "name": "Dana Cole",
        "phone": phone,
        "email": f"dana{number}@example.com",
        "message": "Need a demo this week",
        "employees": 12,
    }
    body = json.dumps(said).encode()
    at, name = str(int(time.time())), f"msg_{number}"
    signed = hmac.new(_KEY, f"{name}.{at}.".encode() + body, hashlib.sha256).digest()
    head = (
        f"POST /webhooks/{FORM} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"webhook-id: {name}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: v1,{base64.b64encode(signed).decode()}\r\n\r\n"
    )
    return phone, head.encode() + body


class Line(asyncio.Protocol):
    """One kept-alive connection with at most one request under way."""

    def __init__(self, crowd: "Crowd") -> None:
        self.crowd, self.buffer = crowd, b""
        self.current: Sent | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self.transport = transport
        self.crowd.free.append(self)

    def send(self, sent: Sent, request: bytes) -> None:
        """Write one request."""
        self.current = sent
        self.transport.write(request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """The answer, when it is whole."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0 or len(self.buffer) < end + 4 + _length(self.buffer[:end]) or self.current is None:
            return
        self.current.answered, self.current.status = time.monotonic_ns(), int(self.buffer[9:12])
        self.buffer, self.current = b"", None
        self.crowd.answered(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """The server closed it: open another one; a request under way stays unanswered."""
        self.crowd.lost(self)


def _length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


class Crowd:
    """All connections; those that are free, and the leads that wait for one."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.free: deque[Line] = deque()
        self.waiting: deque[tuple[Sent, bytes]] = deque()
        self.run = Run()
        self.endless = False  # send a new lead for every answer
        self.under_way = 0
        self.is_open = True

    async def connect(self, lines: int) -> None:
        """Open the connections."""
        loop = asyncio.get_running_loop()
        for _ in range(lines):
            await loop.create_connection(lambda: Line(self), "127.0.0.1", self.port)

    def offer(self, due: int) -> None:
        """A lead that is due: out at once when a connection is free."""
        phone, request = lead(next(_numbers))
        sent = Sent(phone, due)
        self.run.sent.append(sent)
        self.under_way += 1
        if self.free:
            self.free.popleft().send(sent, request)
        else:
            self.waiting.append((sent, request))

    def answered(self, line: Line) -> None:
        """A connection is free again."""
        self.under_way -= 1
        if self.waiting:
            line.send(*self.waiting.popleft())
            return
        self.free.append(line)
        if self.endless:
            self.offer(time.monotonic_ns())

    def lost(self, line: Line) -> None:
        """Replace a connection that the server has closed."""
        if line in self.free:
            self.free.remove(line)
        if line.current is not None:
            self.under_way -= 1
        if self.is_open:
            asyncio.ensure_future(self.connect(1))

    def close(self) -> None:
        """Let all connections go."""
        self.is_open = False
        for line in list(self.free):
            line.transport.close()


def flat_out(port: int, *, lines: int, seconds: float) -> Run:
    """Every connection sends the next lead when the last one is answered."""

    async def go() -> Run:
        crowd = Crowd(port)
        await crowd.connect(lines)
        crowd.run.began, crowd.endless = time.monotonic_ns(), True
        for _ in range(lines):
            crowd.offer(time.monotonic_ns())
        await asyncio.sleep(seconds)
        crowd.endless = False
        crowd.run.ended = time.monotonic_ns()
        await _settle(crowd, 5.0)
        return crowd.run

    return asyncio.run(go())


def on_schedule(port: int, *, rate: float, seconds: float, lines: int = 64) -> Run:
    """`rate` leads a second at even intervals, whatever the server does."""

    async def go() -> Run:
        crowd = Crowd(port)
        await crowd.connect(lines)
        crowd.run.began = time.monotonic_ns() + 100_000_000
        for due in _schedule(crowd.run.began, rate, seconds):
            wait = (due - time.monotonic_ns()) / 1e9
            if wait > 0:
                await asyncio.sleep(wait)
            crowd.offer(due)
        crowd.run.ended = crowd.run.began + int(seconds * 1e9)
        await _settle(crowd, 10.0)
        return crowd.run

    return asyncio.run(go())


def _schedule(began: int, rate: float, seconds: float) -> Iterator[int]:
    return (began + int(number / rate * 1e9) for number in range(int(rate * seconds)))


async def _settle(crowd: Crowd, longest: float) -> None:
    """Wait for the answers still under way."""
    until = time.monotonic() + longest
    while crowd.under_way > 0 and time.monotonic() < until:
        await asyncio.sleep(0.01)
    crowd.close()
    await asyncio.sleep(0.01)
