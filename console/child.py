"""One process that `headroom up` looks after: started, watched for its end and for hanging, started again, stopped."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from config.heartbeat import beat_file
from console.log_tail import last_lines
from console.processes import command_of, end_stranger, first_number, is_alive, launch

FIRST_BEAT_WITHIN = 120.0  # seconds after its start: one that hangs before its first sign of life would hang for ever
HUNG_AFTER = 20.0  # seconds without a sign of life (reliability: a stopped clock process is replaced before alarms are 30 s late)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds before a new start; doubled while a process dies right away
SETTLED_AFTER = 10.0  # seconds after which a start counts as good


class Backoff:
    """How long to wait before the next start. Only a process that cannot start at all is made to wait for long."""

    def __init__(self) -> None:
        self.failures = 0
        self.start_at = 0.0

    def ended(self, now: float, *, ran_for: float, was_killed: bool) -> None:
        """Note that the process has ended after `ran_for` seconds."""
        self.failures = 0 if was_killed or ran_for > SETTLED_AFTER else self.failures + 1
        self.start_at = now + min(FIRST_PAUSE * 2 ** max(self.failures - 1, 0), LONGEST_PAUSE)


class Heart:
    """Watches the file a process touches. Counts on our own clock, so that a jump of the wall clock kills nobody."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, float] | None = None

    def reset(self) -> None:
        """Forget the life before."""
        self.path.unlink(missing_ok=True)
        self._seen = None

    def silent_for(self, now: float) -> float | None:
        """Seconds since we saw the file change; None before the first beat."""
        try:
            touched = self.path.stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if self._seen is None or self._seen[0] != touched:
            self._seen = (touched, now)
        return now - self._seen[1]


class Child:
    """A role of the Procfile as a child process. `tell` gets a line when something happens to it."""

    def __init__(self, role: str, argv: Sequence[str], *, env: dict[str, str], data: Path, tell: Callable[[str], None]) -> None:
        self.role, self.argv, self.env, self.tell = role, list(argv), env, tell
        self.log = data / "logs" / f"{role}.log"
        self.pid_file = data / "run" / f"{role}.pid"
        self.heart = Heart(beat_file(data, role))
        self.backoff = Backoff()
        self.process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._last_pid: int | None = None

    def start(self) -> None:
        """Start it; what is left of an earlier life is killed first."""
        self._clear_group()
        self.heart.reset()
        with self.log.open("ab") as log:
            self.process = launch(self.argv, log=log, env=self.env)
        self.pid_file.write_text(str(self.process.pid))
        self._started_at = time.monotonic()

    def tend(self, now: float) -> None:
        """Look after it: kill it when it hangs, start it again when it has ended and its pause is over."""
        if self.process is None:
            if now >= self.backoff.start_at:
                self.start()
        elif self.process.poll() is not None:
            self._mourn(self.process.returncode, now)
        elif self._is_hung(now):
            self.tell(f"{self.role} gave no sign of life for {HUNG_AFTER:.0f} s: it is started anew")
            self._signal_group(signal.SIGKILL)

    def _is_hung(self, now: float) -> bool:
        silent = self.heart.silent_for(now)
        return now - self._started_at > FIRST_BEAT_WITHIN if silent is None else silent > HUNG_AFTER

    def is_running(self) -> bool:
        """Is it alive at this moment?"""
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Let it finish the work in hand."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def finish(self, seconds: float) -> None:
        """Wait so long for its end, then kill it and whatever it has started."""
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        self._signal_group(signal.SIGKILL)
        self.process.wait()
        self.pid_file.unlink(missing_ok=True)

    def clear_leftover(self) -> None:
        """Stop what a supervisor that was killed has left running under our role."""
        pid = first_number(self.pid_file)
        if pid is not None and is_alive(pid) and self.argv[-1] in command_of(pid):
            with suppress(ProcessLookupError):
                end_stranger(pid, signal.SIGTERM)
                os.killpg(pid, signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)

    def _mourn(self, code: int, now: float) -> None:
        self.backoff.ended(now, ran_for=now - self._started_at, was_killed=code < 0)
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        last = "".join(last_lines(self.log, 1))[:200] if self.backoff.failures else ""
        self.tell(f"{self.role} {how}: started again in {self.backoff.start_at - now:.1f} s. {last or f'Its log: {self.log}'}")
        self._signal_group(signal.SIGTERM)
        self._last_pid = self.process.pid if self.process else None
        self.process = None

    def _clear_group(self) -> None:
        """Pool processes outlive a main process that was killed; two generations must not work side by side."""
        if self._last_pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._last_pid, signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)
