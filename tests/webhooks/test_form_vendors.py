"""Recorded requests and published signatures of the form vendors: the lead that was meant, the verdict that was published."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from freezegun import freeze_time

from config import clock
from routing.team import Source
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Refused
from webhooks.registry import TYPES

DATA = Path(__file__).parents[1] / "data"
SIGNED_AT = datetime(2024, 9, 10, 20, 26, 40, tzinfo=UTC)  # 1726000000
PAYLOADS = {
    "typeform": "typeform", "jotform": "jotform", "webflow": "webflow", "gravity_forms": "gravity_forms", "hubspot_forms": "hubspot",
    "elementor": "elementor", "wpforms": "wpforms", "formspree": "formspree", "zapier": "zapier", "make": "make", "google_ads": "google_ads",
}  # fmt: skip
VECTORS = ("typeform", "webflow", "wpforms", "formspree", "hubspot", "google_ads")
NOT_SAID = {"event", "source"}  # columns of their own
KEY = "p2nZkq0w8yTqvB7mXcA41x"


def case_of(name):
    return json.loads((DATA / "payloads" / f"{name}_1.json").read_text())


def delivery_of(front, kind, request, *, at=SIGNED_AT, options=None, region=None):
    """The request as it was recorded, at its own address."""
    source = Source(kind, kind, secrets=(request.get("secret", KEY),), region=region, options=options or {})
    headers = {name.lower(): value for name, value in request["headers"].items()}
    query = dict(parse_qsl(urlsplit(request["url"]).query))
    return Delivery(
        request["method"], request["url"], headers, request["body"].encode(), source=source, site=front.team().site,
        settings=front.settings, received_at=at, query=query,
    )  # fmt: skip


def missing(expected, got, path=""):
    """Where `got` lacks something of `expected`; it may say more."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return [fault for key, value in expected.items() for fault in missing(value, got.get(key), f"{path}.{key}")]
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        return [fault for n, one in enumerate(expected) for fault in missing(one, got[n], f"{path}[{n}]")]
    return [] if expected == got else [f"{path}: expected {expected!r}, got {got!r}"]


