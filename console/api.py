"""The JSON API: leads with their steps, reps, pools. Described in console/openapi.py, which the tests hold against this."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, g, jsonify, make_response, request

from console import answers, consent, words
from console.desk import Desk
from console.openapi import DESCRIPTION, MOST
from routing.model import Status
from routing.team import Team
from store import reports, reports_lead
from store.reports import Row

FIRST = 50  # leads at once unless asked otherwise
PARAMETERS = frozenset({"status", "pool", "late", "since", "limit", "cursor"})
SAID = ("first_name", "last_name", "company", "campaign", "utm", "click_ids", "consent", "locale", "attachments", "extra")
EMPTY: dict[str, object] = {"campaign": {}, "utm": {}, "click_ids": {}, "extra": {}, "consent": [], "attachments": []}
DERIVED = "derived:"  # begins a key made of what was said, where the sender gave none
INSTANTS = (
    "arrived_at", "accept_due_at", "response_due_at", "acked_at", "accepted_at", "attempted_at", "responded_at", "breached_at",
    "closed_at", "changed_at",
)  # fmt: skip


class Wrong(Exception):
    """A parameter that makes no sense: which, and what would."""

    def __init__(self, where: str, mend: str) -> None:
        self.where, self.mend = where, mend
        super().__init__(where)


def leads(desk: Desk) -> Response:
    """GET /api/leads, newest first; `next` is the cursor of the following page, null on the last."""
    try:
        filters, most, below = filters_of(request.args), _limit(request.args), _cursor(request.args)
    except Wrong as wrong:
        return answers.problem(400, "A parameter cannot be read", where=f"query {wrong.where}", mend=wrong.mend)
    found = reports_lead.many(desk.engine, g.now, filters=filters, below=below, most=most + 1)
    team = desk.team()
    more = _to_cursor(found[most - 1]["id"]) if len(found) > most else None
    return make_response(jsonify({"leads": [lead_json(row, team) for row in found[:most]], "next": more}))


def lead(desk: Desk, code: str) -> Response:
    """GET /api/leads/<code>: the lead with its steps and messages."""
    found = reports_lead.find(desk.engine, code)
    if found is None:
        waiting = reports_lead.promised_at(desk.engine, code)
        if waiting:
            return make_response(jsonify({"code": code.upper(), "status": "new", "arrived_at": answers.iso(waiting)}), 202)
        found = reports_lead.find(desk.engine, code)  # it may have been decided between the two looks
    if found is None:
        return answers.problem(
            404, "There is no lead with this code", where=f"/api/leads/{code[:16]}", mend="List them at /api/leads."
        )
    steps = [step_json(step) for step in reports_lead.steps(desk.engine, found["id"])]
    messages = [
        message_json(message) for message in words.told_to(reports_lead.messages(desk.engine, found["id"]), g.visitor.role)
    ]
    came = [delivery_json(row) for row in reports_lead.deliveries(desk.engine, found["id"])]
    shown = {
        **lead_json(found, desk.team()), "consent_shown_by": consent.shown_by(found),
        "opted_out": consent.withdrawn(reports_lead.stops(desk.engine, found["id"])), "matched": found["matched"],
    }  # fmt: skip
    return make_response(jsonify({**shown, "steps": steps, "messages": messages, "deliveries": came}))


def reps(desk: Desk) -> Response:
    """GET /api/reps: who is on duty, with how much room."""
    team = desk.team()
    return make_response(jsonify({"reps": [rep_json(row, team) for row in reports.reps(desk.engine, desk.local(g.now))]}))


def pools(desk: Desk) -> Response:
    """GET /api/pools: seats, free seats and waiting leads."""
    team = desk.team()
    counted = {row["id"]: row for row in reports.pools(desk.engine)}
    shown = [
        {
            "id": pool.id, "name": pool.name, "members": list(pool.members), "strategy": pool.strategy, "offer": str(pool.offer),
            "offer_for_seconds": int(pool.offer_for.total_seconds()), "free": counted.get(pool.id, {}).get("free", 0),
            "waiting": counted.get(pool.id, {}).get("waiting", 0),
        }
        for pool in team.pools.values()
    ]  # fmt: skip
    return make_response(jsonify({"pools": shown}))


def description(desk: Desk) -> Response:
    """GET /api/openapi.json, with this installation as the server."""
    return make_response(jsonify({**DESCRIPTION, "servers": [{"url": desk.settings.public_url}]}))


def lead_json(row: Row, team: Team) -> dict[str, object]:
    """A lead in the words of the common lead, and where it stands."""
    content, source = row["content"], team.sources.get(row["source"])
    key = content.get("external_id")
    said = {name: content.get(name, EMPTY.get(name)) for name in SAID}
    return {
        "code": row["code"],
        "external_id": None if str(key).startswith(DERIVED) else key,
        "dedupe_key": key,
        "status": row["status"],
        "kind": row["kind"],
        "event": row["event"] or row["kind"],
        "source": row["source"],
        "source_type": source.type if source else None,
        "channel": row["channel"],
        "name": row["name"],
        "phone": row["phone"],
        "email": row["email"],
        "message": row["message"],
        **said,
        "submitted_at": content.get("submitted_at"),
        "is_test": row["is_test"],
        "pool": row["pool"],
        "rule": row["rule"],
        "sla": row["sla"],
        "owner": row["owner"],
        "owner_name": words.name_of(team, row["owner"]) or None,
        "offered_to": row["holders"] if row["status"] == Status.OFFERED else [],
        "outcome": row["state"].get("outcome"),
        "cause": row["state"].get("cause"),
        "response_how": row["state"].get("response_how"),
        **{name: answers.iso(row[name]) for name in INSTANTS},
        "contacted_at": _instant_text(row["state"].get("contacted_at")),
        "stage": row["state"].get("stage"),
        "stage_at": _instant_text(row["state"].get("stage_at")),
    }


def delivery_json(row: Row) -> dict[str, object]:
    """Something that came in for the lead, in the words of the common lead."""
    content, key = row["content"], row["content"].get("external_id") or row["external_id"]
    return {
        "event": content.get("heard_as") or row["event"],
        "external_id": None if str(key).startswith(DERIVED) else key,
        "source": row["source"],
        "received_at": answers.iso(row["received_at"]),
        **{name: content.get(name) for name in ("channel", "name", "phone", "email", "message", "submitted_at")},
        **{name: content.get(name, EMPTY.get(name)) for name in SAID},
        "is_test": bool(content.get("is_test")),
    }


def _instant_text(said: str | None) -> str | None:
    """An instant out of a document, written as all others are."""
    return answers.iso(datetime.fromisoformat(said)) if said else None


def step_json(step: Row) -> dict[str, object]:
    """What happened, and why."""
    return {
        "at": answers.iso(step["at"]), "event": step["event"], "data": step["data"], "was": step["was"], "became": step["became"],
        "owner": step["owner"], "why": step["why"], "details": step["details"], "late_by_seconds": step["late_by"],
    }  # fmt: skip


def message_json(message: Row) -> dict[str, object]:
    """What was said to whom, and what became of it."""
    plain = {
        name: message[name] for name in ("recipient", "channel", "purpose", "template", "subject", "body", "state", "error_code")
    }
    instants = {name: answers.iso(message[name]) for name in ("created_at", "not_before", "sent_at", "delivered_at")}
    return {"id": str(message["id"]), **plain, **instants}


def rep_json(row: Row, team: Team) -> dict[str, object]:
    """A rep with load, caps and room."""
    return {
        "id": row["id"], "name": words.name_of(team, row["id"]), "pools": row["pools"], "presence": row["presence"],
        "presence_until": answers.iso(row["presence_until"]), "on_duty": row["absence"] is None, "absence": row["absence"],
        "back_at": answers.iso(row["back_at"]), "open": row["open"], "unanswered": row["unanswered"], "today": row["today"],
        "cap_open": row["cap_open"], "cap_unanswered": row["cap_unanswered"], "cap_today": row["cap_today"],
        "room": reports.room_of(row),
    }  # fmt: skip


def filters_of(given: Mapping[str, str], *, known: frozenset[str] = PARAMETERS) -> Row:
    """The filters of `reports_lead.many`. Raises Wrong for a parameter that is not known or makes no sense."""
    unknown = sorted(set(given) - known)
    if unknown:
        raise Wrong(words.typed(unknown[0]), f"Known parameters: {', '.join(sorted(known))}.")
    status, late = given.get("status"), given.get("late", "false")
    if status is not None and status not in set(Status):
        raise Wrong("status", f"One of {', '.join(Status)}.")
    if late not in ("true", "false"):
        raise Wrong("late", "true or false.")
    pool = given.get("pool")
    if pool is not None and (not pool or words.typed(pool) != pool):
        raise Wrong("pool", "The id of a pool, as /api/pools lists them.")
    return {"status": status, "pool": pool, "late": late == "true", "since": _since(given.get("since"))}


def _since(said: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(said) if said else None
    except ValueError:
        at = None
    if said is not None and (at is None or at.tzinfo is None or not 1970 <= at.year <= 9000):
        raise Wrong("since", "An instant with zone, like 2026-11-22T10:00:00Z (write + as %2B).")
    return at


def _limit(given: Mapping[str, str]) -> int:
    said: Any = given.get("limit", str(FIRST))
    if said.isascii() and said.isdigit() and len(said) < 5 and 1 <= int(said) <= MOST:
        return int(said)
    raise Wrong("limit", f"A whole number from 1 to {MOST}.")


def _cursor(given: Mapping[str, str]) -> int | None:
    said = given.get("cursor")
    if said is None:
        return None
    try:
        number = base64.urlsafe_b64decode(said.encode("ascii")).decode("ascii")
    except (ValueError, UnicodeError):
        number = ""
    if not number.isdigit() or len(number) > 18 or _to_cursor(int(number)) != said:
        raise Wrong("cursor", "The value of `next` of the page before, unchanged.")
    return int(number)


def _to_cursor(lead_id: int) -> str:
    return base64.urlsafe_b64encode(str(lead_id).encode()).decode()
