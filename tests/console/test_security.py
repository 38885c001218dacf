"""What a stranger, another site, or a hostile lead cannot do through the pages and the API."""

import ast
import csv
import io
import logging
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from config import clock, logs
from config.links import make_first_admin_link, make_password_link, make_unsubscribe_link
from console import web
from console.csv_rows import guarded, line
from console.web import ROUTES
from store import api_tokens
from store.accounts import Role
from tests.console.conftest import API_TOKEN, csrf
from tests.console.people import EMAILS, PASSWORD, an_account, sign_in, signed_in

BEARER = {"Authorization": f"Bearer {API_TOKEN}"}
HOSTILE = (
    """'"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}${7*7}</textarea></select><a href="javascript:alert(3)">"""
)
FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1"]


def filled(house, path: str, code: str) -> str:
    """An address of ROUTES with something real in it."""
    links = {
        "/offers/<token>": house.offer(code, "ann"), "/manage/<token>": house.breach(code), "/unsubscribe/<token>": "/" + make_unsubscribe_link(house.settings, house.one(code)["id"]).split("/", 3)[3],
        "/first-admin/<token>": "/" + make_first_admin_link(house.settings).split("/", 3)[3],
        "/password/<token>": "/" + make_password_link(house.settings, 1, "x").split("/", 3)[3],
    }  # fmt: skip
    return links.get(path, path.replace("<code>", code).replace("<number>", "1"))


# --- other sites -------------------------------------------------------------------------------------------------


OWN_FORMS = [
    route for route in ROUTES if route.method == "POST" and not route.path.startswith("/api/")
]  # the API knows no cookies


@pytest.mark.parametrize("route", OWN_FORMS, ids=lambda route: route.path)
def test_no_form_of_any_address_works_from_another_site_or_without_its_token(house, route):
    code = house.lead()
    client = signed_in(house, Role.ADMIN)
    token = csrf(client)
    path = filled(house, route.path, code)
    before = house.rows("SELECT * FROM steps"), house.rows("SELECT count(*) FROM inbox"), house.rows("SELECT * FROM accounts")
    data = {"do": "note", "text": "x", "role": "admin", "email": "eve@evil.example"}
    from_elsewhere = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
    for headers in from_elsewhere:
        assert client.post(path, data={**data, "csrf": token}, headers=headers).status_code == 403
    if not route.path.startswith(("/offers/", "/manage/", "/unsubscribe/")):  # there the signed link is the token
        for wrong in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": csrf(house.client(), "/sign-in")}):
            assert client.post(path, data={**data, **wrong}).status_code == 403
    after = house.rows("SELECT * FROM steps"), house.rows("SELECT count(*) FROM inbox"), house.rows("SELECT * FROM accounts")
    assert after == before


def test_no_answer_invites_another_site_to_read_it(house):
    code = house.lead()
    client = signed_in(house, Role.ADMIN)
    for route in ROUTES:
        answer = client.open(
            filled(house, route.path, code), method=route.method, headers={"Origin": "https://evil.example", **BEARER}
        )
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")], route.path


def test_every_answer_carries_the_headers_and_no_page_needs_an_exception(house):
    code = house.lead()
    house.send()
    client = signed_in(house, Role.ADMIN)
    for route in ROUTES:
        for path in (filled(house, route.path, code), "/nothing"):
            answer = client.open(path, method=route.method, headers=BEARER)
            policy = answer.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'self'") and "unsafe" not in policy and "*" not in policy
            for directive in ("base-uri 'none'", "object-src 'none'", "form-action 'self'", "frame-ancestors 'none'"):
                assert directive in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["X-Frame-Options"] == "DENY"
            assert answer.headers["Cache-Control"] == "no-store", path
            assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=\"/static/)", answer.text), path


def test_over_https_browsers_are_told_to_stay_there(house):
    app = Flask("headroom", static_folder=None)
    app.register_blueprint(
        web.blueprint(house.engine, replace(house.settings, public_url="https://leads.cole.example"), lambda: None)
    )
    assert app.test_client().get("/sign-in").headers["Strict-Transport-Security"] == "max-age=31536000"


