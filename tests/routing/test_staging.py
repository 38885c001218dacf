"""Stages that a CRM tells: the newest by its own time counts, whatever order they come in."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.events import LeadsJoined, StageReported
from routing.journey import step
from routing.model import State, Status
from tests.builders import MINUTE, NOW, a_bench, facts

WAITING = State(Status.WAITING)
RESPONDED = State(Status.RESPONDED, owner="priya", accepted_at=NOW, responded_at=NOW)
CLOSED = replace(RESPONDED, status=Status.CLOSED, closed_at=NOW, outcome="talked")


def told(state: State, *stages: tuple[str, int | None]) -> State:
    """After these (stage, minutes from NOW at which the CRM says it came to that), told a day later, a minute apart."""
    for n, (stage, minutes) in enumerate(stages):
        at = None if minutes is None else NOW + minutes * MINUTE
        state = step(
            facts(state, a_bench("priya")), StageReported("HubSpot", stage, at), NOW + timedelta(days=1, minutes=n)
        ).state
    return state


def test_a_stage_is_kept_with_its_instant_and_stops_no_clock():
    after = told(WAITING, ("qualified", 3))
    assert (after.stage, after.stage_at) == ("qualified", NOW + 3 * MINUTE)
    assert replace(after, stage=None, stage_at=None) == WAITING


@pytest.mark.parametrize("stage", ["won", "lost"])
def test_what_is_won_or_lost_is_done_when_somebody_works_on_it(stage):
    done = told(RESPONDED, (stage, 3))
    assert (done.status, done.outcome, done.stage, done.stage_at) == (Status.CLOSED, stage, stage, NOW + 3 * MINUTE)
    waits = told(WAITING, (stage, 3))
    assert (waits.status, waits.outcome, waits.stage) == (Status.WAITING, None, stage)


def test_what_the_rep_said_stays_beside_what_the_crm_says():
    after = told(CLOSED, ("won", 3))
    assert (after.outcome, after.stage, after.closed_at) == ("talked", "won", NOW)


def test_what_is_older_than_what_is_known_changes_nothing():
    known = told(CLOSED, ("won", 9))
    older = step(facts(known), StageReported("HubSpot", "qualified", NOW + 3 * MINUTE), NOW + timedelta(days=1))
    assert (older.state, older.changed) == (known, False)
    assert older.why == "HubSpot says: qualified, but that is older than won"


def test_a_clock_that_is_fast_there_does_not_outlive_what_comes_later():
    after = told(CLOSED, ("qualified", 60 * 24 * 30), ("won", None))
    assert (after.stage, after.stage_at) == ("won", NOW + timedelta(days=1, minutes=1))


@given(st.permutations([("qualified", 1), ("lost", 2), ("qualified", 3), ("won", 4)]))
def test_the_order_in_which_they_come_does_not_matter(stages):
    after = told(CLOSED, *stages)
    assert (after.stage, after.stage_at) == ("won", NOW + 4 * MINUTE)


@pytest.mark.parametrize(("there", "expected"), [(1, "qualified"), (5, "won")])
def test_of_two_inquiries_that_become_one_the_newer_stage_stays(there, expected):
    mine = told(RESPONDED, ("qualified", 3))
    joined = LeadsJoined("A9", "Kim", stage="won", stage_at=NOW + there * MINUTE)
    assert step(facts(mine, a_bench("priya")), joined, NOW + timedelta(days=2)).state.stage == expected
