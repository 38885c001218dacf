"""The real clock process, without Redis and without any worker, tells the endpoints; killed in mid-call it loses nothing."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from config import clock
from config.settings import Settings
from store import inbox, policies
from store.engine import connect
from store.inbox import Received
from tests.firm import team
from tests.queue_builders import rows
from tests.receiver import Manner, Receiver
from workers.announce import Announcer, tell_due

HOUSE = Path(__file__).parents[2]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def environ(database, tmp_path):
    return {
        "DATABASE_URL": database, "SECRET_KEY": "a key that is long enough", "HEADROOM_DATA": str(tmp_path), "REDIS_URL": "",
        "HEADROOM_ALLOW_PRIVATE_URLS": "127.0.0.1", "DESK_SECRET": SECRET,
    }  # fmt: skip


@pytest.fixture
def engine(database, environ, receiver):
    engine = connect(database, role="test")
    body = team(
        {"priya": "cap: 9"},
        {"sales": "members: [priya]"},
        extra=f"endpoints: {{desk: {{url: '{receiver.url}', secret: env:DESK_SECRET}}}}",
    )
    policies.apply(engine, body, Settings.read(environ, None, role="worker"), clock.now(), "test")
    yield engine
    engine.dispose()


@contextmanager
def the_clock_process(environ):
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.clock"],
        cwd=HOUSE,
        env={**os.environ, **environ},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(happened, *, seconds: float = 30) -> None:
    ends = clock.monotonic() + seconds
    while not happened():
        assert clock.monotonic() < ends, "it did not happen"
        threading.Event().wait(0.02)


def test_killed_in_mid_call_the_event_comes_again_under_its_id(engine, environ, receiver):
    over = threading.Event()
    receiver.once.append(Manner(until=over))
    with the_clock_process(environ) as process:
        said = {"name": "Dana Cole", "phone": "+15125550143", "channel": "form", "kind": "form"}
        inbox.record(engine, [Received("website", "form:1", "form", said, b"{}", {}, clock.now())], clock.now())
        until(lambda: receiver.posts)
        process.send_signal(signal.SIGKILL)
    over.set()
    held = [row for row in rows(engine, "dispatches") if row["state"] == "sending"]
    assert held
    settings = Settings.read(environ, None, role="worker")
    other = Announcer(engine, settings)
    tell_due(other, clock.now() + timedelta(seconds=46))
    other.close()
    assert {row["state"] for row in rows(engine, "dispatches")} == {"delivered"}
    first = receiver.posts[0].headers["webhook-id"]
    assert sum(post.headers["webhook-id"] == first for post in receiver.posts) == 2
    assert all(Webhook(SECRET).verify(post.body, dict(post.headers)) for post in receiver.posts)


def test_asked_to_stop_it_finishes_what_is_in_hand(engine, environ, receiver):
    over = threading.Event()
    receiver.always = Manner(until=over)
    with the_clock_process(environ) as process:
        said = {"name": "Dana Cole", "phone": "+15125550143", "channel": "form", "kind": "form"}
        inbox.record(engine, [Received("website", "form:1", "form", said, b"{}", {}, clock.now())], clock.now())
        until(lambda: receiver.posts)
        process.send_signal(signal.SIGTERM)
        over.set()
        assert process.wait(30) == 0
    assert "sending" not in {row["state"] for row in rows(engine, "dispatches")}
    assert "delivered" in {row["state"] for row in rows(engine, "dispatches")}
