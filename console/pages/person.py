"""The person behind a lead: who else it may be, their other leads, and making one of two or two of one."""

from collections.abc import Sequence
from typing import Any

from flask import Response, g, jsonify, make_response, request

from console import answers, doors, forms, words
from console.desk import Desk
from routing.codes import code_of
from store import erasures, merging, notices, privacy, reports_lead, splitting
from store.accounts import Role
from store.merging import CannotMerge
from store.reports import Row
from store.splitting import CannotSplit

ACTIONS = frozenset({"merge", "different", "split"})
FORGET = "forget"
ASKED = "asks us to forget this lead"  # the note of store/erasures.py
AT_THE_API = "the API"


def behind(desk: Desk, lead: Row) -> dict[str, Any]:
    """For the page of a lead: `alike` people and `others`, the codes of the person's other leads."""
    return {
        "alike": merging.suggestions(desk.engine, lead["person_id"]),
        "others": reports_lead.others_of(desk.engine, lead["person_id"], lead["id"]),
    }


def is_to_be_forgotten(steps: Sequence[Row]) -> bool:
    """Has the vendor said that the person wants to be forgotten, and nobody has done it yet?"""
    return any(step["event"] == "NoteAdded" and ASKED in step["why"] for step in steps)


def forget(desk: Desk, lead: Row) -> Response:
    """POST /leads/<code> with do=forget, for admins: everything about the person is emptied, and the wish is over."""
    if not g.visitor.role.may(Role.ADMIN):
        return doors.not_for(g.visitor.role)
    wishes = erasures.wishes_about(desk.engine, lead["id"])
    try:
        privacy.erase(desk.engine, {"code": lead["code"]}, g.now)
    except privacy.NotErased as fault:
        return answers.fault(409, what=str(fault), mend="Press the button again in a minute.")
    for wish in wishes:
        notices.end_notice(desk.engine, wish, g.now)
    desk.ring()
    return answers.see(f"/leads/{lead['code']}")


def act(desk: Desk, lead: Row, *, by: str) -> Response:
    """POST /leads/<code> with do=merge, different or split; then look at the lead again."""
    wanted, asked = request.form.get("do", ""), request.form.get("other", "")
    other = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 18 else 0
    code = words.typed(request.form.get("code", ""))
    if wanted == "merge" and code:
        found = reports_lead.find(desk.engine, code)
        other = found["person_id"] if found else 0
    try:
        if wanted == "split":
            splitting.split(desk.engine, lead["id"], by=by, now=g.now)
        elif wanted == "different":
            merging.dismiss(desk.engine, lead["person_id"], other, by=by, now=g.now)
        else:
            merging.merge(desk.engine, lead["person_id"], other, by=by, now=g.now)
    except (CannotMerge, CannotSplit) as fault:
        return answers.fault(409, what=str(fault), mend=f"Look at {lead['code']} again.")
    desk.ring()
    return answers.see(f"/leads/{lead['code']}")


def merge(desk: Desk, code: str) -> Response:
    """POST /api/leads/<code>/merge with {"with": "<code>"}: both leads' people are one."""
    lead, refused = _asked(desk, code)
    named = str(forms.json_object().get("with") or "")
    other = reports_lead.find(desk.engine, words.typed(named)) if named else None
    if lead is None:
        return refused
    if other is None:
        return answers.problem(400, "There is no such other lead", where="the body", mend='Send {"with": "<code of a lead>"}.')
    try:
        done = merging.merge(desk.engine, lead["person_id"], other["person_id"], by=AT_THE_API, now=g.now)
    except CannotMerge as fault:
        return answers.problem(409, str(fault), where=f"/api/leads/{code[:16]}/merge", mend="Look at both leads again.")
    desk.ring()
    into = code_of(done.into) if done.into else None
    return make_response(jsonify({"person": str(done.kept), "into": into, "folded": _codes(done.folded)}))


def split(desk: Desk, code: str) -> Response:
    """POST /api/leads/<code>/split: the lead is somebody else's."""
    lead, refused = _asked(desk, code)
    if lead is None:
        return refused
    try:
        done = splitting.split(desk.engine, lead["id"], by=AT_THE_API, now=g.now)
    except CannotSplit as fault:
        return answers.problem(409, str(fault), where=f"/api/leads/{code[:16]}/split", mend="Only what was joined can be split.")
    desk.ring()
    return make_response(jsonify({"person": str(done.person), "leads": _codes(done.leads)}))


def _asked(desk: Desk, code: str) -> tuple[Row | None, Response]:
    """The lead a token may change, or the refusal."""
    if not g.visitor.role.may(Role.MANAGER):
        mend = "Use a token of a manager or admin."
        return None, answers.problem(403, "This token may only read", where="header Authorization", mend=mend)
    found = reports_lead.find(desk.engine, code)
    missing = answers.problem(
        404, "There is no lead with this code", where=f"/api/leads/{code[:16]}", mend="List them at /api/leads."
    )
    return found, missing


def _codes(leads: Sequence[int]) -> list[str]:
    return [code_of(lead) for lead in leads]
