"""The fake provider with a line that can be cut: connections are refused while it is, as at a provider that is down."""

import asyncio

from tests.fakes import FakeProvider


class Carrier(FakeProvider):
    """One provider. `cut` and `mend` take its port away and give it back."""

    def cut(self) -> None:
        """Refuse connections, and break those that are open."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(5)

    def mend(self) -> None:
        """Listen on the same port again."""
        self._port = self.port
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
