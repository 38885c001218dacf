"""The fake provider with a line that can be cut, or left hanging: as at a provider that is down, or behind a full queue."""

import asyncio
import socket
from contextlib import suppress

from tests.fakes import FakeProvider

CALLERS = 4  # more than the system lets wait at a socket whose queue has no room


class Carrier(FakeProvider):
    """One provider. `cut` and `clog` take its port away, `mend` gives it back."""

    _waiting: tuple[socket.socket, ...] = ()

    def cut(self) -> None:
        """Refuse connections, and break those that are open."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(5)

    def clog(self) -> None:
        """Break the open connections, and let new ones hang before they are made: nothing that is sent arrives here."""
        self.cut()
        full = socket.create_server(("127.0.0.1", self.port), backlog=0)
        callers = tuple(socket.socket() for _ in range(CALLERS))
        for caller in callers:
            caller.setblocking(False)
            with suppress(BlockingIOError):
                caller.connect(("127.0.0.1", self.port))
        self._waiting = (full, *callers)

    def mend(self) -> None:
        """Listen on the same port again."""
        for each in self._waiting:
            each.close()
        self._port, self._waiting = self.port, ()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
