"""The rep's page, for one thumb: see the offer, say yes, call, report. Opening it shows; only a pressed button acts.

Mail scanners open links and some run scripts, so nothing here happens on a GET. Name, firm and message are shown at once;
number and address only to whoever has accepted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import Response, g, request

from config.links import LinkExpired, LinkForged, OfferLink, offer_token, read_offer_token
from console import answers, words
from console.desk import Desk
from console.pace import pace_of
from routing import calling
from routing.events import (
    CallRequested,
    Event,
    HumanResponded,
    NoteAdded,
    OfferAccepted,
    OfferPassed,
    OutcomeReported,
    ResponseAttempted,
)
from routing.hours import local_day
from routing.responding import GOES_ON as UNSENT
from routing.team import Team
from store import advance, duty, reports, reports_lead
from store.reports import Row

BUSY_FOR = timedelta(minutes=30)
LONGEST_NOTE = 1_600
TALK_SHOWN = 20  # of what was said
OUTCOMES = ("talked", "not_now", "bad_number")  # what ends it; a voicemail is only a try


def show(desk: Desk, token: str) -> Response:
    """GET /offers/<token>: the offer, the accepted lead, or who has it now."""
    link = opened(desk, token)
    return link if isinstance(link, Response) else _page(desk, link, token)


def act(desk: Desk, token: str) -> Response:
    """POST /offers/<token>: accept, pass, busy, an outcome, a note, or on / busy / off."""
    link = opened(desk, token)
    if isinstance(link, Response):
        return link
    lead = reports_lead.by_id(desk.engine, link.lead_id)
    done = request.form.get("do", "")
    if lead is None:
        return answers.fault(404, what="That lead is no longer here")
    if done in ("on", "off", "busy"):
        return _set_presence(desk, link, lead, done, token)
    event = asked_for(desk, link, done)
    if event is None:
        return answers.fault(400, what="Nothing was asked for", mend="Go back and press one of the buttons.")
    if not isinstance(event, OfferAccepted | OfferPassed | NoteAdded) and lead["owner"] != link.rep:
        return _page(desk, link, token, status=409)
    after = advance.happen(desk.engine, link.lead_id, event, g.now)
    desk.ring()
    if isinstance(event, CallRequested) and after.state.dial_rep != link.rep:
        return answers.fault(409, what=f"No call was begun: {after.why}", mend="Go back; you can dial the number yourself.")
    unsent = after.why.endswith(UNSENT) or after.state.closed_at is not None
    if isinstance(event, HumanResponded) and event.text and unsent:
        return answers.fault(
            409, what=f"Not sent: {after.why}", mend="Go back and call them; what you wrote is on the time line."
        )
    if isinstance(event, OfferAccepted) and after.state.owner != link.rep:
        return _page(desk, link, token, status=409)
    return answers.see(f"/offers/{token}")


def opened(desk: Desk, token: str) -> OfferLink | Response:
    """What the link stands for, or a page that says why it does not open."""
    try:
        return read_offer_token(desk.settings, token)
    except LinkExpired:
        return answers.fault(
            410, what="This link has had its day", mend="Links work for 24 hours. Reply L to Headroom's text to list your leads."
        )
    except LinkForged:
        return answers.fault(
            403, what="This link is not complete", mend="Open it again from your message, whole; or reply L to Headroom's text."
        )


def asked_for(desk: Desk, link: OfferLink, done: str) -> Event | None:
    """The event behind a button; None: there is no such button."""
    rep, note = link.rep, request.form.get("text", "").strip()[:LONGEST_NOTE]
    match done:
        case "accept":
            return OfferAccepted(rep, "page")
        case "pass":
            return OfferPassed(rep, "page")
        case "call":
            return CallRequested(rep, "page")
        case "voicemail" | "dialled":
            return ResponseAttempted(rep, done)
        case "texted" | "emailed":
            return HumanResponded(rep, {"texted": "text", "emailed": "e-mail"}[done], reported=True)
        case "say" if note:
            return HumanResponded(rep, "text", text=note)
        case "note" if note:
            return NoteAdded(words.name_of(desk.team(), rep), note)
        case outcome if outcome in OUTCOMES:
            return OutcomeReported(rep, outcome)
    return None


def _set_presence(desk: Desk, link: OfferLink, lead: Row, presence: str, token: str) -> Response:
    """On, busy for half an hour, or off till tomorrow. Busy on an open offer passes it on: somebody else is free now."""
    until = {"busy": g.now + BUSY_FOR, "off": tomorrow(desk.team(), link.rep, g.now)}.get(presence)
    duty.set_presence(desk.engine, link.rep, presence, until, g.now)
    if presence != "on" and lead["status"] == "offered" and link.rep in lead["holders"]:
        advance.happen(desk.engine, link.lead_id, OfferPassed(link.rep, "page"), g.now)
    desk.ring()
    return answers.see(f"/offers/{token}")


def tomorrow(team: Team, rep: str, now: datetime) -> datetime:
    """The next midnight where the rep works."""
    member = team.reps.get(rep)
    return local_day(member.calendar.zone if member else team.site.zone, now).end


def _page(desk: Desk, link: OfferLink, token: str, *, status: int = 200) -> Response:
    lead = reports_lead.by_id(desk.engine, link.lead_id)
    if lead is None:
        return answers.fault(404, what="That lead is no longer here")
    now, team = g.now, desk.team()
    me = next((rep for rep in reports.reps(desk.engine, desk.local(now)) if rep["id"] == link.rep), None)
    others = [held for held in reports_lead.held_by(desk.engine, link.rep) if held["id"] != lead["id"]]
    return answers.page(
        desk, "offer.html", status=status, lead=lead, me=me, view=view(lead, link), pace=pace_of(lead, team, now),
        lapses_at=instant(lead["state"].get("offer_lapses_at")), winner=words.name_of(team, lead["owner"]), team=team,
        can_call=can_call(team, lead, link.rep), rings=rings(lead, now), talk=talk(reports_lead.steps(desk.engine, lead["id"]), team),
        rep_name=words.name_of(team, link.rep), day=reports_lead.my_day(desk.engine, link.rep, desk.midnight(now)),
        others=[(held, offer_token(desk.settings, held["id"], link.rep, held["turn"])) for held in others],
    )  # fmt: skip


def talk(steps: Sequence[Row], team: Team) -> list[tuple[datetime, str, str]]:
    """What was said by either side, the newest last: when, who, and the words. What came first stands above."""
    said = [
        (
            step["at"],
            words.name_of(team, step["data"].get("rep")) if step["event"] == "HumanResponded" else "They",
            step["data"]["text"],
        )
        for step in steps
        if step["event"] in ("MessageArrived", "HumanResponded") and step["data"].get("text")
    ]
    return said[-TALK_SHOWN:]


def can_call(team: Team, lead: Row, rep: str) -> bool:
    """May the page offer to connect them from the firm's number?"""
    return bool(calling.line_of(team) and lead["phone"] and calling.phone_of(team, rep))


def rings(lead: Row, now: datetime) -> bool:
    """Is a call under way?"""
    until = instant(lead["state"].get("dial_until"))
    return bool(lead["state"].get("dial_rep")) and until is not None and now < until


def view(lead: Row, link: OfferLink) -> str:
    """Which of the page's faces: offered, mine, done, taken, gone."""
    if lead["owner"] == link.rep:
        return "done" if lead["status"] == "closed" else "mine"
    if lead["status"] == "offered" and link.rep in lead["holders"]:
        return "offered"
    return "taken" if lead["owner"] else "gone"


def instant(said: object) -> datetime | None:
    """An instant out of the saved state."""
    try:
        return datetime.fromisoformat(str(said)) if said else None
    except ValueError:
        return None
