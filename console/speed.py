"""The report on speed: as JSON for the API and `headroom report --json`, as a table for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Response, g, jsonify, make_response, request

from console import answers
from console.desk import Desk
from console.output import table
from routing.instants import NAMES, SHARES, Lived, Speed, in_time, speeds
from routing.team import Team
from routing.words import ago
from store import reports_instants
from store.engine import Engine

DAYS, MOST_DAYS = 7, 400


def _closed(about: str, **properties: dict[str, Any]) -> dict[str, Any]:
    named = {"properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "object", "description": about, **named}


_COUNT = {"type": "integer", "minimum": 0}
_AT = {"type": "string", "format": "date-time"}
_SPAN = {"type": ["number", "null"], "minimum": 0, "description": "Seconds from arrival, nearest rank; null where no lead had it"}
_SPANS = _closed("Percentiles", **{f"p{share}": _SPAN for share in SHARES})
_INSTANT = _closed(
    "One of the four instants, in the order in which a lead meets them",
    name={"type": "string", "enum": list(NAMES)}, leads=_COUNT, wall_seconds=_SPANS, working_seconds=_SPANS,
)  # fmt: skip
_SHARE = {"type": ["number", "null"], "description": "Met of what is decided"}
SCHEMA = _closed(
    "How fast; test leads left out",
    since=_AT, until=_AT, pool={"type": ["string", "null"]}, leads=_COUNT, instants={"type": "array", "items": _INSTANT},
    in_time=_closed("The promise: a person's response by its due instant", met=_COUNT, missed=_COUNT, open=_COUNT, share=_SHARE,
        reported={**_COUNT, "description": "Of those met: how many we know from the rep's report alone"}),
)  # fmt: skip


def show(desk: Desk) -> Response:
    """GET /api/instants?days=&pool=: how fast leads were acknowledged, tried, answered and talked with."""
    asked, team = request.args.get("days", str(DAYS)), desk.team()
    pool = request.args.get("pool")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 4 and 1 <= int(asked) <= MOST_DAYS):
        mend = f"A whole number of days from 1 to {MOST_DAYS}."
        return answers.problem(400, "A parameter cannot be read", where="query days", mend=mend)
    if pool is not None and pool not in team.pools:
        return answers.problem(
            400, "A parameter cannot be read", where="query pool", mend="The id of a pool, as /api/pools lists them."
        )
    return make_response(jsonify(told(desk.engine, team, days=int(asked), pool=pool, now=g.now)))


def told(engine: Engine, team: Team, *, days: int, pool: str | None, now: datetime) -> dict[str, Any]:
    """The report, durations in seconds."""
    since = now - timedelta(days=days)
    found = reports_instants.lives(engine, team, since=since, until=now, pool=pool)
    return {"since": answers.iso(since), "until": answers.iso(now), "pool": pool, "leads": len(found), **_figures(found, now)}


def _figures(found: Sequence[Lived], now: datetime) -> dict[str, Any]:
    kept = in_time(found, now)
    promise = {
        "met": kept.met, "missed": kept.missed, "open": kept.still_open, "share": kept.share, "reported": kept.reported,
    }  # fmt: skip
    return {"instants": [_speed(each) for each in speeds(found)], "in_time": promise}


def _speed(speed: Speed) -> dict[str, Any]:
    return {
        "name": speed.name,
        "leads": speed.count,
        "wall_seconds": _seconds(speed.wall),
        "working_seconds": _seconds(speed.working),
    }


def _seconds(spans: Mapping[int, timedelta]) -> dict[str, float | None]:
    return {f"p{share}": spans[share].total_seconds() if share in spans else None for share in SHARES}


def lines(report: Mapping[str, Any]) -> list[str]:
    """As a table: what it was, how many, the middle and the slow end in wall time, and in working time."""
    heads = ["", "leads", *(f"P{share}" for share in SHARES), *(f"P{share} working" for share in SHARES)]
    rows = [
        [
            each["name"],
            each["leads"],
            *(_span(each[kind][f"p{share}"]) for kind in ("wall_seconds", "working_seconds") for share in SHARES),
        ]
        for each in report["instants"]
    ]
    kept = report["in_time"]
    share = f"{kept['share']:.1%}" if kept["share"] is not None else "none decided yet"
    reported = f", {kept['reported']} of these as the rep reports" if kept["reported"] else ""
    where = f" of {report['pool']}" if report["pool"] else ""
    return [
        f"{report['leads']} leads{where} since {report['since']}",
        *table(heads, rows),
        f"answered in time: {share} ({kept['met']} of {kept['met'] + kept['missed']}{reported}, {kept['open']} not yet due)",
    ]


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else ago(timedelta(seconds=seconds))
