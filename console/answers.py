"""How an answer leaves the house: pages, live fragments with an ETag, JSON, and faults in words. Always with the same headers."""

import hashlib
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, jsonify, make_response, redirect, render_template, request

from config import clock
from console import forms
from console.desk import Desk
from store.accounts import Role

COUNTDOWNS = re.compile(r"""(data-(?:due|since)="[^"]*">)[^<]*""")  # own script keeps these going: they are no news
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not no-referrer: that makes browsers send "Origin: null" with our own forms, and the check below could not tell them
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
FAULTS = {
    400: ("That could not be read", "Go back, look at what was filled in, and send it again."),
    403: ("This is not open to you", "Sign in, or ask for a new link."),
    404: ("There is nothing here", "Check the address, or start from the board."),
    405: ("This address does not do that", "Go back and use the buttons of the page."),
    413: ("That is too long", "Send less at once."),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: (
        "Something broke on our side",
        "Nothing you sent was half done. Try again; if it happens twice, look into the log of the web process.",
    ),
    503: ("The database does not answer", "Leads cannot be shown now. Run `headroom doctor`; this page works again by itself."),
}


def page(desk: Desk, template: str, *, status: int = 200, **context: Any) -> Response:
    """A whole page."""
    return make_response(render_template(template, **{**common(desk), **context}), status)


def live(desk: Desk, template: str, **context: Any) -> Response:
    """A page that polls. With ?live=1 only its moving part. 304 for whoever names its ETag, while nothing has changed."""
    if request.args.get("live") == "1":
        answer = make_response(render_template("live/" + template, **common(desk), **context))
        answer.headers["Cache-Control"] = "no-cache, private"
    else:
        answer = page(desk, template, fragment="live/" + template, **context)
    answer.set_etag(_etag(desk, answer.get_data(as_text=True)), weak=True)
    answer.make_conditional(request)
    return answer


def _etag(desk: Desk, body: str) -> str:
    """Changes with the news on the page and with the token of its forms, but not with a countdown.

    A caller who keeps no cookie gets another token each time and could press no button anyway: there the news alone count.
    """
    token = forms.token(desk.settings)
    news = _digest(COUNTDOWNS.sub(r"\1", body).replace(token, ""))
    known = request.if_none_match.as_set(include_weak=True) if "fresh_nonce" in g else ()
    return next((tag for tag in known if tag.partition("-")[0] == news), f"{news}-{_digest(token)[:8]}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def common(desk: Desk) -> dict[str, object]:
    """What every template may name."""
    site = desk.team().site
    return {
        "firm": site.name,
        "zone": site.zone,
        "now": g.get("now") or clock.now(),
        "csrf": forms.token(desk.settings),
        "here": request.path,
        "signed_in": g.get("session") is not None,
        "may": may,
        "local_texts": not desk.settings.has_twilio,
    }


def may(role: str) -> bool:
    """Has whoever looks at the page at least this role? Templates leave out what would be refused."""
    visitor = g.get("visitor")
    return visitor is not None and visitor.role.may(Role(role))


def see(where: str) -> Response:
    """After a POST: look at this page now."""
    answer = redirect(where, 303)
    return make_response(answer)


def fault(status: int, *, what: str = "", mend: str = "") -> Response:
    """A fault as a page in words; needs neither database nor team file."""
    title, hint = FAULTS.get(status, FAULTS[500])
    with_link = request.path.startswith(("/offers/", "/manage/"))
    return make_response(
        render_template("fault.html", status=status, title=what or title, mend=mend or hint, to_board=not with_link), status
    )


def problem(status: int, what: str, *, where: str, mend: str) -> Response:
    """A fault as JSON."""
    return make_response(jsonify({"error": {"what": what, "where": where, "mend": mend}}), status)


def secure(desk: Desk, answer: Response) -> Response:
    """Put the headers on that every answer of the console carries."""
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.setdefault("Cache-Control", "no-store")
    if urlsplit(desk.settings.public_url).scheme == "https":
        answer.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    forms.remember(desk.settings, answer)
    return answer


def iso(at: datetime | None) -> str | None:
    """An instant for machines: 2026-11-22T10:04:00Z, with microseconds if it has any."""
    return at.isoformat().replace("+00:00", "Z") if at else None
