"""What `headroom up` puts in place before the processes start: data folder, keys, database, bell, schema, team."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config.dotenv import read_env_file, write_env_file
from config.settings import LOCAL_ENV, Settings
from console.embedded import Postgres, Redis
from console.processes import AlreadyRunning, StartFailed, is_free, private_folder, take_lock

MADE_UP = ("SECRET_KEY", "HEADROOM_API_TOKEN")


@dataclass(slots=True)
class Ground:
    """What the processes stand on. `environ` is theirs; `settings` the same read back; the servers are ours, if any."""

    settings: Settings
    environ: dict[str, str]
    postgres: Postgres | None
    redis: Redis | None
    lock: IO[str]

    @property
    def has_bell(self) -> bool:
        """Is there a Redis, ours or theirs?"""
        return self.settings.redis_url is not None

    def clear(self) -> None:
        """Stop the servers we have started; safe to call twice."""
        if self.redis is not None:
            self.redis.stop()
        if self.postgres is not None:
            self.postgres.stop()
        self.lock.close()


def lay_ground(settings: Settings, tell: Callable[[str], None]) -> Ground:
    """Start what is not given. Raises StartFailed or AlreadyRunning, with nothing left running."""
    data = private_folder(settings.data.resolve())
    for name in ("run", "logs"):
        private_folder(data / name)
    lock = _sole_use(data, settings)
    if not is_free(settings.port, settings.host):
        raise StartFailed(
            f"Port {settings.port} of {settings.host} is taken by another program. Choose another one, for example: "
            f"PORT={settings.port + 1} make run"
        )
    postgres = redis = None
    made = _kept_keys(data, settings)
    try:
        if settings.database_url is None:
            postgres = Postgres(data, bin_dir=_bin_dir(settings.environ), tell=tell)
            made["DATABASE_URL"] = postgres.start()
            tell(f"PostgreSQL runs on 127.0.0.1, its data are in {postgres.home}")
        if settings.redis_url is None:
            redis = Redis(data, tell=tell)
            bell = redis.start()
            if bell is None:
                redis = None
            else:
                made["REDIS_URL"] = bell
                tell("Redis runs on 127.0.0.1")
        _keep(data / LOCAL_ENV, made)
        environ = _environ(settings, data, made)
        return Ground(Settings.read(environ, None, role="web"), environ, postgres, redis, lock)
    except BaseException:
        for server in (redis, postgres):
            if server is not None:
                server.stop()
        lock.close()
        raise


def _sole_use(data: Path, settings: Settings) -> IO[str]:
    lock = take_lock(data / "run" / "up.lock")
    if lock is None:
        raise AlreadyRunning(
            f"Headroom is already running at {settings.public_url} with the data in {data}. "
            "Stop that one first, or set HEADROOM_DATA and PORT to run a second one."
        )
    return lock


def _kept_keys(data: Path, settings: Settings) -> dict[str, str]:
    """The keys made at the first start; those of the environment come first."""
    kept, _ = read_env_file(data / LOCAL_ENV)
    given = {"SECRET_KEY": settings.secret_key, "HEADROOM_API_TOKEN": settings.api_token}
    return {name: given[name] or kept.get(name) or secrets.token_urlsafe(32) for name in MADE_UP}


def _keep(path: Path, made: Mapping[str, str]) -> None:
    """Written beside and renamed: a kill in the middle must not lose the keys."""
    fresh = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    write_env_file(fresh, made)
    fresh.replace(path)


def _environ(settings: Settings, data: Path, made: Mapping[str, str]) -> dict[str, str]:
    return {
        **settings.environ,
        **made,
        "HEADROOM_DATA": str(data),
        "HEADROOM_TEAM": str(settings.team.resolve()),
        "PYTHONUNBUFFERED": "1",
    }


def _bin_dir(environ: Mapping[str, str]) -> Path | None:
    chosen = environ.get("HEADROOM_PG_BIN")
    return Path(chosen) if chosen else None
