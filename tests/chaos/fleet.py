"""The processes of the Procfile, each started by itself as on many machines, of whichever version of the code."""

import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from config.dotenv import write_env_file
from config.heartbeat import beat_file
from console.processes import private_folder, wait_until
from tests.chaos.promises import is_up
from tests.chaos.trial import Trial

MODULES = {"gunicorn": "gunicorn", "celery": "celery", "headroom": "console.cli"}  # what the console scripts run
KEYS = {"SECRET_KEY": "a key that only this fleet knows", "HEADROOM_API_TOKEN": "a token that only this fleet knows"}
GRACE = 25.0  # seconds: stop_grace_period in compose.yaml
WORKS_WITHIN = 60.0  # seconds; the machine may be busy with other things


class Fleet:
    """Web, worker and clock of one trial (started with `by_hand`). Use it inside `with`: nothing is left running."""

    def __init__(self, trial: Trial) -> None:
        self.trial, self._running = trial, dict[str, subprocess.Popen[bytes]]()
        for name in ("run", "logs"):
            private_folder(trial.house.data / name)
        write_env_file(trial.house.data / "local.env", KEYS)
        trial.house.output.touch()  # there is no supervisor who says anything
        self._environ = {**trial.house.env(), **KEYS, "PYTHONUNBUFFERED": "1"}

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def release(self, code: Path) -> float:
        """`headroom migrate` and `headroom apply` of that version, as before its processes start; returns the seconds it took."""
        began = time.monotonic()
        for words in (_procfile(code)["release"], _command("headroom apply")):
            done = subprocess.run(words, cwd=code, env=self._environ, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        return round(time.monotonic() - began, 1)

    def start(self, role: str, code: Path) -> None:
        """Start a role of that version; returns when it is at work."""
        heart = beat_file(self.trial.house.data, role)
        heart.unlink(missing_ok=True)
        with (self.trial.house.data / "logs" / f"{role}.log").open("ab") as log:
            process = subprocess.Popen(
                _procfile(code)[role], cwd=code, env=self._environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._running[role] = process
        (self.trial.house.data / "run" / f"{role}.pid").write_text(str(process.pid))
        is_there = (lambda: is_up(self.trial, "/readyz")) if role == "web" else heart.exists
        assert wait_until(is_there, WORKS_WITHIN), f"{role} of {code} does not work"

    def stop(self, role: str) -> float:
        """Ask it to stop, and kill it after the grace of compose.yaml, as every deployment does; returns the seconds until it had gone."""
        process, began = self._running.pop(role), time.monotonic()
        process.terminate()
        try:
            assert process.wait(GRACE) == 0, f"{role} ended with {process.returncode}"
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return round(time.monotonic() - began, 1)


def _procfile(code: Path) -> dict[str, list[str]]:
    lines = (code / "Procfile").read_text().splitlines()
    return {role: _command(command) for role, _, command in (line.partition(": ") for line in lines)}


def _command(words: str) -> list[str]:
    """With our own interpreter; whose modules are meant, the folder it is started in decides."""
    program, *rest = shlex.split(words)
    return [sys.executable, "-m", MODULES[program], *rest]
