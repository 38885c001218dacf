"""The JSON API: the common lead as it is documented, and refusals that say which field is wrong."""

import pytest

from routing.team import Source

KEY = "p2nZkq0w8yTqvB7mXcA41x"
LEAD = {"name": "Dana Cole", "phone": "+1 512 555 0143"}


@pytest.fixture
def api(front):
    front.sources["crm"] = Source("crm", "api", secrets=(KEY,))

    def post(value, **headers):
        return front.post_json("crm", value, Authorization=f"Bearer {KEY}", **headers)

    return post


def test_every_documented_field_is_taken(front, api):
    value = {
        **LEAD, "email": "Dana@Example.com", "company": "ACME", "message": "Call\r\nme", "locale": "de", "zone": "Europe/Berlin",
        "page_url": "https://x.example/?gclid=Cj0", "submitted_at": "2026-11-24T10:00:00+02:00", "is_test": True, "channel": "partner",
        "campaign": {"id": 9007199254740993, "name": "Spring", "evil": "x"}, "utm": {"source": "bing"}, "click_ids": {"fbclid": "F"},
        "consent": [{"key": "sms", "value": True, "text": "Texts are fine"}, "junk"], "attachments": [{"url": "https://x.example/a.pdf", "type": "application/pdf"}, {}],
        "extra": {"employees": 140}, "colour": "red", "external_id": 9007199254740993,
    }  # fmt: skip
    answer = api(value)
    assert (answer.status_code, answer.json) == (202, {"lead": "A1"})
    content = dict(front.last.content)
    assert content.pop("extra") == {"colour": "red", "employees": 140, "page_url": "https://x.example/?gclid=Cj0"}
    assert content == {
        "external_id": "api:9007199254740993", "kind": "form", "channel": "partner", "name": "Dana Cole", "phone": "+15125550143", "email": "dana@example.com",
        "company": "ACME", "message": "Call\nme", "locale": "de", "zone": "Europe/Berlin", "submitted_at": "2026-11-24T08:00:00Z", "is_test": True,
        "campaign": {"id": "9007199254740993", "name": "Spring"}, "utm": {"source": "bing"}, "click_ids": {"fbclid": "F", "gclid": "Cj0"},
        "consent": [{"key": "sms", "value": True, "text": "Texts are fine"}], "attachments": [{"url": "https://x.example/a.pdf", "type": "application/pdf"}],
    }  # fmt: skip


def test_the_same_key_is_the_same_lead_and_another_body_with_it_a_conflict(front, api):
    statuses = [api(LEAD, Idempotency_Key="order-1").status_code for _ in range(2)]
    assert statuses == [202, 200]
    assert api({**LEAD, "name": "Tom"}, Idempotency_Key="order-1").status_code == 409
    assert api(LEAD, Idempotency_Key="order-2").status_code == 202
    assert len(front.heard) == 2


def test_without_a_key_the_words_count_for_the_sources_window(front, api):
    assert [api(LEAD).status_code for _ in range(2)] == [202, 200]
    assert api({**LEAD, "message": "another"}).status_code == 202


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"utm": "bing"}, "utm"),
        ({"campaign": []}, "campaign"),
        ({"consent": {}}, "consent"),
        ({"attachments": "x"}, "attachments"),
        ({"submitted_at": "soon"}, "submitted_at"),
        ({"is_test": "yes"}, "is_test"),
    ],
)
def test_a_wrong_field_is_named(api, wrong, where):
    answer = api({**LEAD, **wrong})
    assert (answer.status_code, answer.json["error"]["where"]) == (400, where)
    assert answer.json["error"]["mend"]


@pytest.mark.parametrize("value", [{}, {"name": ""}, {"extra": {}}, [LEAD], "text"])
def test_nothing_said_is_refused(front, api, value):
    assert api(value).status_code == 400
    assert front.heard == []
