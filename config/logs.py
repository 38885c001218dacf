"""Logs: one JSON line per event on stdout, safe to ship: control characters escaped, phone numbers and addresses masked.

Log an event name and ids (`log.info("lead_arrived", lead=42)`), never a person's data; the masking is only the last net,
for the texts of other people's exceptions.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from config.settings import Settings

LONGEST = 4000  # characters of one value; a stack trace is shorter
_EMAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?<![\w.:-])(?:\+\d[\d ().-]{5,20}\d"  # +1 (512) 555-0111
    r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"  # (512) 555-0111
    r"|\d{10,15})(?![\w-])"  # 15125550111
)
_NOISY = ("sqlalchemy.engine", "urllib3", "kombu", "amqp", "alembic", "python_http_client", "twilio.http_client")

Event = MutableMapping[str, Any]


def configure(role: str, settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send all logging of this process, ours and the libraries', to `stream` (stdout). Call it once, at start.

    `role` is the process (web, worker, clock, cli). LOG_FORMAT=text is for human eyes, json for machines.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _Role(role),
        mask,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_formatter(settings.log_format, shared))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def mask(_logger: object, _method: str, event: Event) -> Event:
    """Replace what looks like a phone number or e-mail address in every text of the event, and cut very long texts."""
    for key, value in event.items():
        if key not in ("at", "level", "logger", "role", "_record"):
            event[key] = masked(value)
    return event


def masked(value: Any) -> Any:
    """The value with phone numbers, e-mail addresses and excess length taken out of its texts."""
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST else f"{value[:LONGEST]}... ({len(value)} characters)"
        return _PHONE.sub("[phone]", _EMAIL.sub("[email]", cut))
    if isinstance(value, Mapping):
        return {masked(key): masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(inner) for inner in value]
    if isinstance(value, int | float | None):
        return value
    return masked(str(value))


class _Role:
    """Adds which process speaks."""

    def __init__(self, role: str) -> None:
        self.role = role

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        event["role"] = self.role
        return event


def _formatter(log_format: str, shared: list[Any]) -> logging.Formatter:
    renderer = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
