"""Who may come in, and what another site cannot do."""

import logging
from dataclasses import replace

import pytest
from flask import Flask
from itsdangerous import URLSafeSerializer

from console import web
from console.pages.session import onward
from store.engine import connect
from store.last_team import FILE
from tests.console.conftest import API_TOKEN, csrf

CLOSED = ("/", "/leads", "/leads/A1", "/outbox")


def app_with(house, **changes):
    app = Flask("headroom", static_folder=None)
    app.register_blueprint(web.blueprint(house.engine, replace(house.settings, **changes), lambda: None))
    return app.test_client()


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Host": "rebound.example:8000"},
    ],
)
def test_what_was_passed_on_is_not_local(client, path, headers):
    answer = client.get(path, headers=headers)
    assert answer.status_code == 303 and answer.headers["Location"] == f"/sign-in?next={path}"


@pytest.mark.parametrize("path", CLOSED)
def test_another_machine_must_sign_in(client, path):
    assert client.get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 303


def test_a_service_bound_to_all_addresses_trusts_nobody_unseen(house):
    assert app_with(house, host="0.0.0.0").get("/").status_code == 303
    assert app_with(house).get("/").status_code == 200


def test_the_token_opens_a_session_and_signing_out_ends_it(house):
    client = app_with(house, host="0.0.0.0")
    token = csrf(client, "/sign-in")
    answer = client.post("/sign-in", data={"csrf": token, "token": API_TOKEN, "next": "/outbox"})
    assert answer.status_code == 303 and answer.headers["Location"] == "/outbox"
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("headroom_session"))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert client.get("/").status_code == 200
    client.post("/sign-out", data={"csrf": csrf(client)})
    assert client.get("/").status_code == 303


def test_a_session_ends_after_twelve_hours_and_with_a_new_token(house):
    client = app_with(house, host="0.0.0.0")
    client.post("/sign-in", data={"csrf": csrf(client, "/sign-in"), "token": API_TOKEN})
    renewed = app_with(house, host="0.0.0.0", api_token="a brand new token of ours")
    session_cookie = client.get_cookie("headroom_session")
    assert session_cookie
    renewed.set_cookie("headroom_session", session_cookie.value)
    assert renewed.get("/").status_code == 303, "a new token ends the sessions of the old one"
    house.frozen.tick(13 * 3600)
    assert client.get("/").status_code == 303


def test_behind_https_cookies_are_secure(house):
    client = app_with(house, host="0.0.0.0", public_url="https://leads.cole.example")
    answer = client.get("/sign-in")
    assert "Secure" in answer.headers["Set-Cookie"] and answer.headers["Strict-Transport-Security"]


def test_wrong_tokens_are_counted_per_address(house):
    client = app_with(house, host="0.0.0.0", trusted_proxies=1)
    token = csrf(client, "/sign-in")

    def attempt(address: str, said: str = "wrong") -> int:
        headers = {"X-Forwarded-For": f"198.51.100.1, {address}"}
        return client.post("/sign-in", data={"csrf": token, "token": said}, headers=headers).status_code

    assert [attempt("203.0.113.1") for _ in range(6)] == [403] * 5 + [429]
    assert attempt("203.0.113.1", API_TOKEN) == 429, "also the right one must wait"
    assert attempt("203.0.113.2", API_TOKEN) == 303


def test_without_a_token_the_page_says_how_to_set_one(house):
    client = app_with(house, host="0.0.0.0", api_token=None)
    page = client.get("/sign-in")
    assert "HEADROOM_API_TOKEN" in page.text and "secrets.token_urlsafe" in page.text
    assert client.post("/sign-in", data={"csrf": csrf_of(client), "token": ""}).status_code == 403
    assert client.post("/sign-in", data={"csrf": csrf_of(client), "token": "None"}).status_code == 403


def csrf_of(client) -> str:
    """The sign-in page without a token has no form, so its token is made as the page would."""
    cookie = client.get_cookie("headroom_form")
    assert cookie
    return URLSafeSerializer("a key that only the tests know", salt="form").dumps(cookie.value)


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""])
def test_signing_in_leads_only_to_our_own_pages(where):
    assert onward(where) == "/"


def test_a_form_without_our_token_is_refused(house, client):
    code = house.lead()
    other = house.client()
    theirs = csrf(other)
    for data in ({}, {"csrf": "made up"}, {"csrf": theirs}):
        for path in ("/test-lead", f"/leads/{code}", "/outbox", "/sign-out"):
            answer = client.post(path, data={**data, "do": "note", "text": "x"})
            assert answer.status_code == 403 and "Nothing was changed" in answer.text or path == "/sign-out"
    assert house.rows("SELECT 1 FROM steps WHERE event = 'NoteAdded'") == []


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_form_on_another_site_is_refused_even_with_the_token(house, client, headers):
    code = house.lead()
    data = {"csrf": csrf(client), "do": "note", "text": "x"}
    assert client.post(f"/leads/{code}", data=data, headers=headers).status_code == 403
    assert client.post(f"/leads/{code}", data=data).status_code == 303


def test_faults_are_told_in_words_without_a_trace(house, client):
    assert client.get("/nothing").status_code == 404 and "There is nothing here" in client.get("/nothing").text
    wrong = client.post("/leads")
    assert wrong.status_code == 405 and "GET" in wrong.headers["Allow"] and "buttons" in wrong.text
    for path in ("/api/nothing", "/ops/nothing"):
        answer = client.get(path)
        assert answer.status_code == 404 and set(answer.json["error"]) == {"what", "where", "mend"}
    too_long = client.post("/test-lead", data={"csrf": "x" * 70_000})
    assert too_long.status_code == 413 and "too long" in too_long.text


def test_a_broken_page_says_so_and_logs_no_person(house, client, monkeypatch, caplog):
    monkeypatch.setattr("console.pages.board.figures", lambda *_: 1 / 0)
    with caplog.at_level(logging.CRITICAL):
        answer = client.get("/")
    assert answer.status_code == 500 and "Something broke on our side" in answer.text and "Traceback" not in answer.text
    assert "Content-Security-Policy" in answer.headers


def test_without_a_database_pages_and_api_say_so(house, tmp_path):
    gone = connect("postgresql://nobody@127.0.0.1:1/gone", role="test")
    app = Flask("headroom", static_folder=None)
    tmp_path.joinpath(FILE).touch()
    app.register_blueprint(web.blueprint(gone, replace(house.settings, data=tmp_path), lambda: None))
    client = app.test_client()
    answer = client.get("/api/leads", headers={"Authorization": f"Bearer {API_TOKEN}"})
    assert answer.status_code == 503 and "headroom doctor" in answer.json["error"]["mend"]
    assert client.get("/leads").status_code == 503 and "The database does not answer" in client.get("/leads").text
    assert client.get("/readyz").json["database"] == "does not take leads now" and client.get("/readyz").status_code == 200
    assert client.get("/health/engine").status_code == 503
    assert client.get("/livez").status_code == 200
    gone.dispose()


def test_before_the_first_team_file_pages_say_what_to_do(database, settings):
    empty = connect(database, role="test")
    app = Flask("headroom", static_folder=None)
    app.register_blueprint(web.blueprint(empty, settings, lambda: None))
    client = app.test_client()
    assert client.get("/").status_code == 503 and "headroom apply" in client.get("/").text
    answer = client.get("/api/leads", headers={"Authorization": f"Bearer {API_TOKEN}"})
    assert answer.status_code == 503 and "headroom apply" in answer.json["error"]["mend"]
    assert client.get("/readyz").status_code == 200
    empty.dispose()
