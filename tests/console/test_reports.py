"""What became of leads: the page, its CSV and the API say the same, and count each lead once."""

import csv
import io
from datetime import timedelta

import pytest
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from sqlalchemy import text
from werkzeug.wrappers import Request

from config import clock
from console.openapi import DESCRIPTION
from console.period import period_of
from routing.codes import number_of
from routing.events import HumanResponded, LeadAssigned, OutcomeReported, StageReported
from store import advance, merging, reports_stages
from tests.console.conftest import API_TOKEN, NOW


@pytest.fixture
def api(house):
    return house.client(authorization=f"Bearer {API_TOKEN}")


def a_lead(
    house, n: int, *, rep: str = "ann", wait: float | None = 0.5, outcome: str = "", stages: tuple[str, ...] = (), **said
) -> str:
    """A lead of another person that a rep answered after `wait` minutes (None: nobody did), with what became of it."""
    code = house.lead(f"Person {n}", phone=f"+1512555{n:04}", **said)
    events = [LeadAssigned(rep, "Kim")]
    events += [HumanResponded(rep, "call")] if wait is not None else []
    events += [OutcomeReported(rep, outcome)] if outcome else []
    at = clock.now() + timedelta(minutes=wait or 0)
    for event in [*events, *(StageReported("HubSpot", stage) for stage in stages)]:
        advance.happen(house.engine, number_of(code), event, at)
        at += timedelta(seconds=1)
    house.frozen.tick(timedelta(milliseconds=1))  # what arrives at this very instant is not yet counted
    return code


@pytest.fixture
def firm(house):
    """Six leads of three campaigns; one more is a test, and one went into another."""
    for n, (rep, wait, outcome, stages, campaign) in enumerate(
        [
            ("ann", 0.5, "talked", ("qualified", "won"), "brand"),
            ("ann", 2, "talked", ("qualified",), "brand"),
            ("ann", 2, "not_now", ("qualified", "lost"), "=cmd|' /C calc'!A1"),
            ("bob", 40, "bad_number", (), "brand"),
            ("bob", 40, "talked", ("won",), None),
            ("bob", None, "", (), None),
        ]
    ):
        a_lead(house, n, rep=rep, wait=wait, outcome=outcome, stages=stages, utm={"campaign": campaign} if campaign else {})
    a_lead(house, 90, stages=("won",), is_test=True)
    one, other = a_lead(house, 91, wait=None), a_lead(house, 92, wait=None)
    house.rows("UPDATE leads SET arrived_at = arrived_at - interval '400 days' WHERE code = :code", code=one)
    merging.merge(house.engine, *(house.one(code)["person_id"] for code in (one, other)), by="Kim", now=clock.now())
    return house


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_each_lead_counts_once_by_its_newest_stage_for_its_source_campaign_and_rep(firm, client):
    [source] = rows_of(client.get("/reports.csv").text)
    counted = {
        name: source[name] for name in ("leads", "answered", "talked", "not_now", "bad_number", "qualified", "won", "lost")
    }
    assert counted == {
        "leads": "6",
        "answered": "5",
        "talked": "3",
        "not_now": "1",
        "bad_number": "1",
        "qualified": "1",
        "won": "2",
        "lost": "1",
    }
    assert source["last_stage_at"].startswith("2026-11-24T16:4")
    reps = {row["rep"]: row for row in rows_of(client.get("/reports.csv?by=rep").text)}
    assert {name: (row["leads"], row["qualified"], row["won"], row["lost"]) for name, row in reps.items()} == {
        "Ann Novak": ("3", "1", "1", "1"), "Bob Reyes": ("3", "0", "1", "0"),
    }  # fmt: skip
    campaigns = {row["campaign"]: row for row in rows_of(client.get("/reports.csv?by=campaign").text)}
    assert {name: (row["leads"], row["won"]) for name, row in campaigns.items()} == {
        "brand": ("3", "1"), "none named": ("2", "1"), "'=cmd|' /C calc'!A1": ("1", "0"),
    }, "and no campaign runs as a formula"  # fmt: skip


def test_the_curve_has_counts_shares_and_intervals_by_source(firm, client, api):
    rows = {(row["source"], row["first_response"]): row for row in rows_of(client.get("/reports.csv?by=speed").text)}
    assert len(rows) == 2 * 8
    quick = rows["all", "1 to 5 min"]
    assert (quick["leads"], quick["qualified_or_won"], quick["qualified_or_won_share"]) == ("2", "1", "0.5000")
    assert (quick["qualified_or_won_low"], quick["qualified_or_won_high"]) == ("0.0945", "0.9055")
    assert rows["website", "under 1 min"]["won"] == "1" and rows["website", "30 to 60 min"]["leads"] == "2"
    assert rows["website", "never"]["leads"] == "1" and rows["website", "5 to 10 min"]["won_share"] == ""
    told = api.get("/api/reports").json
    assert [speed["leads"] for speed in told["by_speed"][:8]] == [1, 2, 0, 0, 2, 0, 0, 1]
    assert told["by_speed"][1]["qualified"] == {
        "count": 1,
        "share": 0.5,
        "low": pytest.approx(0.0945, abs=1e-4),
        "high": pytest.approx(0.9055, abs=1e-4),
    }


def test_the_page_shows_the_same(firm, client):
    page = client.get("/reports").text
    assert "<dt>Won</dt><dd>2</dd>" in page and "<dt>Leads</dt><dd>6</dd>" in page
    assert "Ann Novak" in page and "brand" in page and "1 to 5 min" in page
    assert page.count('class="pace on-time"') == 2, "the leads that were won, newest first"
    assert "50 %" in page and "9 % to 91 %" in page


