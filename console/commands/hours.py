"""`headroom due`: when a budget of working time is over, with its working."""

from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from config.settings import Settings
from console.commands.team import read_team
from console.output import BAD_USE, FOUND_PROBLEMS, Trouble, as_json, show
from routing.hours import Calendar, Interval, working
from routing.hours import due as due_after
from routing.team import Team


class Instant(click.ParamType[datetime]):
    """An ISO 8601 instant; without an offset it is in the zone of the calendar."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Fails with an example."""
        try:
            return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(
                f"{value!r} is no instant. Write it like 2026-03-08T09:30-06:00 (without an offset: local time).", param, ctx
            )


class Minutes(click.FloatRange):
    """From 0 on."""

    name = "minutes"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Fails on what is no number, and on nan, which is neither too small nor too great."""
        minutes = float(super().convert(value, param, ctx))  # type: ignore[arg-type]
        if not isfinite(minutes):
            self.fail(f"{value!r} is no number of minutes. Write it like 90 or 7.5.", param, ctx)
        return minutes


LONGEST = 100 * 366 * 24 * 60  # minutes: a century of working time is a slip of the finger, and its working is a book


@click.command(help="When are N minutes of the calendar's working time over? Shows the working, interval by interval.")
@click.option("--hours", "name", required=True, help="The calendar's name in the team file, e.g. office.")
@click.option("--from", "start", required=True, type=Instant(), help="2026-03-08T09:30-06:00; without an offset local time.")
@click.option("--minutes", required=True, type=Minutes(min=0, max=LONGEST), help="The budget of working time.")
@click.option("--file", "path", type=click.Path(path_type=Path), help="The team file (default: HEADROOM_TEAM).")
@as_json
def due(name: str, start: datetime, minutes: float, path: Path | None, as_json: bool) -> int:
    """Exit code 1 if so much working time never comes."""
    settings = Settings.read(role="check")
    calendar = _calendar(read_team(path or settings.team, settings), name)
    zone = ZoneInfo(calendar.zone)
    start_at = _in_utc(start, zone)
    budget = timedelta(minutes=minutes)
    due_at = due_after(calendar, start_at, budget)
    used = working(calendar, start_at, budget)
    data = {
        "hours": name,
        "zone": calendar.zone,
        "from": start_at,
        "minutes": minutes,
        "due_at": due_at,
        "due_local": due_at.astimezone(zone) if due_at else None,
        "working": [
            {"start": i.start, "end": i.end, "local": _span(i, zone), "minutes": _minutes(i.end - i.start)} for i in used
        ],
    }
    show(data, as_json=as_json, words=lambda: _words(data, used, budget, zone))
    return 0 if due_at else FOUND_PROBLEMS


def _calendar(team: Team, name: str) -> Calendar:
    if name not in team.calendars:
        known = ", ".join(sorted(team.calendars))
        raise Trouble(f"The team file has no hours named {name!r}. There are: {known}.", code=BAD_USE)
    return team.calendars[name]


def _in_utc(start: datetime, zone: ZoneInfo) -> datetime:
    try:
        return (start if start.tzinfo else start.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise Trouble(f"{start.isoformat()} is outside of the years 1 to 9999. Choose another instant.", code=BAD_USE) from None


def _words(data: dict[str, object], used: list[Interval], budget: timedelta, zone: ZoneInfo) -> list[str]:
    left = budget
    lines = [f"{_said(left)} min of {data['hours']} ({data['zone']}) from {_local(data['from'], zone)}"]
    for interval in used:
        left -= interval.end - interval.start
        lines.append(f"  {_span(interval, zone)}   {_said(interval.end - interval.start):>8} min   {_said(left):>8} left")
    due_at = data["due_at"]
    if not isinstance(due_at, datetime):
        return [*lines, "never: these hours do not hold so much working time"]
    return [*lines, f"due {due_at.isoformat()}  =  {_local(due_at, zone)}"]


def _local(at: object, zone: ZoneInfo) -> str:
    assert isinstance(at, datetime)
    return at.astimezone(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def _span(interval: Interval, zone: ZoneInfo) -> str:
    start, end = interval.start.astimezone(zone), interval.end.astimezone(zone)
    last = "%H:%M:%S %Z" if start.date() == end.date() else "%a %Y-%m-%d %H:%M:%S %Z"
    return f"{start.strftime('%a %Y-%m-%d %H:%M:%S %Z')} to {end.strftime(last)}"


def _minutes(span: timedelta) -> float:
    return round(span / timedelta(minutes=1), 4)


def _said(span: timedelta) -> str:
    """Minutes as a person writes them: 90, 7.5, 100000."""
    return f"{_minutes(span):.4f}".rstrip("0").rstrip(".")
