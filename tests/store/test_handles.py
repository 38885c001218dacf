"""A person of whom we know only an id on a platform is answered there, and a STOP there holds there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from store import advance, inbox, policies
from store.engine import connect
from store.inbox import Received
from tests.queue_builders import NOW, rows

TEAM = (Path(__file__).parents[2] / "config" / "team.yaml").read_text(encoding="utf-8")


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    policies.apply(engine, TEAM, Settings(secret_key="a key that only the tests know"), NOW, "the tests")
    yield engine
    engine.dispose()


def say(engine: Engine, channel: str, words: str) -> None:
    content = {"kind": "message", "channel": channel, "handles": {channel: "987654321"}, "name": "Olga", "message": words}
    inbox.record(engine, [Received("website", f"{channel}:{words}", "message", content, b"", {}, NOW)], NOW)
    assert advance.drain_inbox(engine, NOW) == 1


@pytest.mark.parametrize("channel", ["telegram", "messenger", "instagram", "whatsapp"])
def test_they_are_answered_where_they_wrote(engine, channel):
    say(engine, channel, "Do you install heat pumps?")
    [ack] = rows(engine, "outbox", recipient="lead")
    assert (ack["channel"], ack["address"], ack["template"]) == (channel, "987654321", "ack")


@pytest.mark.parametrize("channel", ["telegram", "messenger", "instagram", "whatsapp"])
def test_who_stopped_there_is_not_answered_there(engine, channel):
    say(engine, channel, "STOP")
    say(engine, channel, "Do you install heat pumps?")
    assert rows(engine, "outbox", recipient="lead", purpose="ack") == []
