"""A pool's day on Slack: true figures, at the set time, once, however many clocks there are."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from routing.events import HumanResponded, LeadAssigned, StageReported
from tests.story import SETTINGS, SMALL_TEAM
from workers.digests import Digests

TEAM = SMALL_TEAM.replace("directors: [lou]}", 'directors: [lou], digest: {at: "17:30", slack: C0SALES01}}')


@pytest.fixture
def story(tell):
    return tell(TEAM)


def digests_of(story):
    return [row.body for row in story.rows("SELECT body FROM outbox WHERE template = 'digest' ORDER BY id")]


def test_the_day_of_a_pool_is_told_at_half_past_five(story):
    begun = story.now
    clock = Digests(story.engine, SETTINGS)
    assert clock.look(story.now) == 0
    (priya,) = story.people("priya")
    story.a_lead_arrives()
    priya.replies("1")
    story.after(minutes=4)
    story.happens("A1", HumanResponded("priya", "call"))
    story.a_lead_arrives("Omar Reyes")
    story.a_lead_arrives("Nobody Real", is_test=True)
    story.after(hours=8.5, minutes=-(story.now - begun).total_seconds() / 60)
    assert clock.look(story.now) == 1
    story.settle()
    [words] = digests_of(story)
    assert "Sales, the last day: 2 new leads, 1 answered, median first response 4m, 1 on time." in words
    assert "Late: 1 (offers ignored 1)." in words
    assert "Waiting now: 1, the longest for 8h" in words
    row = story.one("SELECT recipient, channel, address, state FROM outbox WHERE template = 'digest'")
    assert tuple(row) == ("pool:sales", "slack", "C0SALES01", "sent")


def test_two_clocks_write_it_once_and_the_next_day_again(story):
    story.after(hours=8.5)
    clocks = [Digests(story.engine, SETTINGS) for _ in range(4)]
    threads = [threading.Thread(target=clock.look, args=(story.now,)) for clock in clocks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    story.settle()
    assert len(digests_of(story)) == 1
    assert digests_of(story)[0].strip() == "Sales, the last day: no new lead, nothing answered, nobody waits."
    story.after(hours=1)
    assert [clock.look(story.now) for clock in clocks] == [0, 0, 0, 0]
    story.after(hours=23)
    assert sum(clock.look(story.now) for clock in clocks) == 1


def test_a_clock_that_starts_late_leaves_old_news(story):
    story.after(hours=15)
    assert Digests(story.engine, SETTINGS).look(story.now) == 0
    assert digests_of(story) == []


def at(story, hour: float, *, days: int = 0) -> None:
    """To a time of the day in Chicago, without anything else."""
    story.after(
        minutes=(datetime(2026, 11, 24, 6, tzinfo=UTC) + timedelta(days=days, hours=hour) - story.now).total_seconds() / 60
    )


def test_what_is_late_or_answered_after_a_digest_is_in_the_next_one_and_in_no_other(story):
    clock = Digests(story.engine, SETTINGS)
    at(story, 17.4)
    story.a_lead_arrives()  # to be answered by 17:39, which is after the digest
    at(story, 17.5)
    clock.look(story.now)
    at(story, 9.5, days=1)
    story.happens("A1", LeadAssigned("priya", "Kim"))
    story.happens("A1", HumanResponded("priya", "call"))
    at(story, 17.5, days=1)
    clock.look(story.now)
    at(story, 17.5, days=2)
    clock.look(story.now)
    story.settle()
    first, second, third = digests_of(story)
    assert "1 new lead, 0 answered, 0 on time." in first and "Nobody waited too long." in first and "Waiting now: 1" in first
    assert "0 new leads, 1 answered, median first response 16h 6m, 0 on time." in second and "Late: 1" in second
    assert "nobody waits" in third


def test_what_the_crm_told_that_day_is_told_once_by_its_newest_stage(story):
    clock = Digests(story.engine, SETTINGS)
    for n, stages in enumerate((("qualified", "won"), ("qualified",), ("lost",))):
        lead = story.a_lead_arrives(f"Person {n}")
        for stage in stages:
            story.happens(lead.code, StageReported("HubSpot", stage))
    story.happens(story.a_lead_arrives("Nobody Real", is_test=True).code, StageReported("HubSpot", "won"))
    at(story, 17.5)
    clock.look(story.now)
    at(story, 12, days=1)
    story.happens("B1", StageReported("HubSpot", "won"))
    at(story, 17.5, days=1)
    clock.look(story.now)
    story.settle()
    first, second = digests_of(story)
    assert "In the CRM: 1 qualified, 1 won, 1 lost.\nWaiting now: 3" in first
    assert "In the CRM: 1 won." in second


def test_the_hour_is_the_one_of_the_pools_own_zone(tell):
    hours = '\nhours:\n  east: {mon-fri: "08:00-18:00", zone: America/New_York}'
    team = TEAM.replace("\nhours:", hours, 1).replace("hours: office, managers: [kim]", "hours: east, managers: [kim]")
    story = tell(team)
    clock = Digests(story.engine, SETTINGS)
    at(story, 16.49)
    assert clock.look(story.now) == 0
    at(story, 16.5)
    assert clock.look(story.now) == 1, "half past five in New York"


@pytest.mark.parametrize(
    ("hour", "night"),
    [("01:30", datetime(2026, 10, 31, 18, tzinfo=UTC)), ("02:30", datetime(2026, 3, 7, 18, tzinfo=UTC)), ("00:00", datetime(2026, 10, 31, 18, tzinfo=UTC))],
    ids=["an hour that comes twice", "an hour that does not come", "midnight"],
)  # fmt: skip
def test_over_a_change_of_the_clocks_each_day_is_told_once_by_two_clocks(tell, hour, night):
    story = tell(TEAM.replace("17:30", hour))
    clocks = [Digests(story.engine, SETTINGS) for _ in range(2)]
    now, written = night, []
    while now < night + timedelta(days=3):
        written += [now for clock in clocks if clock.look(now)]
        now += timedelta(minutes=10)
    assert len(written) == 3
    days = [row.key.split(":")[2] for row in story.rows("SELECT key FROM outbox WHERE template = 'digest' ORDER BY id")]
    assert len(set(days)) == 3
    assert written[1] - written[0] in (timedelta(hours=23), timedelta(hours=24), timedelta(hours=25))
