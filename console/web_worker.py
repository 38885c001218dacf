"""gunicorn's threaded worker, with an end to how long one request may take to come in and its answer to go out.

gunicorn's own time-outs look at connections that are silent; one that sends a byte a second would hold a thread for ever.
"""

import errno
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

READ_WITHIN = 15.0  # seconds for a whole request, from its first byte; 256 KiB at 20 KiB/s
LOAD_WITHIN = 120.0  # seconds for all imports
WRITE_WITHIN = 15.0  # seconds for each piece of an answer
HEAR_OUT = 1.0  # seconds in which a client may end what it was sending when we hang up
MOST_HEARD = 64 * 1024  # bytes of it


class TimedSocket(socket.socket):
    """A connection whose reads end at `read_by` (of time.monotonic). What is late counts as hung up."""

    read_by = float("inf")
    is_over = False

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """As ever; b"" once the time is over, as if the client had gone."""
        left, asked = self.read_by - time.monotonic(), self.gettimeout()
        if self.is_over or left <= 0:
            self.is_over = True
            return b""
        self.settimeout(left if asked is None else min(left, asked))
        try:
            return super().recv(size, flags)
        except TimeoutError:
            self.is_over = True
            return b""
        finally:
            self.settimeout(asked)

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """As ever, within WRITE_WITHIN; a client that does not read counts as gone."""
        self.settimeout(WRITE_WITHIN)
        try:
            super().sendall(data, flags)
        except TimeoutError as error:
            raise OSError(errno.EPIPE, "the client does not read the answer") from error
        finally:
            self.settimeout(None)

    def hang_up(self) -> None:
        """Say that we are done and hear the client out for a moment: else the kernel may cut off our answer."""
        with suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            self.read_by, heard = min(self.read_by, time.monotonic() + HEAR_OUT), 0
            while heard < MOST_HEARD and (said := self.recv(4096)):
                heard += len(said)
        self.is_over = True


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no type hints
    """Each request has `read_within` seconds; a connection that does not keep to it is closed, in its own thread."""

    read_within = READ_WITHIN

    def load_wsgi(self) -> None:
        """Import the application. On a busy machine that may take longer than a worker may be silent, and it is not hung."""
        loaded = threading.Event()

        def say_so() -> None:
            until = time.monotonic() + LOAD_WITHIN
            while not loaded.wait(1.0) and time.monotonic() < until:
                self.notify()

        threading.Thread(target=say_so, daemon=True).start()
        try:
            super().load_wsgi()
        finally:
            loaded.set()

    def handle(self, conn: Any) -> Any:
        """One request, in a thread of the pool."""
        if not isinstance(conn.sock, TimedSocket):
            conn.sock = TimedSocket(fileno=conn.sock.detach())
        conn.sock.read_by = time.monotonic() + self.read_within
        goes_on = super().handle(conn)
        if not goes_on or conn.sock.is_over:
            conn.sock.hang_up()  # gunicorn would do it in the one thread that accepts everybody
            return False
        return goes_on
