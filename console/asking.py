"""Asks our own service over HTTP, as its users do. Proxies of the environment are left out: it is our own machine."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is 0 when nobody answered, `text` then says why."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case

    @property
    def is_fine(self) -> bool:
        """Was it a 2xx?"""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body read as JSON; None if it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return None


def ask(url: str, *, token: str | None = None, form: Mapping[str, str] | None = None, timeout: float = 5.0) -> Answer:
    """GET, or POST of a form. `timeout` in seconds. Never raises: a failure is an answer too."""
    body = urllib.parse.urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(url, data=body, headers={"Accept": "application/json"})  # noqa: S310
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with _direct.open(request, timeout=timeout) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, answer.read().decode(errors="replace"), headers)
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused.code, refused.read().decode(errors="replace"))
    except (OSError, ValueError, HTTPException) as failure:
        return Answer(0, str(getattr(failure, "reason", failure)))


def answers(url: str) -> bool:
    """Does the address answer well within 5 s?"""
    return ask(url).is_fine
