"""Every field of what a form's vendor sends in turn missing, null, empty, a list, an object, a number: heard or refused, never a failure."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest

from config import clock
from routing.team import Source
from webhooks.registry import TYPES

ODD = (
    None,
    "",
    " ",
    [],
    {},
    0,
    -1.5,
    True,
    ["x"],
    [None],
    [["x"]],
    {"value": None},
    {"a": {"b": ["c"]}},
    2**70,
    "\u0000",
    "\ud83d",
    "x" * 3000,
)
MISSING = object()
SENDERS_THAT_SWITCH_OFF = ("typeform", "webflow", "hubspot", "linkedin", "tiktok", "elementor", "callrail", "meta", "pipedrive")
RECORDED = {
    "typeform": "typeform",
    "webflow": "webflow",
    "hubspot": "hubspot_forms",
    "tiktok": "tiktok_leadgen",
    "google_ads": "google_ads",
}
IN_JSON = (*RECORDED, "linkedin", "wpforms", "formspree", "zapier", "make", "gravity_forms", "api", "form")
IN_FORMS = ("jotform", "elementor")


def places(value, path=()):
    """Every key and position inside a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(value, path, new):
    """The value with another one at that place, or without it."""
    made = json.loads(json.dumps(value))
    inside = made
    for key in path[:-1]:
        inside = inside[key]
    if new is MISSING:
        del inside[path[-1]]
    else:
        inside[path[-1]] = new
    return made


def send(front, kind, body):
    front.sources["it"] = Source("it", kind.name, secrets=(kind.example.secret,), per_minute=100_000)
    proof = kind.example.sign("https://leads.example.com/webhooks/it", body, kind.example.secret, clock.now())
    return front.client.post("/webhooks/it", data=body, headers={**kind.example.headers, **proof})


def check(front, kind, body):
    answer = send(front, kind, body)
    assert answer.status_code < 500, (body, answer.text)
    if kind.keeps_unreadable:
        assert answer.status_code // 100 == 2, (body, answer.text)
    assert send(front, kind, body).status_code in (answer.status_code, 200), body  # again: the same answer, or "we had it"
    for heard in front.heard:
        stored = json.dumps({**heard.content, "key": heard.external_id}, ensure_ascii=False)
        stored.encode("utf-8")
        assert "\\u0000" not in stored
    front.store.rows.clear()


@pytest.mark.parametrize("name", IN_JSON)
def test_a_field_of_json_may_be_anything(front, payload, name):
    kind = TYPES[name]
    value = json.loads(payload(RECORDED[name])["request"]["body"] if name in RECORDED else kind.example.body)
    if name == "google_ads":
        value["google_key"] = kind.example.secret
    for path in places(value):
        for new in (*ODD, MISSING):
            check(front, kind, json.dumps(changed(value, path, new)).encode())


@pytest.mark.parametrize("name", IN_FORMS)
def test_a_field_of_a_form_may_be_anything(front, name):
    kind = TYPES[name]
    fields = parse_qsl(kind.example.body.decode(), keep_blank_values=True)
    for place, (key, _) in enumerate(fields):
        for new in (
            [],
            [(key, "")],
            [(key, "{")],
            [(key, "[]")],
            [(key, "x"), (key, "y")],
            [(f"{key}[]", "x")],
            [(f"{key}[a][b]", "x")],
            [(key, "\u0000")],
        ):
            check(front, kind, urlencode([*fields[:place], *new, *fields[place + 1 :]]).encode())


def test_a_field_inside_jotforms_answers_may_be_anything(front):
    kind = TYPES["jotform"]
    answers = {"q3_name": {"first": "Dana", "last": "Cole"}, "q4_email": "dana@example.com", "q5_phone": {"full": "512 555 0143"}, "q6_when": {"year": "2026", "month": "1", "day": "2"}, "submitDate": "1762649526949", "q7_services": ["Roof"]}  # fmt: skip
    for path in places(answers):
        for new in (*ODD, MISSING):
            body = {"formID": "1", "submissionID": "2", "rawRequest": json.dumps(changed(answers, path, new))}
            check(front, kind, urlencode(body).encode())


@pytest.mark.parametrize("name", sorted(TYPES))
@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"[]", b"{}", b'"x"', b"7", b"\xff\xfe", b"a=%ff&b=%00", b"[" * 5_000, b"=", b"&&&"]
)
def test_what_is_nothing_at_all_is_never_a_failure(front, name, body):
    check(front, TYPES[name], body)


def test_the_senders_that_switch_an_address_off_are_known():
    assert {name for name, kind in TYPES.items() if kind.keeps_unreadable} >= set(SENDERS_THAT_SWITCH_OFF) - {
        "meta",
        "callrail",
        "pipedrive",
    }
