"""The signatures of form vendors over any bytes: what was signed is believed as it came, and nothing that was changed or written otherwise."""

import base64
import hashlib
import hmac

import pytest

from config import clock
from routing.team import Source
from webhooks.registry import TYPES

SECRET = "the secret of the test 32 chars."
SIGNED = ("typeform", "webflow", "wpforms", "formspree", "hubspot", "linkedin", "tiktok")
HEX = ("webflow", "wpforms", "formspree", "linkedin", "tiktok")
URL = "https://leads.example.com/webhooks/it"
BODIES = {
    "line ends": b'{"a": "b",\r\n "c": "d"}',
    "escapes": b'{"name": "Jos\\u00e9 \\/ \\ud83c\\udfe0"}',
    "utf-8": '{"name": "José 🏠"}'.encode(),
    "no utf-8": b'{"name": "Jos\xe9\xff"}',
    "a last line end": b'{"a": 1}\n',
    "a mark": b'\xef\xbb\xbf{"a": 1}',
    "a NUL": b'{"a": "\x00"}',
    "nothing": b"",
}


@pytest.fixture
def post(front):
    """Posts a body to a source of that kind, signed for `signed` (the same, unless said otherwise)."""

    def send(kind, body, *, signed=None, change=lambda proof: proof, secrets=("rotated", SECRET), **options):
        front.sources["it"] = Source("it", kind, secrets=secrets, options=options)
        proof = change(dict(TYPES[kind].example.sign(URL, body if signed is None else signed, SECRET, clock.now())))
        return front.client.post("/webhooks/it", data=body, headers={"content-type": "application/json", **proof})

    return send


def altered(proof, how):
    """The proof with the digest written otherwise."""
    name = next(key for key in proof if "signature" in key)
    begin, mark, digest = proof[name].rpartition("=") if "=" in proof[name].rstrip("=") else ("", "", proof[name])
    return {**proof, name: f"{begin}{mark}{how(digest)}"}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("kind", SIGNED)
def test_any_bytes_can_be_signed_and_every_change_of_them_shows(post, kind, body):
    assert post(kind, body).status_code not in (401, 403)
    for other in (
        body + b"\n",
        body + b" ",
        body.replace(b"\r\n", b"\n") + b"\r",
        body.replace(b"\\u00e9", "é".encode()) + b"\t",
        body[:-1] + b"!",
    ):
        assert post(kind, other, signed=body).status_code == 403, other
    assert post(kind, body, secrets=("rotated",)).status_code == 403


@pytest.mark.parametrize("kind", HEX)
def test_a_digest_in_other_letters_is_another_digest(post, kind):
    body = TYPES[kind].example.body
    assert post(kind, body, change=lambda proof: altered(proof, str.upper)).status_code == 403
    assert post(kind, body, change=lambda proof: altered(proof, lambda digest: digest[:-1])).status_code == 403
    assert post(kind, body, change=lambda proof: altered(proof, lambda digest: digest + "0")).status_code == 403
    assert post(kind, body, change=lambda proof: altered(proof, lambda _: "")).status_code in (401, 403)
    assert post(kind, body, change=lambda proof: altered(proof, lambda _: "é" * 64)).status_code == 403


def test_typeforms_digest_in_hex_is_none(post):
    body = TYPES["typeform"].example.body
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    for said in (f"sha256={digest}", digest, f"sha1={digest}", "sha256=", base64.b64encode(bytes.fromhex(digest)).decode()):
        assert post("typeform", body, change=lambda _, said=said: {"typeform-signature": said}).status_code in (401, 403)


@pytest.mark.parametrize("kind", SIGNED)
def test_no_signature_is_as_bad_as_a_wrong_one(front, post, kind):
    answers = [
        post(kind, TYPES[kind].example.body, change=change)
        for change in (lambda _: {}, lambda proof: altered(proof, lambda _: "0" * 64))
    ]
    assert [answer.status_code for answer in answers] == [401, 403]
    assert front.heard == []


def hubspot(method, url, body, version, at=None):
    """The headers HubSpot would send, by its three schemes."""
    at = at or str(int(clock.now().timestamp() * 1000))
    text = f"{method}{url}".encode() + body
    if version == "v3":
        digest = base64.b64encode(hmac.new(SECRET.encode(), text + at.encode(), hashlib.sha256).digest()).decode()
        return {"x-hubspot-signature-v3": digest, "x-hubspot-request-timestamp": at}
    before = SECRET.encode() + (body if version == "v1" else text)
    return {"x-hubspot-signature": hashlib.sha256(before).hexdigest(), "x-hubspot-signature-version": version}


ADDRESSES = [  # asked for, signed by HubSpot
    ("", URL),
    ("?a=b&c=d", f"{URL}?a=b&c=d"),
    ("?back=https%3A%2F%2Fx.example%2F%3Fq", f"{URL}?back=https://x.example/?q"),
    ("?back=https%3A%2F%2Fx.example%2F%3Fq", f"{URL}?back=https%3A%2F%2Fx.example%2F%3Fq"),
    ("?who=a%40b%21%24%27%28%29%2A%2C%3B", f"{URL}?who=a@b!$'()*,;"),
    ("?kept=%20%26%3D%25", f"{URL}?kept=%20%26%3D%25"),
    ("", URL.replace("example.com", "example.com:443")),
    ("?a=%3A", URL.replace("example.com", "example.com:443") + "?a=:"),
]


