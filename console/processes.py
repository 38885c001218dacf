"""Start and stop child processes so that none is left behind, whatever happens to the one that started them."""

import ctypes
import fcntl
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PLAIN = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"}  # all a server needs of an environment
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class StartFailed(Exception):
    """A part could not be started. The text says what, where and how to mend it."""


class AlreadyRunning(StartFailed):
    """Another process holds this directory."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user a server runs as: None for ourselves."""

    uid: int | None = None
    gid: int | None = None

    def may_enter(self, path: Path) -> bool:
        """Can this user reach `path` through all the folders above it?"""
        return self.uid is None or all(self._passes(folder) for folder in path.resolve().parents)

    def _passes(self, folder: Path) -> bool:
        if not folder.exists():
            return True  # to be made by us
        info = folder.stat()
        needed = 0o100 if info.st_uid == self.uid else 0o010 if info.st_gid == self.gid else 0o001
        return bool(info.st_mode & needed)

    def own(self, path: Path) -> None:
        """Hand `path` over to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def unprivileged() -> Account:
    """Root drops to `nobody`, since PostgreSQL refuses to run as root and wants a user with a name; others stay who they are."""
    if os.geteuid() != 0:
        return Account()
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def has_name(uid: int) -> bool:
    """Does the machine know this user?"""
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def launch(
    argv: Sequence[str | Path],
    *,
    log: IO[bytes] | int,
    account: Account = Account(),  # noqa: B008 - frozen
    env: dict[str, str] | None = None,
    stdin: int = subprocess.DEVNULL,
    cwd: Path | None = None,
    dies_by: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session; on Linux it gets `dies_by` when we die, even by kill -9.

    Call it from the main thread: the kernel watches the thread that started the child.
    """
    return subprocess.Popen(
        [str(part) for part in argv],
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=env,
        cwd=cwd,
        user=account.uid,
        group=account.gid,
        extra_groups=None if account.uid is None else [],
        start_new_session=True,
        preexec_fn=_follow_parent(dies_by),  # noqa: PLW1509 - runs one system call
    )


def _follow_parent(by: signal.Signals) -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded here: nothing may be loaded between fork and exec
    parent = os.getpid()

    def follow() -> None:
        prctl(PR_SET_PDEATHSIG, int(by))
        if os.getppid() != parent:  # we died in between
            os.kill(os.getpid(), by)

    return follow


def end(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn and wait so many seconds for it to work; at last, kill. Returns when the process is gone."""
    for number, seconds in steps:
        if process.poll() is not None:
            return
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
    process.kill()
    process.wait()


def end_stranger(pid: int, number: signal.Signals, *, within: float = 10.0) -> None:
    """Stop a process that is not our child (left over by a supervisor that was killed)."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        if not wait_until(lambda: not is_alive(pid), within):
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not is_alive(pid), 5)


def is_alive(pid: int) -> bool:
    """Is there a process of that number (a zombie is not one)?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    with suppress(OSError):
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def name_of(pid: int) -> str:
    """The program a process runs, e.g. "postgres"; empty if there is no such process."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    if sys.platform.startswith("linux"):
        return ""
    found = subprocess.run(["ps", "-p", str(pid), "-o", "comm="], capture_output=True, text=True, check=False)
    return Path(found.stdout.strip()).name


def command_of(pid: int) -> str:
    """The command line of a process; empty if there is no such process."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    if sys.platform.startswith("linux"):
        return ""
    return subprocess.run(["ps", "-p", str(pid), "-o", "args="], capture_output=True, text=True, check=False).stdout.strip()


def wait_until(is_done: Callable[[], bool], seconds: float) -> bool:
    """Ask every 20 ms, at most for so many seconds; returns the last answer."""
    until = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def take_lock(path: Path) -> IO[str] | None:
    """Hold `path` until we close it or die; None if somebody else holds it."""
    held = path.open("a+")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    return held


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Could we listen on that port now?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of the loopback address nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def private_folder(path: Path) -> Path:
    """Make `path` (and what is missing above it) so that only its owner may enter. Raises StartFailed."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise StartFailed(
            f"The folder {path} cannot be made or used: {error.strerror}. Set HEADROOM_DATA to one that this user may write to."
        ) from error
    return path


def quiet(_line: str) -> None:
    """Tell nobody."""


def first_number(path: Path) -> int | None:
    """The number a small file starts with; None if there is no such file or number."""
    with suppress(OSError, ValueError, IndexError):
        return int(path.read_text().split()[0])
    return None
