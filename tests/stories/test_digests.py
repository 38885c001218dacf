"""A pool's day on Slack: true figures, at the set time, once, however many clocks there are."""

import threading

import pytest

from routing.events import HumanResponded
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
    assert "Sales, the last day: 2 leads, 1 answered, median first response 4m, 1 on time." in words
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
    assert "0 leads, 0 answered, 0 on time." in digests_of(story)[0]
    assert "Nobody waited too long." in digests_of(story)[0]
    story.after(hours=1)
    assert [clock.look(story.now) for clock in clocks] == [0, 0, 0, 0]
    story.after(hours=23)
    assert sum(clock.look(story.now) for clock in clocks) == 1


def test_a_clock_that_starts_late_leaves_old_news(story):
    story.after(hours=15)
    assert Digests(story.engine, SETTINGS).look(story.now) == 0
    assert digests_of(story) == []
