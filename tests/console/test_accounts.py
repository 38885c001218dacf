"""Signing in with an account: who gets in, for how long, what each role may do, and the links that set passwords."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from config import clock
from config.links import make_first_admin_link, make_password_link, manager_token, offer_token
from console import web
from console.web import ROUTES
from store import accounts, api_tokens
from store.accounts import Refused, Role
from tests.console.conftest import API_TOKEN, csrf
from tests.console.people import EMAILS, PASSWORD, an_account, sign_in, signed_in

NEW = "another good password"


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def form(client, **said: str) -> dict[str, str]:
    return {"csrf": csrf(client, "/sign-in"), **said}


# --- the first account -------------------------------------------------------------------------------------------


def test_without_an_account_the_machine_itself_is_open_and_with_one_it_is_not(house, client):
    assert client.get("/").status_code == 200
    an_account(house, Role.ADMIN)
    assert client.get("/").headers["Location"] == "/sign-in?next=/"
    assert client.post("/test-lead", data=form(client)).status_code == 403


def test_a_disabled_last_account_does_not_open_the_pages_again(house, client):
    an_account(house, Role.ADMIN)
    house.rows("UPDATE accounts SET disabled_at = now()")
    assert client.get("/").status_code == 303


def test_the_first_admin_is_made_by_a_link_that_works_once(house, client):
    path = path_of(make_first_admin_link(house.settings))
    for _ in range(3):  # mail scanners open links
        assert client.get(path).status_code == 200
    assert house.rows("SELECT 1 FROM accounts") == []
    said = {"csrf": csrf(client, path), "email": "Ada@Cole.example", "password": PASSWORD, "again": PASSWORD}
    made = client.post(path, data=said)
    assert made.status_code == 303 and client.get("/accounts").status_code == 200
    assert house.rows("SELECT email, role FROM accounts") == [{"email": "ada@cole.example", "role": "admin"}]
    other = house.client()
    assert other.get(path).status_code == 410
    late = other.post(path, data={**said, "csrf": csrf(other, "/sign-in"), "email": "eve@evil.example"})
    assert late.status_code == 410 and len(house.rows("SELECT 1 FROM accounts")) == 1


def test_two_who_hold_the_first_link_at_once_make_one_admin(house):
    accounts.add_first(house.engine, "ada@cole.example", PASSWORD, clock.now())
    with pytest.raises(Refused, match="an account already"):
        accounts.add_first(house.engine, "eve@evil.example", PASSWORD, clock.now())


def test_the_first_link_ends_after_a_quarter_of_an_hour(house, client):
    path = path_of(make_first_admin_link(house.settings))
    house.frozen.tick(15 * 60 + 1)
    assert client.get(path).status_code == 410
    assert client.post(path, data=form(client, email="a@b.example", password=PASSWORD, again=PASSWORD)).status_code == 410
    assert house.rows("SELECT 1 FROM accounts") == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"password": "short", "again": "short"}, "12 to 200 characters"),
        ({"password": "x" * 201, "again": "x" * 201}, "12 to 200 characters"),
        ({"password": PASSWORD, "again": NEW}, "not the same"),
        ({"password": "Ada@cole.example", "again": "Ada@cole.example"}, "everybody knows it"),
        ({"email": "not an address"}, "no e-mail address"),
    ],
)
def test_what_cannot_be_a_first_admin_is_said(house, client, said, why):
    path = path_of(make_first_admin_link(house.settings))
    answer = client.post(
        path, data=form(client, **{"email": "ada@cole.example", "password": PASSWORD, "again": PASSWORD, **said})
    )
    assert answer.status_code == 400 and why in answer.text and house.rows("SELECT 1 FROM accounts") == []


# --- signing in --------------------------------------------------------------------------------------------------


def test_the_right_password_opens_a_session_and_leads_on(house):
    an_account(house, Role.MANAGER)
    client = house.client()
    answer = sign_in(client, " Kim@Cole.Example ", onward="/outbox")
    assert answer.status_code == 303 and answer.headers["Location"] == "/outbox"
    assert client.get("/outbox").status_code == 200 and "Sign out" in client.get("/").text


@pytest.mark.parametrize(
    ("email", "password"),
    [("kim@cole.example", "wrong password!"), ("nobody@cole.example", PASSWORD), ("", ""), ("kim@cole.example", ""), ("kim@cole.example' OR 1=1 --", PASSWORD)],
)  # fmt: skip
def test_anything_else_is_refused_in_the_same_words(house, email, password):
    an_account(house, Role.MANAGER)
    answer = sign_in(house.client(), email, password)
    assert answer.status_code == 403 and "E-mail or password is not right" in answer.text


def test_the_api_token_signs_nobody_in_once_there_is_an_account(house, client):
    token = form(client, token=API_TOKEN)
    an_account(house, Role.ADMIN)
    assert client.post("/sign-in", data=token).status_code == 403
    assert client.get("/api/leads", headers={"Authorization": f"Bearer {API_TOKEN}"}).status_code == 200


def test_a_session_of_the_api_token_ends_when_the_first_account_is_made(house):
    client = house.client(x_forwarded_for="192.0.2.1")
    client.post("/sign-in", data=form(client, token=API_TOKEN))
    assert client.get("/").status_code == 200
    an_account(house, Role.ADMIN)
    assert client.get("/").status_code == 303


def test_an_account_without_a_password_and_a_disabled_one_get_nobody_in(house):
    accounts.add(house.engine, "new@cole.example", Role.ADMIN, clock.now())
    assert sign_in(house.client(), "new@cole.example", "").status_code == 403
    kim = an_account(house, Role.MANAGER)
    client = signed_in(house, Role.MANAGER)
    accounts.set_disabled(house.engine, kim.id, clock.now())
    assert client.get("/").status_code == 303 and sign_in(house.client(), kim.email).status_code == 403
    accounts.set_disabled(house.engine, kim.id, None)
    assert client.get("/").status_code == 200


def test_a_new_password_ends_every_session_that_was_opened_with_the_old_one(house):
    an_account(house, Role.MANAGER)
    client = signed_in(house, Role.MANAGER)
    found = accounts.find(house.engine, EMAILS[Role.MANAGER])
    assert found and accounts.set_password(house.engine, found, NEW)
    assert client.get("/").status_code == 303
    assert (
        sign_in(house.client(), found.email).status_code == 403 and sign_in(house.client(), found.email, NEW).status_code == 303
    )


def test_a_session_lives_twelve_hours_from_the_last_page(house):
    client = signed_in(house, Role.VIEWER)
    for _ in range(3):
        house.frozen.tick(11 * 3600)
        assert client.get("/").status_code == 200
    house.frozen.tick(12 * 3600 + 1)
    assert client.get("/").status_code == 303


def test_a_page_that_polls_does_not_get_a_new_cookie_every_time(house):
    client = signed_in(house, Role.VIEWER)
    assert "Set-Cookie" not in client.get("/?live=1").headers
    house.frozen.tick(301)
    assert "headroom_session=" in client.get("/?live=1").headers["Set-Cookie"]


def test_a_cookie_set_before_is_replaced_at_sign_in_and_form_tokens_too(house):
    an_account(house, Role.VIEWER)
    client = house.client()
    client.set_cookie("headroom_session", "planted")
    before = csrf(client, "/sign-in")
    planted = client.get_cookie("headroom_form")
    answer = client.post("/sign-in", data={"csrf": before, "email": EMAILS[Role.VIEWER], "password": PASSWORD})
    cookies = {value.partition("=")[0]: value for value in answer.headers.getlist("Set-Cookie")}
    assert cookies.keys() == {"headroom_session", "headroom_form"}
    assert client.get_cookie("headroom_session").value != "planted" and client.get_cookie("headroom_form").value != planted.value
    assert client.post("/sign-out", data={"csrf": before}).status_code == 403, "a form from before the sign-in is stale"
    assert client.post("/sign-out", data={"csrf": csrf(client)}).status_code == 303 and client.get("/").status_code == 303


@pytest.mark.parametrize(("url", "is_secure"), [("https://leads.cole.example", True), ("http://127.0.0.1:8000", False)])
def test_cookies_are_kept_from_scripts_other_sites_and_plain_http(house, url, is_secure):
    an_account(house, Role.VIEWER)
    app = Flask("headroom", static_folder=None)
    app.register_blueprint(web.blueprint(house.engine, replace(house.settings, public_url=url), lambda: None))
    client = app.test_client()
    token = re.search(r'name="csrf" value="([^"]+)"', client.get("/sign-in", base_url=url).text).group(1)
    answer = client.post("/sign-in", base_url=url, data={"csrf": token, "email": EMAILS[Role.VIEWER], "password": PASSWORD})
    made = answer.headers.getlist("Set-Cookie")
    assert len(made) == 2
    for cookie in made:
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie
        assert ("Secure" in cookie) == is_secure


def test_wrong_passwords_are_counted_per_address_and_per_account(house):
    an_account(house, Role.MANAGER)
    an_account(house, Role.VIEWER)
    app = Flask("headroom", static_folder=None)
    app.register_blueprint(web.blueprint(house.engine, replace(house.settings, trusted_proxies=1), lambda: None))

    def attempt(address: str, email: str, password: str = "wrong password") -> int:
        client = app.test_client()
        client.environ_base["HTTP_X_FORWARDED_FOR"] = address
        return sign_in(client, email, password).status_code

    kim, vera = EMAILS[Role.MANAGER], EMAILS[Role.VIEWER]
    assert [attempt("203.0.113.1", f"a{n}@cole.example") for n in range(6)] == [403] * 5 + [429], "one address, many accounts"
    assert [attempt(f"203.0.113.{n}", kim) for n in range(10, 16)] == [403] * 5 + [429], "one account, many addresses"
    assert attempt("203.0.113.30", kim.upper(), PASSWORD) == 429 and attempt("203.0.113.30", vera, PASSWORD) == 303
    house.frozen.tick(61)
    assert attempt("203.0.113.30", kim, PASSWORD) == 303


def test_slow_guessing_at_one_account_is_stopped_too(house):
    an_account(house, Role.MANAGER)
    answered = []
    for _ in range(7):
        answered += [sign_in(house.client(), EMAILS[Role.MANAGER], f"guess number {n}").status_code for n in range(3)]
        house.frozen.tick(61)
    assert answered.count(403) == 20 and answered[-1] == 429


def test_an_address_that_nobody_has_costs_the_same_work(house, monkeypatch):
    an_account(house, Role.MANAGER)
    asked = []
    hasher = accounts._hasher

    class Watching:
        def verify(self, kept: str, given: str) -> bool:
            asked.append(kept.split("$")[3])
            return hasher.verify(kept, given)

    monkeypatch.setattr(accounts, "_hasher", Watching())
    for email in (EMAILS[Role.MANAGER], "nobody@cole.example"):
        assert accounts.check(house.engine, email, "wrong password") is None
    assert len(asked) == 2 and asked[0] == asked[1] == "m=19456,t=2,p=1"


@pytest.mark.parametrize(
    "where", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "\x0d\x0aSet-Cookie: a=b"]
)
def test_signing_in_never_leads_to_another_site(house, where):
    an_account(house, Role.VIEWER)
    answer = sign_in(house.client(), EMAILS[Role.VIEWER], onward=where)
    assert answer.status_code == 303 and answer.headers["Location"] == "/"


# --- passwords and tokens at rest --------------------------------------------------------------------------------


def test_passwords_and_tokens_are_kept_as_hashes_only(house):
    an_account(house, Role.MANAGER)
    secret = api_tokens.add(house.engine, "crm", Role.VIEWER, clock.now())
    [kept] = house.rows("SELECT hash FROM accounts")
    assert kept["hash"].startswith("$argon2id$") and PASSWORD not in kept["hash"]
    [token] = house.rows("SELECT * FROM api_tokens")
    assert secret not in str(token) and len(token["hash"]) == 64


def test_a_token_opens_the_api_until_it_is_revoked(house, client):
    secret = api_tokens.add(house.engine, "crm", Role.VIEWER, clock.now())
    bearer = {"Authorization": f"Bearer {secret}"}
    assert client.get("/api/leads", headers=bearer).status_code == 200
    assert house.rows("SELECT last_used_at FROM api_tokens")[0]["last_used_at"] == clock.now()
    assert client.get("/api/leads", headers={"Authorization": f"Bearer {secret[:-1]}"}).status_code == 401
    assert client.get("/api/leads", headers={"Authorization": f"Basic {secret}"}).status_code == 401
    [kept] = house.rows("SELECT hash FROM api_tokens")
    assert client.get("/api/leads", headers={"Authorization": f"Bearer {kept['hash']}"}).status_code == 401
    assert api_tokens.revoke(house.engine, "crm", clock.now()) and not api_tokens.revoke(house.engine, "crm", clock.now())
    assert client.get("/api/leads", headers=bearer).status_code == 401
    with pytest.raises(Refused):
        api_tokens.add(house.engine, "crm", Role.VIEWER, clock.now())


def test_links_in_messages_are_whole_only_for_managers(house):
    code = house.lead()
    house.send()
    for role in Role:
        client = signed_in(house, role)
        page = client.get(f"/leads/{code}").text
        bearer = {"Authorization": f"Bearer {api_tokens.add(house.engine, role, role, clock.now())}"}
        bodies = str(client.get(f"/api/leads/{code}", headers=bearer).json["messages"])
        theirs = [link for link in re.findall(r"/offers/[\w.-]{20,}", page) if role is not Role.REP]
        assert bool(theirs) == role.may(Role.MANAGER), role
        assert bool(re.search(r"/offers/[\w.-]{20,}", bodies)) == role.may(Role.MANAGER), role


# --- roles -------------------------------------------------------------------------------------------------------

MAY = {  # the least role; whatever is not here is open to links, tokens or everybody
    ("GET", "/"): Role.VIEWER, ("GET", "/leads"): Role.VIEWER, ("GET", "/leads/<code>"): Role.VIEWER, ("POST", "/leads/<code>"): Role.REP,
    ("GET", "/leads.csv"): Role.MANAGER, ("GET", "/reports"): Role.VIEWER, ("GET", "/reports.csv"): Role.VIEWER, ("POST", "/test-lead"): Role.MANAGER, ("GET", "/outbox"): Role.MANAGER,
    ("POST", "/outbox"): Role.MANAGER, ("POST", "/outbox/<number>"): Role.MANAGER, ("GET", "/accounts"): Role.ADMIN, ("POST", "/accounts"): Role.ADMIN,
    ("GET", "/events"): Role.MANAGER, ("POST", "/events"): Role.MANAGER,
}  # fmt: skip
WITHOUT_ROLE = {
    "/sign-in", "/sign-out", "/offers/<token>", "/manage/<token>", "/unsubscribe/<token>", "/first-admin/<token>", "/password/<token>", "/livez", "/readyz",
    "/health/engine", "/metrics", "/ops/invariants",
}  # fmt: skip


def test_every_address_has_its_role(house):
    for route in ROUTES:
        if route.path not in WITHOUT_ROLE and not route.path.startswith("/api/"):
            assert (route.method, route.path) in MAY, f"{route.method} {route.path}: who may use it?"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_it_may_and_no_more(house, role):
    code = house.lead()
    client = signed_in(house, role)
    token = csrf(client)
    for (method, path), least in MAY.items():
        where = path.replace("<code>", code).replace("<number>", "1")
        answer = client.open(where, method=method, data={"csrf": token} if method == "POST" else None)
        refused = answer.status_code == 403 and "Not with the role" in answer.text
        assert refused == (not role.may(least)) or (role is Role.REP and where == f"/leads/{code}"), (
            method,
            path,
            answer.status_code,
        )


@pytest.mark.parametrize("role", list(Role))
def test_pages_offer_no_button_that_would_be_refused(house, role):
    code = house.lead()
    client = signed_in(house, role)
    for page in ("/", "/leads", f"/leads/{code}"):
        shown = client.get(page).text
        for (_, path), least in MAY.items():
            if "<" not in path and path not in ("/", "/leads"):
                assert role.may(least) or f'"{path}"' not in shown, (page, path)
        assert ('value="assign"' in shown) == (role.may(Role.MANAGER) and page == f"/leads/{code}")


def test_a_rep_notes_on_their_own_lead_and_on_nobody_elses(house):
    code = house.lead()
    client = signed_in(house, Role.REP)
    note = {"csrf": csrf(client), "do": "note", "text": "spoke to her"}
    assert client.post(f"/leads/{code}", data=note).status_code == 403, "it is offered, not theirs"
    client.post(house.offer(code, "ann"), data={"do": "accept"})
    assert client.post(f"/leads/{code}", data=note).status_code == 303
    assert house.rows("SELECT data FROM steps WHERE event = 'NoteAdded'") == [
        {"data": {"by": "Ann Novak", "text": "spoke to her"}}
    ]
    for done in ({"do": "assign", "rep": "bob"}, {"do": "acknowledge"}):
        assert client.post(f"/leads/{code}", data={**note, **done}).status_code == 403
    assert house.one(code)["owner"] == "ann"


def test_a_rep_finds_their_own_page_of_their_lead_and_no_other(house):
    code = house.lead()
    [holder] = house.one(code)["holders"]
    ann, mine = signed_in(house, Role.REP).get(f"/leads/{code}").text, house.offer(code, "ann")
    assert (f'href="{mine}"' in ann) == (holder == "ann")
    an_account(house, Role.REP, "bob@cole.example")
    bob = house.client()
    sign_in(bob, "bob@cole.example")
    assert "/offers/" not in re.sub(r"/offers/\.\.\.", "", bob.get(f"/leads/{code}").text) or holder == "bob"


def test_what_a_manager_does_is_signed_with_their_name(house):
    code = house.lead()
    client = signed_in(house, Role.MANAGER)
    client.post(f"/leads/{code}", data={"csrf": csrf(client), "do": "assign", "rep": "bob"})
    client.post(f"/leads/{code}", data={"csrf": csrf(client), "do": "acknowledge"})
    assert house.one(code)["state"]["acknowledged_by"] == "kim"
    assert "Kim Ortega assigned it to Bob Reyes" in client.get(f"/leads/{code}").text
    ada = signed_in(house, Role.ADMIN)
    ada.post(f"/leads/{code}", data={"csrf": csrf(ada), "do": "note", "text": "x"})
    assert house.rows("SELECT data FROM steps WHERE event = 'NoteAdded'")[0]["data"]["by"] == "ada@cole.example"


# --- the admin's page --------------------------------------------------------------------------------------------


def test_an_admin_adds_somebody_who_sets_their_password_once(house):
    ada = signed_in(house, Role.ADMIN)
    said = {"csrf": csrf(ada), "email": "Vera@Cole.example", "role": "viewer"}
    page = ada.post("/accounts", data={**said, "do": "add"}).text
    path = path_of(re.search(r"http://[^<\s]+/password/[^<\s]+", page).group(0))
    vera = house.client()
    assert vera.get(path).status_code == 200 and "vera@cole.example" in vera.get(path).text
    new = {"csrf": csrf(vera, path), "password": NEW, "again": NEW}
    assert vera.post(path, data=new).status_code == 303 and vera.get("/").status_code == 200
    assert vera.get("/accounts").status_code == 403
    other = house.client()
    again = {**new, "csrf": csrf(other, "/sign-in"), "password": PASSWORD, "again": PASSWORD}
    assert other.get(path).status_code == 410 and other.post(path, data=again).status_code == 410
    assert sign_in(house.client(), "vera@cole.example", NEW).status_code == 303


def test_an_admin_changes_roles_disables_and_enables(house):
    an_account(house, Role.VIEWER)
    ada, vera = signed_in(house, Role.ADMIN), signed_in(house, Role.VIEWER)
    token = csrf(ada)

    def do(done: str, **said: str) -> int:
        return ada.post("/accounts", data={"csrf": token, "email": EMAILS[Role.VIEWER], "do": done, **said}).status_code

    assert vera.get("/outbox").status_code == 403
    assert do("role", role="manager") == 303 and vera.get("/outbox").status_code == 200
    assert do("disable") == 303 and vera.get("/").status_code == 303
    assert do("link") == 400 and do("enable") == 303 and vera.get("/").status_code == 200
    assert (
        do("role", role="emperor") == 400
        and do("explode") == 400
        and do("add", role="viewer") == 400
        and do("add", email="x") == 400
    )


def test_the_last_admin_stays(house):
    ada = signed_in(house, Role.ADMIN)
    token = csrf(ada)
    accounts.add(house.engine, "later@cole.example", Role.ADMIN, clock.now())  # without a password: cannot take over
    for done in ({"do": "disable"}, {"do": "role", "role": "viewer"}):
        answer = ada.post("/accounts", data={"csrf": token, "email": EMAILS[Role.ADMIN], **done})
        assert answer.status_code == 400 and "the last admin" in answer.text
    assert ada.get("/accounts").status_code == 200


# --- links that are not what they seem ---------------------------------------------------------------------------


def test_links_are_bound_to_their_purpose_and_cannot_be_changed(house, client):
    kim = an_account(house, Role.MANAGER)
    code = house.lead()
    lead_id = house.one(code)["id"]
    first, password = (
        path_of(make_first_admin_link(house.settings)),
        path_of(make_password_link(house.settings, kim.id, kim.proof)),
    )
    tokens = {
        "/first-admin/": first.rpartition("/")[2], "/password/": password.rpartition("/")[2],
        "/offers/": offer_token(house.settings, lead_id, "ann", 1), "/manage/": manager_token(house.settings, lead_id, "kim"),
    }  # fmt: skip
    elsewhere = replace(house.settings, secret_key="the key of another house, as long")
    tokens |= {"forged": path_of(make_password_link(elsewhere, kim.id, kim.proof)).rpartition("/")[2]}
    before = house.rows("SELECT count(*) FROM steps"), house.rows("SELECT * FROM accounts")
    for page in ("/first-admin/", "/password/", "/offers/", "/manage/"):
        for purpose, token in tokens.items():
            for shown in {token[:-1], token[1:], f"{token}x", token.swapcase(), *([] if purpose == page else [token])}:
                assert client.get(page + shown).status_code == 403, (page, purpose)
                data = form(client, do="accept", email="eve@evil.example", password=NEW, again=NEW)
                assert client.post(page + shown, data=data).status_code == 403, (page, purpose)
    assert (house.rows("SELECT count(*) FROM steps"), house.rows("SELECT * FROM accounts")) == before


def test_looking_at_a_link_never_acts(house, client):
    kim = an_account(house, Role.MANAGER)
    code = house.lead()
    before = house.one(code)
    for path in (house.offer(code, "ann"), house.breach(code), path_of(make_password_link(house.settings, kim.id, kim.proof))):
        for method in ("GET", "HEAD"):
            for _ in range(2):
                assert client.open(path, method=method).status_code == 200
    assert house.one(code) == before and sign_in(house.client(), kim.email).status_code == 303


def test_an_offers_link_is_good_for_its_own_lead_only(house, client):
    mine = house.lead()
    other = house.lead("Omar Park", phone="+15125550144")
    rep = house.one(mine)["holders"][0]
    client.post(house.offer(mine, rep), data={"do": "accept", "lead_id": house.one(other)["id"], "rep": "bob", "turn": "99"})
    assert house.one(mine)["owner"] == rep and house.one(other)["owner"] is None


def test_of_two_who_hold_the_same_password_link_at_once_the_first_one_wins(house):
    kim = an_account(house, Role.MANAGER)
    assert accounts.set_password(house.engine, kim, NEW) and not accounts.set_password(house.engine, kim, "the second password")
    assert accounts.check(house.engine, kim.email, NEW) and not accounts.check(house.engine, kim.email, "the second password")


# --- a new key of our own ----------------------------------------------------------------------------------------


def test_sessions_and_forms_outlive_a_change_of_the_key_as_long_as_the_old_one_is_named(house):
    client = signed_in(house, Role.MANAGER)
    before = {cookie.key: cookie.value for cookie in client._cookies.values()}

    def page_with(**changes: object) -> tuple[int, int]:
        """What the board answers, and a form with the token of before."""
        app = Flask("restarted", static_folder=None)
        app.register_blueprint(web.blueprint(house.engine, replace(house.settings, **changes), lambda: None))
        again = app.test_client()
        for name, value in before.items():
            again.set_cookie(name, value)
        return again.get("/").status_code, again.post("/test-lead", data=said).status_code

    said = {"csrf": csrf(client)}
    new = "the key from today on"
    assert page_with(secret_key=new, old_secret_keys=(house.settings.secret_key,))[0] == 200
    assert page_with(secret_key=new, old_secret_keys=(house.settings.secret_key,))[1] not in (401, 403)
    board, form_ = page_with(secret_key=new)
    assert board == 303 and form_ in (303, 403)
