"""`celery -A workers worker` finds its app here. Importing this reads the environment; nothing else in this room does."""

import logging
import mmap
import sys
import warnings
from typing import Any

from celery import signals

from config import clock, logs
from config.heartbeat import keep_beating
from config.queues import make_celery
from config.settings import Settings, SettingsError

try:
    settings = Settings.read(role="worker")
except SettingsError as error:
    sys.exit(str(error))

app = make_celery(settings)
app.conf.include = ("workers.tasks",)

STUCK_AFTER = 15.0  # seconds the loop that takes tasks from Redis may stand still while it is connected


@signals.celeryd_init.connect  # type: ignore[untyped-decorator]
def _log_from_the_start(instance: Any, **_: object) -> None:
    """No banner of Celery's, no goodbye, and its warnings as events: whoever reads the log finds one JSON line after another."""
    instance.quiet = True
    sys.__stdout__ = None  # type: ignore[misc]  # only Celery's signal handlers write there, past every log
    logs.configure("worker", settings)
    logging.captureWarnings(True)
    warnings.filterwarnings(
        "ignore", message="You're running the worker with superuser privileges"
    )  # said because of pickle; ours are ids in JSON


@signals.setup_logging.connect  # type: ignore[untyped-decorator]
def _log_as_all_do(**_: object) -> None:
    logs.configure("worker", settings)
    for chatty in ("celery.app.trace", "celery.worker.strategy"):  # two lines for every ring
        logging.getLogger(chatty).setLevel(logging.WARNING)


_STOPPING = mmap.mmap(-1, 1)  # a byte that the pool's forked processes see; no lock, which one that is killed could keep for ever


def is_stopping() -> bool:
    """Has this worker been told to stop?"""
    return _STOPPING[0] == 1


@signals.worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop(**_: object) -> None:
    """Under load there is always more to do: the pool's processes finish what they have in hand, and no more."""
    _STOPPING[0] = 1


class _Loop:
    """Celery's main process lives on when its loop is stuck (celery 8030 and kin): then it must not seem well any more."""

    consumer: Any = None
    turned_at = 0.0

    def turn(self) -> None:
        self.turned_at = clock.monotonic()

    def is_well(self) -> bool:
        """Without Redis there is nothing to consume and no use in a restart: Celery tries to connect again by itself."""
        if getattr(self.consumer, "hub", None) is None or not getattr(self.consumer.connection, "connected", False):
            return True
        return clock.monotonic() - self.turned_at < STUCK_AFTER


loop = _Loop()


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def _beat(**_: object) -> None:
    """From the beginning: while Redis is away a worker never gets ready."""
    keep_beating(loop.is_well, data=settings.data, role="worker")


@signals.worker_ready.connect  # type: ignore[untyped-decorator]
def _watch(sender: Any, **_: object) -> None:
    loop.consumer = sender
    loop.turn()
    if getattr(sender, "hub", None):
        sender.hub.call_repeatedly(1.0, loop.turn)
