"""Four questions of machines: is the process alive, can it take a lead, does the engine turn, is anything as it must not be."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Response, g, jsonify, make_response

from console import answers
from console.desk import Desk
from store import audits, reports
from store.last_team import is_kept
from store.reports import StoreFault
from store.spool import Spool

DRAINED_WITHIN = timedelta(seconds=30)  # after the database is back
ENGINE_STOPPED_AFTER = timedelta(seconds=10)  # the clock ticks every second
NOBODY_ANSWERS_AFTER = timedelta(seconds=60)  # one answer of a worker may last 36 s, and it leaves its sign at the end


def alive(desk: Desk) -> Response:
    """GET /livez: this process answers."""
    return make_response(jsonify({"alive": True}))


def ready(desk: Desk) -> Response:
    """GET /readyz: a lead could be put on disk now: in the database, or on the spool while that is away (then what the
    team file says of its source must be known from before). 503: on neither.
    """
    try:
        can = reports.can_take_a_lead(desk.engine)
    except StoreFault:
        can = False
    spool = Spool.of(desk.settings)
    has_room = spool.can_take()
    is_ready = can or (has_room and is_kept(desk.settings))
    said = {
        "ready": is_ready,
        "database": "answers" if can else "does not take leads now",
        "spool": {"has_room": has_room, "waiting_bytes": spool.waiting().size},
    }
    return make_response(jsonify(said), 200 if is_ready else 503)


def engine(desk: Desk) -> Response:
    """GET /health/engine: 503 when the clock's last tick is older than 10 s; 200 and "degraded" when the clock works alone."""
    try:
        beats = reports.beats(desk.engine)
    except StoreFault:
        return make_response(jsonify({"turning": False, "last_tick_at": None, "why": "the database does not answer"}), 503)
    last_at = beats["clock"]["at"] if "clock" in beats else None
    turning = last_at is not None and g.now - last_at <= ENGINE_STOPPED_AFTER
    why = _works_alone(beats) if turning else _stands_still(last_at)
    said = {"turning": turning, "degraded": bool(why), "last_tick_at": answers.iso(last_at), "why": why}
    return make_response(jsonify(said), 200 if turning else 503)


def _stands_still(last_at: datetime | None) -> str:
    if last_at is None:
        return "`headroom clock` is not running"
    return "the clock has not ticked for 10 s: is `headroom clock` running?"


def _works_alone(beats: Mapping[str, reports.Row]) -> str:
    """Why the clock must do all the work, with less parallelism; empty when it need not, or when no Redis was asked for."""
    bell, worker = beats["clock"]["bell"], beats.get("worker")
    if bell == "silent":
        return "Redis does not answer: the clock does the work of the workers"
    if bell == "heard" and (worker is None or g.now - worker["at"] > NOBODY_ANSWERS_AFTER):
        return "no worker has answered for 60 s: the clock does their work. Is `headroom worker` running?"
    return ""


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
