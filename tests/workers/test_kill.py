"""The real clock process, killed in the middle of a call: nothing is lost, nothing goes out twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

from config import clock
from store import doubts, inbox, policies
from store.engine import Engine, connect
from store.inbox import Received
from tests.fakes import FakeProvider, hang
from tests.queue_builders import rows
from tests.workers.conftest import SAMPLE, environment_for, settings_for
from workers.lookups import look_up
from workers.send import Sender, send_due

HOUSE = Path(__file__).parents[2]


@contextmanager
def the_clock_process(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.clock"], cwd=HOUSE, env={**os.environ, **environ}, stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(happened: Callable[[], object], *, seconds: float = 30) -> None:
    """Look every 20 ms whether it has happened."""
    ends = clock.monotonic() + seconds
    while not happened():
        assert clock.monotonic() < ends, "it did not happen"
        Event().wait(0.02)


def dana_writes(engine: Engine) -> None:
    now = clock.now()
    said = {"name": "Dana Cole", "phone": "+15125550143", "channel": "form", "kind": "form"}
    inbox.record(engine, [Received("website", "form:1", "form", said, b"{}", {}, now)], now)


def test_killed_while_the_provider_holds_the_call(database, tmp_path):
    with FakeProvider() as provider:
        settings = settings_for(provider, tmp_path)
        engine = connect(database, role="test")
        policies.apply(engine, SAMPLE.read_text(encoding="utf-8"), settings, clock.now(), "test")
        provider.once("twilio", hang(60))
        with the_clock_process({**environment_for(provider, tmp_path), "DATABASE_URL": database, "REDIS_URL": ""}) as process:
            dana_writes(engine)
            until(lambda: any(sent.vendor == "twilio" for sent in provider.sent))
            process.send_signal(signal.SIGKILL)
        [held] = rows(engine, "outbox", state="sending", channel="sms")
        later = clock.now() + timedelta(seconds=31)
        doubts.release(engine, later)
        other = Sender(engine, settings)
        look_up(engine, other.lanes, later)
        send_due(other, later)
        other.close()
        [message] = rows(engine, "outbox", id=held["id"])
        assert message["state"] == "sent"
        assert [sent.id for sent in provider.sent if sent.message_id == str(held["id"])] == [message["provider_id"]]
        engine.dispose()


def test_asked_to_stop_it_finishes_what_is_in_hand(database, tmp_path):
    with FakeProvider() as provider:
        settings = settings_for(provider, tmp_path)
        engine = connect(database, role="test")
        policies.apply(engine, SAMPLE.read_text(encoding="utf-8"), settings, clock.now(), "test")
        provider.always("twilio", hang(1))
        with the_clock_process({**environment_for(provider, tmp_path), "DATABASE_URL": database, "REDIS_URL": ""}) as process:
            dana_writes(engine)
            until(lambda: provider.calls("twilio"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert rows(engine, "outbox", state="sending") == []
        assert rows(engine, "outbox", state="sent", channel="sms")
        engine.dispose()
