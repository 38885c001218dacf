"""Every address of the console, who may use it, and which function answers. The whole list stands in ROUTES."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import structlog
from flask import Blueprint, Flask, Response, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from config import clock
from config.settings import Settings
from console import answers, api, doors, metrics, probes, sessions, speed, words
from console.desk import Desk
from console.pages import (
    account,
    board,
    events,
    export,
    lead,
    manage,
    offer,
    outbox,
    person,
    reports,
    session,
    trial,
    unsubscribe,
)
from store.accounts import Role
from store.engine import Engine
from store.policies import NoTeam
from store.reports import StoreFault

log = structlog.get_logger()

LARGEST_BODY = 64 * 1024  # bytes; the longest form here is a note of 1,600 characters
FOR_MACHINES = ("/api/", "/webhooks/", "/receipts/", "/livez", "/readyz", "/health/", "/metrics", "/ops/")
Door = Callable[[Desk], Response | None]
VIEWERS, REPS, MANAGERS, ADMINS = (doors.open_to(role) for role in Role)
LINK, TOKEN, ALL, VISITORS = doors.open_with_link, doors.open_with_token, doors.open_to_all, doors.open_to_visitors


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address."""

    method: str
    path: str
    shows: Callable[..., Response]
    door: Door


ROUTES = (
    Route("GET", "/", board.show, VIEWERS),
    Route("POST", "/test-lead", trial.send, MANAGERS),
    Route("GET", "/leads", lead.look_for, VIEWERS),
    Route("GET", "/leads/<code>", lead.show, VIEWERS),
    Route("POST", "/leads/<code>", lead.act, REPS),
    Route("GET", "/leads.csv", export.leads, MANAGERS),
    Route("GET", "/reports", reports.show, VIEWERS),
    Route("GET", "/reports.csv", reports.as_csv, VIEWERS),
    Route("GET", "/outbox", outbox.show, MANAGERS),
    Route("POST", "/outbox", outbox.write_in, MANAGERS),
    Route("POST", "/outbox/<number>", outbox.reply, MANAGERS),
    Route("GET", "/events", events.show, MANAGERS),
    Route("POST", "/events", events.act, MANAGERS),
    Route("GET", "/offers/<token>", offer.show, LINK),
    Route("POST", "/offers/<token>", offer.act, LINK),
    Route("GET", "/manage/<token>", manage.show, LINK),
    Route("POST", "/manage/<token>", manage.act, LINK),
    Route("GET", "/unsubscribe/<token>", unsubscribe.show, LINK),
    Route("POST", "/unsubscribe/<token>", unsubscribe.act, LINK),
    Route("GET", "/sign-in", session.show, VISITORS),
    Route("POST", "/sign-in", session.act, VISITORS),
    Route("POST", "/sign-out", session.end, VISITORS),
    Route("GET", "/first-admin/<token>", account.first, VISITORS),
    Route("POST", "/first-admin/<token>", account.make_first, VISITORS),
    Route("GET", "/password/<token>", account.password, VISITORS),
    Route("POST", "/password/<token>", account.set_password, VISITORS),
    Route("GET", "/accounts", account.show, ADMINS),
    Route("POST", "/accounts", account.act, ADMINS),
    Route("GET", "/api/leads", api.leads, TOKEN),
    Route("GET", "/api/leads/<code>", api.lead, TOKEN),
    Route("POST", "/api/leads/<code>/merge", person.merge, TOKEN),
    Route("POST", "/api/leads/<code>/split", person.split, TOKEN),
    Route("GET", "/api/reps", api.reps, TOKEN),
    Route("GET", "/api/pools", api.pools, TOKEN),
    Route("GET", "/api/reports", reports.as_json, TOKEN),
    Route("GET", "/api/instants", speed.show, TOKEN),
    Route("GET", "/api/events/dead", events.listed, TOKEN),
    Route("POST", "/api/events/replay", events.replay, TOKEN),
    Route("GET", "/api/openapi.json", api.description, ALL),
    Route("GET", "/livez", probes.alive, ALL),
    Route("GET", "/readyz", probes.ready, ALL),
    Route("GET", "/health/engine", probes.engine, ALL),
    Route("GET", "/metrics", metrics.show, ALL),
    Route("GET", "/ops/invariants", probes.invariants, ALL),
)


