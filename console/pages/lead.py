"""One lead: its time line with every why, who it is, what was said, and what can be done about it."""

from datetime import datetime

from flask import Response, g, request

from config.links import offer_token
from console import answers, consent, doors, words
from console.desk import Desk
from console.pace import pace_of
from console.pages import person
from console.timeline import choice, next_up, timeline
from routing.events import EscalationAcknowledged, Event, LeadAssigned, NoteAdded
from routing.team import Manager, Rep, Team
from store import advance, reports, reports_lead
from store.accounts import Role
from store.reports import Row

OPERATOR = "the console"
LONGEST_NOTE = 1_600  # characters, ten text segments
HANDLED = {"assign", "note", "acknowledge"}


def show(desk: Desk, code: str) -> Response:
    """GET /leads/<code>: the time line; a code that was joined to another lead leads there."""
    lead = reports_lead.find(desk.engine, code)
    if lead is None:
        return not_yet(desk, code)
    if lead["code"] != code:
        return answers.see(f"/leads/{lead['code']}")
    now, team = g.now, desk.team()
    steps = reports_lead.steps(desk.engine, lead["id"])
    messages = words.told_to(reports_lead.messages(desk.engine, lead["id"]), g.visitor.role)
    lines = timeline(steps, messages, reports_lead.raw(desk.engine, lead["id"]), lead["arrived_at"])
    return answers.live(
        desk, "lead.html", lead=lead, lines=lines, pace=pace_of(lead, team, now), choice=choice(steps), next_up=next_up(choice(steps)), team=team,
        reps=choosable(desk, team, lead, now), facts=facts(lead), opted_out=reports_lead.stops(desk.engine, lead["id"]),
        person=person.behind(desk, lead), contacted_at=instant_in(lead, "contacted_at"), stage_at=instant_in(lead, "stage_at"),
        to_be_forgotten=person.is_to_be_forgotten(steps), is_mine=is_mine(team, lead), my_page=my_page(desk, team, lead), to_name=lambda recipient: words.recipient_name(team, recipient, lead["name"]),
    )  # fmt: skip


def instant_in(lead: Row, name: str) -> datetime | None:
    """An instant that stands in the lead's state: `contacted_at`, when both sides had been heard; `stage_at`."""
    said = lead["state"].get(name)
    return datetime.fromisoformat(said) if said else None


def look_for(desk: Desk) -> Response:
    """GET /leads?q=: a code goes straight to the lead, anything else lists leads by name, number or address."""
    asked = words.typed(request.args.get("q", ""))
    if reports_lead.find(desk.engine, asked):
        return answers.see(f"/leads/{asked.upper()}")
    now, team = g.now, desk.team()
    found = reports_lead.search(desk.engine, asked)
    return answers.page(desk, "leads.html", asked=asked, found=[(lead, pace_of(lead, team, now)) for lead in found])


def not_yet(desk: Desk, code: str) -> Response:
    """A lead that is on disk and waits for the workers, or no lead at all."""
    if reports_lead.promised_at(desk.engine, code) is None:
        found = reports_lead.find(desk.engine, code)
        if found is not None:  # decided between the two looks
            return answers.see(f"/leads/{found['code']}")
        return answers.fault(
            404,
            what=f"There is no lead {code[:16]}",
            mend="Look for it on the board, or check the code: a letter and a number, like A7.",
        )
    return answers.live(desk, "lead_coming.html", code=code.upper())


def act(desk: Desk, code: str) -> Response:
    """POST /leads/<code>: assign, note or acknowledge, then look at the lead again."""
    lead = reports_lead.find(desk.engine, code)
    if lead is None:
        return answers.fault(404, what=f"There is no lead {code[:16]}")
    team = desk.team()
    if not g.visitor.role.may(Role.MANAGER) and not (is_mine(team, lead) and request.form.get("do") == "note"):
        return doors.not_for(g.visitor.role)
    by, who = signature(team)
    if request.form.get("do") == person.FORGET:
        return person.forget(desk, lead)
    if request.form.get("do") in person.ACTIONS:
        return person.act(desk, lead, by=who)
    event = asked_for(team, by=by, who=who)
    if event is None:
        return answers.fault(
            400, what="Nothing was asked for", mend="Choose a rep, or write a note, and press the button beside it."
        )
    advance.happen(desk.engine, lead["id"], event, g.now)
    desk.ring()
    return answers.see(f"/leads/{lead['code']}")


def asked_for(team: Team, *, by: str, who: str) -> Event | None:
    """The event a form asks for: `by` is the id that is kept, `who` the name that is read. None: it makes no sense."""
    match request.form.get("do", ""):
        case "assign" if request.form.get("rep") in team.reps:
            return LeadAssigned(request.form["rep"], by=who)
        case "note" if request.form.get("text", "").strip():
            return NoteAdded(who, request.form["text"].strip()[:LONGEST_NOTE])
        case "acknowledge":
            return EscalationAcknowledged(by)
    return None


def signature(team: Team) -> tuple[str, str]:
    """Who presses the button: the id that is kept, and the name that is read."""
    email = g.visitor.email
    member = member_of(team, email)
    return (member.id, member.name) if member else (email or OPERATOR, email or OPERATOR)


def member_of(team: Team, email: str) -> Rep | Manager | None:
    """The manager or rep with this address in the team file."""
    everybody: list[Rep | Manager] = [*team.managers.values(), *team.reps.values()]
    return next((member for member in everybody if email and (member.email or "").lower() == email), None)


def is_mine(team: Team, lead: Row) -> bool:
    """Has whoever looks accepted this lead?"""
    return (
        bool(lead["owner"]) and lead["owner"] in team.reps and (team.reps[lead["owner"]].email or "").lower() == g.visitor.email
    )


def my_page(desk: Desk, team: Team, lead: Row) -> str | None:
    """The rep's own page of a lead that is offered to or held by whoever looks: there they say yes, call and report."""
    holders = lead["holders"] or ([lead["owner"]] if lead["owner"] else [])
    mine = [
        rep for rep in holders if rep in team.reps and g.visitor.email and (team.reps[rep].email or "").lower() == g.visitor.email
    ]
    return f"/offers/{offer_token(desk.settings, lead['id'], mine[0], int(lead['state'].get('turn', 0)))}" if mine else None


def choosable(desk: Desk, team: Team, lead: Row, now: datetime) -> list[Row]:
    """Reps a lead can be given to by hand, those of its pool with room first."""
    reps = [rep for rep in reports.reps(desk.engine, desk.local(now)) if rep["id"] != lead["owner"] and rep["id"] in team.reps]
    for rep in reps:
        rep["name"], rep["room"] = team.reps[rep["id"]].name, reports.room_of(rep)
        rep["in_pool"] = lead["pool"] in rep["pools"]
    return sorted(reps, key=lambda rep: (not rep["in_pool"], bool(rep["absence"]), rep["room"] == 0, rep["name"]))


def _said(value: object) -> str:
    """A list reads as one line."""
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)


def facts(lead: Row) -> list[tuple[str, str]]:
    """What else the lead said about itself, flat: campaign, utm, click ids, consent, extra."""
    content, found = lead["content"], []
    for group in ("campaign", "utm", "click_ids", "extra"):
        values = content.get(group)
        if isinstance(values, dict):
            found += [
                (words.plain(name) if group == "extra" else f"{group.removesuffix('_ids')} {words.plain(name)}", _said(value))
                for name, value in values.items()
                if value not in (None, "")
            ]
    return found + consent.facts(lead)
