"""The dead man's switch: after each clean pass of the auditor an address of the operator's is called, so that silence tells.

Whoever keeps that address (Healthchecks, Cronitor, Better Stack) raises the alarm when the calls stop: the one alarm that
needs nothing of ours to be alive.
"""

import threading

import structlog

from config.outgoing import AddressRefused, Guard
from config.outgoing_call import NoReply, NotReached, call
from config.settings import Settings

log = structlog.get_logger(__name__)

SECONDS = 5.0  # for the whole call


class Deadman:
    """Call `all_is_well` after a clean pass: it returns at once, the call is made beside."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.deadman_url
        self._guard = Guard(settings.private_urls)
        self._calling: threading.Thread | None = None
        self._is_failing = False

    def all_is_well(self) -> None:
        """Say so, unless no address is set or the last call is still under way."""
        if self._url is None or (self._calling is not None and self._calling.is_alive()):
            return
        self._calling = threading.Thread(target=self._call, args=(self._url,), name="deadman", daemon=True)
        self._calling.start()

    def _call(self, url: str) -> None:
        try:
            status = call(self._guard, "GET", url, seconds=SECONDS).status
        except (AddressRefused, NotReached, NoReply) as failure:
            self._say(str(failure))
        else:
            self._say("" if 200 <= status < 300 else f"answered {status}")

    def _say(self, failure: str) -> None:
        """A line when it begins to fail and one when it works again, not one every 30 s."""
        if failure and not self._is_failing:
            log.error("deadman_not_told", reason=failure)
        elif self._is_failing and not failure:
            log.info("deadman_told_again")
        self._is_failing = bool(failure)
