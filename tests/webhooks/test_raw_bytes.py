"""Of several things in one body each is kept as it was sent, and by itself; of a GET the query is."""

import json

import pytest

from routing.team import Source
from tests.webhooks.conftest import NOW, SITE
from webhooks import bodies
from webhooks.delivery import Delivery
from webhooks.registry import TYPES
from webhooks.signatures import sign_linkedin

ONE = rb'{"type" :"LEAD_ACTION","leadGenFormResponse":"urn:li:leadGenFormResponse:a-1",  "leadAction":"CREATED", "note":"\u00e9 }{ \" \\"}'
TWO = rb'{"leadGenFormResponse":"urn:li:leadGenFormResponse:a-2","type":"LEAD_ACTION","owner":{"sponsoredAccount":"urn:li:sponsoredAccount:5"}}'
CREATED = rb'{"subscriptionType":"contact.creation",  "objectId":7,"portalId":625,"eventId":9007199254740993, "attemptNumber":0}'
MESSAGES = [
    rb'{"sender":{"id":"u%d"},"recipient":{"id":"P"},"timestamp":17000000000%d0, "message":{"mid":"m%d","text":"\u00fcber \/ %d"}}'
    % ((n,) * 4)
    for n in (1, 2)
]


def delivery(front, kind, body, method="POST", url=""):
    return Delivery(
        method, f"https://leads.example.com/webhooks/it{url}", {"content-type": "application/json"}, body, source=Source("it", kind),
        site=SITE, settings=front.settings, received_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "kept"),
    [
        ("linkedin", ONE, [ONE]),
        ("linkedin", b"[" + ONE + b"]", [b"[" + ONE + b"]"]),
        ("linkedin", b"[\n" + ONE + b", " + TWO + b"]", [ONE, TWO]),
        ("hubspot", b"[" + CREATED + b"]", [b"[" + CREATED + b"]"]),
        ("hubspot", b"[" + CREATED + b"," + CREATED.replace(b"7,", b"8,").replace(b"993", b"994") + b"]", [CREATED, CREATED.replace(b"7,", b"8,").replace(b"993", b"994")]),
        ("meta", b'{"object":"page","entry":[{"id":"P","messaging":[' + b" , ".join(MESSAGES) + b"]}]}", MESSAGES),
        ("meta", b'{"object":"page","entry":[{"id":"P","messaging":[' + MESSAGES[0] + b"]}]}", [b'{"object":"page","entry":[{"id":"P","messaging":[' + MESSAGES[0] + b"]}]}"]),
    ],
)  # fmt: skip
def test_each_is_kept_as_it_was_sent(front, kind, body, kept):
    assert [each.body for each in TYPES[kind].parse(delivery(front, kind, body))] == kept


def test_a_body_in_which_a_name_comes_twice_still_keeps_each_by_itself(front):
    said = b'{"object":"page","entry":[{"id":"P","messaging":[%s,%s],"x":{"a":1},"x":{"a":2}}]}' % tuple(MESSAGES)
    assert [json.loads(each.body) for each in TYPES["meta"].parse(delivery(front, "meta", said))] == [
        json.loads(each) for each in MESSAGES
    ]


def test_two_names_that_change_places_are_not_taken_for_each_other(front):
    body = b'{"a": 1, "b": {"x": 1}, "a": {"y": 2}}'
    whole = delivery(front, "meta", body)
    assert json.loads(whole.piece(whole.json_object["a"])) == {"y": 2}
    assert bodies.pieces(b'"{"', "{") == {}


@pytest.mark.parametrize(
    ("kind", "query"), [("hubspot", "firstname=Dana&email=dana%40example.com"), ("make", "name=Dana&phone=5125550143")]
)
def test_of_a_get_the_query_is_kept(front, kind, query):
    [heard] = TYPES[kind].parse(delivery(front, kind, b"", "GET", f"?{query}"))
    assert heard.body == query.encode()


def test_the_signature_is_kept_with_what_it_signs(front):
    front.sources["it"] = Source("it", "linkedin", secrets=("s",))
    signature = sign_linkedin(b"hmacsha256=" + ONE, "s")
    assert front.post("it", ONE, Content_Type="application/json", X_LI_Signature=signature).status_code == 200
    assert front.last.headers["x-li-signature"] == signature
