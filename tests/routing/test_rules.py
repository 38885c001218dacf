"""Conditions read against a lead, read back in words, and refused when they cannot be meant."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.clauses import OPERATORS
from routing.hours import Calendar
from routing.model import Kind, Lead, Person
from routing.patterns import refusal, searches
from routing.rules import NoRuleMatched, check, fields_of, first_match, match
from routing.team import Rule
from routing.unreachable import shadowed

MONDAY_NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)  # 12:00 in Chicago
MONDAY_NIGHT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 21:00 in Chicago
OFFICE = Calendar("America/Chicago", dict.fromkeys(range(5), ((8 * 60 + 30, 17 * 60 + 30),)), name="office")
CALENDARS = {"office": OFFICE}
DANA = {
    "source": "website",
    "name": "Dana Cole",
    "email": "dana@acme.edu",
    "country": "US",
    "employees": "1,200",
    "budget": "$5,000",
    "share": "50%",
    "message": "We would like a  Demo next week",
    "utm.campaign": "spring",
    "started": "2026-03-01",
    "newsletter": "on",
    "blank": "  ",
}


def holds(when, fields=DANA, at=MONDAY_NOON):
    return match(when, fields, calendars=CALENDARS, at=at).matched


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"country": "us"}, True),
        ({"country": " US "}, True),
        ({"country": {"eq": "CA"}}, False),
        ({"Country": "US"}, True),
        ({"country": "US", "source": "website"}, True),
        ({"country": "US", "source": "phone"}, False),
        ({"country": {"in": ["CA", "us"]}}, True),
        ({"country": {"in": ["CA", "MX"]}}, False),
        ({"employees": 1200}, True),
        ({"employees": "1200"}, True),
        ({"employees": {"gte": 200}}, True),
        ({"employees": {"gte": 1200}}, True),
        ({"employees": {"gte": 1201}}, False),
        ({"employees": {"gte": "1,100"}}, True),
        ({"employees": {"lte": 1200}}, True),
        ({"employees": {"lte": 1199.5}}, False),
        ({"employees": {"gte": 200, "lte": 1000}}, False),
        ({"employees": {"between": [200, 1200]}}, True),
        ({"employees": {"between": [1200, 1300]}}, True),
        ({"employees": {"between": [200, 1199]}}, False),
        ({"budget": {"gte": 5000}}, True),
        ({"share": {"lte": "50%"}}, True),
        ({"share": 50}, True),
        ({"name": {"gte": 1}}, False),
        ({"name": {"lte": 1}}, False),
        ({"started": {"gte": "2026-01-31"}}, True),
        ({"started": {"between": ["2026-03-02", "2026-04-01"]}}, False),
        ({"newsletter": True}, True),
        ({"newsletter": False}, False),
        ({"message": {"contains": "demo"}}, True),
        ({"message": {"contains": "price"}}, False),
        ({"utm.campaign": {"starts_with": "SPR"}}, True),
        ({"utm.campaign": {"starts_with": "pring"}}, False),
        ({"email": {"matches": r"\.edu$"}}, True),
        ({"email": {"matches": r"ACME\.EDU$"}}, True),
        ({"email": {"matches": r"^cole@"}}, False),
        ({"phone": {"exists": True}}, False),
        ({"phone": {"exists": False}}, True),
        ({"blank": {"exists": True}}, False),
        ({"email": {"exists": True}}, True),
        ({"phone": {"starts_with": ""}}, False),
        ({"phone": "+15125550143"}, False),
        ({"not": {"phone": "+15125550143"}}, True),
        ({"not": {"country": "US", "source": "phone"}}, True),
        ({"not": {"all": [{"country": "US"}, {"source": "website"}]}}, False),
        ({"any": [{"country": "CA"}, {"source": "website"}]}, True),
        ({"any": [{"country": "CA"}, {"source": "phone"}]}, False),
        ({"all": [{"country": "US"}, {"any": [{"employees": {"gte": 9000}}, {"name": {"contains": "cole"}}]}]}, True),
        ({"in_hours": "office"}, True),
        ({"arrived": {"in_hours": "office"}}, True),
        ({"in_hours": "nowhere"}, False),
        ({}, True),
        (None, True),
    ],
)
def test_a_condition_holds_for_dana(when, expected):
    assert holds(when) is expected


def test_the_exact_spelling_of_a_field_goes_before_its_likes():
    assert holds({"country": "US"}, {"country": "US", "COUNTRY": "CA"})
    assert holds({"COUNTRY": "CA"}, {"COUNTRY": "CA", "country": "US"})


def test_hours_are_those_of_the_arrival():
    assert not holds({"in_hours": "office"}, at=MONDAY_NIGHT)
    assert holds({"not": {"in_hours": "office"}}, at=MONDAY_NIGHT)


@pytest.mark.parametrize(
    ("when", "clauses"),
    [
        ({"employees": {"gte": 200}}, ("employees 1,200 >= 200: yes",)),
        ({"country": {"in": ["CA", "MX"]}}, ("country US in CA, MX: no",)),
        ({"message": {"contains": "price"}}, ('message "We would like a Demo next week" contains price: no',)),
        ({"employees": {"between": [1, 50]}}, ("employees 1,200 between 1 and 50: no",)),
        ({"phone": "1"}, ("phone (missing) = 1: no",)),
        ({"phone": {"exists": False}}, ("phone is missing: yes",)),
        ({"email": {"exists": True}, "country": "US"}, ("email exists: yes", "country US = US: yes")),
        ({"in_hours": "office"}, ("arrived in hours office: yes",)),
        ({"all": [{"country": "US"}, {"source": "ads"}]}, ("country US = US: yes", "source website = ads: no")),
        (
            {"any": [{"country": "CA"}, {"source": "website"}]},
            ("any of (country US = CA: no; source website = website: yes): yes",),
        ),
        ({"not": {"country": "US"}}, ("not (country US = US: yes): no",)),
        ({"country": {"near": "US"}}, ("country near, which is no operator: no",)),
    ],
)
def test_every_clause_is_read_back(when, clauses):
    assert match(when, DANA, calendars=CALENDARS, at=MONDAY_NOON).clauses == clauses


RULES = (
    Rule("vip", "texas", "hot", {"all": [{"country": "US"}, {"employees": {"gte": 200}}]}),
    Rule("night", "night", "normal", {"not": {"in_hours": "office"}}),
    Rule("rest", "texas", "normal"),
)


def test_the_first_rule_that_holds_wins_and_says_why():
    rule, why = first_match(RULES, DANA, calendars=CALENDARS, at=MONDAY_NIGHT)
    assert (rule.id, why) == ("vip", ("country US = US: yes", "employees 1,200 >= 200: yes"))


def test_the_rules_passed_over_say_which_clause_failed():
    rule, why = first_match(RULES, {"country": "US", "employees": "40"}, calendars=CALENDARS, at=MONDAY_NOON)
    assert rule.id == "rest"
    assert why == (
        "no condition, so every lead matches: yes",
        "vip: employees 40 >= 200: no",
        "night: not (arrived in hours office: yes): no",
    )


def test_a_list_of_rules_without_a_last_one_says_so():
    with pytest.raises(NoRuleMatched, match="the last rule must have no `when`.*vip: country CA = US: no"):
        first_match(RULES[:1], {"country": "CA"}, calendars=CALENDARS, at=MONDAY_NOON)


def test_a_form_field_cannot_pretend_to_be_another_source():
    lead = Lead(
        id=1,
        code="A7",
        kind=Kind.FORM,
        source="website",
        channel="form",
        person=Person(1, name="Dana", email="dana@acme.edu"),
        arrived_at=MONDAY_NOON,
        message="hello",
        fields={"source": "partner", "kind": "call", "email": "forged@acme.edu", "country": "US", "phone": "555 0143"},
    )
    assert fields_of(lead) == {
        "source": "website",
        "kind": "form",
        "channel": "form",
        "message": "hello",
        "name": "Dana",
        "email": "dana@acme.edu",
        "country": "US",
        "phone": "555 0143",
    }


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ({"employees": {"gt": 200}}, "employees: unknown operator gt; did you mean gte?"),
        ({"employees": {"containz": "x"}}, "employees: unknown operator containz; did you mean contains?"),
        (
            {"employees": {"not_in": [1]}},
            "employees: unknown operator not_in; write {not: {field: ...}} around the field instead",
        ),
        ({"employees": {"qqq": 1}}, "one of eq, in, gte"),
        ({"employees": {"gte": [200]}}, "employees: gte needs a number, a date or a text, not a list"),
        ({"employees": {"gte": True}}, "employees: gte needs a number, a date or a text, not true"),
        ({"employees": {"lte": float("nan")}}, "employees: lte needs a number"),
        ({"employees": {"between": [50, 10]}}, "employees: between needs the lower value first"),
        ({"employees": {"between": [50, "many"]}}, "employees: between needs the lower value first"),
        ({"employees": {"between": 50}}, "employees: between needs two values"),
        ({"country": {"in": "US"}}, "country: in needs a list of values such as [US, CA], not this value"),
        ({"country": {"in": []}}, "country: in needs a list"),
        ({"country": ["US", "CA"]}, "country: a list needs an operator; write {in: [...]}"),
        ({"country": None}, "country: is compared with nothing"),
        ({"country": {}}, "country: is compared with nothing"),
        ({"country": {"contains": ""}}, "country: contains needs a text, not nothing"),
        ({"phone": {"exists": "yes"}}, "phone: exists needs true or false"),
        ({"gte": 200}, "gte: is an operator and needs a field before it"),
        ({"any": {"country": "US"}}, "any: needs a list of conditions"),
        ({"all": []}, "all: needs a list of conditions"),
        (
            {"any": [{"country": "US"}, {"employees": {"min": 2}}]},
            "any, part 2: employees: unknown operator min; did you mean gte?",
        ),
        ({"not": "US"}, "not: needs a condition such as {country: US}, not US"),
        ({}, "needs a condition"),
        ("country = US", "needs a condition"),
        ({"in_hours": "ofice"}, "in_hours: there are no hours named ofice; did you mean office?"),
        ({"in_hours": 5}, "in_hours: in_hours needs the name of working hours"),
        ({"email": {"matches": "(a+)+$"}}, "email: matches repeats a group that itself repeats"),
        ({"email": {"matches": "(a|aa)*$"}}, "email: matches repeats a group that itself repeats or has choices"),
        ({"email": {"matches": "((a?)b)*"}}, "email: matches repeats a group"),
        ({"email": {"matches": "(?:a{1,9})*x"}}, "email: matches repeats a group"),
        ({"email": {"matches": ".*.*.*.*x"}}, "email: matches has 4 open repeats"),
        ({"email": {"matches": "a?" * 7}}, "email: matches has 7 optional parts"),
        ({"email": {"matches": "(a|ab)(c|cd)" * 4}}, "email: matches has 8 optional parts"),
        ({"email": {"matches": "((a|b))*"}}, "email: matches repeats a group"),
        ({"email": {"matches": r"(a*)\1"}}, "email: matches refers back to a group"),
        ({"email": {"matches": "(?<=a)b"}}, "email: matches uses a group of the kind"),
        ({"email": {"matches": "[[a]"}}, "email: matches has an unclear set"),
        ({"email": {"matches": "[a"}}, "email: matches has a [ that is not closed"),
        ({"email": {"matches": "(a"}}, "email: matches is not a regular expression"),
        ({"email": {"matches": "a" * 201}}, "email: matches is 201 characters long; at most 200"),
        ({"email": {"matches": 5}}, "email: matches needs a pattern in quotes"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused_in_words(when, problem):
    problems = check(when, calendars=CALENDARS)
    assert len(problems) == 1
    assert problem in problems[0]


@pytest.mark.parametrize(
    "when",
    [
        None,
        {"employees": {"gte": 200}, "country": {"in": ["US", "CA"]}},
        {"all": [{"not": {"language": "es"}}, {"any": [{"in_hours": "office"}, {"phone": {"exists": False}}]}]},
        {"email": {"matches": r"^[\w.-]+@(acme|apex)\.(com|org)$"}},
        {"zip": {"matches": r"^(?:\d{3}){2}-?\d{4}$"}},
        {"phone": {"matches": r"(?i)^\+1 ?512[0-9]+$"}},
    ],
)
def test_a_good_condition_has_no_problems(when):
    assert check(when, calendars=CALENDARS) == []


def test_every_problem_is_named_not_only_the_first():
    assert len(check({"a": {"gt": 1}, "b": {"in": 1}, "any": [{"c": []}, {"d": {"exists": 2}}]})) == 4


def test_a_condition_that_contains_itself_is_refused_and_matches_nobody():
    endless: dict[str, object] = {}
    endless["all"] = [endless]
    assert "within each other" in check(endless)[0]
    assert not holds(endless)
    assert shadowed([Rule("endless", "texas", "hot", endless)]) == []


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (None, "rule first before it has no `when` and takes every lead"),
        ({"country": "US"}, "rule first before it has no `when` and takes every lead"),
    ],
)
def test_nothing_comes_after_a_rule_without_a_condition(second, why):
    assert shadowed([Rule("first", "texas", "hot"), Rule("second", "west", "hot", second)]) == [("second", why)]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ({"country": "US", "a": 1}, {"all": [{"A": "1"}, {"country": {"eq": "us"}}]}, "same condition"),
        ({"country": {"in": ["US", "CA"]}}, {"country": {"in": ["ca", "us"]}}, "same condition"),
        ({"country": "US"}, {"country": "US", "employees": {"gte": 200}}, "asks for less"),
        ({"any": [{"a": 1}, {"b": 2}]}, {"any": [{"b": 2}, {"a": 1}]}, "same condition"),
        ({"country": "US", "employees": {"gte": 200}}, {"country": "US"}, None),
        ({"country": "US"}, {"not": {"country": "US"}}, None),
        ({"a": {"between": [1, 2]}}, {"a": {"between": [1, 3]}}, None),
        ({"a": {"matches": r"\d"}}, {"a": {"matches": r"\D"}}, None),
        ({"a": True}, {"a": "true"}, None),
    ],
)
def test_a_rule_that_an_earlier_one_swallows_is_found(first, second, why):
    found = shadowed([Rule("first", "texas", "hot", first), Rule("second", "west", "hot", second)])
    assert [(rule, why in text) for rule, text in found] == ([("second", True)] if why else [])


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
HOSTILE = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


@given(value=HOSTILE, operand=HOSTILE, name=st.sampled_from([*OPERATORS, "exists", "in_hours", "nonsense"]))
def test_nothing_a_sender_or_a_file_holds_makes_it_raise(value, operand, name):
    when = {"field": {name: operand}}
    found = match(when, {"field": value}, calendars=CALENDARS, at=MONDAY_NOON)
    assert len(found.clauses) == 1
    assert found.clauses[0].endswith(": yes" if found.matched else ": no")
    assert isinstance(check(when), list)
    assert shadowed([Rule("a", "p", "s", when), Rule("b", "p", "s", when)]) == [("b", "rule a before it has the same condition")]


@given(tree=st.dictionaries(st.sampled_from(["all", "any", "not", "in_hours", "field", "eq"]), HOSTILE, max_size=4))
def test_no_tree_makes_it_raise(tree):
    assert match(tree, DANA, calendars=CALENDARS, at=MONDAY_NOON).clauses
    assert isinstance(check(tree), list)
    assert isinstance(shadowed([Rule("a", "p", "s", tree)]), list)


def test_a_number_too_long_to_be_written_counts_as_missing():
    assert match({"field": 5}, {"field": 10**5000}, calendars={}, at=MONDAY_NOON).clauses == ("field (missing) = 5: no",)


@pytest.mark.parametrize(
    ("pattern", "reads"),
    [("x", 1_000), ("a*x", 1_000), ("a{2,}[ab]*x", 250), ("a+(?:a*)(a{1,90})x", 100), ("a?a?a?a?a?a?x", 1_000)],
)
def test_the_more_a_pattern_repeats_the_less_text_it_reads(pattern, reads):
    assert refusal(pattern) is None
    assert searches(pattern, "a" * (reads - 1) + "x")
    assert not searches(pattern, "a" * reads + "x")
