"""A channel that refuses the digest: the operator hears of it with what to do, until one gets through."""

from datetime import timedelta

import pytest

from config.settings import Settings
from store import policies
from store.engine import connect
from tests.fakes import Behaviour
from tests.firm import team
from tests.queue_builders import NOW, rows
from tests.receiver import Manner, Receiver
from tests.workers.conftest import settings_for
from workers.digests import Digests
from workers.followups import follow_up
from workers.send import Sender, send_due

AT = NOW.replace(hour=23, minute=30)  # 17:30 in Chicago
NO = Behaviour(accept=False, status=200, error="channel_not_found")


@pytest.fixture
def teams():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def settings(provider, tmp_path, teams) -> Settings:
    more = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_URL": provider.url, "SALES_TEAMS": f"{teams.url}/workflows/s3cret"}
    return settings_for(provider, tmp_path, HEADROOM_ALLOW_PRIVATE_URLS="127.0.0.1", **more)


@pytest.fixture
def engine(database, settings):
    engine = connect(database, role="test")
    digest = 'digest: {at: "17:30", slack: C0SALES01, teams: env:SALES_TEAMS}'
    policies.apply(engine, team({"priya": "cap: 9"}, {"sales": f"members: [priya], {digest}"}), settings, NOW, "test")
    yield engine
    engine.dispose()


def a_day(engine, settings, wire, digests: Digests, now) -> None:
    """The digest is written, sent, and whatever follows is done."""
    assert digests.look(now) == 2
    sender = Sender(engine, settings, wire=wire)
    for _ in range(3):
        send_due(sender, now)
        follow_up(engine, settings, sender.lanes, now)
    sender.finish(now)
    sender.close()
    digests.look(now + timedelta(seconds=30))


def told(engine) -> dict[str, str]:
    return {
        row["key"]: row["text"] for row in rows(engine, "notices") if row["over_at"] is None and row["key"].startswith("digest:")
    }


def test_the_operator_is_told_what_to_do_until_one_gets_through(engine, settings, wire, provider, teams):
    digests = Digests(engine, settings)
    provider.always("slack", NO)
    teams.always = Manner(404)
    a_day(engine, settings, wire, digests, AT)
    notices = told(engine)
    assert set(notices) == {"digest:pool:sales:slack", "digest:pool:sales:teams"}
    assert "channel_not_found" in notices["digest:pool:sales:slack"] and "/invite" in notices["digest:pool:sales:slack"]
    assert "404" in notices["digest:pool:sales:teams"] and "workflow" in notices["digest:pool:sales:teams"]
    assert "s3cret" not in str(notices), "the address is a secret"
    a_day(engine, settings, wire, Digests(engine, settings), AT + timedelta(days=1))
    assert len(told(engine)) == 2
    provider.always("slack", Behaviour())
    a_day(engine, settings, wire, Digests(engine, settings), AT + timedelta(days=2))
    assert set(told(engine)) == {"digest:pool:sales:teams"}
    teams.always = Manner(202)
    a_day(engine, settings, wire, digests, AT + timedelta(days=3))
    assert told(engine) == {}


def test_a_digest_that_arrives_is_nothing_to_tell(engine, settings, wire, teams):
    teams.always = Manner(202)
    a_day(engine, settings, wire, Digests(engine, settings), AT)
    assert told(engine) == {}
    assert {row["state"] for row in rows(engine, "outbox", template="digest")} == {"sent"}
    [post] = teams.posts
    assert "no new lead, nothing answered, nobody waits" in str(post.event)
