"""The real clock process, killed in the middle of a call: nothing is lost, nothing goes out twice."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

from sqlalchemy import text

from config import clock
from config.settings import Settings
from store import doubts, inbox, policies
from store.engine import Engine, at_once, connect
from store.inbox import Received
from tests.fakes import Behaviour, FakeProvider, hang
from tests.queue_builders import rows
from tests.workers.conftest import SAMPLE, environment_for, settings_for
from workers.lookups import look_up
from workers.send import BEGIN_WITHIN, Sender, send_due

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


def test_frozen_with_calls_in_hand_and_woken_late_it_does_not_send_what_another_has_sent(database, tmp_path):
    """Attempts on disk, waiting for a thread while the provider is slow: by the time the process wakes they are no longer its own."""
    with FakeProvider() as provider:
        settings = settings_for(provider, tmp_path)
        engine = connect(database, role="test")
        policies.apply(engine, SAMPLE.read_text(encoding="utf-8"), settings, clock.now(), "test")
        with the_clock_process({**environment_for(provider, tmp_path), "DATABASE_URL": database, "REDIS_URL": ""}) as process:
            people_write(engine, range(16))
            until(lambda: len(rows(engine, "outbox", state="sent", purpose="ack")) == 16)  # the lane is wide now
            provider.always("twilio", hang(2))
            people_write(engine, range(16, 76))
            until(lambda: len(queued(engine, provider)) > 5)
            process.send_signal(signal.SIGSTOP)
            frozen = clock.monotonic()
            provider.always("twilio", Behaviour())
            waiting = queued(engine, provider)
            another_sends(engine, settings)
            assert waiting and not waiting & queued(engine, provider)
            until(lambda: clock.monotonic() > frozen + BEGIN_WITHIN + 0.5)
            process.send_signal(signal.SIGCONT)
            until(lambda: not rows(engine, "outbox", state="pending", channel="sms"))
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        times = Counter(sent.message_id for sent in provider.sent if sent.vendor == "twilio")
        assert {times[message] for message in waiting} == {1}
        assert {rows(engine, "outbox", id=int(message))[0]["state"] for message in waiting} == {"sent"}
        engine.dispose()


def people_write(engine: Engine, numbers: range) -> None:
    now = clock.now()
    for number in numbers:
        said = {"name": f"Dana {number}", "phone": f"+1512556{number:04}", "channel": "form", "kind": "form"}
        inbox.record(engine, [Received("website", f"form:{number}", "form", said, b"{}", {}, now)], now)


def queued(engine: Engine, provider: FakeProvider) -> set[str]:
    """Messages to leads whose attempt is on disk, and which the provider has not seen."""
    seen = {sent.message_id for sent in provider.sent}
    return {str(row["id"]) for row in rows(engine, "outbox", state="sending", channel="sms", purpose="ack")} - seen


def another_sends(engine: Engine, settings: Settings) -> None:
    """Another process, to which more time has passed: leases end, look-ups find nothing, and it sends."""
    now, other = clock.now(), Sender(engine, settings)
    for seconds in (31, 46, 62, 77, 92, 107):
        doubts.release(engine, now + timedelta(seconds=seconds))
        look_up(engine, other.lanes, now + timedelta(seconds=seconds))
        send_due(other, now + timedelta(seconds=seconds))
    other.close()


def test_asked_to_stop_while_the_database_is_away_it_ends_well_and_the_call_is_looked_up(database, tmp_path):
    with FakeProvider() as provider:
        settings = settings_for(provider, tmp_path)
        engine = connect(database, role="test")
        policies.apply(engine, SAMPLE.read_text(encoding="utf-8"), settings, clock.now(), "test")
        provider.always("twilio", hang(2))
        with the_clock_process({**environment_for(provider, tmp_path), "DATABASE_URL": database, "REDIS_URL": ""}) as process:
            dana_writes(engine)
            until(lambda: provider.calls("twilio"))
            with nobody_may_connect(engine):
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 0
        [held] = rows(engine, "outbox", state="sending", channel="sms")
        another_sends(engine, settings)
        assert rows(engine, "outbox", id=held["id"])[0]["state"] == "sent"
        assert len([sent for sent in provider.sent if sent.message_id == str(held["id"])]) == 1
        engine.dispose()


@contextmanager
def nobody_may_connect(engine: Engine) -> Iterator[None]:
    """The database turns everybody away, those who are there included."""
    name = engine.url.database
    everywhere = connect(engine.url.set(database="postgres").render_as_string(hide_password=False), role="test")
    with at_once(everywhere) as db:
        db.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        db.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name})
        try:
            yield
        finally:
            db.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    everywhere.dispose()
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
