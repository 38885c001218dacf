"""Shows the warnings of the processes' logs on the screen, calmly: the same one at most once in ten seconds."""

import json
import shutil
from pathlib import Path

SAME_AGAIN_AFTER = 10.0  # seconds
LARGEST = 20_000_000  # bytes of a log; then it becomes <name>.1
LOUD = {"warning", "error", "critical"}
NOT_WORTH_TELLING = {"event", "level", "logger", "at", "role", "exception"}


class LogTail:
    """Reads what a log has gained since the last look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = path.stat().st_size if path.exists() else 0
        self._rest = b""
        self._told: dict[str, float] = {}

    def news(self, now: float) -> list[str]:
        """The new lines that a person should see, made short."""
        told = [line for raw in self._new_lines() if (line := worth_telling(raw))]
        fresh = [line for line in dict.fromkeys(told) if now - self._told.get(line, -SAME_AGAIN_AFTER) >= SAME_AGAIN_AFTER]
        self._told = {line: at for line, at in self._told.items() if now - at < SAME_AGAIN_AFTER} | dict.fromkeys(fresh, now)
        return fresh

    def _new_lines(self) -> list[bytes]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as log:
            log.seek(self._at)
            gained = log.read(1_000_000)
        self._at += len(gained)
        *lines, self._rest = (self._rest + gained).split(b"\n")
        if self._at > LARGEST:
            self._turn_over()
        return lines

    def _turn_over(self) -> None:
        """The process keeps writing to the same open file (in append mode), so it is copied and emptied."""
        shutil.copyfile(self.path, self.path.with_name(f"{self.path.name}.1"))
        with self.path.open("r+b") as log:
            log.truncate(0)
        self._at = 0


def worth_telling(raw: bytes) -> str | None:
    """One short line for a warning or error, None for the rest."""
    text = raw.decode(errors="replace").rstrip()
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
    if not isinstance(entry, dict):
        return text[:300] if "error" in text.lower() and not text.startswith((" ", "{")) else None
    if entry.get("level") not in LOUD:
        return None
    ids = " ".join(f"{key}={value}" for key, value in entry.items() if key not in NOT_WORTH_TELLING)
    event = str(entry.get("event", "")).partition("\n")[0]
    return f"{entry['level']}: {event} {ids}".strip()[:300]


def last_lines(path: Path, count: int = 5) -> list[str]:
    """The end of a log, for a process that could not start."""
    if not path.exists():
        return []
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - 20_000))
        return [line for line in log.read().decode(errors="replace").splitlines() if line.strip()][-count:]
