"""The JSON API: what it gives, whom it refuses, and that its description tells the truth."""

import re
from datetime import datetime

import pytest
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from openapi_spec_validator import validate
from werkzeug.wrappers import Request

from console.openapi import DESCRIPTION
from console.web import ROUTES
from store import reports_lead
from tests.console.conftest import API_TOKEN

PATHS = ("/api/leads", "/api/leads/A1", "/api/reps", "/api/pools", "/api/instants")


@pytest.fixture
def api(house):
    return house.client(authorization=f"Bearer {API_TOKEN}")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", [None, "Bearer wrong", f"Basic {API_TOKEN}", "Bearer", f"Bearer {API_TOKEN}x", "Bearer é"])
def test_without_the_token_nothing_is_told(house, path, given):
    answer = house.client().get(path, headers={"Authorization": given.encode("latin-1").decode("latin-1")} if given else {})
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert set(answer.json["error"]) == {"what", "where", "mend"}


def test_a_lead_is_told_whole(house, api):
    code = house.lead(
        email="dana@acme.example", utm={"campaign": "brand-tx"}, click_ids={"gclid": "Cj0"}, extra={"employees": "250"}, locale="en-US",
        consent=[{"key": "sms", "value": True, "text": "Text me"}], campaign={"id": "7"}, submitted_at="2026-11-24T15:59:58Z",
    )  # fmt: skip
    house.send()
    lead = api.get(f"/api/leads/{code.lower()}").json
    said = {
        "code": code, "name": "Dana Cole", "phone": "+15125550143", "email": "dana@acme.example", "company": "Acme Co",
        "message": "Need a demo", "utm": {"campaign": "brand-tx"}, "click_ids": {"gclid": "Cj0"}, "campaign": {"id": "7"},
        "consent": [{"key": "sms", "value": True, "text": "Text me"}], "locale": "en-US", "submitted_at": "2026-11-24T15:59:58Z",
        "is_test": False, "source": "website", "channel": "form", "kind": "form", "status": "offered", "pool": "sales",
        "rule": "everything", "sla": "hot", "owner": None, "offered_to": ["ann"], "responded_at": None,
        "arrived_at": "2026-11-24T16:00:00Z", "accept_due_at": "2026-11-24T16:04:00Z", "response_due_at": "2026-11-24T16:08:00Z",
    }  # fmt: skip
    assert {name: lead[name] for name in said} == said
    assert lead["extra"]["employees"] == "250"
    assert lead["steps"][0]["event"] == "LeadArrived" and "offered to Ann Novak" in lead["steps"][0]["why"]
    assert {message["recipient"] for message in lead["messages"]} >= {"lead", "rep:ann"}
    house.client().post(house.offer(code, "ann"), data={"do": "accept"})
    lead = api.get(f"/api/leads/{code}").json
    assert lead["owner"] == "ann" and lead["owner_name"] == "Ann Novak" and lead["offered_to"] == []


def test_what_only_the_rep_says_is_told_apart_from_what_went_through_us(house, api):
    codes = [house.lead(phone=f"+1512555014{n}") for n in range(3)]
    asked = {code: api.get(f"/api/leads/{code}").json["offered_to"][0] for code in codes}
    reported, written, _ = codes
    for code in codes:
        house.client().post(house.offer(code, asked[code]), data={"do": "accept"})
    house.client().post(house.offer(reported, asked[reported]), data={"do": "talked"})
    house.client().post(house.offer(written, asked[written]), data={"do": "say", "text": "On my way"})
    assert [api.get(f"/api/leads/{code}").json["response_how"] for code in codes] == ["reported", "text", None]
    assert "as the rep reports" in house.client().get(f"/leads/{reported}").text
    assert "as the rep reports" not in house.client().get(f"/leads/{written}").text


def test_consent_is_told_with_what_shows_it_and_with_what_was_taken_back(house, api):
    about = {"page_url": "https://acme.example/quote", "remote_address": "203.0.113.9", "user_agent": "Firefox"}
    consent = [{"key": "sms", "value": True, "text": "You may text me."}, {"key": "news", "value": False}]
    code = house.lead(consent=consent, extra=about, submitted_at="2026-11-24T15:59:58Z")
    lead = api.get(f"/api/leads/{code}").json
    assert lead["consent"] == consent
    assert lead["consent_shown_by"] == {
        "at": "2026-11-24T15:59:58Z", "page": "https://acme.example/quote", "address": "203.0.113.9", "user_agent": "Firefox",
    }  # fmt: skip
    assert lead["opted_out"] == []
    page = house.client().get(f"/leads/{code}").text
    assert "yes You may text me. (2026-11-24T15:59:58Z, https://acme.example/quote, 203.0.113.9)" in page
    assert "no (2026-11-24T15:59:58Z" in page
    house.rows(
        "INSERT INTO suppressions (channel, address, reason, since) VALUES ('sms', '+15125550143', 'please stop texting me', '2026-11-24T17:00:00Z')"
    )
    assert api.get(f"/api/leads/{code}").json["opted_out"] == [
        {"channel": "sms", "since": "2026-11-24T17:00:00Z", "reason": "please stop texting me"}
    ]
    assert "please stop texting me" in house.client().get(f"/leads/{code}").text


def test_consent_without_a_time_of_its_own_has_that_of_its_arrival(house, api):
    lead = api.get(f"/api/leads/{house.lead(consent=[{'key': 'sms', 'value': True}])}").json
    assert lead["consent_shown_by"] == {"at": lead["arrived_at"], "page": None, "address": None, "user_agent": None}


