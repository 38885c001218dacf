"""A sign of life per process, as a file: `headroom up` restarts a process whose file has not been touched for 20 s.

A local file, so that a database that is gone does not make the supervisor kill what is well.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

EVERY_SECONDS = 4.0  # a fifth of what counts as hung


def beat_file(data: Path, role: str) -> Path:
    """Where the role's sign of life is, below HEADROOM_DATA."""
    return data / "run" / f"{role}.beat"


def beat(data: Path, role: str) -> None:
    """Say "I am working". Call it from the loop that does the work; without a supervisor (no folder) it does nothing."""
    with suppress(OSError):
        beat_file(data, role).touch()


def keep_beating(is_well: Callable[[], bool], *, data: Path, role: str) -> threading.Event:
    """For a process whose loop is not ours: a thread that beats while `is_well()` is true. Set the event to end it."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(EVERY_SECONDS):
            if is_well():
                beat(data, role)

    threading.Thread(target=run, name=f"{role}-beat", daemon=True).start()
    return over
