"""What the tests of the workers share: a provider on loopback and settings that point at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Settings
from store import policies
from store.engine import Engine, connect
from tests.fakes import FakeProvider
from tests.queue_builders import NOW
from workers.wire import Wire

SAMPLE = Path(__file__).parents[2] / "config" / "team.yaml"
TEAM = SAMPLE.read_text(encoding="utf-8").replace("quiet_hours: none", 'quiet_hours: "21:00-08:00"')


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with FakeProvider(now=lambda: NOW) as provider:
        yield provider


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire(read_seconds=0.5)  # as the real one, only less patient
    yield wire
    wire.close()


@pytest.fixture
def settings(provider: FakeProvider, tmp_path: Path) -> Settings:
    """All three providers set up, all at the fake one."""
    return settings_for(provider, tmp_path)


def settings_for(provider: FakeProvider, data: Path, **changes: str) -> Settings:
    return Settings.read({**environment_for(provider, data), **changes}, None, role="worker")


def environment_for(provider: FakeProvider, data: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1/none",
        "SECRET_KEY": "a key that is long enough",
        "PUBLIC_URL": "https://leads.example.com",
        "HEADROOM_DATA": str(data),
        "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
        "TWILIO_AUTH_TOKEN": "12345",
        "TWILIO_FROM": "+15125550100",
        "TWILIO_API_URL": provider.url,
        "SENDGRID_API_KEY": "SG.key",
        "SENDGRID_FROM": "hello@acme.example",
        "SENDGRID_API_URL": provider.url,
        "META_APP_SECRET": "secret",
        "META_VERIFY_TOKEN": "verify",
        "META_PAGE_TOKEN": "page-token",
        "META_GRAPH_URL": provider.url,
    }


@pytest.fixture
def engine(database: str, settings: Settings) -> Iterator[Engine]:
    """A fresh database with the sample team in force, quiet at night."""
    engine = connect(database, role="test")
    policies.apply(engine, TEAM, settings, NOW, "test")
    yield engine
    engine.dispose()
