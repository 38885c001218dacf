"""`headroom up`: all processes of the house on one machine, started in order, kept alive, stopped in order."""

import signal
import sys
import threading
import time
from collections.abc import Callable

from config.heartbeat import keep_beating
from console.asking import answers
from console.child import Backoff, Child
from console.log_tail import LogTail, last_lines
from console.processes import StartFailed
from console.startup import Ground

LOOK_EVERY = 0.2  # seconds; a dead process is started again well within 2 s
ANSWER_WITHIN = 180.0  # seconds until the first page must be there: on a busy machine the imports alone have taken 40
SAY_SO_AFTER = 15.0  # seconds of that in which nobody wonders
STOP_WEB, STOP_WORK = 6.0, 8.0  # seconds to finish the work in hand; with the servers' 5 s all is over within 20

Tell = Callable[[str], None]


def commands(*, has_bell: bool = True) -> dict[str, list[str]]:
    """The processes by role, as in the Procfile. Without Redis there is no worker: nobody could ring for it."""
    python = [sys.executable, "-m"]
    calm = [
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]  # cures workers that stop taking work after a reconnect
    found = {
        "web": [*python, "gunicorn", "-c", "python:console.web_server", "wsgi:app"],
        "worker": [*python, "celery", "-A", "workers", "worker", "--concurrency", "2", "--loglevel", "INFO", *calm],
        "clock": [*python, "workers.clock"],
    }
    if not has_bell:
        del found["worker"]
    return found


class Supervisor:
    """Looks after web, worker, clock and the servers of our own. `run` returns when it was told to stop."""

    def __init__(self, ground: Ground, tell: Tell) -> None:
        self.ground, self.tell = ground, tell
        data = ground.settings.data
        roles = commands(has_bell=ground.has_bell).items()
        self.children = [Child(role, argv, env=ground.environ, data=data, tell=tell) for role, argv in roles]
        self.tails = {child.role: LogTail(child.log) for child in self.children}
        self._servers = [(server, Backoff()) for server in (ground.postgres, ground.redis) if server is not None]
        self._stop = threading.Event()
        self._hurry = False

    def start(self) -> None:
        """Start the processes and wait until the first page answers. Raises StartFailed with the end of the log."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        for child in self.children:
            child.clear_leftover()
        for child in self.children:
            child.start()
        web = self.children[0]
        began, has_said = time.monotonic(), False
        while not self._stop.is_set() and not answers(self.address + "/readyz"):
            waited = time.monotonic() - began
            if not web.is_running() or waited > ANSWER_WITHIN:
                end = "\n  ".join(last_lines(web.log)) or "(nothing)"
                raise StartFailed(f"The web process does not answer. The end of {web.log}:\n  {end}")
            if waited > SAY_SO_AFTER and not has_said:
                self.tell("the web process is still starting: this machine is slow or busy")
                has_said = True
            self._stop.wait(0.1)
        keep_beating(lambda: answers(self.address + "/livez"), data=self.ground.settings.data, role="web")

    def run(self, look: Callable[[], None]) -> None:
        """Look after everything until a signal comes; `look` is called at each turn."""
        while True:
            look()
            if self._stop.wait(LOOK_EVERY):
                return
            now = time.monotonic()
            self._tend_servers(now)
            for child in self.children:
                child.tend(now)
            for role, tail in self.tails.items():
                for line in tail.news(now):
                    self.tell(f"{role}: {line}")

    def stop(self) -> None:
        """Web first, so that nothing new comes in; then those who work; then what they stand on. Within 20 s."""
        web, *workers = self.children
        self._finish([web], STOP_WEB)
        self._finish(workers, STOP_WORK)
        self.ground.clear()

    @property
    def address(self) -> str:
        """Where the web process listens, as seen from this machine."""
        settings = self.ground.settings
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
        return f"http://{host}:{settings.port}"

    def _finish(self, children: list[Child], seconds: float) -> None:
        for child in children:
            child.ask_to_stop()
        until = time.monotonic() + seconds
        while not self._hurry and time.monotonic() < until and any(child.is_running() for child in children):
            time.sleep(0.05)
        for child in children:
            child.finish(0.05)

    def _tend_servers(self, now: float) -> None:
        for server, backoff in self._servers:
            if server.poll() is None or now < backoff.start_at:
                continue
            name = type(server).__name__
            self.tell(f"{name} has ended: it is started again")
            backoff.ended(now, ran_for=0.0, was_killed=False)
            try:
                server.restart()
                backoff.failures = 0
            except StartFailed as failure:
                self.tell(str(failure))

    def _on_signal(self, _number: int, _frame: object) -> None:
        """The first signal asks, the second one insists."""
        self._hurry = self._stop.is_set()
        self._stop.set()
