"""The Celery task. There is one: whoever rings says only that there is something to do (docs/decisions.md: a doorbell)."""

from functools import cache

import structlog
from celery import signals

from config.bell import ANSWER, Bell, make_bell, make_hush
from store.engine import Engine, connect
from workers.answer import answer
from workers.celery import app, is_stopping, settings
from workers.complaint import Complaint
from workers.pulse import Pulse
from workers.work import Work


@app.task(name=ANSWER)  # type: ignore[untyped-decorator]
def answer_the_bell() -> None:
    """Do whatever is due, at most for 20 s; then ring for the next worker."""
    hush()
    answer(work, bell().ring, complaint)
    pulse()


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _make_ready(**_: object) -> None:
    """Before the first ring, so that the first lead does not wait for it. A database that is away is tried again at the ring."""
    try:
        work()
    except Exception as error:
        log.warning("not_ready", reason=type(error).__name__)


log = structlog.get_logger(__name__)
complaint = Complaint("work_failed", "works_again")
hush = make_hush(settings)


@cache
def bell() -> Bell:
    """This process's bell."""
    return make_bell(settings)


@cache
def work() -> Work:
    """This process's connections and threads: made at the first ring, which is after the worker has forked."""
    return Work(engine(), settings, is_over=is_stopping)


@cache
def engine() -> Engine:
    """This process's connections."""
    assert settings.database_url is not None
    return connect(settings.database_url, role="worker", size=4)


pulse = Pulse(engine)
