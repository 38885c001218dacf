"""The page /events and its API: how each endpoint is, what could not be delivered, and delivering it again."""

import re
from datetime import datetime

from flask import Response, g, jsonify, make_response, request

from console import answers, forms, words
from console.desk import Desk
from store import dead_letters
from store.accounts import Role
from store.dead_letters import Row

EVENT_ID = re.compile(r"evt_([0-9a-f]{32})")
STATES = {"well": "on-time", "failing": "at-risk", "left alone": "late", "disabled": "late", "off": "paused"}


def show(desk: Desk) -> Response:
    """GET /events."""
    endpoints = [{**row, "state": dead_letters.state_of(row, g.now)} for row in dead_letters.known(desk.engine)]
    below = request.args.get("below", "")
    letters = dead_letters.dead(desk.engine, below=int(below) if below.isdigit() and len(below) < 18 else None)
    older = letters[-1]["id"] if len(letters) == dead_letters.PAGE else None
    return answers.page(
        desk, "events.html", endpoints=endpoints, letters=letters, older=older, icons=STATES, said=request.args.get("said")
    )


def act(desk: Desk) -> Response:
    """POST /events: replay one, replay all dead ones of an endpoint, or call an endpoint again."""
    endpoint = words.typed(request.form.get("endpoint", ""))
    match request.form.get("do"):
        case "replay" if found := EVENT_ID.fullmatch(request.form.get("event", "")):
            count = dead_letters.replay(desk.engine, found[1], g.now, endpoint=endpoint or None)
        case "all" if endpoint:
            count = dead_letters.replay_since(desk.engine, endpoint, g.now - dead_letters.KEEP_DEAD, g.now, only_dead=True)
        case "enable" if endpoint:
            count = int(dead_letters.enable(desk.engine, endpoint, g.now))
        case _:
            return answers.fault(400, what="Nothing was asked for", mend="Press one of the buttons of the page /events.")
    desk.ring()
    return answers.see(f"/events?said={count}")


def listed(desk: Desk) -> Response:
    """GET /api/events/dead: dead letters, newest first."""
    endpoint = words.typed(request.args.get("endpoint", "")) or None
    found = dead_letters.dead(desk.engine, endpoint=endpoint)
    return make_response(jsonify({"events": [letter_json(row) for row in found]}))


def replay(desk: Desk) -> Response:
    """POST /api/events/replay: {"event": "evt_..."} or {"endpoint": ..., "since": ...}; answers how many are on their way."""
    if not g.visitor.role.may(Role.MANAGER):
        return answers.problem(
            403, "This token may only read", where="header Authorization", mend="Use a token of a manager or admin."
        )
    asked = forms.json_object()
    event, endpoint, since = (str(asked.get(name) or "") for name in ("event", "endpoint", "since"))
    if found := EVENT_ID.fullmatch(event):
        count = dead_letters.replay(desk.engine, found[1], g.now, endpoint=endpoint or None)
    elif endpoint in desk.team().endpoints and (at := _instant(since)):
        count = dead_letters.replay_since(desk.engine, endpoint, at, g.now, only_dead=asked.get("dead") is True)
    else:
        mend = 'Send {"event": "evt_..."}, or {"endpoint": "<of the team file>", "since": "2026-11-24T10:00:00Z"}.'
        return answers.problem(400, "It is not clear what to deliver again", where="the body", mend=mend)
    desk.ring()
    return make_response(jsonify({"queued": count}), 202)


def letter_json(row: Row) -> dict[str, object]:
    """A dead letter for programs."""
    return {
        "id": row["event"], "type": row["type"], "endpoint": row["endpoint"], "lead": row["lead"], "at": answers.iso(row["at"]),
        "tries": row["attempts"], "status": row["status"], "error": row["error"], "died_at": answers.iso(row["done_at"]),
    }  # fmt: skip


def _instant(words_: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(words_)
    except ValueError:
        return None
    return at if at.tzinfo else None
