"""`headroom doctor` looks at who is told of events: it connects and says nothing, and knows how their deliveries go."""

import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from config.settings import Settings
from console import outbound
from routing.endpoint import Endpoint, Grant

SETTINGS = Settings(private_urls=("127.0.0.1",))
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WELL = {"id": "desk", "why": None, "disabled_at": None, "dead": 0, "delivered_at": NOON}


@pytest.fixture
def door():
    """Takes connections and keeps what is said on them."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def hear() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                heard.append(line.recv(1000))

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def an_endpoint(url: str, **more: object) -> Endpoint:
    return replace(Endpoint("desk", "webhook", url, ("whsec_x",)), **more)


def look(endpoint: Endpoint, settings: Settings = SETTINGS, **row: object) -> outbound.Seen | None:
    return next(iter(outbound.look([endpoint], [{**WELL, **row}], settings)), None)


def test_one_that_is_well_is_connected_with_and_told_nothing(door):
    url, heard = door
    seen = look(an_endpoint(url + "/in?key=hidden"))
    assert (seen.what, seen.mend) == ("can be reached; last event 2026-11-24 12:00 UTC", "")
    assert b"".join(heard) == b""


def test_one_where_nobody_listens_is_named_without_its_path(door):
    url, _ = door
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    seen = look(an_endpoint(f"http://127.0.0.1:{port}/in?key=hidden"))
    assert "no connection to 127.0.0.1" in seen.what and "hidden" not in seen.what
    assert "firewall" in seen.mend


def test_one_that_leads_inside_is_not_called(door):
    url, heard = door
    seen = look(an_endpoint("https://127.0.0.1:8443/"), Settings())
    assert "is not called" in seen.what and "HEADROOM_ALLOW_PRIVATE_URLS" in seen.what
    assert heard == []


@pytest.mark.parametrize(
    ("row", "what", "mend"),
    [
        ({"disabled_at": NOON, "why": "the endpoint answered 410 Gone"}, "gets no events", "events enable desk"),
        ({"why": "answered 401"}, "its last answer was: answered 401", "events enable desk"),
        ({"dead": 7}, "7 events could not be delivered", "events dead --endpoint desk"),
    ],
)
def test_what_is_known_of_its_deliveries_is_said(door, row, what, mend):
    seen = look(an_endpoint(door[0]), **row)
    assert what in seen.what and mend in seen.mend


def test_one_that_is_switched_off_is_not_looked_at():
    assert look(an_endpoint("http://127.0.0.1:1/", enabled=False)) is None


@pytest.mark.parametrize(
    ("endpoint", "settings", "urls"),
    [
        (Endpoint("crm", "hubspot", secrets=("t",)), Settings(), ["https://api.hubapi.com"]),
        (Endpoint("crm", "pipedrive", secrets=("t",)), Settings(), ["https://api.pipedrive.com"]),
        (
            Endpoint("crm", "pipedrive", grant=Grant("a", "env:B", "env:C")),
            Settings(),
            ["https://oauth.pipedrive.com", "https://api.pipedrive.com"],
        ),
        (Endpoint("crm", "salesforce", "https://acme.my.salesforce.com"), Settings(), ["https://acme.my.salesforce.com"]),
        (Endpoint("crm", "hubspot", secrets=("t",)), Settings(hubspot_api_url="http://gate.internal:8080"), ["http://gate.internal:8080"]),
    ],
)  # fmt: skip
def test_a_crm_is_looked_for_where_it_is_called(monkeypatch, endpoint, settings, urls):
    asked = []
    monkeypatch.setattr(outbound, "reach", lambda guard, url, seconds: asked.append((url, guard.allowed, seconds)))
    assert "can be reached" in look(endpoint, settings, id="crm").what
    assert [url for url, _, _ in asked] == urls
    assert all(seconds == outbound.PATIENCE_SECONDS for _, _, seconds in asked)
    assert ("gate.internal" in asked[0][1]) == bool(settings.hubspot_api_url), "what the operator put there is let through"
