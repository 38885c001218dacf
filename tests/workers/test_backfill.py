"""What a vendor had and never told us is fetched page by page, once each, however often it is asked for."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from config.settings import Settings
from routing.sending import Fault
from store import advance, fetches, inbox, policies
from store.inbox import Received
from tests.firm import team
from tests.queue_builders import NOW, rows
from workers.fetch import fetch_due
from workers.fetching import VENDORS
from workers.outcomes import NotAccepted
from workers.wire import Answer

SINCE = "2026-11-01T00:00:00+00:00"
SETTINGS = Settings(secret_key="k" * 32, meta_page_token="t", hubspot_token="t", linkedin_token="t")  # noqa: S106
EXTRA = "\n".join(
    ["  meta: {type: meta, secret: env:META_APP_SECRET}", "  hubspot: {type: hubspot, secret: env:META_APP_SECRET}"]
)


class Vendors:
    """Answers each path with its next page; what was asked is in `asked`."""

    def __init__(self, **pages: list[object]) -> None:
        self.pages, self.asked = pages, []

    def request(self, method: str, url: str, *, body: bytes | None, headers: object, deadline: object = None) -> Answer:
        self.asked.append((method, url, body))
        name = next((name for name in self.pages if name in urlsplit(url).path.replace("/", "_")), None)
        if name is None:
            return Answer(404, {}, b"{}")
        said = self.pages[name].pop(0) if len(self.pages[name]) > 1 else self.pages[name][0]
        return Answer(200, {}, json.dumps(said).encode())


def ask_for(engine, source: str, vendor: str, **more: str) -> None:
    wanted = {"fetch": {"vendor": vendor, "missed_since": SINCE, **more}}
    inbox.record(
        engine, [Received(source, f"backfill:{len(rows(engine, 'inbox'))}", "fetch_required", wanted, b"", {}, NOW)], NOW
    )


def work(engine, wire) -> None:
    for _ in range(30):
        if not fetch_due(engine, SETTINGS, wire, NOW):
            return
    raise AssertionError("there is no end of it")


def keys(engine) -> list[str]:
    return sorted(str(row["external_id"]) for row in rows(engine, "inbox") if not str(row["external_id"]).startswith("backfill"))


@pytest.fixture
def firm(engine):
    body = team({"priya": "cap: 20"}, {"sales": "members: [priya]"}).replace("rules:", EXTRA + "\nrules:")
    policies.apply(engine, body, SETTINGS, NOW, "the test")
    return engine


def meta_pages() -> Vendors:
    return Vendors(
        leadgen_forms=[
            {"data": [{"id": "501"}], "paging": {"next": "x", "cursors": {"after": "Zm9y"}}},
            {"data": [{"id": "502"}]},
        ],
        _501_leads=[
            {"data": [{"id": "9007199254740993"}], "paging": {"next": "x", "cursors": {"after": "QVF"}}},
            {"data": [{"id": "12"}, "odd", {"id": ["odd"]}], "unknown": True},
        ],
        _502_leads=[{"data": []}],
        _9007199254740993=[
            {"id": "9007199254740993", "field_data": [{"name": "phone_number", "values": ["+15125550143"]}], "new": 1}
        ],
        _12=[{"id": "12", "field_data": [{"name": "email", "values": ["dana@example.com"]}]}],
    )


def test_metas_forms_are_read_page_by_page_and_each_lead_is_fetched_once(firm):
    wire = meta_pages()
    inbox.record(firm, [Received("meta", "meta_leadgen:12", "fetch_required", {"leadgen_id": "12"}, b"{}", {}, NOW)], NOW)
    ask_for(firm, "meta", "meta")
    work(firm, wire)
    assert keys(firm) == ["meta_leadgen:12", "meta_leadgen:9007199254740993"], "ids beyond 2^53 stay as they are"
    lists = [parse_qs(urlsplit(url).query) for _, url, _ in wire.asked if url.partition("?")[0].endswith("/leads")]
    assert json.loads(lists[0]["filtering"][0]) == [{"field": "time_created", "operator": "GREATER_THAN", "value": 1793491200}]
    assert lists[1]["after"] == ["QVF"]
    while advance.drain_inbox(firm, NOW):
        pass
    assert len(rows(firm, "leads")) == 2
    ask_for(firm, "meta", "meta")
    work(firm, meta_pages())
    assert len(keys(firm)) == 2, "asked for twice, taken once"


def test_hubspots_contacts_are_listed_and_those_its_events_named_are_left_alone(firm):
    known = b'{"objectId": 33, "eventId": 1}'
    inbox.record(firm, [Received("hubspot", "hubspot:1:1", "form", {"name": "Known"}, known, {}, NOW)], NOW)
    wire = Vendors(
        contacts_search=[
            {"results": [{"id": "33"}, {"id": "34"}], "paging": {"next": {"after": "100"}}},
            {"results": [{"id": "35"}]},
        ],
        contacts_34=[{"id": "34", "properties": {"email": "ann@example.com", "surprise": "x"}}],
        contacts_35=[{"id": "35", "properties": {"email": "bob@example.com"}}],
    )
    ask_for(firm, "hubspot", "hubspot")
    work(firm, wire)
    assert keys(firm) == ["hubspot:1:1", "hubspot:contact:34", "hubspot:contact:35"]
    searched = [json.loads(body) for _, url, body in wire.asked if url.endswith("/search")]
    assert "after" not in searched[0]
    assert searched[1]["after"] == "100"


def test_linkedin_is_asked_by_owner_and_refuses_to_guess_one():
    wire = Vendors(leadFormResponses=[{"elements": [{"id": "abc-1"}, {"id": ["odd"]}]}])
    asked = {"missed_since": SINCE, "only": "urn:li:sponsoredAccount:512345678"}
    found, cursor = VENDORS["linkedin"].missed(asked, SETTINGS, wire)
    assert (found, cursor) == ([("linkedin:abc-1", {"fetch": {"vendor": "linkedin", "id": "abc-1"}})], None)
    assert "owner=(sponsoredAccount:urn%3Ali%3AsponsoredAccount%3A512345678)" in wire.asked[0][1]
    for owner in ("", "urn:li:person:1", "urn:li:sponsoredAccount:1&x=y"):
        with pytest.raises(NotAccepted) as refused:
            VENDORS["linkedin"].missed({**asked, "only": owner}, SETTINGS, wire)
        assert refused.value.fault is Fault.CONFIGURATION


def test_a_list_that_cannot_be_read_is_tried_again_and_said(firm):
    ask_for(firm, "meta", "meta")
    fetch_due(firm, replace(SETTINGS, meta_page_token=None), Vendors(), NOW)
    [row] = rows(firm, "inbox")
    assert (row["done_at"], row["error"]) == (None, "META_PAGE_TOKEN is not set")
    assert fetches.fetchable(firm, NOW) == []


def test_an_odd_entry_of_linkedins_is_not_the_end_of_its_list():
    elements = [{"id": f"abc-{n}"} for n in range(99)] + [{"id": None}]
    asked = {"missed_since": SINCE, "only": "urn:li:sponsoredAccount:512345678"}
    found, cursor = VENDORS["linkedin"].missed(asked, SETTINGS, Vendors(leadFormResponses=[{"elements": elements}]))
    assert (len(found), cursor) == (99, 100)
