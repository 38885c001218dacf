"""Who may come in. Pages with people on them need an account in a role that may see them.

While there is no account, whoever sits at the machine itself is let in, and elsewhere whoever has HEADROOM_API_TOKEN.
"""

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import Response, g, request

from config.settings import Settings
from console import answers, forms, sessions
from console.desk import Desk
from store import accounts, api_tokens
from store.accounts import Role

PASSED_ON = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page. Without an account it is whoever sits at the machine, or holds the API token."""

    role: Role
    email: str = ""


def open_to_all(desk: Desk) -> Response | None:
    """No door: probes, static files."""
    return None


def open_to(least: Role) -> Callable[[Desk], Response | None]:
    """Whoever has at least this role; their forms must be our own."""

    def door(desk: Desk) -> Response | None:
        visitor = g.visitor = who(desk)
        if visitor is None:
            return answers.see(f"/sign-in?next={quote(request.path)}") if request.method == "GET" else answers.fault(403)
        if request.method in UNSAFE and not forms.is_own(desk.settings):
            return answers.fault(
                403,
                what="This form is stale or was not ours",
                mend="Go back, reload the page, and press the button again. Nothing was changed.",
            )
        if not visitor.role.may(least):
            return not_for(visitor.role)
        return None

    return door


def not_for(role: Role) -> Response:
    """What somebody is told whose role is not enough."""
    return answers.fault(
        403, what=f"Not with the role of a {role}", mend="Ask an admin for a role that may do this. Nothing was changed."
    )


def open_to_visitors(desk: Desk) -> Response | None:
    """Signing in, signing out, setting a password: anyone, from our own page."""
    if request.method in UNSAFE and not forms.is_own(desk.settings):
        return answers.fault(403, what="This form is stale or was not ours", mend="Reload the page and try again.")
    return None


def open_with_link(desk: Desk) -> Response | None:
    """Whoever holds the signed link; it is the token of its own forms, which only our own page may send."""
    if request.method in UNSAFE and not forms.comes_from_here(desk.settings):
        return answers.fault(
            403, what="This was sent from another site", mend="Open the link from your message and press the button there."
        )
    return None


def open_with_token(desk: Desk) -> Response | None:
    """The API: `Authorization: Bearer ...` with HEADROOM_API_TOKEN or one made by `headroom token add`."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    role = role_of_token(desk, given.strip()) if kind.lower() == "bearer" else None
    if role is not None:
        g.visitor = Visitor(role)
        return None
    mend = (
        "Send the header `Authorization: Bearer <token>`, with HEADROOM_API_TOKEN or a token made by `headroom token add NAME`."
    )
    answer = answers.problem(401, "The API token is missing or wrong", where="header Authorization", mend=mend)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="headroom"'
    return answer


def who(desk: Desk) -> Visitor | None:
    """The account of this browser's session; while there is no account, the machine's own user or the token's holder."""
    session = sessions.read(desk.settings)
    any_account, account = accounts.look(desk.engine, session.account_id if session else None)
    if session and account and sessions.belongs_to(desk.settings, session, account):
        g.session = session
        return Visitor(account.role, account.email)
    if any_account:
        return None
    if session and sessions.is_of_the_token(desk.settings, session):
        g.session = session
        return Visitor(Role.ADMIN)
    return Visitor(Role.ADMIN) if is_local(desk.settings) else None


def role_of_token(desk: Desk, given: str) -> Role | None:
    """What the bearer of this token may; None when it opens nothing."""
    if is_api_token(desk.settings, given):
        return Role.ADMIN
    return api_tokens.check(desk.engine, given, g.now)


def is_local(settings: Settings) -> bool:
    """A browser on this very machine, talking to a service that only this machine can reach, not through any proxy.

    The Host is looked at too: a page of another site whose name is made to point at 127.0.0.1 must not read the board.
    """
    if any(name in request.headers for name in PASSED_ON):
        return False
    names = (settings.host, request.remote_addr or "", urlsplit(f"//{request.host}").hostname or "")
    return all(_is_loopback(name) for name in names)


def is_api_token(settings: Settings, given: str) -> bool:
    """Compared in constant time; nothing matches while no token is set."""
    return settings.api_token is not None and hmac.compare_digest(given.encode(), settings.api_token.encode())


def address(settings: Settings) -> str:
    """The address tries are counted by: the one our own outermost proxy saw, or else the one that connected."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    count = settings.trusted_proxies
    if count and len(hops) >= count and "werkzeug.proxy_fix.orig" not in request.environ:
        return hops[-count]
    return request.remote_addr or ""


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
