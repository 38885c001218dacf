"""A manager's page behind the link of a breach: what is wrong, and two buttons: I am on it, give it to somebody."""

from flask import Response, g

from config.links import LinkExpired, LinkForged, ManagerLink, read_manager_token
from console import answers, words
from console.desk import Desk
from console.pace import pace_of
from console.pages import lead as lead_page
from store import advance, reports_lead


def show(desk: Desk, token: str) -> Response:
    """GET /manage/<token>: the lead, how late, who was tried, who could take it."""
    link = opened(desk, token)
    if isinstance(link, Response):
        return link
    lead = reports_lead.by_id(desk.engine, link.lead_id)
    if lead is None:
        return answers.fault(404, what="That lead is no longer here")
    now, team = g.now, desk.team()
    steps = reports_lead.steps(desk.engine, lead["id"])
    return answers.page(
        desk, "manage.html", lead=lead, pace=pace_of(lead, team, now), steps=steps, team=team,
        manager=words.name_of(team, link.manager), reps=lead_page.choosable(desk, team, lead, now),
        owner=words.name_of(team, lead["owner"]), on_it=words.name_of(team, lead["state"].get("acknowledged_by")),
    )  # fmt: skip


def act(desk: Desk, token: str) -> Response:
    """POST /manage/<token>: acknowledge, assign or note."""
    link = opened(desk, token)
    if isinstance(link, Response):
        return link
    team = desk.team()
    event = lead_page.asked_for(team, by=link.manager, who=words.name_of(team, link.manager))
    if event is None or reports_lead.by_id(desk.engine, link.lead_id) is None:
        return answers.fault(400, what="Nothing was asked for", mend="Choose a rep, or press “I am on it”.")
    advance.happen(desk.engine, link.lead_id, event, g.now)
    desk.ring()
    return answers.see(f"/manage/{token}")


def opened(desk: Desk, token: str) -> ManagerLink | Response:
    """What the link stands for, or a page that says why it does not open."""
    try:
        return read_manager_token(desk.settings, token)
    except LinkExpired:
        return answers.fault(
            410, what="This link has had its day", mend="Links work for 24 hours. Look for the lead on the board."
        )
    except LinkForged:
        return answers.fault(
            403,
            what="This link is not complete",
            mend="Open it again from your message, whole; or look for the lead on the board.",
        )
