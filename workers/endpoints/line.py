"""The line on which endpoints are called: guarded, without redirects, in the terms of workers/outcomes.py."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta

from config import clock
from config.outgoing import AddressRefused, Guard, NoAddress
from config.outgoing_call import NoReply, NotReached, Reply, call
from workers.outcomes import Ambiguous, NotProcessed, NotSent, SendFailed
from workers.wire import Answer, retry_after

SECONDS = 15.0  # Standard Webhooks: 15 to 30 s
LONGEST_WAIT = timedelta(hours=24)  # of a Retry-After: who asks for more is asked again tomorrow
_LINE_BREAKS = re.compile(r"[\r\n]")


class Gone(SendFailed):
    """410: whoever listened there does not want to be called again."""


class Line:
    """Calls whatever the guard lets through. `seconds` is for a whole call."""

    def __init__(self, guard: Guard, *, seconds: float = SECONDS) -> None:
        self._guard, self._seconds = guard, seconds

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One POST of bytes."""
        return self.request("POST", url, body=body, headers=headers)

    def json(self, method: str, url: str, said: object = None, *, headers: Mapping[str, str]) -> Answer:
        """One request with a JSON body, or none."""
        body = None if said is None else json.dumps(said, ensure_ascii=False).encode()
        more = {"Content-Type": "application/json"} if body is not None else {}
        return self.request(method, url, body=body, headers={"Accept": "application/json", **more, **headers})

    def request(self, method: str, url: str, *, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """One request. Raises NotSent, Ambiguous, or SendFailed for an address that is not called."""
        clean = {name: _LINE_BREAKS.sub(" ", value) for name, value in headers.items()}
        try:
            reply = call(self._guard, method, url, body=body, headers=clean, seconds=self._seconds)
        except NoAddress as failure:
            raise NotSent(str(failure), code="no_address") from failure
        except AddressRefused as refusal:
            raise SendFailed(f"the address is not called: {refusal}", code="address", configuration=True) from refusal
        except NotReached as failure:
            raise NotSent(str(failure), code="connection") from failure
        except NoReply as failure:
            raise Ambiguous(str(failure), code="no_answer") from failure
        return _answer(reply)


def _answer(reply: Reply) -> Answer:
    return Answer(reply.status, reply.headers, reply.body)


def judge(answer: Answer, *, code: str = "", reason: str = "") -> None:
    """Raises what an answer that is no 2xx means anywhere. 401 and 403 are about our keys, other 4xx about this event."""
    if 200 <= answer.status < 300:
        return
    said, code = reason or f"answered {answer.status}", code or str(answer.status)
    if answer.status == 429:
        raise NotProcessed(said, code=code, status=429, retry_after=retry_after_of(answer))
    if answer.status >= 500 or answer.status == 408:
        raise Ambiguous(said, code=code, status=answer.status, retry_after=retry_after_of(answer))
    raise SendFailed(said, code=code, status=answer.status, configuration=answer.status in (401, 403))


def retry_after_of(answer: Answer) -> timedelta | None:
    """The header of an answer that has just come: its seconds or date, a day at most."""
    return retry_after(answer, clock.now(), longest=LONGEST_WAIT)
