"""`headroom rep on|off|busy|cap`: what a manager does for a rep whose phone is at home."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from config import clock
from config.teamfile.section import as_span
from console.output import BAD_USE, Trouble, as_json, show
from console.visit import Visit, visit
from routing.team import Rep, Team
from store import duty, policies, reports

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNTIL_HELP = '2h, 17:30, "mon 8:30" or 2026-12-24T12:00 (local time of the rep). Without it: until changed again.'
until_option = click.option("--until", "until", help=UNTIL_HELP)


@click.group(help="Set a rep on, off or busy, or change how many open leads they may hold.")
def rep() -> None:
    """The commands hang below this one."""


@rep.command(name="on", help="REP takes leads again.")
@click.argument("name", metavar="REP")
@as_json
def on(name: str, as_json: bool) -> None:
    """Their missed offers are forgiven."""
    _set_presence(name, "on", None, as_json=as_json)


@rep.command(name="off", help="REP takes no leads; what they have not answered goes to others.")
@click.argument("name", metavar="REP")
@until_option
@as_json
def off(name: str, until: str | None, as_json: bool) -> None:
    """For good, or until an instant."""
    _set_presence(name, "off", until, as_json=as_json)


@rep.command(name="busy", help="REP is offered nothing new and keeps what they hold.")
@click.argument("name", metavar="REP")
@until_option
@as_json
def busy(name: str, until: str | None, as_json: bool) -> None:
    """For good, or until an instant."""
    _set_presence(name, "busy", until, as_json=as_json)


@rep.command(name="cap", help='REP may hold at most OPEN leads at once; "team" goes back to what the team file says.')
@click.argument("name", metavar="REP")
@click.argument("most", metavar="OPEN|team")
@as_json
def cap(name: str, most: str, as_json: bool) -> None:
    """Holds until it is changed again, also across a new team file."""
    if most != "team" and not (most.isascii() and most.isdigit() and int(most) <= 10_000):
        raise click.BadParameter(f"{most!r} is neither a whole number nor the word team.")
    with visit() as at:
        _member(policies.current(at.engine, at.settings), name)
        duty.set_cap(at.engine, name, None if most == "team" else int(most), clock.now())
        _tell(at, name, as_json=as_json)


def _set_presence(name: str, presence: str, until: str | None, *, as_json: bool) -> None:
    now = clock.now()
    with visit() as at:
        member = _member(policies.current(at.engine, at.settings), name)
        until_at = instant_of(until, member.calendar.zone, now) if until else None
        duty.set_presence(at.engine, name, presence, until_at, now)
        _tell(at, name, as_json=as_json)


def _member(team: Team, name: str) -> Rep:
    if name not in team.reps:
        raise Trouble(f"There is no rep {name!r} in the team file; there are: {', '.join(team.reps)}.", code=BAD_USE)
    return team.reps[name]


def _tell(at: Visit, name: str, *, as_json: bool) -> None:
    zone = policies.current(at.engine, at.settings).site.zone
    row = next(row for row in reports.reps(at.engine, clock.now().astimezone(ZoneInfo(zone))) if row["id"] == name)
    show(row, as_json=as_json, words=lambda: [_sentence(row, ZoneInfo(zone))])


def _sentence(row: reports.Row, zone: ZoneInfo) -> str:
    room = reports.room_of(row)
    cap_open = "any number" if row["cap_open"] is None else row["cap_open"]
    if not row["absence"]:
        return f"{row['name']} is on duty: {row['open']} open of {cap_open}, room for {'any' if room is None else room} more."
    back = f" until {row['back_at'].astimezone(zone):%a %Y-%m-%d %H:%M %Z}" if row["back_at"] else ""
    return f"{row['name']} is {row['absence']}{back}; {row['open']} open of {cap_open}."


def instant_of(words: str, zone: str, now: datetime) -> datetime:
    """`2h`, `17:30`, `mon 8:30` or an ISO instant, in the zone; always after `now`. Raises click.BadParameter."""
    span = as_span(words)
    found = now + span if span else _weekly(words, zone, now) or _iso(words, zone)
    if found is None:
        raise click.BadParameter(f"--until {words!r} is not understood. Write {UNTIL_HELP}")
    if found <= now:
        raise click.BadParameter(f"--until {words!r} is over already.")
    return found


def _weekly(words: str, zone: str, now: datetime) -> datetime | None:
    match = re.fullmatch(r"(?:(mon|tue|wed|thu|fri|sat|sun)\w* +)?(\d{1,2}):(\d{2})", words.strip().lower())
    if match is None or int(match[2]) > 23 or int(match[3]) > 59:
        return None
    here = now.astimezone(ZoneInfo(zone))
    at = time(int(match[2]), int(match[3]), tzinfo=ZoneInfo(zone))
    days = [here.date() + timedelta(days=ahead) for ahead in range(9)]
    return next(
        found
        for day in days
        if (found := datetime.combine(day, at)) > here and (match[1] is None or DAYS[day.weekday()] == match[1])
    )


def _iso(words: str, zone: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(words.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
