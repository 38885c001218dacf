"""While the database is away: every kind of source is answered well, callers hear the truth, and what waits is brought by itself."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from freezegun import freeze_time
from sqlalchemy import text

from config.settings import Settings
from console.processes import wait_until
from routing.team import Source
from store import policies
from store.engine import connect
from store.inbox import Received, Recorded
from store.last_team import FILE, LastTeam, learn_it
from store.receipts import Report
from store.spool import Spool, SpoolFull
from webhooks.keeping import Keeper

NINE = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TEAM = (Path(__file__).parents[2] / "config" / "team.yaml").read_text()
GONE = "postgresql://nobody@127.0.0.1:1/gone"
DANA = Received("website", "k1", "form", {"kind": "form", "name": "Dana"}, b"name=Dana", {}, NINE)


@pytest.fixture
def away(front):
    """A front door whose store has only its spool."""
    front.store.record = lambda received, _now: [Recorded(0, None, receipt="5e1f") for _ in received]
    front.use_settings()
    return front


def test_a_script_is_given_a_receipt_and_a_browser_its_thanks(away):
    answer = away.post_json("website", {"name": "Dana"})
    assert (answer.status_code, answer.json) == (202, {"spooled": True, "receipt": "5e1f"})
    browser = away.post("shop", {"name": "Dana"}, Accept="text/html")
    assert (browser.status_code, browser.headers["Location"]) == (303, "https://shop.example/thanks")
    assert away.store.rings == 2


def test_every_kind_of_source_is_answered_well(away, kind):
    example, secret = kind.example, kind.example.secret
    away.sources["one"] = Source("one", kind.name, secrets=(secret,))
    away.use_settings()
    url = f"{away.settings.public_url}/webhooks/one"
    proof = example.sign(url, example.body, secret, datetime(2026, 11, 24, 16, 0, tzinfo=UTC))
    headers = {name.replace("-", "_"): value for name, value in {**example.headers, **proof}.items()}
    assert away.post("one", example.body, **headers).status_code in (200, 202)
    assert away.store.decided == []


def test_a_caller_is_not_told_that_nobody_is_free(away):
    answer = away.call("calls", CallSid="CA1", From="+15125550143", To="+15125550100", Direction="inbound")
    assert answer.status_code == 200
    assert "We cannot put your call through right now." in answer.text
    assert "<Record" in answer.text and "<Dial" not in answer.text
    assert away.store.decided == []


def test_when_the_spool_is_full_too_the_sender_is_asked_to_send_again(front):
    def full(*_: object) -> None:
        raise SpoolFull("full")

    front.store.record = full
    front.use_settings()
    answer = front.post_json("website", {"name": "Dana"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.fixture
def settings(tmp_path):
    return Settings(secret_key="a key that only the tests know", data=tmp_path / "data")


def a_team(database: str, settings: Settings) -> None:
    engine = connect(database, role="test")
    policies.apply(engine, TEAM, settings, NINE, "the tests")
    engine.dispose()


def test_a_process_that_starts_without_a_database_knows_the_team_of_the_last_one(database, settings):
    a_team(database, settings)
    there, gone = connect(database, role="test"), connect(GONE, role="test")
    known = LastTeam(there, settings)()
    kept = settings.data / FILE
    assert kept.stat().st_mode & 0o777 == 0o600
    assert settings.twilio_tokens[0] not in kept.read_text() and "env:TWILIO_AUTH_TOKEN" in kept.read_text()
    started = LastTeam(gone, settings)
    assert (started().version, set(started().sources)) == (known.version, set(known.sources))
    assert started().sources["calls"].secrets == known.sources["calls"].secrets
    there.dispose()
    gone.dispose()


def test_a_process_learns_the_team_before_the_first_lead_comes(database, settings):
    engine = connect(database, role="test")
    learning = learn_it(engine, settings, again=0.05)
    assert not wait_until(lambda: (settings.data / FILE).exists(), 0.3)  # there is none yet
    a_team(database, settings)
    learning.join(10)
    assert not learning.is_alive()
    gone = connect(GONE, role="test")
    assert LastTeam(gone, settings)().version == 1
    engine.dispose()
    gone.dispose()


def test_a_process_that_has_seen_the_team_needs_no_file(database, settings):
    a_team(database, settings)
    engine = connect(database, role="test")
    with freeze_time(NINE) as time:
        known = LastTeam(engine, settings)
        before = known()
        (settings.data / FILE).unlink()
        with engine.begin() as db:
            db.execute(text("ALTER TABLE policies RENAME TO hidden"))
        time.tick(5)
        assert known() is before
        with engine.begin() as db:
            db.execute(text("ALTER TABLE hidden RENAME TO policies"))
        time.tick(5)
        assert known().version == before.version
    engine.dispose()


def test_without_database_and_without_memory_nobody_is_believed(settings):
    gone = connect(GONE, role="test")
    with pytest.raises(Exception, match="onnect"):
        LastTeam(gone, settings)()
    gone.dispose()


def test_a_web_process_without_a_clock_beside_it_brings_its_spool_itself(database, settings):
    gone, there, rung = connect(GONE, role="test"), connect(database, role="test"), threading.Event()
    away = Keeper(gone, settings, rung.set, look_every=600)
    assert away.record([DANA], NINE)[0].receipt
    away.receive([Report("twilio", "SM1:sent", "sent")], NINE)
    assert Spool.of(settings).waiting().is_any
    Keeper(there, settings, rung.set, look_every=0.01)  # the next process, with a database again
    assert rung.wait(20)
    assert wait_until(lambda: not Spool.of(settings).waiting().is_any, 20)
    with there.connect() as db:
        assert db.execute(text("SELECT external_id FROM inbox")).scalars().all() == ["k1"]
        assert db.execute(text("SELECT key FROM receipts")).scalars().all() == ["SM1:sent"]
    there.dispose()
    gone.dispose()


def test_what_a_web_process_spooled_it_brings_as_soon_as_the_database_takes_it(database, settings):
    there, rung = connect(database, role="test"), threading.Event()
    keeper = Keeper(there, settings, rung.set, look_every=0.01)
    with there.begin() as db:
        db.execute(text("ALTER TABLE inbox RENAME TO hidden"))
    assert keeper.record([DANA], NINE)[0].receipt
    with there.begin() as db:
        db.execute(text("ALTER TABLE hidden RENAME TO inbox"))
    assert rung.wait(20)
    assert keeper.record([DANA], NINE)[0] == Recorded(1, "A1", duplicate=True)
    there.dispose()
