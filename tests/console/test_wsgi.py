"""Door and pages in one application."""

import pytest

import wsgi
from config.settings import Settings, SettingsError


@pytest.fixture
def client(database, tmp_path):
    settings = Settings(database_url=database, secret_key="a-key-for-tests-of-32-characters", data=tmp_path)
    app = wsgi.make_app(settings)
    yield app.test_client()
    app.extensions["engine"].dispose()


def test_both_rooms_answer(client):
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").status_code in (200, 503)
    assert client.post("/webhooks/nowhere").status_code in (404, 503)


def test_no_address_is_answered_by_two_rooms(client):
    rules = [(rule.rule, method) for rule in client.application.url_map.iter_rules() for method in rule.methods - {"OPTIONS"}]
    webhooks = {rule for rule in rules if rule[0].startswith(("/webhooks", "/receipts"))}
    assert webhooks
    assert len(rules) == len(set(rules))


def test_a_start_without_settings_names_all_that_is_missing(monkeypatch, tmp_path):
    for name in ("DATABASE_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)  # where no .env is
    with pytest.raises(SettingsError, match=r"(?s)DATABASE_URL.*SECRET_KEY"):
        _ = wsgi.app
