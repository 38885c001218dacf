"""Four questions of machines: is the process alive, can it take a lead, does the engine turn, is anything as it must not be."""

from datetime import timedelta

from flask import Response, g, jsonify, make_response

from console import answers
from console.desk import Desk
from store import audits, reports
from store.reports import StoreFault

ENGINE_STOPPED_AFTER = timedelta(seconds=10)  # the clock ticks every second


def alive(desk: Desk) -> Response:
    """GET /livez: this process answers."""
    return make_response(jsonify({"alive": True}))


def ready(desk: Desk) -> Response:
    """GET /readyz: a lead could be written down now. 503 when the database does not take it."""
    try:
        can = reports.can_take_a_lead(desk.engine)
    except StoreFault:
        can = False
    return make_response(
        jsonify({"ready": can, "database": "answers" if can else "does not take leads now"}), 200 if can else 503
    )


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
    return make_response(jsonify(audits.findings(desk.engine, g.now)))
