"""Broken, hostile and misdirected requests: a clear refusal, never a 500, and nothing is written down."""

import json
import time
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask

from webhooks.app import routes
from webhooks.bodies import LARGEST_BODY, read_json

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.mark.parametrize(
    ("path", "content_type", "body", "status"),
    [
        ("nowhere", JSON, b"{}", 404),
        ("website/dial", JSON, b"{}", 404),
        ("calls/thanks", FORM, b"CallSid=CA1", 404),
        ("website", JSON, b"", 400),
        ("website", JSON, b"{", 400),
        ("website", JSON, b"[]", 400),
        ("website", JSON, b"null", 400),
        ("website", JSON, b'"text"', 400),
        ("website", JSON, b"[" * 100_000, 400),
        ("website", JSON, b'{"a":' * 40 + b"1" + b"}" * 40, 400),
        ("website", JSON, b'{"budget": NaN}', 400),
        ("website", JSON, b'{"budget": -Infinity}', 400),
        ("website", JSON, b'{"budget": 1e400}', 400),
        ("website", JSON, '{"name": "Dana"}'.encode("utf-16"), 400),
        ("website", JSON, b'{"name": "\xff"}', 400),
        ("website", JSON, b'{"budget": ' + b"9" * 5_000 + b"}", 202),
        ("website", JSON, b'{"name": "Dana", "name": "Tom"}', 202),
        ("website", JSON, b'{"name": ["Dana", {"x": 1}, null], "email": {"a": 1}, "phone": [], "message": 7}', 202),
        ("website", JSON, b'{"name": "\\ud800\\u0000", "phone": true}', 202),
        ("website", JSON, b'{"' + b"k" * 5_000 + b'": "v"}', 202),
        ("website", FORM, b"", 400),
        ("website", FORM, b"name=&email=+", 400),
        ("website", JSON, b"{}", 400),
        ("website", FORM, b"%ff%00=%zz&&&=&name=\xff", 202),
        ("website", FORM, b"a=1&" * 2_000, 413),
        ("website", "text/plain", b"hello", 400),
        ("website", "text/plain", b"{broken", 400),
        ("website", "multipart/form-data", b"--x--", 400),
        ("website", "multipart/form-data; boundary=x", b"no parts at all", 400),
        ("website", "multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nnever closed", 400),
        ("website", "multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 5_000 + b"--x--", 413),
        ("website", "multipart/form-data; boundary=\xe9", b"--x--", 400),
        ("website", "application/xml", b"<lead/>", 415),
        ("website", "image/png", b"\x89PNG", 415),
        ("website", "", b"name=Dana", 415),
        ("website", FORM, b"message=" + b"x" * 300_000, 413),
        ("texts", FORM, b"MessageSid=SM1&From=%2B15125550143", 401),
        ("calls", FORM, b"CallSid=CA1", 401),
        ("meta", JSON, b"{}", 401),
    ],
)  # fmt: skip
def test_a_strange_body_gets_a_clear_answer(front, path, content_type, body, status):
    began = time.process_time()
    answer = front.post(path, body, Content_Type=content_type, Accept="*/*")
    assert time.process_time() - began < 1
    assert answer.status_code == status, answer.text
    if status >= 400:
        assert answer.mimetype == "application/json"
        assert answer.json["error"]["what"]
        assert answer.json["error"]["where"]
        assert front.heard == []
    else:
        assert "\\u0000" not in (stored := json.dumps(dict(front.last.content), ensure_ascii=False))
        stored.encode("utf-8")  # no lone surrogate is left: PostgreSQL takes neither


ENDLESS = ["a@", "1", " ", "+1", "<a", "http://a.", "%", "&#", "\n", "\u202e", "((", "a.b@c-", "\t,;", "🙂", "-"]


@pytest.mark.parametrize("field", ["name", "email", "phone", "message", "page_url", "utm_source", "consent", "anything"])
def test_no_text_however_long_costs_a_second(front, field):
    """As large as a body may be, and made to send a careless pattern back again and again."""
    for piece in ENDLESS:
        text = (piece * 250_000)[: 240_000 // len(piece.encode())]
        began = time.process_time()
        answer = front.post("website", json.dumps({"name": "Dana", field: text}, ensure_ascii=False).encode(), Content_Type=JSON)
        assert answer.status_code in (200, 202, 400, 413), (piece, answer.text)
        assert time.process_time() - began < 1, piece


def test_no_text_of_json_holds_what_the_database_does_not_take():
    """Whatever a source makes of it: also ids, which are looked up before anything cleans them."""
    told = read_json(b'{"id": "x\\ud83d", "\\u0000k": ["\\uDC00", {"a\\ud800": "\\u0000"}], "whole": "\\ud83c\\udfe0", "n": 1}')
    assert told == {"id": "x", "k": ["", {"a": ""}], "whole": "🏠", "n": 1}


def test_ten_megabytes_are_refused_unread(front):
    environ = {"wsgi.input": _Broken(), "CONTENT_LENGTH": "10000000", "CONTENT_TYPE": FORM}
    answer = front.client.post("/webhooks/website", environ_overrides=environ)
    assert answer.status_code == 413
    assert "256 KiB" in answer.json["error"]["mend"]


def test_a_body_in_pieces_that_is_too_large_is_refused_and_not_cut_off(front):
    def in_pieces(body):
        environ = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_TYPE": FORM}
        return front.client.post("/webhooks/website", environ_overrides=environ)

    too_large = in_pieces(b"name=Dana&message=" + b"x" * LARGEST_BODY + b"&phone=%2B15125550143")
    assert (too_large.status_code, front.heard) == (413, [])
    assert "256 KiB" in too_large.json["error"]["mend"]
    largest = b"name=Dana&phone=%2B15125550143&message="
    assert in_pieces(largest + b"x" * (LARGEST_BODY - len(largest))).status_code == 202


@pytest.mark.parametrize(("method", "path"), [("GET", "website"), ("PUT", "website"), ("DELETE", "calls"), ("PUT", "texts"), ("OPTIONS", "calls"), ("PATCH", "meta")])  # fmt: skip
def test_a_wrong_method_is_told_which_is_right(front, method, path):
    answer = front.client.open(f"/webhooks/{path}", method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["texts", "calls", "calls/dial"])
def test_a_wrong_twilio_signature_is_refused(front, path):
    answer = front.call(path, token="somebody else's token", MessageSid="SM1", CallSid="CA1", From="+15125550143")
    assert (answer.status_code, front.heard, front.store.decided) == (403, [], [])


def test_a_meta_signature_of_other_bytes_is_refused(front):
    answer = front.post("meta", b'{"object": "page", "entry": []}', Content_Type=JSON, X_Hub_Signature_256="sha256=" + "0" * 64)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["texts", "calls", "calls/dial", "calls/recorded", "calls/status"])
def test_a_signed_request_without_its_ids_is_refused_or_says_nothing(front, path):
    answer = front.call(path, From="+15125550143")
    assert answer.status_code in (200, 400)
    assert front.heard == []


def test_a_body_that_ends_early_is_refused(front):
    environ = {"wsgi.input": _Broken(), "CONTENT_LENGTH": "20", "CONTENT_TYPE": FORM}
    answer = front.client.post("/webhooks/website", environ_overrides=environ)
    assert answer.status_code == 400


class _Broken:
    def read(self, size: int = -1) -> bytes:
        return b""

    readline = readinto = read


def test_too_many_from_one_source_must_wait(front, freezer_at_ten):
    statuses = [front.post_json("tiny", {"name": f"Dana {n}"}).status_code for n in range(3)]
    assert statuses == [202, 202, 429]
    answer = front.post_json("tiny", {"name": "Dana 4"})
    assert 1 <= int(answer.headers["Retry-After"]) <= 30
    assert "2 a minute are taken; `per_minute`" in answer.json["error"]["mend"]
    assert front.post_json("website", {"name": "Dana"}).status_code == 202


def test_too_many_from_one_address_must_wait_and_others_need_not(front):
    statuses = [front.post_json("website", {"name": f"Dana {n}"}).status_code for n in range(121)]
    assert statuses == [202] * 120 + [429]
    other = front.client.post("/webhooks/website", json={"name": "Tom"}, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert other.status_code == 202


def test_the_team_file_says_how_many_one_address_may_send(front):
    front.sources["website"] = replace(front.sources["website"], per_address=3)
    answers = [front.post_json("website", {"name": f"Dana {n}"}) for n in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 20
    assert "3 a minute are taken; `per_address`" in answers[3].json["error"]["mend"]
    other = front.client.post("/webhooks/website", json={"name": "Tom"}, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert other.status_code == 202


@pytest.mark.parametrize(
    ("proxies", "forwarded", "believed"),
    [
        (0, "", "192.0.2.1"),
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 192.0.2.8", "203.0.113.9"),
        (2, "", "192.0.2.1"),
    ],
)
def test_only_what_our_own_proxies_say_of_the_sender_is_believed(front, proxies, forwarded, believed):
    front.use_settings(trusted_proxies=proxies)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    environ = {"REMOTE_ADDR": "192.0.2.1"}
    front.client.post("/webhooks/website", json={"name": "Dana"}, headers=headers, environ_overrides=environ)
    assert front.last.content["extra"]["remote_address"] == believed


def test_what_is_signed_is_never_dropped(front):
    statuses = {
        front.call("texts", MessageSid=f"SM{n}", From="+15125550143", To="+15125550100", Body="hi").status_code
        for n in range(150)
    }
    assert statuses == {200}
    assert len(front.heard) == 150


def test_when_it_cannot_be_written_down_the_sender_is_asked_to_send_again(front):
    front.store.fails = True
    for answer in (front.post_json("website", {"name": "Dana"}), front.call("calls", CallSid="CA1", From="+15125550143")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert front.store.rings == 0


def test_our_own_mistake_shows_an_id_and_nothing_else(front):
    def broken() -> None:
        raise ZeroDivisionError("secret inner things")

    app = Flask("broken")
    app.register_blueprint(routes(replace(front.door, ring=broken)))
    answer = app.test_client().post("/webhooks/website", json={"name": "Dana"})
    assert answer.status_code == 500
    assert len(answer.json["error"]["request_id"]) == 32
    assert "secret" not in answer.text


def test_without_a_team_file_the_sender_is_asked_to_send_again(front):
    def none_yet() -> None:
        raise LookupError("no team file has been applied")

    app = Flask("empty")
    app.register_blueprint(routes(replace(front.door, team=none_yet)))
    answer = app.test_client().post("/webhooks/website", json={"name": "Dana"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
