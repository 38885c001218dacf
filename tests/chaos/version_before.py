"""The code as it was before the schema last changed, out of the history of this very repository: no network is asked."""

import io
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HOUSE = Path(__file__).parents[2]
MIGRATIONS = "store/migrations/versions/"


class NoHistory(Exception):
    """There is no earlier version here. The text says why, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A commit, and the migrations it knows."""

    commit: str
    migrations: tuple[str, ...]


def find() -> Earlier:
    """The newest commit whose migrations are those of today but for the last ones; where the history is cut off, the oldest there is.

    Raises NoHistory.
    """
    today = _numbered(path.name for path in (HOUSE / MIGRATIONS).iterdir())
    commits = _git("rev-list", "--first-parent", "HEAD").decode().split()
    for commit in commits:
        then = _migrations(commit)
        if then and then != today and then == today[: len(then)]:
            return Earlier(commit, then)
    if len(commits) < 2:
        raise NoHistory("NO HISTORY: this clone has one commit. Fetch more of it: git fetch --unshallow")
    return Earlier(commits[-1], _migrations(commits[-1]))


def unpack(earlier: Earlier, folder: Path) -> Path:
    """Its files below `folder`; returns where they are."""
    packed = _git("archive", "--format=tar", earlier.commit)
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    return folder


def _migrations(commit: str) -> tuple[str, ...]:
    listed = _git("ls-tree", "--name-only", commit, MIGRATIONS).decode().split()
    return _numbered(name.removeprefix(MIGRATIONS) for name in listed)


def _numbered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name[:4].isdigit() and name.endswith(".py")))


def _git(*words: str) -> bytes:
    try:
        return subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(HOUSE), *words], capture_output=True, check=True, timeout=60
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoHistory(f"NO HISTORY: git {words[0]} does not work here ({type(error).__name__}); run this in a clone") from error
