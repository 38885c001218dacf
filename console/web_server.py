"""How gunicorn serves the web process: read by `gunicorn -c python:console.web_server wsgi:app`."""

import logging

from gunicorn.glogging import Logger

from config import logs
from config.settings import Settings

settings = Settings.read(role="web")
logs.configure("web", settings)

bind = f"{settings.host}:{settings.port}"
worker_class = "console.web_worker.PatientWorker"  # threads, and an end to slow requests
workers = settings.web_processes
threads = settings.web_threads
timeout = 30  # seconds without a sign of life of the worker's own loop
graceful_timeout = 5  # the supervisor gives 20 s to all processes together
keepalive = 20
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
forwarded_allow_ips = "*" if settings.trusted_proxies else "127.0.0.1"
control_socket_disable = True


class Through(Logger):  # type: ignore[misc]  # gunicorn has no type hints
    """gunicorn's own lines go the way of all others; requests are counted (/metrics), not logged."""

    def setup(self, cfg: object) -> None:
        self.cfg = cfg
        self.loglevel = logging.getLevelName(settings.log_level)
        self.error_log.handlers[:] = []
        self.error_log.propagate = True
        self.error_log.setLevel(self.loglevel)

    def access(self, *_: object) -> None:
        pass


logger_class = Through
