"""Door and pages in one application."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

import wsgi
from config import clock
from config.settings import Settings, SettingsError
from store import policies
from store.last_team import FILE

SAMPLE = Path("config/team.yaml").read_text()


@pytest.fixture
def settings(database, tmp_path):
    return Settings(database_url=database, secret_key="a-key-for-tests-of-32-characters", data=tmp_path)


@pytest.fixture
def client(settings):
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


@pytest.mark.parametrize("path", ["/leads", "/outbox", "/livez", "/readyz", "/api/openapi.json", "/sign-in"])
def test_a_slash_too_many_finds_the_same(client, path):
    assert client.get(f"{path}/").status_code == client.get(path).status_code != 404


def test_a_lead_posted_with_a_slash_too_many_is_taken(settings, client):
    policies.apply(client.application.extensions["engine"], SAMPLE, settings, clock.now(), "the tests")
    fields = {"name": "Dana", "email": "dana@example.com"}
    first, again = client.post("/webhooks/website/", data=fields), client.post("/webhooks/website", data=fields)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json == again.json
    token = settings.twilio_tokens[0]
    text = {"From": "+15125550177", "Body": "hello", "MessageSid": "SM" + "1" * 32, "AccountSid": settings.twilio_account_sid}
    signed = RequestValidator(token).compute_signature(f"{settings.public_url}/webhooks/texts/", text)
    answer = client.post("/webhooks/texts/", data=text, headers={"X-Twilio-Signature": signed})
    assert answer.status_code == 200, "the vendor signs the address as it stands in the vendor's form"


@pytest.mark.parametrize(
    ("path", "method", "mend"),
    [
        ("/livez", "DELETE", "Use GET."),
        ("/api/leads", "POST", "Use GET."),
        ("/api/events/replay", "GET", "Use POST."),
        ("/webhooks/website", "DELETE", "Use POST."),
        ("/receipts/sendgrid", "GET", "Use POST."),
    ],
)
def test_a_program_with_the_wrong_method_is_told_the_right_one(settings, client, path, method, mend):
    policies.apply(client.application.extensions["engine"], SAMPLE, settings, clock.now(), "the tests")
    answer = client.open(path, method=method)
    assert answer.status_code == 405 and answer.headers["Allow"]
    assert answer.json["error"]["mend"] == mend


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
        ("*/*", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        (None, "text/html"),
    ],
)
def test_who_asks_for_json_hears_json_where_nothing_is(settings, client, accept, kind):
    policies.apply(client.application.extensions["engine"], SAMPLE, settings, clock.now(), "the tests")
    answer = client.get("/nowhere", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (404, kind)


def test_a_start_without_settings_names_all_that_is_missing(monkeypatch, tmp_path):
    for name in ("DATABASE_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)  # where no .env is
    with pytest.raises(SettingsError, match=r"(?s)DATABASE_URL.*SECRET_KEY"):
        _ = wsgi.app


def test_it_is_not_ready_before_it_knows_whom_to_believe(settings):
    """A database that is away is no reason to turn a lead away, but nobody can be verified who was never heard of."""
    gone = replace(settings, database_url="postgresql://nobody:x@127.0.0.1:1/none")
    app = wsgi.make_app(gone)
    client = app.test_client()
    form = {"name": "Dana", "email": "dana@example.com"}
    assert client.get("/readyz").status_code == client.post("/webhooks/website", data=form).status_code == 503
    gone.data.joinpath(FILE).write_text(json.dumps({"version": 1, "text": SAMPLE}))
    assert client.get("/readyz").status_code == 200
    assert client.post("/webhooks/website", data=form).status_code in (200, 202)
    app.extensions["engine"].dispose()
