"""The start page: the first steps while there is something to set up, and the live board below."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, g, request

from console import answers, inbound, words
from console.desk import Desk
from console.pace import Pace, pace_of
from routing.team import Team
from store import reports
from store.reports import Row

COLUMNS = (  # key, title, the statuses in it, what an empty one says
    (
        "waiting",
        "Waiting for a rep",
        ("new", "ringing", "waiting"),
        "Nobody is waiting. A lead stands here only while no rep has room.",
    ),
    ("offered", "Offered", ("offered",), "No open offers. A rep who is asked has a few minutes to say yes."),
    ("accepted", "Accepted, no response yet", ("accepted",), "Nothing here: every accepted lead has been answered."),
)
ASIDE = "quarantined"


@dataclass(frozen=True, slots=True)
class Card:
    """One lead on the board."""

    lead: Row
    pace: Pace
    holders: str
    note: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the board; `count` may be more than the cards shown."""

    key: str
    title: str
    count: int
    cards: Sequence[Card]
    empty: str


def show(desk: Desk) -> Response:
    """GET /: the board, and above it whatever is still to be done."""
    now, team = g.now, desk.team()
    reps = reports.reps(desk.engine, desk.local(now))
    return answers.live(
        desk,
        "board.html",
        kiosk=request.args.get("kiosk") == "1",
        figures=figures(desk, reps, now),
        columns=columns(desk, team, now),
        aside=[card(lead, team, now) for lead in reports.open_cards(desk.engine, [ASIDE], most=20)],
        notices=reports.notices(desk.engine),
        steps=first_steps(desk, team, reps),
    )


def figures(desk: Desk, reps: Sequence[Row], now: datetime) -> Row:
    """The NOW strip. `room` is None when somebody on duty has no cap."""
    found = reports.figures(desk.engine, desk.midnight(now), now)
    decided = found["on_time"] + found["late"]
    room = [reports.room_of(rep) for rep in reps]
    return {
        **found,
        "decided": decided,
        "share": round(100 * found["on_time"] / decided) if decided else None,
        "free": sum(not rep["absence"] and rep["free"] for rep in reps),
        "busy": sum(not rep["absence"] and not rep["free"] for rep in reps),
        "off": sum(bool(rep["absence"]) for rep in reps),
        "room": None if None in room else sum(left for left in room if left),
        "headline": headline(found, now),
    }


def headline(found: Row, now: datetime) -> str:
    """One sentence for ears: read out when it changes."""
    if not found["waiting"]:
        return "Nobody is waiting for an answer."
    return f"{found['waiting']} waiting for an answer, {found['late']} late today."


def columns(desk: Desk, team: Team, now: datetime) -> list[Column]:
    """The three open columns, the oldest deadline first, and what was answered today."""
    counts = reports.counts(desk.engine, desk.midnight(now))
    open_cards = reports.open_cards(desk.engine, [status for _, _, statuses, _ in COLUMNS for status in statuses])
    made = []
    for key, title, statuses, empty in COLUMNS:
        cards = [card(lead, team, now) for lead in open_cards if lead["status"] in statuses]
        made.append(Column(key, title, sum(counts.get(status, 0) for status in statuses), cards, empty))
    answered = [card(lead, team, now) for lead in reports.answered_cards(desk.engine, desk.midnight(now))]
    made.append(
        Column("answered", "Responded today", counts.get("answered today", 0), answered, "Nobody has been answered yet today.")
    )
    return made


def card(lead: Row, team: Team, now: datetime) -> Card:
    """A lead with its pace, who holds it, and the one thing to know about it."""
    holders = [words.name_of(team, rep) for rep in lead["holders"] or ([lead["owner"]] if lead["owner"] else [])]
    said = ", ".join(holders[:3]) + (f" and {len(holders) - 3} more" if len(holders) > 3 else "")
    return Card(lead, pace_of(lead, team, now), said, note(lead, team, now))


def note(lead: Row, team: Team, now: datetime) -> str:
    """Why it waits, for how long it has been held, or how long the answer took."""
    state = lead["state"]
    if lead["responded_at"]:
        return f"answered after {words.span(lead['responded_at'] - lead['arrived_at'])}"
    if lead["status"] == "waiting":
        return state.get("wait_reason") or "waits for room"
    if lead["status"] == ASIDE:
        return "no usable phone, e-mail or handle"
    if lead["status"] == "accepted" and lead["accepted_at"]:
        tried = "; tried to reach" if lead["attempted_at"] else ""
        return f"accepted {words.stamp_ago(lead['accepted_at'], now)}{tried}"
    if state.get("acknowledged_by"):
        return f"{words.name_of(team, state['acknowledged_by'])} is on it"
    return ""


def first_steps(desk: Desk, team: Team, reps: Sequence[Row]) -> dict[str, object]:
    """The checklist: each line is true or says what to do next. `next` is None once all are done."""
    known = reports.first_steps(desk.engine)
    form = inbound.first_source(team, "form")
    settings = desk.settings
    lines = [
        ("Data safe", True, f"PostgreSQL {known['postgres'].split()[0]}. Every lead is on disk before the sender hears “received”.", "headroom backup FILE"),
        ("Text messages", True, f"Twilio, from {settings.twilio_from}" if settings.has_twilio else
         "No provider keys yet: every text and e-mail lands in the letter box, where you can answer as the rep or the lead.", ""),
        ("People", bool(reps), f"{len(reps)} reps in {len(team.pools)} pools" if reps else "Nobody is on the team yet: name them in the team file.", "headroom apply config/team.yaml"),
        ("Hours & rules", bool(team.rules), f"{len(team.rules)} rules, {len(team.slas)} promises of a response time, version {team.version} of the team file", "headroom check config/team.yaml"),
        ("A test lead", known["has_test"] or known["has_lead"], "Send one: it goes the whole way, marked TEST, and stays out of the reports.", ""),
        ("Go live", known["has_lead"], f"Let your form post to {settings.public_url}/webhooks/{form.id}" if form else "Name a source of type form in the team file.", ""),
    ]  # fmt: skip
    undone = next((line for line in lines if not line[1]), None)
    return {"lines": lines, "next": undone, "begun": known["has_test"], "count": sum(bool(line[1]) for line in lines)}
