"""From Flask's request to a Delivery, and from an Answer or a refusal back to HTTP."""

import hashlib
import math
from urllib.parse import parse_qsl

from flask import Request, Response
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from store.inbox import Received
from webhooks.answers import Answer, as_json
from webhooks.bodies import LARGEST_BODY
from webhooks.delivery import Delivery
from webhooks.errors import Refused, TooLarge, TooMany, Unreadable

METHODS = ("GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "HEAD")  # all, so that a wrong one is answered in our words
RETRY = (("Retry-After", "5"),)
Headers = tuple[tuple[str, str], ...]


def raw_body(request: Request, most: int = LARGEST_BODY) -> bytes:
    """The bytes as they came. Raises TooLarge above `most` bytes, Unreadable when the sender broke off."""
    # where no length is announced (chunked), what is too much is quietly cut off: one byte more than allowed tells it
    request.max_content_length = most if request.content_length is not None else most + 1
    try:
        body = request.get_data(cache=True)
    except RequestEntityTooLarge as error:
        raise _too_large(most) from error
    except ClientDisconnected as error:
        raise _too_short() from error
    if len(body) > most:
        raise _too_large(most)
    if request.content_length is not None and len(body) < request.content_length:
        raise _too_short()  # gunicorn ends the body quietly where the sender broke off
    return body


def _too_large(most: int) -> TooLarge:
    mend = f"Send at most {most // 1024} KiB; upload files elsewhere and send their addresses."
    return TooLarge("The body is too large", where="the body", mend=mend)


def _too_short() -> Unreadable:
    return Unreadable("The body is shorter than announced", where="the Content-Length header", mend="Send it again.")


def public_url(request: Request, base: str) -> str:
    """The address as the sender has it: PUBLIC_URL, never the Host header, and the path and query as they came."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or ""
    path = raw if raw.startswith("/") else request.full_path.rstrip("?")
    return base + path


def query_of(request: Request) -> dict[str, str]:
    """The first value of each parameter."""
    pairs = parse_qsl(request.query_string.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(reversed(pairs))


def headers_of(request: Request) -> dict[str, str]:
    """Header names in lower case."""
    return {name.lower(): value for name, value in request.headers.items()}


def remote_address(request: Request, trusted_proxies: int) -> str:
    """Who sends: the peer, or what the nearest of our own proxies saw. Entries a stranger can write are never believed."""
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    chain.append(request.remote_addr or "")
    return chain[max(0, len(chain) - 1 - trusted_proxies)][:64] if trusted_proxies else chain[-1]


def too_many(seconds: float, limit: str, most: int) -> TooMany:
    """429, with the whole seconds to wait. `limit` is the key of the source that says how many a minute, `most` that number."""
    wait, where = max(1, math.ceil(seconds)), {"per_address": "this address"}.get(limit, "this source")
    mend = f"Try again in {wait} s. {most} a minute are taken; `{limit}` of the source in the team file allows more."
    return TooMany("Too many requests", where=where, mend=mend, headers=(("Retry-After", str(wait)),))


def response(answer: Answer, more: Headers = ()) -> Response:
    """The HTTP answer. Nothing here is for a cache."""
    made = Response(answer.body, status=answer.status, content_type=answer.content_type)
    for name, value in (*answer.headers, *more, ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")):
        made.headers.add(name, value)
    return made


def refusal(refused: Refused) -> Answer:
    """What is wrong, where, and how to mend it."""
    said = {"what": refused.what, "where": refused.where, "mend": refused.mend}
    return as_json(refused.status, {"error": said}, refused.headers)


def kept_unread(delivery: Delivery, why: Refused) -> Received:
    """What nobody could read, for the record: no lead comes of it, and the raw bytes say what it was."""
    key = f"unreadable:{hashlib.sha256(delivery.raw).hexdigest()}"
    content = {"external_id": key, "kind": "message", "why": f"{why.what} ({why.where})"}
    headers = delivery.kept_headers
    return Received(delivery.source.id, key, "unreadable", content, delivery.raw, headers, delivery.received_at)