def test_days_are_the_sites_and_can_be_chosen(firm, client, api):
    firm.later(days=3)
    assert api.get("/api/reports?days=3").json["by_source"] == []
    assert api.get("/api/reports?days=4").json["by_source"][0]["leads"] == 6
    assert api.get("/api/reports?since=2026-11-24&until=2026-11-24").json["by_source"][0]["leads"] == 6
    told = api.get("/api/reports?since=2026-11-24&until=2026-11-24").json
    assert (told["since"], told["until"]) == ("2026-11-24T06:00:00Z", "2026-11-25T06:00:00Z"), "Chicago's day"
    assert api.get("/api/reports?since=2026-11-24T16:30:00Z").json["by_source"] == []
    page = client.get("/reports?days=2").text
    assert "No lead in these days" in page


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("days=0", "days"), ("days=367", "days"), ("days=x", "days"), ("days=٣", "days"), ("until=2026-11-01", "until"), ("since=soon", "since"),
        ("since=2026-11-01&days=3", "days"), ("since=2026-11-24&until=2026-11-23", "until"), ("since=2024-01-01", "since"), ("since=2026-13-01", "since"),
        ("since=2026-11-01T10:00:00", "since"), ("since=0001-01-01", "since"), ("since=9999-12-31", "since"), ("page=2", "page"), ("since=2026-11-01&until=9999-99-99", "until"),
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_answered_in_words(house, client, api, question, where):
    answer = api.get(f"/api/reports?{question}")
    assert (answer.status_code, answer.json["error"]["where"]) == (400, f"query {where}")
    for path in ("/reports", "/reports.csv"):
        said = client.get(f"{path}?{question}")
        assert said.status_code == 400 and where in said.text and "Traceback" not in said.text
    assert client.get("/reports.csv?by=nobody").status_code == 400


def test_the_days_of_a_change_of_the_clocks_are_whole():
    """The clocks of Chicago went back on 2026-11-01: that day had 25 hours."""
    half_past_midnight = NOW.replace(month=11, day=2, hour=6, minute=30)
    day = period_of({"since": "2026-11-01", "until": "2026-11-01"}, "America/Chicago", half_past_midnight).span
    assert day.until - day.since == timedelta(hours=25)
    two = period_of({"days": "2"}, "America/Chicago", half_past_midnight).span
    assert two.since == day.since and two.until == half_past_midnight


def test_the_api_is_as_it_is_described_and_needs_a_token(firm, api):
    base = firm.settings.public_url
    described = OpenAPI.from_dict({**DESCRIPTION, "servers": [{"url": base}]})
    for question in ("", "?days=28", "?since=2026-11-24", "?days=0"):
        answer = api.get(f"/api/reports{question}", base_url=base)
        asked = WerkzeugOpenAPIRequest(Request(answer.request.environ))
        assert described.unmarshal_response(asked, WerkzeugOpenAPIResponse(answer)).errors == []
    assert firm.client().get("/api/reports").status_code == 401


def test_beyond_a_hundred_names_the_rest_is_one_row(house, api):
    house.rows("INSERT INTO people (id, name, created_at) OVERRIDING SYSTEM VALUE VALUES (900, 'Crowd', now())")
    house.rows(
        "INSERT INTO leads (id, code, person_id, source, kind, channel, pool, policy_version, rule, sla, content, arrived_at, status, changed_at, state)"
        " SELECT 5000 + n, 'X' || n, 900, 'website', 'form', 'form', 'sales', 1, 'everything', 'hot',"
        " jsonb_build_object('utm', jsonb_build_object('campaign', 'c' || n)), :now, 'closed', :now, '{}' FROM generate_series(1, 104) AS n",
        now=clock.now(),
    )  # fmt: skip
    house.frozen.tick(timedelta(seconds=1))
    rows = api.get("/api/reports").json["by_campaign"]
    assert len(rows) == 101 and sum(row["leads"] for row in rows) == 104
    assert (rows[-1]["name"], rows[-1]["is_rest"], rows[-1]["leads"]) == (None, True, 4)


def test_an_empty_house_has_empty_reports(house, client, api):
    assert "No lead in these days" in client.get("/reports").text
    told = api.get("/api/reports").json
    assert told["by_source"] == told["by_speed"] == told["newest"] == []
    assert rows_of(client.get("/reports.csv?by=speed").text) == []


def test_a_campaign_without_tracking_is_the_vendors_own(house, api):
    a_lead(house, 1, campaign={"id": "7", "name": "Spring"})
    a_lead(house, 2, campaign={"id": "8"})
    assert {row["name"] for row in api.get("/api/reports").json["by_campaign"]} == {"Spring", "8"}


def test_a_lead_tells_its_stage_in_the_api_the_csv_and_on_its_page(house, client, api):
    code = a_lead(house, 1, stages=("qualified",))
    told = api.get(f"/api/leads/{code}").json
    assert (told["stage"], told["stage_at"]) == ("qualified", "2026-11-24T16:00:32Z")
    [row] = rows_of(client.get("/leads.csv").text)
    assert (row["stage"], row["stage_at"]) == ("qualified", "2026-11-24T16:00:32Z")
    assert "In the CRM" in client.get(f"/leads/{code}").text


def test_more_leads_than_can_be_counted_is_told_in_words(firm, client, api, monkeypatch):
    def too_slow(engine, _sql, _values):
        with engine.begin() as db:
            db.execute(text("SET LOCAL statement_timeout = 20"))
            db.execute(text("SELECT pg_sleep(1)"))

    monkeypatch.setattr(reports_stages, "look_up", too_slow)
    assert "fewer days" in client.get("/reports").text
    answer = api.get("/api/reports?since=2026-11-01")
    assert (answer.status_code, answer.json["error"]["where"]) == (400, "query since") and "fewer days" in answer.json["error"][
        "mend"
    ]
