"""`headroom up` as a user starts it: everything runs, survives, stops, and is found again the next time."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from config.dotenv import read_env_file
from console.asking import ask
from console.processes import first_number, free_port, is_alive, wait_until

START_WITHIN = 90  # seconds; generous, since the machine may be busy with other tests

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc to find what is left running")


class House:
    """A data folder, a port, and the service on them."""

    def __init__(self, data: Path) -> None:
        self.data, self.port = data, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.output = data.parent / "output"
        self.process: subprocess.Popen | None = None

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", "console.cli", *words],
            env=self.env(),
            capture_output=True,
            text=True,
            timeout=START_WITHIN,
            check=False,
        )

    def start(self) -> None:
        with self.output.open("wb") as output:
            command = [sys.executable, "-m", "console.cli", "up"]
            self.process = subprocess.Popen(command, env=self.env(), stdout=output, stderr=subprocess.STDOUT)
        ready = wait_until(lambda: "Headroom is ready" in self.said() or self.process.poll() is not None, START_WITHIN)
        assert ready, self.said()
        assert self.process.poll() is None, self.said()

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def said(self) -> str:
        return self.output.read_text()

    def env(self) -> dict[str, str]:
        """Nothing set but where and on which port, as on a fresh machine."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, "HEADROOM_DATA": str(self.data), "PORT": str(self.port)}

    def processes(self) -> list[str]:
        """Command lines of everything that runs for this data folder, the supervisor included."""
        mark = str(self.data).encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    command, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
                except OSError:
                    continue
                if command and (mark in command or mark in environment):
                    found.append(command.replace(b"\0", b" ").decode())
        return found

    def token(self) -> str:
        return read_env_file(self.data / "local.env")[0]["HEADROOM_API_TOKEN"]

    def postgres_is_ready_again(self, before: int) -> bool:
        pid_file = self.data / "postgres" / "data" / "postmaster.pid"
        return first_number(pid_file) not in (None, before) and "ready" in pid_file.read_text()

    def role(self, name: str) -> int:
        return first_number(self.data / "run" / f"{name}.pid")


@pytest.fixture
def house():
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-"))
    folder.chmod(0o755)
    made = House(folder / "data")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    wait_until(lambda: not made.processes(), 20)
    shutil.rmtree(folder)


def test_a_first_evening_with_headroom(house):
    house.start()
    assert f"Headroom is ready: {house.address}" in house.said()
    assert house.data.stat().st_mode & 0o777 == 0o700
    assert (house.data / "local.env").stat().st_mode & 0o777 == 0o600
    assert ask(house.address + "/").is_fine
    assert ask(house.address + "/readyz").is_fine

    # the curl line it prints works as it stands
    (line,) = re.findall(r"^  (curl .*)$", house.said(), re.MULTILINE)
    sent = subprocess.run(["bash", "-c", line + " -s"], capture_output=True, text=True, check=False)
    code = re.search(r'"lead": ?"(\w+)"', sent.stdout)[1]
    assert wait_until(lambda: ask(f"{house.address}/api/leads/{code}", token=house.token()).json()["status"] == "offered", 20)

    # so does a test lead from the command line
    tested = house.run("test-lead")
    assert tested.returncode == 0, tested.stderr
    assert "(TEST) is offered" in tested.stdout
    assert "acknowledged by" in tested.stdout
    checked = house.run("doctor")
    assert checked.returncode == 0, checked.stdout

    # a second one is told that there is a first
    second = house.run("up")
    assert second.returncode == 1
    assert f"already running at {house.address}" in second.stderr

    # Ctrl-C: all is over, and what was there is there again the next time
    assert house.stop(signal.SIGINT) == 0
    assert house.processes() == []
    assert f"{code} " in house.run("leads").stdout
    token = house.token()
    house.start()
    assert house.token() == token
    assert ask(f"{house.address}/api/leads/{code}", token=token).is_fine
    assert house.stop(signal.SIGTERM) == 0
    assert house.processes() == []


def test_what_dies_comes_back_and_a_killed_supervisor_leaves_nothing(house):
    house.start()
    for name in ("web", "clock"):
        before = house.role(name)
        os.kill(before, signal.SIGKILL)
        assert wait_until(
            lambda name=name, before=before: house.role(name) not in (None, before) and is_alive(house.role(name)), 20
        )
    assert wait_until(lambda: ask(house.address + "/readyz").is_fine, 20)
    postgres = first_number(house.data / "postgres" / "data" / "postmaster.pid")
    os.kill(postgres, signal.SIGKILL)
    assert wait_until(lambda: house.postgres_is_ready_again(postgres), 60)
    assert wait_until(lambda: ask(house.address + "/readyz").is_fine, 30)
    assert house.run("test-lead", "--wait", "20").returncode == 0

    house.process.kill()
    house.process.wait()
    assert wait_until(lambda: not house.processes(), 30), house.processes()
    house.start()  # and the next start is not disturbed by what was left lying about
    assert house.stop(signal.SIGINT) == 0


def test_a_taken_port_is_named_with_the_way_out_and_nothing_is_started(house):
    with socket.create_server(("127.0.0.1", house.port)):
        done = house.run("up")
    assert done.returncode == 1
    assert f"Port {house.port} of 127.0.0.1 is taken" in done.stderr
    assert f"PORT={house.port + 1} make run" in done.stderr
    assert house.processes() == []


def test_a_database_that_nobody_ever_reached_is_told_at_once(house):
    done = subprocess.run(
        [sys.executable, "-m", "console.cli", "up"], env={**house.env(), "DATABASE_URL": f"postgresql://u:p@127.0.0.1:{free_port()}/d"},
        capture_output=True, text=True, timeout=START_WITHIN, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "is DATABASE_URL right?" in done.stderr
    assert house.processes() == []


def test_a_team_file_that_cannot_be_used_is_told_and_nothing_is_left_running(house, tmp_path):
    broken = tmp_path / "team.yaml"
    broken.write_text("version: 1\npools: {}\n")
    done = subprocess.run(
        [sys.executable, "-m", "console.cli", "up"], env={**house.env(), "HEADROOM_TEAM": str(broken)}, capture_output=True, text=True,
        timeout=START_WITHIN, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert house.processes() == []
