"""Leads of which Meta posted only the id."""

import json
from datetime import timedelta
from pathlib import Path

from store import advance, fetches, inbox
from store.inbox import Received
from tests.fakes import FAIL, refuse
from tests.queue_builders import NOW, rows
from workers.fetch import fetch_due
from workers.fetching.meta import common_lead

EXAMPLE = json.loads((Path(__file__).parents[1] / "data" / "payloads" / "meta_leadgen_1.json").read_text(encoding="utf-8"))
ANSWER = EXAMPLE["follow_up_fetch"]["response"]
NOTICE = {
    "external_id": "meta_leadgen:123123123123", "kind": "form", "channel": "ads_form", "leadgen_id": "123123123123",
    "campaign": {"ad_id": "12312312312", "adset_id": "12312312312", "form_id": "12312312312"}, "is_test": False,
    "submitted_at": "2015-08-21T01:26:24Z", "extra": {"page_id": "153125381133"},
}  # fmt: skip


def joe_fills_in_the_ad(engine) -> int:
    [recorded] = inbox.record(
        engine, [Received("meta", "meta_leadgen:123123123123", "fetch_required", NOTICE, b"{}", {}, NOW)], NOW
    )
    return recorded.inbox_id


def row(engine) -> dict[str, object]:
    [found] = rows(engine, "inbox")
    return found


def test_the_vendors_example_becomes_the_common_lead():
    made = common_lead(NOTICE, ANSWER, region="US")
    wanted = EXAMPLE["expected_lead"]
    for name in ("name", "email", "channel", "campaign", "consent", "submitted_at", "is_test"):
        assert made[name] == wanted[name], name
    assert wanted["extra"].items() <= made["extra"].items()
    assert "leadgen_id" not in made


def test_names_apart_numbers_and_odd_answers():
    said = [
        {"name": "first_name", "values": ["Zoë"]}, {"name": "last_name", "values": ["Ruiz"]},
        {"name": "phone_number", "values": ["p:(512) 555-0143"]}, {"name": "email", "values": ["not an address"]},
        {"name": "colours", "values": ["red", "blue"]}, "odd", {"values": []},
    ]  # fmt: skip
    made = common_lead(NOTICE, {"field_data": said, "created_time": "yesterday"}, region="US")
    assert (made["name"], made["phone"]) == ("Zoë Ruiz", "+15125550143")
    assert "email" not in made
    assert made["extra"]["email"] == "not an address"
    assert made["extra"]["colours"] == "red, blue"
    assert made["submitted_at"] == NOTICE["submitted_at"]


def test_tracking_that_a_form_carries_unseen_is_tracking_and_no_answer():
    said = [
        {"name": "utm_source", "values": ["newsletter"]}, {"name": "fbclid", "values": ["IwAR1"]}, {"name": "roof", "values": ["tile"]},
    ]  # fmt: skip
    made = common_lead(NOTICE, {"field_data": said}, region="US")
    assert (made["utm"], made["click_ids"]) == ({"source": "newsletter"}, {"fbclid": "IwAR1"})
    assert made["extra"] == {"page_id": "153125381133", "roof": "tile"}


def test_metas_own_test_lead_is_marked():
    said = [{"name": "full_name", "values": ["<test lead: dummy data for full_name>"]}]
    assert common_lead(NOTICE, {"field_data": said}, region="US")["is_test"]


def test_a_fetched_lead_goes_the_way_of_every_form(engine, settings, wire, provider):
    joe_fills_in_the_ad(engine)
    provider.leads["123123123123"] = ANSWER
    assert advance.drain_inbox(engine, NOW) == 0  # not before it is fetched
    assert fetch_due(engine, settings, wire, NOW) == 1
    assert provider.asked[0].target.startswith("/v25.0/123123123123?fields=created_time,id,")
    assert "page-token" not in provider.asked[0].target
    assert advance.drain_inbox(engine, NOW) == 1
    assert rows(engine, "people")[0]["name"] == "Joe Example"


def test_a_fetched_lead_with_our_own_number_is_not_called_by_it(engine, settings, wire, provider):
    joe_fills_in_the_ad(engine)
    fields = [{"name": "phone_number", "values": [settings.twilio_from]}, {"name": "email", "values": ["joe@example.com"]}]
    provider.leads["123123123123"] = {**ANSWER, "field_data": fields}
    fetch_due(engine, settings, wire, NOW)
    said = row(engine)["content"]
    assert ("phone" in said, said["email"], said["extra"]["phone_as_typed"]) == (False, "joe@example.com", settings.twilio_from)
    assert "zone" not in said


def test_a_failed_fetch_is_tried_again_and_later_each_time(engine, settings, wire, provider):
    joe_fills_in_the_ad(engine)
    provider.leads["123123123123"] = ANSWER
    provider.once("meta", FAIL, FAIL)
    fetch_due(engine, settings, wire, NOW)
    assert row(engine)["due_at"] == NOW + timedelta(seconds=2)
    assert fetch_due(engine, settings, wire, NOW + timedelta(seconds=1)) == 0
    fetch_due(engine, settings, wire, NOW + timedelta(seconds=2))
    assert row(engine)["due_at"] == NOW + timedelta(seconds=7)
    fetch_due(engine, settings, wire, NOW + timedelta(seconds=7))
    assert row(engine)["event"] == "form"
    assert rows(engine, "notices") == []


def test_a_dead_token_keeps_the_lead_and_tells_the_operator(engine, settings, wire, provider):
    joe_fills_in_the_ad(engine)
    provider.leads["123123123123"] = ANSWER
    provider.once("meta", refuse(400, 190))
    fetch_due(engine, settings, wire, NOW)
    assert (row(engine)["event"], row(engine)["done_at"]) == ("fetch_required", None)
    assert "META_PAGE_TOKEN" in str(rows(engine, "notices")[0]["text"])
    later = NOW + timedelta(minutes=5)
    fetch_due(engine, settings, wire, later)
    assert row(engine)["event"] == "form"
    assert rows(engine, "notices")[0]["over_at"] == later


def test_no_access_keeps_the_lead_too(engine, settings, wire):
    joe_fills_in_the_ad(engine)  # the fake knows no such lead: error 100/33
    fetch_due(engine, settings, wire, NOW)
    assert row(engine)["done_at"] is None
    assert "Meta error 100/33" in str(rows(engine, "notices")[0]["text"])


def test_two_processes_do_not_fetch_the_same_lead(engine):
    joe_fills_in_the_ad(engine)
    assert len(fetches.fetchable(engine, NOW)) == 1
    assert fetches.fetchable(engine, NOW) == []
    assert len(fetches.fetchable(engine, NOW + timedelta(seconds=30))) == 1  # the first one died
