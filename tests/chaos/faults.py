"""Faults: real signals to the pids of the roles and servers of one trial."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis

from config.dotenv import read_env_file
from console.processes import is_alive, wait_until
from tests.chaos.trial import Trial

ROLES = ("web", "worker", "clock")


def kill(trial: Trial, role: str, number: int = signal.SIGKILL) -> int | None:
    """A signal to a role and all the processes it has started; returns the pid it had."""
    pid = trial.house.pid(role)
    if pid is not None:
        with suppress(ProcessLookupError):
            os.killpg(pid, number)
    return pid


@contextmanager
def another_clock(trial: Trial) -> Iterator[subprocess.Popen[bytes]]:
    """A second clock process beside that of `headroom up`, as on another machine; it beats when this returns."""
    kept = read_env_file(trial.house.data / "local.env")[0]
    environ = {**trial.house.env(), **kept, "HEADROOM_DATA": str(trial.folder / "second")}
    second = subprocess.Popen([sys.executable, "-m", "workers.clock"], env=environ, stdout=subprocess.DEVNULL)
    try:
        beating = "SELECT count(*) FROM beats WHERE name = 'clock' AND detail ->> 'pid' = :pid"
        trial.until(lambda: trial.count(beating, pid=str(second.pid)) == 1, 30, "the second clock beats")
        yield second
    finally:
        second.kill()
        second.wait()


def replaced(trial: Trial, role: str, before: int | None) -> bool:
    """Does another process than `before` hold the role?"""
    now = trial.house.pid(role)
    return now not in (None, before) and is_alive(now)


def is_working(trial: Trial, role: str) -> bool:
    """Has the role connected to the database?"""
    return trial.count("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name", name=f"headroom-{role}") > 0


def kill_again_and_again(trial: Trial, role: str, *, times: int, every: float) -> int:
    """Kill a role, let it come back and work for up to `every` seconds, kill it again; returns how often that was done."""
    done = 0
    for _ in range(times):
        if not wait_until(lambda: is_working(trial, role), 30):
            break
        time.sleep(trial.random.uniform(0.1, every))
        kill(trial, role)
        done += 1
    return done


def kill_everything(trial: Trial) -> None:
    """The supervisor, all roles, PostgreSQL and Redis, at one moment; returns when they are gone."""
    process = trial.house.process
    assert process is not None
    groups = [trial.house.pid(role) for role in ROLES]
    servers = [trial.postgres.pid, trial.redis.pid]
    process.kill()
    for pid in filter(None, groups):
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    for pid in filter(None, servers):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    assert wait_until(lambda: trial.postgres.poll() is not None and trial.redis.poll() is not None, 10)
    assert wait_until(lambda: not trial.house.processes(), 20), trial.house.processes()
    time.sleep(1)  # PostgreSQL's own processes leave when they see that their head is gone


def stop_postgres(trial: Trial, *, hard: bool = False) -> None:
    """Fast shutdown, or kill -9; it stays away until `start_postgres`."""
    if hard:
        assert trial.postgres.pid
        os.kill(trial.postgres.pid, signal.SIGKILL)
        assert wait_until(lambda: trial.postgres.poll() is not None, 10)
    else:
        trial.postgres.stop()
    trial.engine.dispose()


def start_postgres(trial: Trial) -> None:
    """On the same data and port."""
    trial.postgres.restart()


def flush_redis(trial: Trial) -> None:
    """Everything in it is gone."""
    assert trial.redis_url
    with redis.Redis.from_url(trial.redis_url, socket_timeout=5) as client:
        client.flushall()


def signal_redis(trial: Trial, number: signal.Signals) -> None:
    """SIGSTOP, SIGCONT, SIGKILL."""
    assert trial.redis.pid
    os.kill(trial.redis.pid, number)
    if number is signal.SIGKILL:
        assert wait_until(lambda: trial.redis.poll() is not None, 10)


def jam_the_bell(trial: Trial) -> None:
    """As if somebody had rung and nobody will ever answer: no further ring is sent."""
    assert trial.redis_url
    with redis.Redis.from_url(trial.redis_url, socket_timeout=5) as client:
        client.set("headroom:bell", "1")


def workers_answer(trial: Trial, *, within: float) -> float:
    """Seconds until a worker has answered a ring: it then deletes the bell's mark, which nobody else does."""
    assert trial.redis_url
    began = time.monotonic()
    with redis.Redis.from_url(trial.redis_url, socket_timeout=2) as client:

        def answered() -> bool:
            with suppress(redis.RedisError):
                return bool(client.info("commandstats").get("cmdstat_del", {}).get("calls", 0) > before)
            return False

        before = 0
        with suppress(redis.RedisError):
            before = client.info("commandstats").get("cmdstat_del", {}).get("calls", 0)
        assert wait_until(answered, within), f"no worker has answered the bell within {within:.0f} s"
    return round(time.monotonic() - began, 1)