def test_an_undecided_lead_is_told_as_such_and_an_unknown_one_not(house, api):
    house.rows(
        "INSERT INTO inbox (source, external_id, event, body, digest, received_at, due_at, number)"
        " VALUES ('website', 'x', 'form', '', '', now(), now(), 7)"
    )
    coming = api.get("/api/leads/g1")
    assert coming.status_code == 202 and coming.json["code"] == "G1"
    for code in ("Z99", "nonsense", "%00", "A" * 300):
        assert api.get(f"/api/leads/{code}").status_code == 404


def test_leads_are_paged_newest_first(house, api):
    codes = [house.lead(f"Person {n}", phone=f"+1512555010{n}") for n in range(5)]
    seen, path = [], "/api/leads?limit=2"
    while path:
        page = api.get(path).json
        assert len(page["leads"]) <= 2
        seen += [lead["code"] for lead in page["leads"]]
        path = page["next"] and f"/api/leads?limit=2&cursor={page['next']}"
    assert seen == codes[::-1]
    assert api.get("/api/leads?limit=5").json["next"] is None, "a full last page has no next one"


def test_leads_are_filtered(house, api):
    first = house.lead()
    house.later(minutes=9)
    second = house.lead("Omar Park", phone="+14155550199")

    def codes(query: str) -> list[str]:
        return [lead["code"] for lead in api.get(f"/api/leads?{query}").json["leads"]]

    assert codes("late=true") == [first] and codes("late=false") == [second, first]
    assert codes("since=2026-11-24T16:05:00Z") == [second]
    assert codes("pool=sales") == [second, first] and codes("pool=none") == []
    assert codes("status=closed") == []
    assert set(codes("status=offered") + codes("status=waiting")) == {first, second}


@pytest.mark.parametrize(
    "query",
    ["status=lost", "late=perhaps", "since=yesterday", "since=2026-11-24T16:00:00", "since=9999-12-31T23:59:59-23:00", "limit=0", "limit=201",
     "limit=x", "cursor=x", "cursor=MTIz%0A", "cursor=%00", "pool=", "pool=%00", "unknown=1"],
)  # fmt: skip
def test_a_parameter_that_makes_no_sense_is_named(api, query):
    answer = api.get(f"/api/leads?{query}")
    assert answer.status_code == 400
    assert answer.json["error"]["where"] == f"query {query.split('=')[0]}" and answer.json["error"]["mend"]


def test_reps_and_pools_tell_who_has_room(house, api):
    house.lead()
    ann, bob = api.get("/api/reps").json["reps"]
    assert (ann["id"], ann["open"], ann["unanswered"], ann["room"], ann["on_duty"], ann["pools"]) == (
        "ann",
        1,
        1,
        1,
        True,
        ["sales"],
    )
    assert (bob["room"], bob["cap_open"], bob["cap_unanswered"]) == (1, 4, 1)
    [sales] = api.get("/api/pools").json["pools"]
    assert (sales["id"], sales["free"], sales["waiting"], sales["offer"], sales["offer_for_seconds"]) == (
        "sales",
        2,
        0,
        "one_at_a_time",
        120,
    )


# --- the description ---


def test_the_description_is_open_and_valid(house):
    served = house.client().get("/api/openapi.json").json
    validate(served)
    assert served["servers"] == [{"url": house.settings.public_url}]


def test_the_description_names_every_route_and_no_other():
    routes = {re.sub(r"<(\w+)>", r"{\1}", route.path) for route in ROUTES if route.path.startswith("/api/")}
    assert set(DESCRIPTION["paths"]) == routes - {"/api/openapi.json"}


@pytest.mark.parametrize(
    "path",
    ["/api/leads", "/api/leads?limit=1", "/api/leads?limit=0", "/api/leads?status=waiting&late=true&since=2026-11-24T00:00:00Z", "/api/leads/A1",
     "/api/leads/Z9", "/api/leads/Z1", "/api/reps", "/api/pools", "/api/instants", "/api/instants?days=1&pool=sales",
     "/api/instants?days=0", "/api/instants?days=x", "/api/instants?pool=nowhere"],
)  # fmt: skip
@pytest.mark.parametrize("token", [API_TOKEN, "wrong"])
def test_every_answer_is_as_described(house, path, token):
    house.lead(email="dana@acme.example", consent=[{"key": "sms", "value": True}])
    house.lead("Somebody", phone=None)
    house.lead("Omar Park", phone="+14155550199")
    house.send()
    house.later(minutes=9)
    house.rows(
        "INSERT INTO inbox (source, external_id, event, body, digest, received_at, due_at, number)"
        " VALUES ('website', 'x', 'form', '', '', now(), now(), 24)"
    )
    client = house.client(authorization=f"Bearer {token}")
    answer = client.get(path, base_url=house.settings.public_url)
    checked = OpenAPI.from_dict({**DESCRIPTION, "servers": [{"url": house.settings.public_url}]})
    asked = WerkzeugOpenAPIRequest(Request(answer.request.environ))
    result = checked.unmarshal_response(asked, WerkzeugOpenAPIResponse(answer))
    assert result.errors == []


def test_instants_are_utc_and_say_so(house, api):
    code = house.lead()
    lead = api.get(f"/api/leads/{code}").json
    for name, value in lead.items():
        if name.endswith("_at") and value:
            assert value.endswith("Z") and datetime.fromisoformat(value).utcoffset().total_seconds() == 0, name


@pytest.mark.parametrize("path", ["/api/leads/{}", "/leads/{}"])
def test_a_lead_that_is_decided_between_two_looks_is_found(house, api, monkeypatch, path):
    code = house.lead()
    find, blind = reports_lead.find, iter([None])
    monkeypatch.setattr(reports_lead, "find", lambda *asked: next(blind, find(*asked)))
    answer = api.get(path.format(code), follow_redirects=True)
    assert answer.status_code == 200 and "Dana Cole" in answer.text
