"""Access tokens by OAuth: asked for when needed, renewed in time, kept in memory only, and what happens when they are refused."""

from dataclasses import replace
from json import dumps

import pytest
import structlog

from config import clock
from config.outgoing import Guard
from routing.endpoint import Grant
from routing.events import OfferAccepted
from store import announcements, dead_letters, notices, policies
from tests.firm import SETTINGS, at_once
from tests.receiver import Manner, Receiver
from tests.synced import DANA, a_synced
from workers.endpoints import KINDS, Parcel
from workers.endpoints.line import Line
from workers.endpoints.oauth import TokenDoor, Tokens, lifetime
from workers.outcomes import Ambiguous, NotProcessed, SendFailed
from workers.wire import Answer

VENDORS = ["hubspot", "pipedrive", "salesforce"]


@pytest.fixture(params=VENDORS)
def synced(request, database, tmp_path):
    with a_synced(request.param, database, tmp_path, by="oauth") as made:
        yield made


@pytest.fixture
def steady(monkeypatch):
    """The steady clock, moved by hand."""

    class Steady:
        now = 1_000.0

    monkeypatch.setattr(clock, "monotonic", lambda: Steady.now)
    return Steady


# --- in the whole ---------------------------------------------------------------------------------------------------------


def test_a_lead_is_told_with_a_token_that_was_asked_for_once(synced):
    [code] = synced.firm.arrive(**DANA)
    synced.tell()
    synced.firm.happen(code, OfferAccepted(synced.owner(code), "sms"))
    synced.tell()
    assert synced.is_told() and len(synced.crm.records) == 1
    [asked] = synced.crm.asked_for_tokens()
    assert b"grant_type=refresh_token" in asked.body
    assert all("key" not in post.headers.get("x-api-token", "") for post in synced.crm.posts)


INSIDE = {"salesforce": ("instance_url", "https://intern.example.com"), "pipedrive": ("api_domain", "https://intern.example.com")}


@pytest.mark.parametrize("synced", ["salesforce", "pipedrive"], indirect=True)
def test_an_answer_that_names_an_address_inside_is_not_followed(synced):
    """Whoever answers for tokens says where the API is: that address goes through the guard like any other."""
    name, inside = INSIDE[synced.crm.vendor]
    gives = synced.crm.gives
    synced.crm.gives = lambda post: (200, {**gives(post)[1], name: inside})
    at_home = {"127.0.0.1": ["127.0.0.1"], "localhost": ["127.0.0.1"], "intern.example.com": ["10.0.0.8"]}
    guard = Guard(("127.0.0.1", "localhost"), resolve=lambda host, _port: at_home[host])
    synced.announcer._settings = replace(synced.settings, pipedrive_api_url=None)
    synced.announcer._line = Line(guard)
    if synced.crm.vendor == "pipedrive":
        synced.announcer._line = AtTheDoor(Line(guard), synced.crm.url)
    synced.firm.arrive(email="a@example.com")
    synced.tell()
    assert synced.states() == ["pending"] and synced.crm.writes() == []
    [notice] = synced.firm.rows("SELECT text FROM notices WHERE over_at IS NULL")
    assert "leads into a private or reserved network" in notice.text


class AtTheDoor(Line):
    """A line on which Pipedrive's own address for tokens leads to the one on loopback; all else is called as it is."""

    def __init__(self, line: Line, door: str) -> None:
        self._line, self._door = line, door

    def request(self, method, url, **said):
        return self._line.request(method, url.replace("https://oauth.pipedrive.com", self._door), **said)


@pytest.mark.parametrize("synced", ["salesforce"], indirect=True)
def test_salesforce_is_called_where_it_says(synced):
    synced.firm.arrive(**DANA)
    synced.tell()
    assert {post.headers["host"].partition(":")[0] for post in synced.crm.writes()} == {"localhost"}
    assert synced.crm.asked_for_tokens()[0].headers["host"].startswith("127.0.0.1")


