"""Who may come in. Pages with people on them are open on the machine itself, and elsewhere to whoever has HEADROOM_API_TOKEN.

Accounts come later. Until then a service bound to loopback trusts its own machine, but nothing that was passed on to it.
"""

import hashlib
import hmac
import ipaddress
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import quote, urlsplit

from flask import Response, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from config import clock
from config.settings import Settings
from console import answers, forms
from console.desk import Desk

COOKIE = "headroom_session"
SESSION_LIVES = timedelta(hours=12)
PASSED_ON = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
TRIES = 5  # wrong tokens per address and minute; a token has at least 16 characters, so this is for peace in the log
TRIES_OF_ALL = 60


def open_to_all(desk: Desk) -> Response | None:
    """No door: probes, static files, the sign-in page."""
    return None


def open_to_people(desk: Desk) -> Response | None:
    """Whoever sits at this machine, or has signed in; their forms must be our own."""
    g.signed_in = is_signed_in(desk.settings)
    if not (g.signed_in or is_local(desk.settings)):
        return answers.see(f"/sign-in?next={quote(request.path)}") if request.method == "GET" else answers.fault(403)
    if request.method in UNSAFE and not forms.is_own(desk.settings):
        return answers.fault(
            403,
            what="This form is stale or was not ours",
            mend="Go back, reload the page, and press the button again. Nothing was changed.",
        )
    return None


def open_to_visitors(desk: Desk) -> Response | None:
    """The sign-in form: anyone, from our own page."""
    if request.method in UNSAFE and not forms.is_own(desk.settings):
        return answers.fault(403, what="This form is stale or was not ours", mend="Reload the sign-in page and try again.")
    return None


def open_with_link(desk: Desk) -> Response | None:
    """Whoever holds the signed link; it is the token of its own forms, which only our own page may send."""
    if request.method in UNSAFE and not forms.comes_from_here(desk.settings):
        return answers.fault(
            403, what="This was sent from another site", mend="Open the link from your message and press the button there."
        )
    return None


def open_with_token(desk: Desk) -> Response | None:
    """The API: `Authorization: Bearer HEADROOM_API_TOKEN`."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and is_api_token(desk.settings, given.strip()):
        return None
    mend = "Send the header `Authorization: Bearer <HEADROOM_API_TOKEN>`."
    if desk.settings.api_token is None:
        mend = "Set HEADROOM_API_TOKEN (16 characters or more), restart, and send it as `Authorization: Bearer ...`."
    answer = answers.problem(401, "The API token is missing or wrong", where="header Authorization", mend=mend)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="headroom"'
    return answer


def is_local(settings: Settings) -> bool:
    """A browser on this very machine, talking to a service that only this machine can reach, not through any proxy.

    The Host is looked at too: a page of another site whose name is made to point at 127.0.0.1 must not read the board.
    """
    if any(name in request.headers for name in PASSED_ON):
        return False
    names = (settings.host, request.remote_addr or "", urlsplit(f"//{request.host}").hostname or "")
    return all(_is_loopback(name) for name in names)


def is_signed_in(settings: Settings) -> bool:
    """Has this browser a session that was opened with the token in force?"""
    try:
        opened_with = _sessions(settings).loads(request.cookies.get(COOKIE, ""), max_age=int(SESSION_LIVES.total_seconds()))
    except BadData:
        return False
    return settings.api_token is not None and opened_with == _fingerprint(settings.api_token)


def sign_in(settings: Settings, answer: Response) -> Response:
    """Open a session of 12 h."""
    value = _sessions(settings).dumps(_fingerprint(settings.api_token or ""))
    secure = settings.public_url.startswith("https://")
    lives = int(SESSION_LIVES.total_seconds())
    answer.set_cookie(COOKIE, value, max_age=lives, httponly=True, samesite="Lax", secure=secure)
    return answer


def sign_out(answer: Response) -> Response:
    """End the session of this browser."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="Lax")
    return answer


def is_api_token(settings: Settings, given: str) -> bool:
    """Compared in constant time; nothing matches while no token is set."""
    return settings.api_token is not None and hmac.compare_digest(given.encode(), settings.api_token.encode())


def visitor(settings: Settings) -> str:
    """The address tries are counted by: the one our own outermost proxy saw, or else the one that connected."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    count = settings.trusted_proxies
    if count and len(hops) >= count and "werkzeug.proxy_fix.orig" not in request.environ:
        return hops[-count]
    return request.remote_addr or ""


@dataclass
class Tries:
    """Wrong tokens of the last minute, in this process."""

    wrong: deque[tuple[float, str]] = field(default_factory=deque)

    def too_many(self, address: str) -> bool:
        """Has this address, or all together, used up its tries?"""
        earliest = clock.monotonic() - 60
        while self.wrong and self.wrong[0][0] < earliest:
            self.wrong.popleft()
        return len(self.wrong) >= TRIES_OF_ALL or sum(who == address for _, who in self.wrong) >= TRIES

    def add(self, address: str) -> None:
        """Count one wrong token."""
        self.wrong.append((clock.monotonic(), address))


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _sessions(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key, salt="session")


def _fingerprint(token: str) -> str:
    return hashlib.sha256(f"headroom session {token}".encode()).hexdigest()
