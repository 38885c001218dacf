"""The Celery app and its queues. Redis is only a bell: tasks carry ids, time lives in PostgreSQL columns.

Never use eta, countdown, retry(), chords or a result backend (docs/decisions.md): with an eta beyond the visibility
timeout Redis hands the task out again and again. Each setting below was measured or cures a fault seen in the field.
"""

from celery import Celery

from config.settings import Settings

QUEUES = ("serve",)
HARD_LIMIT_SECONDS = 60  # a task still alive then is killed: far below the visibility timeout, so nothing runs twice
SOFT_LIMIT_SECONDS = 45  # the task is told first and can record where it stands
VISIBILITY_SECONDS = 300


def make_celery(settings: Settings, *, socket_timeout: float = 5) -> Celery:
    """A Celery app on `settings.redis_url`; without Redis one whose bell nobody hears (the clock does the work).

    `socket_timeout` in seconds: whoever only rings takes 1, so that a hung Redis cannot hold it.
    """
    app = Celery("headroom", broker=settings.redis_url or "memory://", set_as_current=False)
    app.conf.update(_WORK | _BROKER)
    if settings.redis_url:
        app.conf.broker_transport_options = _transport(settings.redis_prefix, socket_timeout)
    return app


_WORK = {
    "task_default_queue": QUEUES[0],
    "task_create_missing_queues": False,
    "task_queues": {name: {} for name in QUEUES},
    "task_ignore_result": True,  # results are rows; a result backend only grows
    "task_acks_late": False,  # early: the claim in PostgreSQL decides who works, a lost task is found by the clock
    "worker_prefetch_multiplier": 1,  # no hoarding behind a slow task
    "task_time_limit": HARD_LIMIT_SECONDS,
    "task_soft_time_limit": SOFT_LIMIT_SECONDS,
    "task_serializer": "json",
    "accept_content": ["json"],  # never pickle
    "enable_utc": True,
    "task_send_sent_event": False,
    "worker_send_task_events": False,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_soft_shutdown_timeout": 10.0,
    "worker_enable_soft_shutdown_on_idle": True,
    "worker_max_tasks_per_child": 10_000,
    "worker_max_memory_per_child": 300_000,  # KiB
}

_BROKER = {
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # Celery gives up after 100 by default
    "broker_connection_timeout": 2,
    "worker_cancel_long_running_tasks_on_connection_loss": False,  # it can cut a send in two
}


def _transport(prefix: str, socket_timeout: float) -> dict[str, object]:
    return {
        "global_keyprefix": prefix,
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_timeout": socket_timeout,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 5,  # a half-open socket is noticed after about 11 s, else after 51
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,  # both from kombu 5.7: a killed worker's task is back in seconds, not minutes
    }