# --- what a lead says is data ------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """What a page is made of, seen as a browser sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_hostile_lead_stays_text_on_every_page(house):
    said = dict.fromkeys(("message", "company", "first_name", "last_name", "locale"), HOSTILE)
    nested = {name: {HOSTILE: HOSTILE} for name in ("utm", "campaign", "click_ids", "extra")}
    consent = [{"key": HOSTILE, "value": True, "text": HOSTILE}]
    code = house.lead(HOSTILE, **said, **nested, consent=consent, email="dana@acme.example")
    house.send()
    client = signed_in(house, Role.ADMIN)
    client.post(f"/leads/{code}", data={"csrf": csrf(client), "do": "note", "text": HOSTILE})
    [rep] = house.one(code)["holders"]
    client.post(house.offer(code, rep), data={"do": "accept"})
    pages = [
        "/",
        "/leads",
        f"/leads/{code}",
        f"/leads?q={HOSTILE}",
        "/outbox",
        f"/outbox?to={HOSTILE}",
        house.offer(code, rep),
        house.breach(code),
    ]
    for path in [*pages, f"/leads/{HOSTILE}", f"/sign-in?next={HOSTILE}", "/accounts"]:
        answer = client.get(path)
        tags = Tags()
        tags.feed(answer.text)
        assert not [tag for tag, _ in tags.found if tag in ("img", "script") and "alert" in str(_)], path
        for tag, attributes in tags.found:
            assert not [name for name in attributes if name.startswith("on")], (path, tag)
            assert "javascript:" not in str(attributes.get("href")), (path, tag)
            assert tag != "img" or str(attributes.get("src")).startswith("/static/"), (path, tag)
        assert "49" not in re.findall(r"\{\{7\*7\}\}|\b49\b", answer.text), f"{path}: a template was run"
    assert "<script>alert(2)" not in client.get("/").text and "alert(2)" in client.get(f"/leads/{code}").text


def test_json_of_a_hostile_lead_is_no_page(house, client):
    code = house.lead(HOSTILE)
    answer = client.get(f"/api/leads/{code}", headers=BEARER)
    assert answer.content_type == "application/json" and answer.json["name"] == HOSTILE


INJECTIONS = [
    "'",
    "' OR '1'='1",
    "'; DROP TABLE leads; --",
    "\\",
    "%",
    "_%",
    "\x00",
    "id DESC; --",
    "1) UNION SELECT hash FROM accounts --",
]


@pytest.mark.parametrize("words", INJECTIONS)
def test_quotes_in_filters_are_data(house, words):
    code = house.lead()
    client = signed_in(house, Role.ADMIN)
    for path in ("/api/leads", "/leads.csv"):
        for name in ("status", "pool", "late", "since", "limit", "cursor", "order", "sort"):
            answer = client.get(path, query_string={name: words}, headers=BEARER)
            assert answer.status_code == 400 or code not in answer.text, (path, name)
            assert answer.status_code in (200, 400)
    for path in ("/leads", "/outbox"):
        for name in ("q", "to", "lead", "below", "live", "problem"):
            assert client.get(path, query_string={name: words}).status_code in (200, 303), (path, name)
    for path in (f"/leads/{code}{words}", f"/api/leads/{code}{words}"):
        assert client.get(path.replace("\x00", "%00"), headers=BEARER).status_code == 404
    assert len(house.rows("SELECT 1 FROM leads")) == 1


@pytest.mark.parametrize("raw", ["%ff", "%ED%A0%BD", "%00", "%F0%9F", "a" * 3000])
def test_bytes_that_are_no_text_find_nothing(house, client, raw):
    code = house.lead()
    assert client.get(f"/leads?q={raw}").status_code == 200 and client.get(f"/outbox?to={raw}&lead={raw}").status_code == 200
    assert client.get(f"/api/leads?pool={raw}", headers=BEARER).status_code in (200, 400)
    assert client.get(f"/leads/{code}{raw}").status_code == 404


def test_a_search_for_a_percent_sign_finds_nobody(house, client):
    house.lead()
    for words in ("%", "_", "D_na", "\\"):
        assert "Dana" not in client.get("/leads", query_string={"q": words}).text
    assert "Dana" in client.get("/leads?q=ana").text


def test_fields_that_no_form_has_change_nothing(house):
    code = house.lead()
    before = house.one(code)
    client = signed_in(house, Role.MANAGER)
    more = {
        "status": "closed",
        "state": "{}",
        "owner": "bob",
        "owner_id": "1",
        "pool": "x",
        "is_test": "true",
        "role": "admin",
        "id": "1",
        "by": "eve",
    }
    assert client.post(f"/leads/{code}", data={"csrf": csrf(client), "do": "note", "text": "x", **more}).status_code == 303
    after = house.one(code)
    assert {name: after[name] for name in ("status", "owner", "holders", "pool", "is_test")} == {
        name: before[name] for name in ("status", "owner", "holders", "pool", "is_test")
    }
    assert house.rows("SELECT data FROM steps WHERE event = 'NoteAdded'") == [{"data": {"by": "Kim Ortega", "text": "x"}}]
    vera = an_account(house, Role.VIEWER)
    browser = house.client()
    data = {"csrf": csrf(browser, "/sign-in"), "email": vera.email, "password": PASSWORD, "role": "admin", "account_id": "1"}
    browser.post("/sign-in", data=data)
    assert browser.get("/accounts").status_code == 403