@pytest.mark.parametrize(("name", "kind"), PAYLOADS.items())
def test_a_recorded_request_gives_the_lead_it_means(front, name, kind):
    case = case_of(name)
    request, expected = case["request"], case["expected_lead"]
    secret = case.get("test_secret", KEY)
    front.sources[kind] = Source(kind, kind, secrets=("rotated out long ago, says Ann", secret), region=case["default_region"])
    path, headers = f"/webhooks/{kind}", {name.lower(): value for name, value in request["headers"].items()}
    front.use_settings(twilio_from="+14155550100")  # one of these people has the number that is ours elsewhere
    if "test_secret" not in case:
        headers["authorization"] = f"Bearer {KEY}"
    if kind == "hubspot":  # the address is signed as well: ours is another
        url = f"{front.settings.public_url}{path}"
        headers |= TYPES[kind].example.sign(url, request["body"].encode(), secret, SIGNED_AT)
    with freeze_time(SIGNED_AT):
        answers = [front.client.post(path, data=request["body"].encode(), headers=headers) for _ in range(2)]
    assert {answer.status_code // 100 for answer in answers} == {2}, answers[0].text
    wanted = case.get("expected_response", {})
    assert answers[0].status_code == wanted.get("status", answers[0].status_code)
    assert "body" not in wanted or answers[0].json == wanted["body"]
    (heard,) = front.heard
    assert heard.event == expected["event"]
    assert heard.body == request["body"].encode()
    said = {key: value for key, value in expected.items() if key not in NOT_SAID and value is not None}
    assert missing(said, dict(heard.content)) == []


@pytest.mark.parametrize("name", [name for name in PAYLOADS if "test_secret" in case_of(name)])
def test_the_recorded_proof_is_genuine_for_its_own_address(front, name):
    case, kind = case_of(name), TYPES[PAYLOADS[name]]
    delivery = delivery_of(front, kind.name, case["request"])
    kind.verify(delivery, ["another", case["test_secret"]])
    with pytest.raises(NotGenuine):
        kind.verify(delivery, ["another"])
    with pytest.raises(NotGenuine):
        kind.verify(delivery, [])


def vectors():
    for name in VECTORS:
        for each in json.loads((DATA / "vectors" / f"{name}.json").read_text())["vectors"]:
            if each["status"] == "verified":
                yield pytest.param(name, each, id=f"{name}-{each['id']}")


@pytest.mark.parametrize(("name", "vector"), list(vectors()))
def test_the_published_verdict(front, name, vector):
    at = datetime.fromtimestamp(vector.get("now") or SIGNED_AT.timestamp(), UTC)
    options = {"older_signatures": True} if vector.get("version") in ("v1", "v2") else {}
    delivery = delivery_of(front, name, vector, at=at, options=options)
    if vector["expect"] == "valid":
        TYPES[name].verify(delivery, ["rotated", vector["secret"]])
    for secrets in (["rotated"], []) if vector["expect"] == "valid" else (["rotated", vector["secret"]],):
        with pytest.raises(Refused):
            TYPES[name].verify(delivery, secrets)


@pytest.mark.parametrize(("kind", "off", "good"), [(kind, off, abs(off) <= 300) for kind in ("webflow", "wpforms", "formspree", "hubspot") for off in (-301, -300, 300, 301)])  # fmt: skip
def test_what_was_signed_long_ago_or_later_than_now_is_refused(front, kind, off, good):
    example, sent_at = TYPES[kind].example, datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    url = "https://leads.example.com/webhooks/x"
    headers = {**example.headers, **example.sign(url, example.body, example.secret, sent_at)}
    request = {"method": "POST", "url": url, "headers": headers, "body": example.body.decode()}
    delivery = delivery_of(front, kind, request, at=datetime.fromtimestamp(sent_at.timestamp() + off, UTC))
    if good:
        TYPES[kind].verify(delivery, [example.secret])
    else:
        with pytest.raises(NotGenuine):
            TYPES[kind].verify(delivery, [example.secret])


@pytest.mark.parametrize("at", ["", "soon", "-1", "9" * 400, "١٢٣"])
@pytest.mark.parametrize(("kind", "header"), [("webflow", "x-webflow-timestamp"), ("hubspot", "x-hubspot-request-timestamp")])
def test_a_timestamp_that_is_none_is_refused(front, kind, header, at):
    example, now = TYPES[kind].example, datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    url = "https://leads.example.com/webhooks/x"
    headers = {**example.headers, **example.sign(url, example.body, example.secret, now), header: at}
    request = {"method": "POST", "url": url, "headers": headers, "body": example.body.decode()}
    with pytest.raises(NotGenuine):
        TYPES[kind].verify(delivery_of(front, kind, request, at=now), [example.secret])


KEYED = sorted(name for name, kind in TYPES.items() if kind.key_alone and name != "google_ads") + [
    "hubspot",
    "webflow",
]  # Google's is in the body


@pytest.mark.parametrize("kind", KEYED)
def test_a_key_may_stand_in_a_header_or_the_address_and_only_the_right_one_is_taken(front, kind, caplog):
    example = TYPES[kind].example
    front.sources[kind] = Source(kind, kind, secrets=("the one before", KEY))
    at_the_end = [f"/{KEY}"]
    ways = [
        ({"Authorization": f"Bearer {KEY}"}, ""),
        ({"X-Api-Key": KEY}, ""),
        ({}, f"?key={KEY}"),
        *(({}, end) for end in at_the_end),
    ]
    for headers, end in ways:
        answer = front.client.post(f"/webhooks/{kind}{end}", data=example.body, headers={**example.headers, **headers})
        assert answer.status_code // 100 == 2, answer.text
    wrong = KEY[:-1]
    for headers, end, status in (
        ({}, "", 401),
        ({}, f"?key={wrong}", 403),
        ({"Authorization": f"Bearer {wrong}"}, "", 403),
        ({}, f"/{wrong}", 403),
    ):
        answer = front.client.post(f"/webhooks/{kind}{end}", data=example.body, headers={**example.headers, **headers})
        assert answer.status_code == status
        assert wrong not in answer.text
    assert wrong not in caplog.text and KEY not in caplog.text
    assert len(front.heard) == 1


def test_a_source_without_its_secret_takes_nothing(front):
    for kind in PAYLOADS.values():
        example = TYPES[kind].example
        front.sources[kind] = Source(kind, kind)
        proof = example.sign(f"https://leads.example.com/webhooks/{kind}", example.body, example.secret, clock.now())
        answer = front.client.post(f"/webhooks/{kind}", data=example.body, headers={**example.headers, **proof})
        assert answer.status_code in (401, 403)
    assert front.heard == []


def test_a_leaked_key_is_slowed_down(front):
    front.sources["make"] = Source("make", "make", secrets=(KEY,), per_minute=3)
    answers = [
        front.post_json("make", {"name": f"Dana {n}", "email": f"dana{n}@example.com"}, Authorization=f"Bearer {KEY}")
        for n in range(4)
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]


@pytest.mark.parametrize("kind", ["webflow", "hubspot"])
def test_a_leaked_key_is_slowed_down_where_nothing_is_signed_and_what_is_signed_never(front, kind):
    example = TYPES[kind].example
    front.sources[kind] = Source(kind, kind, secrets=(KEY,), per_minute=2)

    def post(end, headers):
        path = f"/webhooks/{kind}{end}"
        return front.client.post(path, data=example.body, headers={**example.headers, **headers}).status_code

    proof = example.sign(f"https://leads.example.com/webhooks/{kind}", example.body, KEY, clock.now())
    assert [post(f"/{KEY}", {}), post(f"?key={KEY}", {}), post(f"/{KEY}", {})] == [200, 200, 429]
    assert [post("", proof) for _ in range(5)] == [200] * 5


def test_signatures_are_never_compared_with_a_body_read_anew(front):
    """The same JSON with other blanks is another body."""
    case = case_of("typeform")
    delivery = delivery_of(front, "typeform", case["request"])
    respaced = json.dumps(json.loads(delivery.body)).encode()
    assert json.loads(respaced) == json.loads(delivery.body)
    with pytest.raises(NotGenuine):
        TYPES["typeform"].verify(replace(delivery, body=respaced), [case["test_secret"]])


def test_without_a_signature_the_answer_says_so(front):
    for kind in ("typeform", "wpforms", "formspree"):
        request = {
            "method": "POST",
            "url": "https://leads.example.com/x",
            "headers": {"Content-Type": "application/json"},
            "body": "{}",
        }
        with pytest.raises(NotSigned):
            TYPES[kind].verify(delivery_of(front, kind, request), [KEY])