def blueprint(engine: Engine, settings: Settings, ring: Callable[[], None]) -> Blueprint:
    """The console on this database. `ring` is called after something was written for the workers."""
    desk = Desk(engine, settings, ring)
    pages = Blueprint("console", __name__, template_folder="templates", static_folder="static", static_url_path="/static")
    for route in ROUTES:
        name = f"{route.shows.__module__}.{route.shows.__name__}".replace(".", "_")
        pages.add_url_rule(route.path, name, _view(route, desk), methods=[route.method])
    pages.before_request(_begin)
    pages.after_request(partial(_end, desk))
    pages.record_once(lambda setup: _dress(setup.app, desk))
    return pages


def _view(route: Route, desk: Desk) -> Callable[..., ResponseReturnValue]:
    def view(**parts: str) -> ResponseReturnValue:
        refused = route.door(desk)
        return refused if refused is not None else route.shows(desk, **parts)

    return view


def _begin() -> None:
    g.now = clock.now()
    request.max_content_length = LARGEST_BODY


def _end(desk: Desk, answer: Response) -> Response:
    if request.endpoint == "console.static":
        answer.headers["Cache-Control"] = "no-cache"  # revalidated each time: 304 costs little, a stale script costs a page
    sessions.renew(desk.settings, answer)
    return answers.secure(desk, answer)


def _dress(app: Flask | object, desk: Desk) -> None:
    """What belongs to the whole application: filters, and faults in words also where no route was found."""
    assert isinstance(app, Flask)
    app.jinja_env.filters.update(words.filters())
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_error_handler(HTTPException, partial(_refused, desk))
    app.register_error_handler(StoreFault, partial(_unreachable, desk))
    app.register_error_handler(NoTeam, partial(_without_team, desk))
    app.register_error_handler(Exception, partial(_broken, desk))
    app.before_request(metrics.begin)
    app.after_request(metrics.count)


def _refused(desk: Desk, fault: HTTPException) -> ResponseReturnValue:
    """A wrong address or method, a body too long: the framework's own refusals."""
    if fault.response is not None:
        return fault
    answer = _fault(fault.code or 500, allowed=fault.valid_methods if isinstance(fault, MethodNotAllowed) else None)
    for name, value in fault.get_headers():
        if name.lower() in ("allow", "retry-after", "location"):
            answer.headers[name] = value
    return answers.secure(desk, answer)


def _unreachable(desk: Desk, fault: StoreFault) -> Response:
    log.error("database_fault", path=request.path, kind=type(fault).__name__)
    answer = _fault(503)
    answer.headers["Retry-After"] = "5"
    return answers.secure(desk, answer)


def _without_team(desk: Desk, fault: NoTeam) -> Response:
    """A new database: there is nobody to show yet."""
    what, mend = "No team file is in force yet", "Run `headroom apply config/team.yaml`, then load this page again."
    if _is_for_a_machine():
        return answers.secure(desk, answers.problem(503, what, where=request.path[:200], mend=mend))
    return answers.secure(desk, answers.fault(503, what=what, mend=mend))


def _broken(desk: Desk, fault: Exception) -> Response:
    """The last net: logged with its trace, told in words."""
    log.exception("request_failed", endpoint=request.endpoint, kind=type(fault).__name__)
    return answers.secure(desk, _fault(500))


def _fault(status: int, *, allowed: Iterable[str] | None = None) -> Response:
    if not _is_for_a_machine():
        return answers.fault(status)
    what, mend = answers.FAULTS.get(status, answers.FAULTS[500])
    if allowed:
        mend = f"Use {' or '.join(sorted(set(allowed) - {'HEAD', 'OPTIONS'}))}."
    return answers.problem(status, what, where=request.path[:200], mend=mend)


def _is_for_a_machine() -> bool:
    """Is it an address of programs, or asked for by one that would rather have JSON than a page?"""
    wished = request.accept_mimetypes.best_match(("text/html", "application/json"))
    return request.path.startswith(FOR_MACHINES) or wished == "application/json"