class Wireless:
    """A line that only writes down who would be called; a token says that the API is at acme.pipedrive.com."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def post(self, url: str, body: bytes, headers: object) -> Answer:
        self.called.append(url)
        told = {"access_token": "t0ken", "api_domain": "https://acme.pipedrive.com", "expires_in": 3600}
        return Answer(200, {}, dumps(told).encode())

    def json(self, method: str, url: str, said: object = None, *, headers: object) -> Answer:
        self.called.append(url.partition("?")[0])
        data: object = [] if method == "GET" and url.partition("?")[0].endswith("/leads") else {"id": 1, "items": []}
        return Answer(200, {}, dumps({"id": "1", "data": data}).encode())


@pytest.mark.parametrize(
    ("synced", "addresses"),
    [
        ("hubspot", {"https://api.hubapi.com/oauth/2026-03/token", "https://api.hubapi.com/crm/v3/objects/contacts/dana%40example.com"}),
        (
            "pipedrive",
            {
                "https://oauth.pipedrive.com/oauth/token",
                *(f"https://acme.pipedrive.com/api/{path}" for path in ("v2/persons/search", "v2/persons", "v1/leads")),
            },
        ),
    ],
    indirect=["synced"],
)  # fmt: skip
def test_the_vendors_own_addresses_are_called(synced, addresses):
    synced.firm.arrive(**DANA)
    [event] = announcements.claim(synced.firm.engine, synced.firm.now, [announcements.Lane("crm", 1, latest=True)])
    team, line = policies.current(synced.firm.engine), Wireless()
    KINDS[synced.crm.vendor].send(Parcel(event, team.endpoints["crm"], team, SETTINGS), line)
    assert set(line.called) == addresses


def test_a_token_is_renewed_before_it_runs_out_and_not_sooner(synced, steady):
    synced.firm.arrive(email="a@example.com")
    synced.tell()
    lasts = {"hubspot": 1800, "pipedrive": 3600}.get(synced.crm.vendor)
    steady.now += (lasts or 86_400) - 121
    synced.firm.arrive(email="b@example.com")
    synced.tell()
    assert len(synced.crm.asked_for_tokens()) == 1
    steady.now += 2
    synced.firm.arrive(email="c@example.com")
    synced.tell()
    assert len(synced.crm.asked_for_tokens()) == (2 if lasts else 1), "without a lifetime the 401 tells"
    assert synced.is_told()


def test_a_401_is_answered_with_a_new_token_once(synced):
    synced.firm.arrive(email="a@example.com")
    synced.tell()
    synced.crm.tokens.append("another process has asked since")
    synced.firm.arrive(email="b@example.com")
    synced.tell()
    assert synced.is_told() and len(synced.crm.asked_for_tokens()) == 2


def test_a_401_that_stays_is_asked_about_once_and_holds_the_endpoint(synced):
    right = synced.crm.manner
    synced.crm.manner = lambda post: right(post) if synced.crm.is_door(post) else Manner(401, said={})
    synced.firm.arrive(email="a@example.com")
    synced.tell()
    assert len(synced.crm.asked_for_tokens()) == 2
    assert synced.states() == ["pending"]


def test_a_refused_refresh_holds_the_endpoint_tells_the_operator_and_goes_on_after_the_fix(synced):
    firm, crm = synced.firm, synced.crm
    crm.refresh_token = "refresh-2"  # the app was taken out and put in again
    codes = [code for name in "abc" for code in firm.arrive(email=f"{name}@example.com")]
    synced.tell()
    [held] = firm.rows("SELECT text FROM notices WHERE key = 'endpoint:crm' AND over_at IS NULL")
    assert "gives no token (invalid_grant)" in held.text and "refresh_token" in held.text and "every 5 min" in held.text
    assert len(crm.asked_for_tokens()) == 1, "one is enough to know"
    assert [firm.lead(code).status for code in codes] == ["offered"] * 3, "leads go on as ever"
    synced.time_goes_by(minutes=31)
    assert len(crm.asked_for_tokens()) <= 8, "every five minutes"
    assert crm.writes() == []
    (synced.keys / "refresh_token").write_text("refresh-2\n")  # no restart: the file is read whenever a token is asked for
    synced.time_goes_by(minutes=6)
    assert synced.is_told()
    assert notices.open_since(firm.engine, "endpoint:crm") is None


def test_who_does_not_want_to_wait_calls_it_at_once(synced):
    synced.crm.client_secret = "renewed"
    synced.firm.arrive(**DANA)
    synced.tell()
    (synced.keys / "client_secret").write_text("renewed")
    synced.firm.after(seconds=10)
    synced.tell()
    assert synced.states() == ["pending"]
    assert dead_letters.enable(synced.firm.engine, "crm", synced.firm.now)
    synced.tell()
    assert synced.is_told()


def test_a_door_that_is_away_is_no_refusal(synced):
    right = synced.crm.manner
    synced.crm.manner = lambda post: Manner(503) if synced.crm.is_door(post) else right(post)
    synced.firm.arrive(**DANA)
    synced.tell()
    assert notices.open_since(synced.firm.engine, "endpoint:crm") is None
    synced.crm.manner = right
    synced.time_goes_by(minutes=6)
    assert synced.is_told()


def test_no_token_and_no_secret_is_logged_or_kept(synced):
    with structlog.testing.capture_logs() as logged:
        synced.firm.arrive(**DANA)
        synced.tell()
        synced.crm.refresh_token = "refresh-2"
        synced.crm.tokens.append("gone")
        synced.firm.arrive(email="b@example.com")
        synced.tell()
    secrets = [*synced.crm.tokens, "right-secret", "refresh-1"]
    assert not any(secret in f"{logged} {policies.current(synced.firm.engine)!r}" for secret in secrets)
    for table in ("dispatches", "announcements", "endpoints", "notices", "crm_records"):
        assert not any(secret in str(row) for secret in secrets for row in synced.firm.rows(f"SELECT * FROM {table}"))


def test_a_secret_that_is_gone_is_named_without_its_value(synced):
    (synced.keys / "refresh_token").unlink()
    synced.firm.arrive(**DANA)
    synced.tell()
    [held] = synced.firm.rows("SELECT text FROM notices WHERE key = 'endpoint:crm'")
    assert f"nothing stands at file:{synced.keys}/refresh_token (refresh_token)" in held.text
    assert synced.crm.posts == []


# --- the tokens themselves ------------------------------------------------------------------------------------------------

GRANT = Grant("our-app", "env:SECRET", "env:REFRESH")
KEYS = replace(SETTINGS, environ={"SECRET": "s3cret,the old one", "REFRESH": "r3fresh"})


@pytest.fixture
def door():
    with Receiver() as receiver:
        receiver.always = Manner(200, said={"access_token": "t0ken", "expires_in": 1800})
        yield receiver


def ask(door: Receiver, *, tokens: Tokens | None = None, basic: bool = False):
    line = Line(Guard(("127.0.0.1",)), seconds=1.0)
    return (tokens or Tokens()).of(GRANT, KEYS, TokenDoor("Vendor", f"{door.url}/token", basic), line)


def test_many_at_once_ask_once(door):
    tokens = Tokens()
    found = at_once(*[lambda: ask(door, tokens=tokens)] * 8)
    assert {token.text for token in found} == {"t0ken"}
    assert len(door.posts) == 1
    assert "t0ken" not in repr(found)


@pytest.mark.parametrize(
    ("status", "said", "kind", "is_ours"),
    [
        (400, {"error": "invalid_grant"}, SendFailed, True),
        (401, {"error": "invalid_client"}, SendFailed, True),
        (400, {"status": "BAD_REFRESH_TOKEN"}, SendFailed, True),
        (403, None, SendFailed, True),
        (302, None, SendFailed, True),
        (400, {"error": "rate_limit_exceeded"}, NotProcessed, False),
        (429, None, NotProcessed, False),
        (500, None, Ambiguous, False),
        (408, None, Ambiguous, False),
        (200, {"token_type": "bearer"}, Ambiguous, False),
        (200, {"access_token": ""}, Ambiguous, False),
        (200, {"access_token": {"a": 1}}, Ambiguous, False),
        (200, {"access_token": "tökens are ASCII"}, Ambiguous, False),
        (200, ["no", "object"], Ambiguous, False),
    ],
)
def test_what_an_answer_of_the_door_means(door, status, said, kind, is_ours):
    door.always = Manner(status, said=said)
    with pytest.raises(kind) as caught:
        ask(door)
    assert getattr(caught.value, "configuration", False) is is_ours


def test_what_a_door_says_is_quoted_as_a_code_and_no_more(door):
    door.always = Manner(400, said={"error": "invalid <b>grant</b>\n for r3fresh " + "x" * 500})
    with pytest.raises(SendFailed) as caught:
        ask(door)
    assert "<" not in caught.value.reason and "\n" not in caught.value.reason and len(caught.value.reason) < 120


def test_the_first_of_several_secrets_is_used_in_the_form_or_in_the_header(door):
    ask(door)
    ask(door, basic=True)
    form, header = door.posts
    assert b"client_secret=s3cret&" in form.body + b"&" and "authorization" not in form.headers
    assert b"client_secret" not in header.body and header.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("said", "seconds"), [(1800, 1800), ("3600", 3600), (None, float("inf")), (-1, float("inf")), ("soon", float("inf"))]
)
def test_a_lifetime_is_seconds_or_nothing(said, seconds):
    assert lifetime(said) == seconds


def test_a_token_of_a_minute_is_still_used_for_most_of_it(door, steady):
    door.always = Manner(200, said={"access_token": "t0ken", "expires_in": 60})
    tokens = Tokens()
    ask(door, tokens=tokens)
    steady.now += 50
    ask(door, tokens=tokens)
    assert len(door.posts) == 1
    steady.now += 5
    ask(door, tokens=tokens)
    assert len(door.posts) == 2
