"""A provider on loopback that costs almost nothing: takes every text at once and remembers when it came.

`python -m benchmarks.provider` prints its port. GET /log gives a line for each text: instant (ns of the steady clock, which
all processes of this machine share), number, id of our message. GET /count says how many, GET /forget forgets them.
"""

import asyncio
import time
from urllib.parse import unquote_plus

ANSWER = b'{"sid": "SM%032x", "status": "queued", "error_code": null}'


class Provider:
    """What came in."""

    def __init__(self) -> None:
        self.came: list[tuple[int, str, str]] = []

    def take(self, head: bytes, body: bytes, at: int) -> bytes:
        """The answer to one request."""
        if head.startswith(b"POST"):
            self.came.append((at, field(body, b"To="), field(body, b"StatusCallback=").rpartition("/")[2]))
            return answer(b"201 Created", ANSWER % len(self.came))
        if head.startswith(b"GET /log"):
            return answer(b"200 OK", "\n".join(f"{at} {to} {message}" for at, to, message in self.came).encode())
        if head.startswith(b"GET /forget"):
            self.came.clear()
        return answer(b"200 OK", str(len(self.came)).encode())


class Line(asyncio.Protocol):
    """One kept-alive connection."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.buffer = provider, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete; its instant is that of its last byte."""
        at = time.monotonic_ns()
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            size = end + 4 + length(head)
            if len(self.buffer) < size:
                return
            body, self.buffer = self.buffer[end + 4 : size], self.buffer[size:]
            self.transport.write(self.provider.take(head, body, at))  # type: ignore[attr-defined]


def length(head: bytes) -> int:
    """The size of the body."""
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


def field(body: bytes, name: bytes) -> str:
    """The value of one field of a urlencoded body."""
    start = body.find(name)
    return unquote_plus(body[start + len(name) :].split(b"&", 1)[0].decode()) if start >= 0 else ""


def answer(status: bytes, body: bytes) -> bytes:
    """An HTTP answer."""
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


async def serve() -> None:
    """Until killed."""
    provider = Provider()
    server = await asyncio.get_running_loop().create_server(lambda: Line(provider), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
