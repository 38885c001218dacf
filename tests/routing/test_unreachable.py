"""Rules that nothing can reach: what is told is certain, and the usual mistakes are told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.rules import match
from routing.team import Rule
from routing.unreachable import contradictory, shadowed

NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


def swallows(first: object, second: object) -> bool:
    """Is the second rule told to be out of reach?"""
    return bool(shadowed([Rule("first", "texas", "hot", first), Rule("second", "west", "hot", second)]))  # type: ignore[arg-type]


def excludes_itself(when: object) -> bool:
    return contradictory([Rule("odd", "texas", "hot", when)]) == ["odd"]  # type: ignore[arg-type]


SWALLOWED = [
    ({"employees": {"gte": 100}}, {"employees": {"gte": 200}}),
    ({"employees": {"lte": 200}}, {"employees": {"lte": "100"}}),
    ({"employees": {"gte": 100}}, {"employees": {"between": [100, 300]}}),
    ({"employees": {"between": [100, 300]}}, {"employees": {"between": [100, 200]}}),
    ({"employees": {"gte": 100}}, {"employees": 250}),
    ({"country": {"in": ["US", "CA"]}}, {"country": "ca"}),
    ({"country": {"in": ["US", "CA"]}}, {"country": {"in": ["CA"]}}),
    ({"country": {"exists": True}}, {"country": "US"}),
    ({"message": {"contains": "roof"}}, {"message": {"contains": "new roof"}}),
    ({"zip": {"starts_with": "78"}}, {"zip": {"starts_with": "787"}}),
    ({"message": {"contains": "roof"}}, {"message": {"starts_with": "Roofs"}}),
    ({"plan": {"starts_with": "go"}}, {"plan": "Gold"}),
    ({"any": [{"state": "TX"}, {"vip": True}]}, {"state": "TX", "plan": "gold"}),
    ({"state": {"in": ["TX", "OK"]}}, {"any": [{"state": "TX"}, {"state": "OK"}]}),
    ({"not": {"country": "US"}}, {"country": "CA"}),
    ({"employees": {"gte": 100}}, {"all": [{"employees": {"gte": 200}}, {"in_hours": "office"}]}),
]
NOT_SWALLOWED = [
    ({"employees": {"gte": 200}}, {"employees": {"gte": 100}}),
    ({"employees": {"gte": 100}}, {"staff": {"gte": 200}}),
    ({"employees": {"gte": 100}}, {"employees": {"gte": "many"}}),
    ({"employees": {"gte": 100}}, {"employees": {"lte": 200}}),
    ({"country": "ca"}, {"country": {"in": ["US", "CA"]}}),
    ({"country": {"exists": False}}, {"country": "US"}),
    ({"zip": {"starts_with": "07"}}, {"zip": {"starts_with": "7"}}),
    ({"amount": {"contains": "12"}}, {"amount": 1200}),  # written 1,200 it does not hold a 12
    ({"amount": {"starts_with": "1"}}, {"amount": 1200}),  # written $1,200 it begins with $
    ({"state": "TX"}, {"any": [{"state": "TX"}, {"state": "OK"}]}),
    ({"not": {"country": "US"}}, {"state": "TX"}),
    ({"not": {"all": [{"a": 1}, {"b": 1}]}}, {"a": 1}),
    ({"agreed": "yes"}, {"agreed": True}),  # "on" is a yes too
    ({"message": {"matches": "roof"}}, {"message": "roof"}),
]
CONTRADICTIONS = [
    {"all": [{"country": "US"}, {"country": "CA"}]},
    {"employees": {"gte": 10, "lte": 5}},
    {"all": [{"employees": {"between": [1, 5]}}, {"employees": {"gte": 6}}]},
    {"all": [{"country": {"in": ["US", "CA"]}}, {"country": "MX"}]},
    {"all": [{"country": {"exists": False}}, {"country": "US"}]},
    {"all": [{"country": "US"}, {"not": {"country": {"in": ["US", "CA"]}}}]},
    {"all": [{"plan": "gold"}, {"plan": {"starts_with": "si"}}]},
    {"all": [{"country": "US"}, {"any": [{"country": "CA"}, {"country": "MX"}]}]},
    {"all": [{"employees": 5}, {"employees": {"gte": 10}}]},
]
POSSIBLE = [
    {"employees": {"gte": 5, "lte": 5}},
    {"all": [{"agreed": True}, {"agreed": "on"}]},
    {"all": [{"country": {"in": ["US", "CA"]}}, {"country": "ca"}]},
    {"all": [{"message": {"contains": "roof"}}, {"message": {"contains": "wall"}}]},
    {"all": [{"amount": 1200}, {"amount": {"starts_with": "$"}}]},
    {"all": [{"a": {"exists": False}}, {"not": {"a": 1}}]},
    {"not": {"country": "US"}},
]


@pytest.mark.parametrize(("first", "second"), SWALLOWED)
def test_a_wider_condition_before_a_narrower_one_is_told(first: object, second: object):
    assert swallows(first, second)


@pytest.mark.parametrize(("first", "second"), NOT_SWALLOWED)
def test_a_rule_to_which_something_is_left_is_not_blamed(first: object, second: object):
    assert not swallows(first, second)


@pytest.mark.parametrize("when", CONTRADICTIONS)
def test_clauses_that_exclude_each_other_are_told(when: object):
    assert excludes_itself(when)


@pytest.mark.parametrize("when", POSSIBLE)
def test_clauses_that_can_hold_together_are_not_blamed(when: object):
    assert not excludes_itself(when)


OPERANDS = st.sampled_from(["a", "ab", "b", "1", "2", "10", "1,0", "07", "7", "yes", "on", 1, 2, 10, True, False])
CLAUSES = st.one_of(
    st.tuples(st.sampled_from(["eq", "gte", "lte", "contains", "starts_with"]), OPERANDS),
    st.tuples(st.just("in"), st.lists(OPERANDS, min_size=1, max_size=3)),
    st.tuples(st.just("between"), st.lists(OPERANDS, min_size=2, max_size=2)),
    st.tuples(st.just("exists"), st.booleans()),
).flatmap(lambda clause: st.sampled_from(["f", "g"]).map(lambda field: {field: {clause[0]: clause[1]}}))
CONDITIONS: st.SearchStrategy[dict[str, Any]] = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda all_of: {"all": all_of}),
        st.lists(inner, min_size=1, max_size=3).map(lambda any_of: {"any": any_of}),
        inner.map(lambda denied: {"not": denied}),
    ),
    max_leaves=5,
)
SENT = st.sampled_from(
    [None, "", "A", "ab", "abc", "b", "0", "1", "$1", "2", "7", "07", "10", "1,000", "yes", "on", "true", "no"]
)
LEADS = st.fixed_dictionaries({"f": SENT, "g": SENT})


@settings(max_examples=400)
@given(first=CONDITIONS, second=CONDITIONS, leads=st.lists(LEADS, min_size=12, max_size=12))
def test_no_lead_reaches_what_is_told_to_be_out_of_reach(
    first: dict[str, Any], second: dict[str, Any], leads: list[dict[str, Any]]
):
    is_swallowed, is_odd = swallows(first, second), excludes_itself(second)
    for fields in leads:
        reached = match(second, fields, calendars={}, at=NOON).matched
        assert not (is_odd and reached)
        assert not (is_swallowed and reached and not match(first, fields, calendars={}, at=NOON).matched)
