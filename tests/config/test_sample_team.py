"""The sample a new user begins with: it must work as it stands, at any hour."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import Settings
from config.teamfile import check, export, load
from routing.hours import is_open

SAMPLE = Path("config/team.yaml")


def test_it_has_no_fault_and_only_the_night_to_warn_of(settings: Settings):
    result = check(SAMPLE.read_text(), settings)
    assert result.errors == []
    assert [problem.key for problem in result.warnings] == ["channels.sms.quiet_hours"]


def test_it_shows_one_of_everything(settings: Settings):
    team = load(SAMPLE, settings=settings)
    assert {source.type for source in team.sources.values()} == {
        "form",
        "twilio_voice",
        "twilio_messaging",
        "meta",
        "sendgrid_inbound",
    }
    assert set(team.pools) == {"sales", "texas"} and set(team.slas) == {"hot", "normal"}
    assert team.slas["hot"].accept_within == timedelta(minutes=2)
    assert team.slas["hot"].first_response_within == timedelta(minutes=5)
    assert team.rules[-1].when is None and team.quiet_hours is None


@pytest.mark.parametrize("hour", range(0, 168, 5))
def test_somebody_takes_a_lead_at_any_hour_of_the_week(settings: Settings, hour: int):
    team = load(SAMPLE, settings=settings)
    at = datetime(2026, 12, 21, tzinfo=UTC) + timedelta(hours=hour)  # the week of Christmas
    members = [team.reps[name] for name in team.pools[team.rules[-1].pool].members]
    assert all(is_open(rep.calendar, at) for rep in members)


def test_everybody_can_be_told(settings: Settings):
    team = load(SAMPLE, settings=settings)
    people = [*team.reps.values(), *team.managers.values()]
    assert all(person.phone and person.email and "55501" in person.phone for person in people)


def test_it_is_written_back_with_its_comments(settings: Settings):
    text = SAMPLE.read_text()
    written = export(text)
    assert load(written, settings=settings) == load(text, settings=settings)
    assert written.count("#") == text.count("#")


def test_the_holidays_it_imports_are_listed_for_a_person_to_look_over(settings: Settings):
    (note,) = check(SAMPLE.read_text(), settings, today=datetime(2026, 11, 22, tzinfo=UTC).date()).notes
    assert "2026-11-26 Thanksgiving" in note and "2027-06-18" in note
    (that_day,) = check(SAMPLE.read_text(), settings, today=datetime(2026, 11, 26, tzinfo=UTC).date()).notes
    assert "2026-11-26 Thanksgiving" in that_day
    assert "2027-03-02" not in note, "the sample works on that one"
    assert "2026-12-24" not in note, "the sample has hours of its own on that one"
