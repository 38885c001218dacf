"""Forms of our own pages: a token bound to a cookie, and a look at where the browser says the form stood. And bodies of the API."""

import hmac
import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, request
from itsdangerous import BadData, URLSafeSerializer

from config.settings import Settings

COOKIE = "headroom_form"


def token(settings: Settings) -> str:
    """The value of a form's hidden field `csrf`: the same for all forms of one browser, so that a live page stays unchanged."""
    return str(_signer(settings).dumps(_nonce(settings)))


def start_anew() -> None:
    """At signing in and out: the browser gets another cookie, and the tokens made for the one before count no more."""
    g.fresh_nonce = secrets.token_urlsafe(18)


def remember(settings: Settings, answer: Response) -> None:
    """Give the browser the cookie that its forms are bound to, once."""
    fresh = g.pop("fresh_nonce", None)
    if fresh:
        secure = settings.public_url.startswith("https://")
        answer.set_cookie(COOKIE, fresh, httponly=True, samesite="Lax", secure=secure)


def is_own(settings: Settings) -> bool:
    """Was the form on one of our own pages, in this very browser?"""
    return comes_from_here(settings) and _has_token(settings)


def comes_from_here(settings: Settings) -> bool:
    """Do Sec-Fetch-Site and Origin, as far as the browser sends them, name our own site?"""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in ("same-origin", "none"):
        return False
    return origin is None or origin in (_origin(settings.public_url), _origin(request.host_url))


def json_object() -> dict[str, Any]:
    """The object in a JSON body; empty for whatever else is there, also for what is nested so deep that no parser follows it."""
    try:
        said = request.get_json(silent=True)
    except RecursionError:
        return {}
    return said if isinstance(said, dict) else {}


def _has_token(settings: Settings) -> bool:
    cookie = request.cookies.get(COOKIE, "")
    try:
        given = _signer(settings).loads(request.form.get("csrf", ""))
    except BadData:
        return False
    return bool(cookie) and isinstance(given, str) and hmac.compare_digest(given.encode(), cookie.encode())


def _nonce(settings: Settings) -> str:
    known = request.cookies.get(COOKIE) or g.get("fresh_nonce")
    if not known:
        known = g.fresh_nonce = secrets.token_urlsafe(18)
    return str(known)


def _signer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_keys[::-1], salt="form")  # it signs with the last one


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
