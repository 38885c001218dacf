"""Robots: what gives them away, that they hear nothing of it, that they are counted, and that nobody else is taken for one."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from config.fields import our_name
from console import metrics
from webhooks.robots import OPENED_FOR

FORM = "application/x-www-form-urlencoded"
DANA = {"name": "Dana Cole", "email": "dana@example.com", "message": "Need a demo"}


@pytest.fixture
def guarded(front):
    front.alter("website", min_fill=timedelta(seconds=2), most_links=3)
    return front


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        ({"_gotcha": "http://spam.example"}, "honeypot"),
        ({OPENED_FOR: "0"}, "too_fast"),
        ({OPENED_FOR: "1999"}, "too_fast"),
        ({OPENED_FOR: "12.75"}, "too_fast"),
        ({"message": "see http://a.example https://b.example www.c.example [url=d]"}, "links"),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_robot_is_answered_dropped_and_counted(guarded, fields, sign, accept):
    person = guarded.post("website", {**DANA, "name": "Somebody else"}, Content_Type=FORM, Accept=accept)
    with capture_logs() as logs:
        robot = guarded.post("website", {**DANA, **fields}, Content_Type=FORM, Accept=accept)
    assert robot.status_code == {303: 303, 202: 200}[person.status_code]
    assert robot.headers.get("Location") == person.headers.get("Location")
    assert [each.content["name"] for each in guarded.heard] == ["Somebody else"]
    assert guarded.dropped == [("website", sign)]
    assert {"event": "robot_dropped", "source": "website", "sign": sign}.items() <= logs[0].items()
    assert "spam" not in str(logs)


@pytest.mark.parametrize(
    "opened_for", ["2000", "2000.5", "86400000", "", "soon", "-5", "nan", "inf", "1e999", "1" * 400, "٣", None]
)
def test_who_takes_time_or_has_no_script_is_a_person(guarded, opened_for):
    fields = DANA if opened_for is None else {**DANA, OPENED_FOR: opened_for}
    assert guarded.post("website", fields, Content_Type=FORM, Accept="*/*").status_code == 202
    assert OPENED_FOR not in str(guarded.last.content)
    assert guarded.dropped == []


@pytest.mark.parametrize("value", [150, 150.5, "150", ["150"]])
def test_scripts_tell_it_in_json_too(guarded, value):
    assert guarded.post_json("website", {**DANA, OPENED_FOR: value}).json == {"lead": None}
    assert guarded.dropped == [("website", "too_fast")]


def test_only_a_source_that_asks_for_it_looks_at_the_time(guarded):
    assert (
        guarded.post(
            "shop", {**DANA, OPENED_FOR: "1"}, Content_Type=FORM, Origin="https://shop.example", Accept="*/*"
        ).status_code
        == 202
    )


def test_a_few_links_and_those_of_other_fields_are_fine(guarded):
    said = {**DANA, "message": "my plans: https://a.example/1 https://a.example/2", "page_url": "https://roof.example/?a=https://b.example", "website": "https://dana.example"}  # fmt: skip
    assert guarded.post_json("website", said).status_code == 202
    assert guarded.dropped == []


def test_the_field_is_nothing_that_a_person_could_have_said():
    assert our_name(OPENED_FOR) == "extra" and OPENED_FOR.startswith("_")


def test_the_service_counts_them_for_its_metrics():
    said = {"source": "website of the test", "sign": "too_fast"}
    metrics.count_robot(*said.values())
    assert metrics._process.get_sample_value("headroom_robots_dropped_total", said) == 1
    assert (
        REGISTRY.get_sample_value("headroom_robots_dropped_total", said) is None
    )  # in the service's own registry, which /metrics shows
