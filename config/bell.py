"""The doorbell: tells the workers that there is work, without ever making the ringer wait.

One ring stands for any number of leads: while nobody has answered, further rings are not even sent. A ring that is lost
costs at most two seconds, since the clock process finds what is undone.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import redis
import structlog

from config.queues import QUEUES, make_celery
from config.settings import Settings

ANSWER = "workers.answer_the_bell"  # the task that does whatever is due; its first act is `hush`
UNANSWERED_FOR = timedelta(seconds=2)  # after so long without an answer a new ring is sent (the ringer or the ring died)
SOCKET_TIMEOUT = 1.0  # seconds: a Redis that hangs must not hold the thread for long
PAUSE = 0.005  # seconds between two rings of one process: under 300 leads a second most would only hear that one is unanswered
QUIET_FOR = 3.0  # seconds without trying after Redis has failed

log = structlog.get_logger("bell")


class Bell:
    """`ring()` returns at once; a thread of its own talks with Redis. Without Redis it does nothing."""

    def __init__(self, press: Callable[[], None] | None, *, quiet_for: float = QUIET_FOR) -> None:
        self._press, self._quiet_for = press, quiet_for
        self._wanted = threading.Event()
        self._over = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_broken = False

    @property
    def is_silent(self) -> bool:
        """Is there nobody to hear it: no Redis, or the last ring failed?"""
        return self._press is None or self._is_broken

    @property
    def state(self) -> str:
        """One of none (no REDIS_URL), silent (the last ring failed), heard (by Redis; whether a worker answers, its beat tells)."""
        if self._press is None:
            return "none"
        return "silent" if self._is_broken else "heard"

    def ring(self) -> None:
        """There is work. Never waits, never raises."""
        if self._press is None or self._over.is_set():
            return
        self._wanted.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None:  # not at import: gunicorn forks, and threads do not survive that
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """Ring no more."""
        self._over.set()
        self._wanted.set()

    def _run(self) -> None:
        while self._wanted.wait() and not self._over.is_set():
            self._wanted.clear()
            try:
                assert self._press is not None
                self._press()
                self._is_broken = False
                self._over.wait(PAUSE)
            except Exception as failure:
                if not self._is_broken:
                    log.warning("bell_silent", reason=type(failure).__name__, consequence="the clock process does the work")
                self._is_broken = True
                self._over.wait(self._quiet_for)


def make_bell(settings: Settings) -> Bell:
    """The bell of these settings; a silent one without REDIS_URL."""
    if settings.redis_url is None:
        return Bell(None)
    app = make_celery(settings, socket_timeout=SOCKET_TIMEOUT)
    client = _client(settings)

    def press() -> None:
        if client.set(_key(settings), "1", nx=True, px=UNANSWERED_FOR):
            app.send_task(ANSWER, queue=QUEUES[0], expires=30, retry=False, ignore_result=True)

    return Bell(press)


def make_hush(settings: Settings) -> Callable[[], None]:
    """For the worker: called before it looks for work, so that whatever comes in from then on rings anew. Never raises."""
    if settings.redis_url is None:
        return lambda: None
    client = _client(settings)

    def hush() -> None:
        try:
            client.delete(_key(settings))
        except redis.RedisError as failure:
            log.warning("bell_unreachable", reason=type(failure).__name__)

    return hush


def _client(settings: Settings) -> redis.Redis:
    assert settings.redis_url is not None
    return redis.Redis.from_url(
        settings.redis_url, socket_timeout=SOCKET_TIMEOUT, socket_connect_timeout=SOCKET_TIMEOUT, health_check_interval=5
    )


def _key(settings: Settings) -> str:
    return f"{settings.redis_prefix}bell"
