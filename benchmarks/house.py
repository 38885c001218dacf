"""The whole product as its users start it (`headroom up`), or its web process alone, in a temporary folder; and what it costs."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.team import SECRET
from config.dotenv import read_env_file
from config.settings import LOCAL_ENV
from console.binaries import home_for
from console.processes import free_port, unprivileged, wait_until

__all__ = ["House", "ask", "provider", "wait_until", "web", "whole_house"]

HERE = Path(__file__).parent.parent
START_WITHIN = 60.0
SUPERVISOR = "headroom up"
TICK = os.sysconf("SC_CLK_TCK")
PATHS = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


@dataclass(slots=True)
class House:
    """A running product. `pids`: the main process of each role."""

    port: int
    url: str
    pids: dict[str, int] = field(default_factory=dict)

    def cpu_ms(self) -> dict[str, float]:
        """CPU used so far by each role with all its children; of the supervisor, everybody's parent, only its own."""
        parents = _parents()
        used = {role: sum(_cpu_ms(each) for each in _family(pid, parents)) for role, pid in self.pids.items()}
        if SUPERVISOR in used:
            used[SUPERVISOR] = _cpu_ms(self.pids[SUPERVISOR], with_children=False)
        return used


@contextmanager
def provider() -> Iterator[tuple[int, int]]:
    """The fake provider: (its port, its process)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.provider"],
        cwd=HERE,
        env=PATHS,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid
    finally:
        stop(process)


@contextmanager
def whole_house(team: str, provider_port: int, environ: Mapping[str, str] | None = None) -> Iterator[House]:
    """`headroom up` with its own PostgreSQL and Redis, with a provider that is really called."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-bench-"))
    (folder / "team.yaml").write_text(team)
    port = free_port()
    values = {**PATHS, **keys(provider_port, port), **(environ or {}), "HEADROOM_DATA": str(folder / "data")}
    values["HEADROOM_TEAM"] = str(folder / "team.yaml")
    data = folder / "data"
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "console.cli", "up"], cwd=HERE, env=values, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", process, folder / "up.log")
        kept, _ = read_env_file(data / LOCAL_ENV)
        yield House(port, kept["DATABASE_URL"], {**_roles(data), SUPERVISOR: process.pid})
    finally:
        stop(process)
        shutil.rmtree(home_for(data, unprivileged()), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def web(url: str, *, processes: int, environ: Mapping[str, str] | None = None, app: str = "wsgi:app") -> Iterator[House]:
    """The web process alone, as the Procfile starts it, with so many gunicorn workers."""
    folder, port = Path(tempfile.mkdtemp(prefix="headroom-bench-")), free_port()
    values = {**PATHS, **keys(1, port), "DATABASE_URL": url, "SECRET_KEY": "benchmark" * 4, "HEADROOM_DATA": str(folder)}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:console.web_server", "--workers", str(processes), app]
    with (folder / "web.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=HERE, env={**values, **(environ or {})}, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", process, folder / "web.log")
        yield House(port, url, {"web": process.pid})
    finally:
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


def keys(provider_port: int, port: int) -> dict[str, str]:
    """The environment: made-up accounts whose provider is ours."""
    return {
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "BENCH_SECRET": SECRET,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "benchmark",
        "TWILIO_FROM": "+15005550006",
        "TWILIO_API_URL": f"http://127.0.0.1:{provider_port}",
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(HERE),
    }


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until anything but a connection error is answered. Raises RuntimeError with the end of the log."""
    until = time.monotonic() + START_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2)  # noqa: S310 - loopback
            return
        except urllib.error.HTTPError as refused:
            if refused.code == 404:  # the bare handler has no such page
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"it did not start; the end of its log:\n{log.read_text()[-2000:]}")


def stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Ask, wait for its whole family, at last insist. Only processes that we started."""
    family = _family(process.pid, _parents())
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(25)
    except subprocess.TimeoutExpired:
        for pid in reversed(family):
            _kill(pid)
        process.wait()


def ask(port: int, path: str) -> str:
    """One small question to the provider."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:  # noqa: S310 - loopback
        return str(answer.read().decode())


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _roles(data: Path) -> dict[str, int]:
    """The main processes of a house, by what `headroom up` wrote down."""
    found = {path.stem: int(path.read_text().split()[0]) for path in (data / "run").glob("*.pid")}
    home = home_for(data, unprivileged())
    for name, path in {"postgresql": home / "postgres" / "data" / "postmaster.pid", "redis": home / "redis" / "pid"}.items():
        if path.exists():
            found[name] = int(path.read_text().split()[0])
    return found


def _parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    return found


def _family(pid: int, parents: Mapping[int, int]) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def _cpu_ms(pid: int, *, with_children: bool = True) -> float:
    """User and system time of a process and of its children that have ended."""
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(part) for part in parts[11 : 15 if with_children else 13]) * 1000 / TICK