@pytest.mark.parametrize(("query", "signed"), ADDRESSES)
@pytest.mark.parametrize("version", ["v3", "v2"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_hubspots_address_in_every_spelling(front, query, signed, version, method):
    front.sources["it"] = Source("it", "hubspot", secrets=("rotated", SECRET), options={"older_signatures": True})
    body = b'{"vid": 1, "properties": {"email": {"value": "ada@example.com"}}}' if method == "POST" else b""
    headers = {"content-type": "application/json", **hubspot(method, signed, body, version)}

    def ask(proof):
        raw = f"/webhooks/it{query}"
        return front.client.open(raw, method=method, data=body, headers={**headers, **proof}, environ_overrides={"RAW_URI": raw})

    assert ask({}).status_code == 200
    assert ask(hubspot(method, signed + "x", body, version)).status_code == 403
    assert ask(hubspot("PUT", signed, body, version)).status_code == 403
    assert ask(hubspot(method, signed.replace("https", "http"), body, version)).status_code == 403


def test_a_port_of_our_own_may_be_left_out_of_what_hubspot_signs(front):
    front.use_settings(public_url="https://leads.example.com:8443")
    front.sources["it"] = Source("it", "hubspot", secrets=(SECRET,))
    body = b'{"vid": 1, "properties": {"email": {"value": "ada@example.com"}}}'
    for signed, status in ((URL.replace(".com", ".com:8443"), 200), (URL, 200), (URL.replace(".com", ".com:444"), 403)):
        headers = {"content-type": "application/json", **hubspot("POST", signed, body, "v3")}
        assert front.client.post("/webhooks/it", data=body, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("version", "older", "status"), [("v1", True, 200), ("v2", True, 200), ("v1", False, 403), ("v2", False, 403)]
)
def test_hubspots_plain_hashes_count_only_where_the_team_file_says_so(front, version, older, status):
    front.sources["it"] = Source("it", "hubspot", secrets=("rotated", SECRET), options={"older_signatures": older})
    body = b'{"vid": 1, "properties": {"email": {"value": "ada@example.com"}}}'
    headers = {"content-type": "application/json", **hubspot("POST", URL, body, version)}
    assert front.client.post("/webhooks/it", data=body, headers=headers).status_code == status
    wrong = {**headers, "x-hubspot-signature-version": {"v1": "v2", "v2": "v1"}[version]}
    assert front.client.post("/webhooks/it", data=body, headers=wrong).status_code == 403
    newest = {
        **headers,
        "x-hubspot-signature-v3": "AAAA",
        "x-hubspot-request-timestamp": str(int(clock.now().timestamp() * 1000)),
    }
    assert front.client.post("/webhooks/it", data=body, headers=newest).status_code == 403  # the newest that is there must fit


@pytest.mark.parametrize("given", [None, "", 0, ["hr-key"], {"a": 1}, "HR-KEY-1", "hr-key-1 ", "hr-key", True])
def test_googles_key_must_be_the_very_one(front, given):
    front.sources["ads"] = Source("ads", "google_ads", secrets=("rotated", "hr-key-1"))
    answer = front.post_json("ads", {"lead_id": "1", "google_key": given, "user_column_data": []})
    assert answer.status_code in (401, 403)
    assert set(answer.json) == {"message"}
    assert front.heard == []


@pytest.mark.parametrize("code", ["890e4665-4dfe-4ab1-b689-ed553bceeed0", "890E4665-4DFE-4AB1-A689-ED553BCEEED0"])
def test_linkedins_challenge_is_answered(front, code):
    front.sources["li"] = Source("li", "linkedin", secrets=(SECRET,))
    answer = front.client.get(f"/webhooks/li?challengeCode={code}&applicationId=7")
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    expected = hmac.new(SECRET.encode(), code.encode(), hashlib.sha256).hexdigest()
    assert answer.json == {"challengeCode": code, "challengeResponse": expected}


@pytest.mark.parametrize(
    "code",
    ["", "hmacsha256={}", "890e4665-4dfe-1ab1-b689-ed553bceeed0", "890e4665-4dfe-4ab1-c689-ed553bceeed0", "890e4665-4dfe-4ab1-b689-ed553bceeed0x", "{890e4665-4dfe-4ab1-b689-ed553bceeed0}", "890e46654dfe4ab1b689ed553bceeed0"],
)  # fmt: skip
def test_linkedin_can_have_nothing_signed_but_a_uuid_of_version_4(front, code):
    front.sources["li"] = Source("li", "linkedin", secrets=(SECRET,))
    answer = front.client.get("/webhooks/li", query_string={"challengeCode": code})
    assert answer.status_code == 400
    assert hmac.new(SECRET.encode(), code.encode(), hashlib.sha256).hexdigest() not in answer.text
