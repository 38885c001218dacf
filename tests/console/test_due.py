"""`headroom due` against the published cases and against somebody who watches the clock, from the team file to the answer.

The watcher knows nothing of how working hours are added up: they read the wall clock at every minute of UTC.
"""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from config.settings import Settings
from config.teamfile import check
from console import cli
from routing.hours import due

SAMPLE = Path("config/team.yaml").read_text()
CASES = json.loads((Path(__file__).parents[1] / "data" / "sla_clock_cases.json").read_text())["cases"]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)
WATCHED = timedelta(days=4)
SEEN = int(os.environ.get("WATCHED_CASES", "150"))
TURNS = [  # a zone, and a day near which its clock does something odd
    ("America/New_York", date(2025, 3, 9)), ("America/New_York", date(2025, 11, 2)), ("Australia/Lord_Howe", date(2025, 4, 6)),
    ("Australia/Lord_Howe", date(2025, 10, 5)), ("America/Havana", date(2025, 3, 9)), ("America/Havana", date(2025, 11, 2)),
    ("America/Santiago", date(2025, 4, 6)), ("America/Santiago", date(2025, 9, 7)), ("Pacific/Apia", date(2011, 12, 30)),
    ("Europe/Dublin", date(2025, 3, 30)), ("Europe/Dublin", date(2090, 10, 29)), ("Africa/Casablanca", date(2025, 2, 23)),
    ("Africa/Casablanca", date(2087, 5, 11)), ("Africa/Cairo", date(2024, 4, 26)), ("Asia/Beirut", date(2025, 3, 30)),
    ("America/Chicago", date(2400, 3, 12)), ("Asia/Kathmandu", date(2030, 1, 1)), ("America/Nuuk", date(2025, 3, 29)),
]  # fmt: skip


def as_windows(pairs, how):
    """The windows of a day in one of the ways people write them."""
    if not pairs:
        return ("closed", "[]", "none")[how]
    texts = [f"{start}-{end}" for start, end in pairs]
    return (f'"{", ".join(texts)}"', json.dumps(texts), json.dumps(pairs))[how]


def as_hours(name, schedule, how=0):
    """A schedule as an entry of the team file's `hours`."""
    lines = [f"  {name}:", f"    zone: {schedule['tz']}"]
    lines += [f"    {day}: {as_windows(pairs, how)}" for day, pairs in schedule["weekly"].items()]
    dated = [f"      {day}: {as_windows(pairs, how)}" for day, pairs in schedule["overrides"].items()]
    return "\n".join([*lines, *(["    overrides:", *dated] if dated else [])])


def team_file(*entries):
    head, rest = SAMPLE.split("\nhours:", 1)
    return "\n".join([head, "hours:", *entries, rest.partition("\n")[2]])


