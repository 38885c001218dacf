"""A Redis of our own: a bell without a memory, on loopback, gone when we are."""

import secrets
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from console.binaries import find_redis, home_for, reachable
from console.processes import (
    PLAIN,
    StartFailed,
    end,
    end_stranger,
    first_number,
    free_port,
    is_alive,
    launch,
    name_of,
    private_folder,
    quiet,
    unprivileged,
    wait_until,
)

WITHOUT_REDIS = "running without Redis: the clock process does the work (install redis-server, or set REDIS_URL, for more)"


class Redis:
    """A Redis without persistence (it is only a bell), with a fresh port and password at each start."""

    def __init__(self, data_dir: Path, *, server: Path | None = None, tell: Callable[[str], None] = quiet) -> None:
        self.data_dir = Path(data_dir).resolve()
        self.tell = tell
        self._server = server
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str | None:
        """Start it and return its URL; None (and one line to tell) if there is no redis-server or it will not run."""
        server = self._server or find_redis()
        if server is None:
            self.tell(WITHOUT_REDIS)
            return None
        self.account = unprivileged()
        self.home = private_folder(home_for(self.data_dir, self.account) / "redis")
        self.account.own(self.home)
        self._clear_leftovers()
        self._argv: list[str | Path] = [reachable(server, self.account), "-"]
        self._port, self._password = free_port(), secrets.token_urlsafe(24)
        if not self._run():
            self.tell(WITHOUT_REDIS)
            return None
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def poll(self) -> int | None:
        """None while it runs, else the exit code."""
        return None if self._process is None else self._process.poll()

    @property
    def pid(self) -> int | None:
        """The server's process."""
        return None if self._process is None else self._process.pid

    def restart(self) -> None:
        """Start it again at the same address after it has ended by itself."""
        if not self._run():
            raise StartFailed(f"Redis did not start again; its log: {self.home / 'redis.log'}")

    def stop(self) -> None:
        """Stop it; safe to call twice."""
        if self._process is not None:
            end(self._process, [(signal.SIGTERM, 3.0)])
            self._process = None
            (self.home / "pid").unlink(missing_ok=True)

    def _run(self) -> bool:
        """The configuration goes in by stdin, so that the password stands in no process list."""
        with (self.home / "redis.log").open("ab") as log:
            self._process = launch(self._argv, log=log, account=self.account, env=PLAIN, stdin=subprocess.PIPE, cwd=self.home)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError), self._process.stdin as stdin:
            stdin.write(self._configuration().encode())
        (self.home / "pid").write_text(str(self.pid))
        wait_until(lambda: self._answers() or self.poll() is not None, 10)
        return self.poll() is None and self._answers()

    def _configuration(self) -> str:
        return (
            f"bind 127.0.0.1\nport {self._port}\nrequirepass {self._password}\ndir {self.home}\n"
            'save ""\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy noeviction\ndaemonize no\n'
        )

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1) as line:
            line.sendall(f"AUTH {self._password}\r\n".encode())
            return line.recv(64).startswith(b"+OK")
        return False

    def _clear_leftovers(self) -> None:
        pid = first_number(self.home / "pid")
        if pid is not None and is_alive(pid) and name_of(pid) == "redis-server":
            end_stranger(pid, signal.SIGTERM)
