"""The dead man's switch is told after a clean pass, and after no other; and the clock does not wait for it."""

import http.server
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from config.settings import Settings, SettingsError
from store.engine import transaction
from tests.queue_builders import NOW
from tests.workers.conftest import environment_for
from workers.auditor import Auditor
from workers.deadman import Deadman

PASS = timedelta(seconds=31)


class Keeper:
    """Who keeps the address: counts the calls, answers as told, and makes callers wait while `open` is not set."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        self.open = threading.Event()
        self.open.set()
        keeper = self

        class Door(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keeper.open.wait(5)
                keeper.paths.append(self.path)
                self.send_response(keeper.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/ping/5f2c"

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    keeper = Keeper()
    yield keeper
    keeper.close()


@pytest.fixture
def switch(keeper, provider, tmp_path) -> Deadman:
    environ = environment_for(provider, tmp_path)
    mine = {"HEADROOM_DEADMAN_URL": keeper.url, "HEADROOM_ALLOW_PRIVATE_URLS": "127.0.0.1"}
    return Deadman(Settings.read({**environ, **mine}, None, role="clock"))


def finish(switch: Deadman) -> None:
    if switch._calling is not None:
        switch._calling.join(10)


def test_it_is_told_after_each_clean_pass_and_only_then(engine, keeper, switch):
    auditor = Auditor(engine, switch.all_is_well)
    auditor.look(NOW)
    finish(switch)
    assert keeper.paths == []  # the first moments are no pass
    for n in (1, 2):
        auditor.look(NOW + n * PASS)
        auditor.look(NOW + n * PASS + timedelta(seconds=1))
        finish(switch)
        assert keeper.paths == ["/ping/5f2c"] * n


def test_it_is_not_told_after_a_pass_that_found_something(engine, keeper, switch):
    auditor = Auditor(engine, switch.all_is_well)
    auditor.look(NOW)
    with transaction(engine) as db:
        db.exec_driver_sql("INSERT INTO beats (name, at, detail) VALUES ('clock', %s, '{}')", (NOW,))
    auditor.look(NOW + PASS)
    finish(switch)
    assert keeper.paths == []


def test_nor_after_a_pass_that_had_to_mend(engine, keeper, switch):
    auditor = Auditor(engine, switch.all_is_well)
    auditor.look(NOW)
    with transaction(engine) as db:
        db.exec_driver_sql("UPDATE reps SET open = 3 WHERE id = (SELECT min(id) FROM reps)")
    auditor.look(NOW + PASS)
    finish(switch)
    assert keeper.paths == []
    auditor.look(NOW + 2 * PASS)
    finish(switch)
    assert keeper.paths == ["/ping/5f2c"]


def test_nor_after_one_that_could_not_look(database, engine, keeper, switch):
    auditor = Auditor(engine, switch.all_is_well)
    auditor.look(NOW)
    with transaction(engine) as db:
        db.exec_driver_sql("ALTER TABLE outbox RENAME TO elsewhere")
    with pytest.raises(Exception, match="outbox"):
        auditor.look(NOW + PASS)
    finish(switch)
    assert keeper.paths == []


def test_nobody_waits_for_it_and_one_call_at_a_time_is_made(keeper, switch):
    keeper.open.clear()
    for _ in range(5):
        switch.all_is_well()
    keeper.open.set()
    finish(switch)
    assert len(keeper.paths) == 1


def test_it_says_once_that_it_cannot_tell_and_once_that_it_can_again(keeper, switch):
    with capture_logs() as said:
        for status in (500, 302, 200, 200):
            keeper.status = status
            switch.all_is_well()
            finish(switch)
    assert [(line["event"], line.get("reason")) for line in said] == [
        ("deadman_not_told", "answered 500"),
        ("deadman_told_again", None),
    ]
    assert keeper.paths == ["/ping/5f2c"] * 4


def test_an_address_inside_the_house_is_not_called_unless_it_is_listed(keeper, provider, tmp_path):
    environ = environment_for(provider, tmp_path)
    with pytest.raises(SettingsError, match="HEADROOM_DEADMAN_URL is no address that may be called"):
        Settings.read({**environ, "HEADROOM_DEADMAN_URL": keeper.url}, None, role="clock")
    listed = {"HEADROOM_DEADMAN_URL": keeper.url, "HEADROOM_ALLOW_PRIVATE_URLS": "crm.internal"}
    with pytest.raises(SettingsError, match="HEADROOM_DEADMAN_URL"):
        Settings.read({**environ, **listed}, None, role="clock")


def test_without_an_address_nothing_is_called(settings):
    switch = Deadman(settings)
    switch.all_is_well()
    assert switch._calling is None
