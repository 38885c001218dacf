"""What every kind of source must do, found in the folder: a new file gets these tests for free."""

import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import clock
from routing.team import Source
from webhooks.delivery import Delivery
from webhooks.errors import NotGenuine, NotSigned, Refused, TooLarge, Unreadable
from webhooks.registry import TYPES

BODIES = st.one_of(
    st.binary(max_size=400),
    st.dictionaries(st.text(max_size=12), st.text(max_size=30), max_size=8).map(lambda d: "&".join(f"{k}={v}" for k, v in d.items()).encode("utf-8", "surrogatepass")),
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["object", "entry", "changes", "messaging", "message", "sender", "id", "mid", "text", "value", "field", "name", "phone"]), inner, max_size=5), max_leaves=20).map(lambda v: json.dumps(v).encode()),
)  # fmt: skip


def example_of(kind, front, **changes):
    """The example as a delivery to a source of this kind, with its own secret."""
    source = Source("example", kind.name, secrets=(kind.example.secret,))
    url = "https://leads.example.com/webhooks/example"
    proof = kind.example.sign(url, kind.example.body, kind.example.secret, clock.now())
    values = {"headers": {**kind.example.headers, **proof}, "body": kind.example.body, **changes}
    return Delivery(
        "POST", url, **values, source=source, site=front.team().site, settings=front.settings, received_at=clock.now()
    )


def test_parses_its_example(front, kind):
    delivery = example_of(kind, front)
    kind.verify(delivery, [kind.example.secret])
    heard = kind.parse(delivery)
    assert heard
    assert all(each.external_id and each.content["kind"] in ("form", "call", "message") for each in heard)


def test_refuses_a_tampered_example(front, kind):
    body = kind.example.body
    for tampered in (body.replace(b"14", b"15"), body + b"&x=1", b"") if kind.example.signs_body else ():
        with pytest.raises(Refused):
            kind.verify(example_of(kind, front, body=tampered), [kind.example.secret])


def test_refuses_another_key_and_none(front, kind):
    proof = kind.example.sign("https://leads.example.com/", b"", kind.example.secret, clock.now())
    with pytest.raises(NotGenuine):
        kind.verify(example_of(kind, front), ["whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA=="])
    with pytest.raises(NotGenuine if not proof else NotSigned):  # a proof inside the body stays there
        secrets = [kind.example.secret] if proof else []
        kind.verify(example_of(kind, front, headers=kind.example.headers), secrets)


def test_is_idempotent(front, kind):
    first, again = (kind.parse(example_of(kind, front)) for _ in range(2))
    assert [each.external_id for each in first] == [each.external_id for each in again]
    assert [each.body for each in first] == [each.body for each in again]


OF_THE_TEAM = {
    "slack",
    "pipedrive",
    "salesforce",
}  # no lead is in these: what was pressed or told is kept, not the talk around it


def test_keeps_the_raw_bytes(front, kind):
    delivery = example_of(kind, front)
    assert kind.name in OF_THE_TEAM or {each.body for each in kind.parse(delivery)} == {delivery.body}


def test_survives_unknown_fields(front, kind):
    body = kind.example.body
    more = body[:-1] + b', "brand_new": {"a": [1, null]}}' if body.startswith(b"{") else body + b"&BrandNew=1&Other="
    told = kind.parse(example_of(kind, front, body=more))
    assert [each.event for each in told] == [each.event for each in kind.parse(example_of(kind, front))]


def test_ids_are_texts(front, kind):
    for heard in kind.parse(example_of(kind, front)):
        ids = {"external_id": heard.external_id, **{k: v for k, v in heard.content.items() if k.endswith("_id")}}
        for group in ("campaign", "click_ids", "fetch"):
            ids |= {f"{group}.{name}": value for name, value in (heard.content.get(group) or {}).items()}
        ids |= {f"handles.{name}": value for name, value in (heard.content.get("handles") or {}).items()}
        assert {name: value for name, value in ids.items() if not isinstance(value, str)} == {}, (
            "several vendors' ids exceed 2^53"
        )


def test_goes_the_whole_way_over_http(front, kind):
    front.sources["example"] = Source("example", kind.name, secrets=(kind.example.secret,))
    proof = kind.example.sign("https://leads.example.com/webhooks/example", kind.example.body, kind.example.secret, clock.now())
    headers = {**kind.example.headers, **proof}
    answers = [front.client.post("/webhooks/example", data=kind.example.body, headers=headers) for _ in range(2)]
    assert [answer.status_code // 100 for answer in answers] == [2, 2]
    assert front.heard


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_any_body_is_heard_or_refused(front, kind, content_type, body):
    delivery = example_of(kind, front, headers={"content-type": content_type}, body=body)
    try:
        heard = kind.parse(delivery)
    except (Unreadable, TooLarge):
        return
    for each in heard:
        stored = json.dumps(dict(each.content), ensure_ascii=False)
        assert "\\u0000" not in stored.replace(
            "\\\\", ""
        )  # PostgreSQL takes neither NUL nor lone surrogates; "\\" is a backslash
        stored.encode("utf-8")


def test_a_settings_secret_exists(front, kind):
    assert not kind.settings_secrets or getattr(front.settings, kind.settings_secrets)


def test_the_four_kinds_are_there():
    assert {"form", "twilio_voice", "twilio_messaging", "meta"} <= set(TYPES)
    assert all(urlsplit(name).path == name and name.isidentifier() for name in TYPES)


def test_two_secrets_are_believed_while_they_are_changed(front, kind):
    """As two entries of the team file and as one text with a comma; the one from before alone is not enough any more."""
    url = "https://leads.example.com/webhooks/example"
    proof = kind.example.sign(url, kind.example.body, kind.example.secret, clock.now())
    headers, other = {**kind.example.headers, **proof}, "whsec_dGhlIG5ldyBzZWNyZXQgb2YgdGhpcyBzb3VyY2U="
    answered = []
    for secrets in ((other, kind.example.secret), (f"{other}, {kind.example.secret}",), (kind.example.secret, other), (other,)):
        front.sources["example"] = Source("example", kind.name, secrets=secrets)
        answered.append(front.client.post("/webhooks/example", data=kind.example.body, headers=headers).status_code)
    assert [status // 100 for status in answered] == [2, 2, 2, 4]


def test_without_a_secret_nothing_is_believed(front, kind):
    """A secret that somebody forgot to set must not open the door. Only a public form has none."""
    if kind.name == "form":
        kind.verify(example_of(kind, front), [])
        return
    for secrets in ([], [""], ["", " "]):
        with pytest.raises(Refused):
            kind.verify(example_of(kind, front), secrets)


def test_what_was_signed_long_ago_is_refused_where_the_time_is_signed(front, kind):
    """Where it is not, the vendor's own id makes a replay a duplicate (test_is_idempotent)."""
    url, body, secret, now = "https://leads.example.com/webhooks/example", kind.example.body, kind.example.secret, clock.now()
    long_ago = timedelta(hours=73 if kind.name == "tiktok" else 1)  # TikTok sends again for 72 h, perhaps as it was signed
    proofs = [kind.example.sign(url, body, secret, at) for at in (now, now - long_ago, now + timedelta(hours=1))]
    if proofs[0] == proofs[1]:
        return
    kind.verify(example_of(kind, front, headers={**kind.example.headers, **proofs[0]}), [secret])
    for proof in proofs[1:]:
        with pytest.raises(NotGenuine):
            kind.verify(example_of(kind, front, headers={**kind.example.headers, **proof}), [secret])