# --- CSV ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", FORMULAS)
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(words):
    [[cell]] = csv.reader(io.StringIO(line([words]), newline=""))
    assert cell == "'" + words


def test_quotes_commas_and_lines_come_back_as_they_were():
    said = ['a "quoted" word', "a, b", "two\r\nlines", "", None, True, "plain"]
    assert line(said) == '"a ""quoted"" word","a, b","two\r\nlines","","","yes","plain"\r\n'
    assert guarded("a\0b") == "ab" and guarded("12") == "12"


def test_all_leads_come_as_csv_newest_first_whatever_they_are_called(house):
    codes = [house.lead(name, phone=f"+1512555{n:04}", message='say "hi"\nthere') for n, name in enumerate(FORMULAS[:4])]
    client = signed_in(house, Role.MANAGER)
    answer = client.get("/leads.csv")
    assert answer.content_type.startswith("text/csv") and answer.headers["Content-Disposition"].startswith("attachment; ")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["code"] for row in rows] == codes[::-1] and rows[0]["phone"] == "'+15125550003"
    assert [row["name"] for row in rows] == ["'" + name for name in FORMULAS[:4][::-1]]
    assert rows[0]["message"] == 'say "hi"\nthere' and rows[0]["is_test"] == "no"
    assert rows[0]["arrived_at"] == "2026-11-24T16:00:00Z"
    assert client.get("/leads.csv?pool=nobody").text.count("\r\n") == 1 and client.get("/leads.csv?limit=5").status_code == 400


def test_more_leads_than_are_read_at_once_all_come(house, monkeypatch):
    monkeypatch.setattr("console.csv_rows.AT_ONCE", 2)
    codes = [house.lead(f"Lead {n}", phone=f"+1512555{n:04}") for n in range(5)]
    rows = list(csv.DictReader(io.StringIO(signed_in(house, Role.MANAGER).get("/leads.csv").text, newline="")))
    assert [row["code"] for row in rows] == codes[::-1]


# --- logs and comparisons ----------------------------------------------------------------------------------------


@pytest.fixture
def logged(house):
    """Everything that is logged meanwhile, by us and by libraries."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("web", replace(house.settings, log_level="DEBUG"), stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level


def test_a_whole_journey_leaves_no_secret_and_no_person_in_the_logs(house, logged, monkeypatch):
    code = house.lead("Dana\n\x1b[31mCole", email="dana@acme.example", message="zebra crossing")
    house.send()
    ada = signed_in(house, Role.ADMIN)
    sign_in(house.client(), EMAILS[Role.ADMIN], "a wrong password of mine")
    secret = api_tokens.add(house.engine, "crm", Role.VIEWER, clock.now())
    for bearer in (secret, API_TOKEN, "hr_a_wrong_token_of_mine"):
        ada.get(f"/api/leads/{code}", headers={"Authorization": f"Bearer {bearer}"})
    ada.post(f"/leads/{code}", data={"csrf": csrf(ada), "do": "note", "text": "zebra note"})
    offer = house.offer(code, house.one(code)["holders"][0])
    ada.post(offer, data={"do": "accept"})
    for path in ("/", f"/leads/{code}", "/outbox", "/accounts", "/leads.csv", offer, offer + "x"):
        ada.get(path)
    monkeypatch.setattr("console.pages.board.figures", lambda *_: [][code])
    assert ada.get("/?q=dana@acme.example").status_code == 500
    session_cookie = ada.get_cookie("headroom_session")
    assert session_cookie and "request_failed" in logged.getvalue(), "something was logged"
    secrets = [
        PASSWORD,
        "a wrong password",
        secret,
        API_TOKEN,
        "hr_a_wrong",
        house.settings.secret_key,
        session_cookie.value,
        csrf(ada, "/sign-in"),
        offer,
    ]
    for trace in (*secrets, "dana", "cole\x1b", "5550143", "acme.example", "zebra", *EMAILS.values()):
        assert trace.lower() not in logged.getvalue().lower(), trace
    assert "\x1b" not in logged.getvalue()


SECRET = re.compile(r"token|secret|signature|password|proof|seal|digest|hash|nonce|csrf", re.IGNORECASE)
FINE = {"store/policies.py", "store/inbox.py"}  # digests of team files and bodies: both sides are ours, nobody guesses them


def test_secrets_are_compared_in_constant_time():
    """No `==` between two things that are named like secrets, in the rooms that meet strangers."""
    found = []
    for path in (path for room in ("console", "webhooks", "config", "store") for path in Path(room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq) and path.as_posix() not in FINE:
                sides = [side for side in (node.left, *node.comparators) if not isinstance(side, ast.Constant)]
                if len(sides) == 2 and any(SECRET.search(ast.unparse(side)) for side in sides):
                    found.append(f"{path}:{node.lineno} {ast.unparse(node)}")
    assert found == []