@pytest.fixture(scope="module", params=[0, 1, 2], ids=["one text", "a list of texts", "a list of pairs"])
def published(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("due") / "team.yaml"
    path.write_text(team_file(*(as_hours(case["id"], case["schedule"], request.param) for case in CASES)))
    return path


@pytest.fixture
def headroom(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HEADROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SECRET_KEY", "a-key-for-tests-of-32-characters")

    def run(*words):
        code = cli.run(["due", *map(str, words)])
        return code, *capsys.readouterr()

    return run


def test_every_published_case_is_due_when_it_says(headroom, published, monkeypatch):
    monkeypatch.setenv("HEADROOM_TEAM", str(published))
    for case in CASES:
        code, out, _ = headroom("--hours", case["id"], "--from", case["start_utc"], "--minutes", case["budget_minutes"], "--json")
        found, expected = json.loads(out), case["due_utc"]
        assert found["due_at"] == (datetime.fromisoformat(expected).isoformat() if expected else None), case["id"]
        assert code == (0 if expected else 1), case["id"]
        assert not expected or sum(each["minutes"] for each in found["working"]) == pytest.approx(case["budget_minutes"])


# --- a watcher of the clock ---------------------------------------------------------------------------------------


def a_time(random, *, last=1439):
    minute = random.choice([random.randint(0, last), random.choice([0, 1, 30, 60, 90, 120, 150, 180, 1380, 1410, 1439, last])])
    return f"{minute // 60:02}:{minute % 60:02}"


def some_windows(random, most):
    return [(a_time(random), a_time(random, last=1440)) for _ in range(random.randint(0, most))]


def a_schedule(random, zone, day):
    near = sorted({day + timedelta(days=random.randint(-4, 5)) for _ in range(random.choice([0, 0, 1, 3]))})
    return {
        "tz": zone,
        "weekly": {name: some_windows(random, 3) for name in DAYS if random.random() < 0.8},
        "overrides": {each.isoformat(): some_windows(random, 2) for each in near},
    }


def of_the_day(schedule, day):
    """Windows that start on a date, as (start, end) in minutes."""
    written = schedule["overrides"].get(day.isoformat(), schedule["weekly"].get(DAYS[day.weekday()], []))
    return [tuple(int(each[:2]) * 60 + int(each[3:]) for each in pair) for pair in written]


def reads_open(schedule, zone, at):
    wall = at.astimezone(zone)
    minute, today = wall.hour * 60 + wall.minute, wall.date()
    if any(
        start <= minute < end if start < end else start != end and start <= minute for start, end in of_the_day(schedule, today)
    ):
        return True
    return any(end < start and minute < end for start, end in of_the_day(schedule, today - timedelta(days=1)))


def watched_due(schedule, start, budget):
    """When a watcher has seen `budget` of open time; None if they went home before."""
    zone, left, at = ZoneInfo(schedule["tz"]), budget, start
    while left > timedelta(0) and at < start + WATCHED:
        ahead = at.replace(second=0) + MINUTE
        if reads_open(schedule, zone, at):
            if ahead - at >= left:
                return at + left
            left -= ahead - at
        at = ahead
    return None if left > timedelta(0) else start


def test_any_hours_are_due_when_a_watcher_of_the_clock_has_seen_so_much():
    random = Random(20261126)
    places = [random.choice(TURNS) for _ in range(SEEN)]
    schedules = [a_schedule(random, zone, day) for zone, day in places]
    text = team_file(
        *(as_hours(f"h{n}", schedule, n % 3) for n, schedule in enumerate(schedules)),
    )
    found = check(text, Settings.read({"SECRET_KEY": "a key of enough letters"}, None, role="check"))
    assert found.team, found.errors
    went_home = 0
    for n, (schedule, (_, day)) in enumerate(zip(schedules, places, strict=True)):
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
            minutes=random.randint(-2880, 1440), seconds=random.choice([0, 0, 31])
        )
        budget = random.choice([0, 1, 5, 30, 61, 120, 480, random.randint(1, 2000)]) * MINUTE
        due_at, seen = due(found.team.calendars[f"h{n}"], start, budget), watched_due(schedule, start, budget)
        went_home += seen is None
        assert due_at == seen if seen else due_at is None or due_at > start + WATCHED, (schedule, start, budget)
    assert went_home < SEEN / 2, "the watcher saw most of them through"


# --- bad use --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "minutes", "words"),
    [
        ("2026-03-08T09:30", "nan", "no number of minutes"),
        ("2026-03-08T09:30", "inf", "not in the range"),
        ("2026-03-08T09:30", "1e300", "not in the range"),
        ("2026-03-08T09:30", "-1", "not in the range"),
        ("2026-03-08T09:30", "soon", "not a valid"),
        ("2026-02-30", "5", "is no instant"),
        ("", "5", "is no instant"),
        ("9999-12-31T23:59-14:00", "5", "outside of the years"),
        ("0001-01-01T00:00+14:00", "5", "outside of the years"),
    ],
)
def test_bad_use_is_told_and_ends_with_2(headroom, start, minutes, words):
    code, out, err = headroom("--hours", "office", "--from", start, "--minutes", minutes)
    assert (code, out) == (2, "")
    assert words in err


def test_the_ends_of_time_are_answered(headroom):
    assert headroom("--hours", "office", "--from", "0001-01-01T00:00", "--minutes", "5")[0] == 0
    code, out, _ = headroom("--hours", "office", "--from", "9999-12-31T20:00+14:00", "--minutes", "5", "--json")
    assert (code, json.loads(out)["due_at"]) == (1, None)


def test_many_minutes_are_written_out(headroom):
    _, out, _ = headroom("--hours", "always", "--from", "2026-03-08T09:30", "--minutes", "1234567.5")
    assert out.startswith("1234567.5 min of always")
