"""The whole web application on a fresh database, with a small team, a clock that stands, and nobody but us to turn the engine."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from freezegun import freeze_time
from sqlalchemy import Engine, text
from werkzeug.serving import make_server

from config import clock
from config.links import manager_token, offer_token
from config.settings import Settings
from console import web
from store import advance, policies
from store.engine import connect
from store.inbox import Received, record
from webhooks import app as webhooks
from workers.send import Sender

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # a Tuesday, 10:00 in Chicago
API_TOKEN = "the token of the tests 0123456789"
TEAM = """
version: 1
site: {name: Cole Heating, time_zone: America/Chicago, default_region: US}
channels: {sms: {quiet_hours: none}}
hours: {office: {mon-fri: "08:30-17:30"}}
managers: [{id: kim, name: Kim Ortega, phone: "+1 512 555 0190", email: kim@cole.example}]
reps:
  - {id: ann, name: Ann Novak, phone: "+1 512 555 0111", email: ann@cole.example, cap: {open: 5, unanswered: 2}, hours: always}
  - {id: bob, name: Bob Reyes, phone: "+1 512 555 0112", email: bob@cole.example, cap: {open: 4, unanswered: 1}, hours: always}
pools: {sales: {name: Sales, members: [ann, bob], strategy: least_loaded, offer: one_at_a_time, offer_for: 2m, managers: [kim], directors: [kim]}}
slas:
  hot: {clock: office, accept_within: 4m, first_response_within: 8m, ladder: [{at: 8m, do: tell, who: pool_managers, every: 10m}]}
sources:
  website: {type: form, thanks: "https://www.cole.example/thanks"}
  calls: {type: twilio_voice, secret: env:TWILIO_AUTH_TOKEN}
  texts: {type: twilio_messaging, secret: env:TWILIO_AUTH_TOKEN}
  meta: {type: meta, secret: env:META_APP_SECRET}
rules: [{id: everything, send_to: sales, sla: hot}]
"""


@dataclass
class House:
    """The service in one process. `work` does what the workers would do."""

    engine: Engine
    settings: Settings
    app: Flask
    frozen: object
    rung: list[datetime] = field(default_factory=list)

    def client(self, **headers: str) -> FlaskClient:
        client = self.app.test_client()
        for name, value in headers.items():
            client.environ_base["HTTP_" + name.upper()] = value
        return client

    def lead(self, name: str = "Dana Cole", **said: object) -> str:
        """A form came in and was decided; its code."""
        content = {
            "name": name,
            "phone": "+15125550143",
            "channel": "form",
            "company": "Acme Co",
            "message": "Need a demo",
            **said,
        }
        content = {key: value for key, value in content.items() if value is not None}
        key = f"{name} {len(self.rows('SELECT 1 FROM inbox'))}"
        received = Received(
            "website", key, "form", content, b'{"name": "%s"}' % name.encode(), {"content-type": "application/json"}, clock.now()
        )
        [recorded] = record(self.engine, [received], clock.now())
        self.work()
        assert recorded.lead
        return recorded.lead

    def work(self) -> None:
        while advance.drain_inbox(self.engine, clock.now()):
            pass
        advance.ring_alarms(self.engine, clock.now())

    def send(self) -> None:
        """Write and send what is due; without providers it stays in the letter box."""
        sender = Sender(self.engine, self.settings)
        sender.step(clock.now())
        sender.finish(clock.now())
        sender.close()

    def later(self, **span: float) -> None:
        self.frozen.tick(timedelta(**span))
        self.work()

    def rows(self, sql: str, **values: object) -> list[dict]:
        with self.engine.begin() as db:
            found = db.execute(text(sql), values)
            return [dict(row) for row in found.mappings()] if found.returns_rows else []

    def one(self, code: str) -> dict:
        [row] = self.rows("SELECT * FROM leads WHERE code = :code", code=code)
        return row

    def offer(self, code: str, rep: str) -> str:
        """The path of the rep's page."""
        row = self.one(code)
        return "/offers/" + offer_token(self.settings, row["id"], rep, row["state"].get("turn", 0))

    def breach(self, code: str, manager: str = "kim") -> str:
        return "/manage/" + manager_token(self.settings, self.one(code)["id"], manager)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return Settings(
        database_url=database, secret_key="a key that only the tests know", port=port, public_url=f"http://127.0.0.1:{port}",
        api_token=API_TOKEN, data=tmp_path / "data",
    )  # fmt: skip


@contextmanager
def a_house(settings: Settings, frozen: object = None) -> Iterator[House]:
    """The application on its database, the team in force."""
    engine = connect(settings.database_url or "", role="test", size=8)
    policies.apply(engine, TEAM, settings, clock.now(), "the tests")
    app = Flask("headroom", static_folder=None)
    made = House(engine, settings, app, frozen)
    app.register_blueprint(webhooks.blueprint(engine, settings, lambda: None))
    app.register_blueprint(web.blueprint(engine, settings, lambda: made.rung.append(clock.now())))
    yield made
    engine.dispose()


@contextmanager
def listening(house: House) -> Iterator[House]:
    """The same on its port, so that a browser can look at it and it can knock at its own door."""
    server = make_server("127.0.0.1", house.settings.port, house.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield house
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    with freeze_time(NOW) as frozen, a_house(settings, frozen) as made:
        yield made


@pytest.fixture
def client(house: House) -> FlaskClient:
    """A browser on the machine itself."""
    return house.client()


@pytest.fixture
def served(house: House) -> Iterator[House]:
    with listening(house):
        yield house


def csrf(client: FlaskClient, page: str = "/") -> str:
    """The token of the forms on a page, as this browser got it."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(page).text)
    assert found, f"no form on {page}"
    return found.group(1)
