"""Calls that another system connected, told when they were over: answered, missed, or with a message left."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from config.settings import Settings
from routing.model import State, Status
from store import advance, inbox, intake, own_calls, policies
from store.engine import connect
from store.inbox import Received
from store.item import Item
from tests.invariants import broken
from tests.queue_builders import DANA, NOW, rows

TEAM = (Path(__file__).parents[2] / "config" / "team.yaml").read_text(encoding="utf-8")
CALL = {"external_id": "callrail:CAL1", "kind": "call", "channel": "call", "phone": DANA, "name": "Dana Cole", "is_test": False}


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = connect(database, role="test")
    policies.apply(engine, TEAM, Settings(secret_key="a key that only the tests know"), NOW, "the tests")
    yield engine
    engine.dispose()


def tell(engine: Engine, event: str, key: str = "CAL1", **told: object) -> list[dict[str, object]]:
    """It is told that a call ended so; returns the leads that there are then."""
    received = Received("website", f"callrail:{key}", event, {**CALL, **told}, key.encode(), {}, NOW)
    [recorded] = inbox.record(engine, [received], NOW)
    assert recorded.lead
    assert advance.drain_inbox(engine, NOW + timedelta(seconds=1)) == 1
    assert broken(engine) == []
    return rows(engine, "leads")


@pytest.mark.parametrize("answered_by", [{"email": "priya@acme.example"}, {"phone": "+15125550111"}])
def test_an_answered_call_is_a_lead_whose_first_response_is_there(engine, answered_by):
    [lead] = tell(engine, "call_answered", answered_by=answered_by, seconds=120)
    assert (lead["status"], lead["owner"], lead["kind"]) == ("responded", "priya", "call")
    assert lead["responded_at"] is not None
    assert [message["template"] for message in rows(engine, "outbox")] == ["took_call"]


def test_a_call_answered_by_nobody_of_the_team_is_done(engine):
    [lead] = tell(engine, "call_answered", answered_by={"phone": "+15125559999"})
    assert (lead["status"], lead["owner"], lead["state"]["outcome"]) == ("closed", None, "talked")
    assert lead["responded_at"] is not None
    assert rows(engine, "alarms", armed=True) == []


def test_a_missed_call_is_texted_back_and_offered(engine):
    [lead] = tell(engine, "missed_call", reason="abandoned")
    assert lead["status"] == "offered"
    assert {(message["recipient"], message["template"]) for message in rows(engine, "outbox")} >= {("lead", "ack")}
    assert "missed call (abandoned)" in str(rows(engine, "steps")[0]["why"])


def test_a_voicemail_is_on_the_lead_that_it_begins(engine):
    [lead] = tell(engine, "voicemail", url="https://app.callrail.example/r", seconds=8)
    assert lead["status"] == "offered"
    assert any(step["event"] == "VoicemailLeft" for step in rows(engine, "steps"))


def test_a_missed_call_without_a_number_is_kept_and_shown(engine):
    [lead] = tell(engine, "missed_call", phone=None)
    assert lead["status"] == "quarantined"


def test_who_is_reached_by_phone_later_has_been_answered(engine):
    tell(engine, "missed_call")
    [lead] = tell(engine, "call_answered", key="CAL2", answered_by={"email": "tom@acme.example"})
    assert (lead["status"], lead["owner"]) == ("responded", "tom")


def test_who_is_reached_by_nobody_named_has_been_answered_too(engine):
    tell(engine, "missed_call")
    [lead] = tell(engine, "call_answered", key="CAL2")
    assert lead["status"] == "closed"
    assert lead["responded_at"] is not None


def test_a_second_missed_call_is_a_word_on_the_first(engine):
    tell(engine, "missed_call")
    assert len(tell(engine, "missed_call", key="CAL2")) == 1


def test_every_word_on_a_call_carries_when_we_were_told():
    """A backlog must not make an answer late: each of these stops the clock as of its arrival."""
    told_at = NOW + timedelta(minutes=3)
    ended = {"call": 1, "status": "completed", "bridged": True, "seconds": 9}
    found = [own_calls.meant({"step": "picked_up", "call": 1, "met": "human"}, "priya", told_at)]
    found.append(own_calls.meant({"step": "lead_ended", **ended}, "priya", told_at))
    item = Item(1, "calls", "call_answered", {"call_sid": "CA1", "rep": "priya"}, told_at, 1)
    found.append(intake.call_event(item, State(Status.RINGING, call_sid="CA1", offered_to=("priya",))))
    assert [event.at for event in found] == [told_at] * 3
