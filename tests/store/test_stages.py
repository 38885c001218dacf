"""Which lead a stage of a CRM is about."""

import itertools
from datetime import datetime, timedelta

import pytest

from routing.codes import number_of
from store import merging
from store.inbox import Received
from tests.firm import Firm, team

KEYS = itertools.count(1)


@pytest.fixture
def firm(database, tmp_path):
    (tmp_path / "token").write_text("hub-token")
    extra = f"endpoints: {{crm: {{type: hubspot, token: 'file:{tmp_path / 'token'}'}}}}"
    made = Firm(database, team({"priya": "cap: 20"}, {"sales": "members: [priya]"}, extra=extra))
    yield made
    made.engine.dispose()


def became(firm: Firm, code: str, record: str) -> None:
    """The lead is this contact there."""
    values = {"lead": number_of(code), "record": record}
    firm.do("INSERT INTO crm_records (endpoint, lead_id, kind, record) VALUES ('crm', :lead, 'contact', :record)", **values)


def the_crm_says(firm: Firm, word: str, record: str = "501", at: datetime | None = None) -> None:
    """As its webhook brings it."""
    key = f"stage-{next(KEYS)}"
    content = {"external_id": key, "kind": "message", "channel": "crm", "crm": "hubspot", "said": word}
    content |= {"records": [{"kind": "contact", "record": record}], "submitted_at": at.isoformat() if at else None}
    firm.record(Received("website", key, "stage_reported", content, key.encode(), {}, firm.now))
    firm.drain()


def stage(firm: Firm, code: str) -> str | None:
    return firm.lead(code).state.get("stage")


def test_a_stage_is_of_the_newest_inquiry_of_the_contact(firm):
    first, second = firm.arrive(2)
    became(firm, first, "501")
    became(firm, second, "501")
    the_crm_says(firm, "customer")
    assert (stage(firm, first), stage(firm, second)) == (None, "won")


def test_a_report_that_comes_late_is_of_the_inquiry_that_was_there_then(firm):
    [first] = firm.arrive()
    became(firm, first, "501")
    won = firm.after(hours=1)
    firm.after(hours=1)
    [second] = firm.arrive()
    became(firm, second, "501")
    the_crm_says(firm, "customer", at=won)
    assert (stage(firm, first), stage(firm, second)) == ("won", None)
    assert datetime.fromisoformat(firm.lead(first).state["stage_at"]) == won


def test_a_clock_there_that_is_a_little_slow_still_means_the_new_inquiry(firm):
    [first] = firm.arrive()
    became(firm, first, "501")
    firm.after(hours=2)
    [second] = firm.arrive()
    became(firm, second, "501")
    the_crm_says(firm, "opportunity", at=firm.now - timedelta(minutes=2))
    assert (stage(firm, first), stage(firm, second)) == (None, "qualified")


def test_a_stage_of_a_lead_that_went_into_another_is_the_others(firm):
    first, second = firm.arrive(2)
    became(firm, first, "501")
    became(firm, second, "502")
    people = [firm.lead(code).person_id for code in (first, second)]
    merging.merge(firm.engine, *people, by="Kim", now=firm.now)
    assert firm.lead(second).state["outcome"] == "merged"
    the_crm_says(firm, "customer", record="502")
    assert (stage(firm, first), stage(firm, second)) == ("won", None)
    firm.is_sound()


def test_the_stage_that_was_known_there_comes_along(firm):
    first, second = firm.arrive(2)
    became(firm, second, "502")
    the_crm_says(firm, "opportunity", record="502")
    merging.merge(firm.engine, *(firm.lead(code).person_id for code in (first, second)), by="Kim", now=firm.now)
    assert (firm.lead(second).state["outcome"], stage(firm, first)) == ("merged", "qualified")


def test_the_same_stage_told_again_is_no_step(firm):
    [code] = firm.arrive()
    became(firm, code, "501")
    for _ in range(3):
        the_crm_says(firm, "opportunity")
        firm.after(minutes=1)
    assert firm.count("steps", event="StageReported") == 1
    assert firm.rows("SELECT count(*) FROM inbox WHERE done_at IS NULL")[0][0] == 0
