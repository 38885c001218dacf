"""Four questions of machines: is the process alive, can it take a lead, does the engine turn, is anything as it must not be."""

from datetime import timedelta

from flask import Response, g, jsonify, make_response

from console import answers
from console.desk import Desk
from store import audits, reports
from store.reports import StoreFault
from store.spool import Spool

DRAINED_WITHIN = timedelta(seconds=30)  # after the database is back
ENGINE_STOPPED_AFTER = timedelta(seconds=10)  # the clock ticks every second


def alive(desk: Desk) -> Response:
    """GET /livez: this process answers."""
    return make_response(jsonify({"alive": True}))


def ready(desk: Desk) -> Response:
    """GET /readyz: a lead could be put on disk now: in the database, or on the spool while that is away. 503: on neither."""
    try:
        can = reports.can_take_a_lead(desk.engine)
    except StoreFault:
        can = False
    spool = Spool.of(desk.settings)
    has_room = spool.can_take()
    said = {
        "ready": can or has_room,
        "database": "answers" if can else "does not take leads now",
        "spool": {"has_room": has_room, "waiting_bytes": spool.waiting().size},
    }
    return make_response(jsonify(said), 200 if can or has_room else 503)


def engine(desk: Desk) -> Response:
    """GET /health/engine: 503 when the clock's last tick is older than 10 s."""
    try:
        last_at = reports.beat_at(desk.engine, "clock")
    except StoreFault:
        return make_response(jsonify({"turning": False, "last_tick_at": None, "why": "the database does not answer"}), 503)
    turning = last_at is not None and g.now - last_at <= ENGINE_STOPPED_AFTER
    why = (
        ""
        if turning
        else "`headroom clock` is not running"
        if last_at is None
        else "the clock has not ticked for 10 s: is `headroom clock` running?"
    )
    return make_response(jsonify({"turning": turning, "last_tick_at": answers.iso(last_at), "why": why}), 200 if turning else 503)


def invariants(desk: Desk) -> Response:
    """GET /ops/invariants: what the auditor finds at this moment; 200 also when it finds something, "clean" says which."""
    found = audits.findings(desk.engine, g.now)
    stuck = _stuck_on_spool(desk)
    listed = found["findings"]
    assert isinstance(listed, list)
    return make_response(jsonify({**found, "clean": found["clean"] and not stuck, "findings": [*listed, *stuck]}))


def _stuck_on_spool(desk: Desk) -> list[dict[str, object]]:
    """What this machine's spool holds although the database had time to take it."""
    since = Spool.of(desk.settings).waiting().since
    if since is None or g.now.timestamp() - since < DRAINED_WITHIN.total_seconds():
        return []
    means = "deliveries on the spool that the database has not taken for 30 s: is it read-only or full?"
    return [{"check": "spool", "means": means, "count": 1, "examples": [str(desk.settings.data / "spool")]}]
