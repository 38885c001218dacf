"""Somebody outside who listens to our events on loopback: checks every signature, and misbehaves on request."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Post:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"

    @property
    def event(self) -> dict[str, Any]:
        """Its JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a request is answered. `until`: wait for this first; `cut`: break off without an answer.

    `raw` stands for the body in the place of `said`; `length` is what the answer says of its length; `drip`: seconds between bytes.
    """

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    until: threading.Event | None = None
    cut: bool = False
    said: object = None
    raw: bytes = b""
    length: int | None = None
    drip: float = 0.0


class Receiver:
    """`with Receiver() as receiver:`; `posts` is all that came, in order; `always` and `once` set manners."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.always = Manner()
        self.once: deque[Manner] = deque()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.hear(self)

            do_GET = do_PATCH = do_PUT = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Receiver":
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def types(self) -> list[str]:
        """The types of the events that came, in order."""
        return [post.event["type"] for post in self.posts]

    def hear(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        post = Post(request.path, {name.lower(): value for name, value in request.headers.items()}, body, request.command)
        with self._lock:
            self.posts.append(post)
            manner = self.once.popleft() if self.once else self.manner(post)
        if manner.until is not None:
            manner.until.wait(30)
        if manner.cut:
            request.close_connection = True
            return
        said = manner.raw if manner.said is None else json.dumps(manner.said).encode()
        request.send_response(manner.status)
        for name, value in {"Content-Type": "application/json", **manner.headers}.items():
            request.send_header(name, value)
        if manner.status != 204:
            request.send_header("Content-Length", str(len(said) if manner.length is None else manner.length))
        request.end_headers()
        with suppress(OSError):  # who is tired of it hangs up
            for piece in [bytes([byte]) for byte in said] if manner.drip else [said]:
                request.wfile.write(piece)
                threading.Event().wait(manner.drip)
        request.close_connection = manner.length is not None

    def manner(self, post: Post) -> Manner:
        """For whoever answers according to what is asked."""
        return self.always
