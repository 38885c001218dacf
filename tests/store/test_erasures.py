"""A vendor asks us to forget a lead: before it was fetched, after, and one we never had."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from store import advance, fetches, inbox, policies
from store.engine import connect
from store.inbox import Received
from tests.queue_builders import DANA, NOW, rows

TEAM = (Path(__file__).parents[2] / "config" / "team.yaml").read_text(encoding="utf-8")
LEAD = {"external_id": "linkedin:fc6a-5", "kind": "form", "channel": "ads_form", "is_test": False}


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    policies.apply(engine, TEAM, Settings(secret_key="a key that only the tests know"), NOW, "the tests")
    yield engine
    engine.dispose()


def hear(engine: Engine, event: str, key: str, **told: object) -> int:
    [recorded] = inbox.record(engine, [Received("website", key, event, {**LEAD, **told}, b"", {}, NOW)], NOW)
    advance.drain_inbox(engine, NOW)
    return recorded.inbox_id


def test_what_is_not_fetched_yet_never_will_be(engine):
    hear(engine, "fetch_required", "linkedin:fc6a-5")
    hear(engine, "erase_request", "linkedin:fc6a-5:deleted")
    assert fetches.fetchable(engine, NOW) == []
    assert rows(engine, "leads") == rows(engine, "notices") == []
    assert all(row["done_at"] for row in rows(engine, "inbox"))


def test_a_lead_that_is_here_is_noted_and_the_operator_told(engine):
    waiting = hear(engine, "fetch_required", "linkedin:fc6a-5")
    fetches.fetched(engine, waiting, {**LEAD, "phone": DANA, "name": "Dana Cole"}, NOW)
    advance.drain_inbox(engine, NOW)
    hear(engine, "erase_request", "linkedin:fc6a-5:deleted")
    [lead] = rows(engine, "leads")
    [notice] = rows(engine, "notices")
    assert f"lead {lead['code']} " in str(notice["text"])
    assert rows(engine, "steps", event="NoteAdded")[0]["lead_id"] == lead["id"]


def test_one_that_was_never_here_is_said_to_be_so(engine):
    hear(engine, "erase_request", "linkedin:fc6a-5:deleted")
    assert "known there as linkedin:fc6a-5" in str(rows(engine, "notices")[0]["text"])
    assert rows(engine, "leads") == []
