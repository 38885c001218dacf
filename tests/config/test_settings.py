"""The environment: everything wrong is named at once, and no secret is ever shown."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from config.dotenv import read_env_file, write_env_file
from config.local_secrets import local_signing_key
from config.settings import LOCAL_ENV, Settings, SettingsError, _settings
from config.settings_check import Values

KEY = "sixteen letters!"
GOOD = {"DATABASE_URL": "postgresql://ann:hunter2@db/headroom", "SECRET_KEY": KEY}
TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "new-token,old-token", "TWILIO_FROM": "+15125550100"}
PUBLIC = {"PUBLIC_URL": "https://leads.example.com/"}


def problems(environ: dict[str, str], *, role: str = "web") -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.read(environ, None, role=role)
    return caught.value.problems


def test_an_empty_environment_has_sensible_values_for_check():
    settings = Settings.read({}, None, role="check")
    assert (settings.port, settings.host, settings.data) == (8000, "127.0.0.1", Path(".headroom"))
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.team.name == "team.yaml" and settings.team.is_file()
    assert settings.local_messages and settings.trusted_proxies == 0
    assert settings.database_url is None and settings.api_token is None


def test_everything_wrong_is_named_at_once():
    told = problems({"PORT": "http", "REDIS_URL": "localhost:6379", "LOG_FORMAT": "xml", "SENDGRID_API_KEY": "SG.1"})
    for name in ("PORT", "REDIS_URL", "LOG_FORMAT", "SENDGRID_FROM", "DATABASE_URL", "SECRET_KEY"):
        assert sum(name in problem for problem in told) == 1, name
    assert len(told) == 6


def test_each_problem_says_how_to_mend_it():
    message = str(SettingsError(problems({})))
    assert "DATABASE_URL=postgresql://" in message
    assert "token_urlsafe" in message
    assert "`headroom up`" in message


@pytest.mark.parametrize(
    ("role", "needed"),
    [
        ("web", ["DATABASE_URL", "SECRET_KEY"]),
        ("worker", ["DATABASE_URL", "SECRET_KEY"]),
        ("clock", ["DATABASE_URL", "SECRET_KEY"]),
        ("cli", ["DATABASE_URL", "SECRET_KEY"]),
        ("migrate", ["DATABASE_URL"]),
    ],
)
def test_each_role_asks_for_what_it_needs(role: str, needed: list[str]):
    assert [problem.split()[0] for problem in problems({"HEADROOM_DATA": "/nowhere"}, role=role)] == needed


@pytest.mark.parametrize("role", ["up", "check"])
def test_up_and_check_need_nothing(role: str):
    assert Settings.read({}, None, role=role).local_messages


def test_a_role_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="wbe"):
        Settings.read({}, None, role="wbe")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC1"}, "not TWILIO_AUTH_TOKEN, TWILIO_FROM"),
        ({"TWILIO_AUTH_TOKEN": "t"}, "not TWILIO_ACCOUNT_SID, TWILIO_FROM"),
        ({"SENDGRID_API_KEY": "SG.1"}, "not SENDGRID_FROM"),
        ({"META_APP_SECRET": "m", "META_PAGE_TOKEN": "p"}, "not META_VERIFY_TOKEN"),
        ({"META_APP_SECRET": "m", "META_PAGE_TOKEN": "14:p,q", "META_VERIFY_TOKEN": "v"}, "a token without its page"),
        ({"META_APP_SECRET": "m", "META_PAGE_TOKEN": "acme:p", "META_VERIFY_TOKEN": "v"}, "a token without its page"),
        (TWILIO, "PUBLIC_URL"),
    ],
)
def test_a_provider_set_up_by_halves_is_refused(given: dict[str, str], missing: str):
    (told,) = problems(GOOD | given)
    assert missing in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("PORT", "８０００"),
        ("HEADROOM_WEB_THREADS", "0"),
        ("HEADROOM_TRUSTED_PROXIES", "yes"),
        ("PUBLIC_URL", "leads.example.com"),
        ("PUBLIC_URL", "https://[::1"),
        ("DATABASE_URL", "mysql://db/headroom"),
        ("SECRET_KEY", "short"),
        ("HEADROOM_API_TOKEN", "short"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(name: str, value: str):
    (told,) = problems(GOOD | {name: value})
    assert told.startswith(name)


def test_an_empty_value_counts_as_not_set():
    settings = Settings.read(GOOD | {"TWILIO_ACCOUNT_SID": "", "REDIS_URL": " "}, None)
    assert not settings.has_twilio and settings.redis_url is None


def test_no_secret_is_shown():
    secrets = {
        "SECRET_KEY": "s3cret-key-of-ours",
        "HEADROOM_API_TOKEN": "s3cret-token-of-ours",
        "REDIS_URL": "redis://:s3cret@redis/0",
        "SENDGRID_API_KEY": "s3cret-sg",
        "SENDGRID_FROM": "hello@acme.example",
        "SENDGRID_WEBHOOK_KEY": "s3cret-wh",
        "META_APP_SECRET": "s3cret-meta",
        "META_VERIFY_TOKEN": "s3cret-verify",
        "META_PAGE_TOKEN": "s3cret-page",
        "DATABASE_URL": "postgresql://ann:s3cret@db/headroom",
        "OTHER": "s3cret",
    }
    settings = Settings.read(secrets | PUBLIC | TWILIO | {"TWILIO_AUTH_TOKEN": "s3cret-a,s3cret-b"}, None)
    assert "s3cret" not in repr(settings) and "s3cret" not in str(settings)
    wrong = dict.fromkeys(secrets, "s3cret")
    assert "s3cret" not in "\n".join(problems(wrong))


def test_twilio_has_several_tokens_while_they_are_rotated():
    settings = Settings.read(GOOD | PUBLIC | TWILIO, None)
    assert settings.has_twilio and not settings.local_messages
    assert settings.twilio_tokens == ("new-token", "old-token")
    assert settings.twilio_account_sid == "AC1" and settings.twilio_from == "+15125550100"
    assert settings.public_url == "https://leads.example.com"


def test_without_keys_the_webhooks_are_signed_with_secrets_of_our_own():
    one, again = Settings.read(GOOD, None), Settings.read(GOOD, None)
    other = Settings.read(GOOD | {"SECRET_KEY": "another key of ours"}, None)
    for name in ("twilio_tokens", "twilio_account_sid", "meta_app_secret", "meta_verify_token", "sendgrid_webhook_key"):
        assert getattr(one, name) == getattr(again, name) != getattr(other, name)
    assert len({*one.twilio_tokens, one.meta_app_secret, one.meta_verify_token, one.twilio_account_sid[2:]}) == 4
    assert len(one.twilio_account_sid) == 34 and one.twilio_account_sid.startswith("AC")
    assert KEY not in str(one.twilio_tokens)


def test_the_local_delivery_reports_can_be_verified():
    settings = Settings.read(GOOD, None)
    signature = local_signing_key(settings.secret_key).sign(b"delivered", ec.ECDSA(hashes.SHA256()))
    public = load_der_public_key(base64.b64decode(settings.sendgrid_webhook_key or ""))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, b"delivered", ec.ECDSA(hashes.SHA256()))


def test_real_email_without_a_webhook_key_trusts_no_reports():
    settings = Settings.read(GOOD | {"SENDGRID_API_KEY": "SG.1", "SENDGRID_FROM": "hello@acme.example"}, None)
    assert settings.sendgrid_webhook_key is None


def test_a_secret_of_the_team_file_is_looked_up():
    settings = Settings.read(GOOD | PUBLIC | TWILIO | {"CRM_SECRET": "sesame"}, None)
    assert settings.secret("CRM_SECRET") == "sesame"
    assert settings.secret("TWILIO_AUTH_TOKEN") == "new-token,old-token"
    assert settings.secret("NOBODY_SET_THIS") is None
    local = Settings.read(GOOD, None)
    assert local.secret("TWILIO_AUTH_TOKEN") == local.twilio_tokens[0]
    assert local.secret("META_APP_SECRET") == local.meta_app_secret


def test_the_environment_wins_over_the_env_file(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text(
        "\ufeff# ours\nexport PORT=9000 # web\nSECRET_KEY='has a # in it, fine'\nHEADROOM_HOST=\"0.0.0.0\"\n\nLOG_LEVEL=\n"
    )
    settings = Settings.read({"PORT": "9001", "HEADROOM_HOST": ""}, file, role="check")
    assert (settings.port, settings.secret_key, settings.host) == (9001, "has a # in it, fine", "0.0.0.0")


def test_a_line_of_the_env_file_that_says_nothing_is_named(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text("PORT=9000\nSECRET_KEY: s3cret\n")
    with pytest.raises(SettingsError, match="line 2") as caught:
        Settings.read({}, file, role="check")
    assert "s3cret" not in str(caught.value)


def test_an_env_file_that_is_no_text_is_named(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.read({}, file, role="check")


def test_commands_find_what_up_has_made_but_processes_do_not(tmp_path: Path):
    write_env_file(tmp_path / LOCAL_ENV, GOOD)
    environ = {"HEADROOM_DATA": str(tmp_path)}
    assert Settings.read(environ, None, role="cli").database_url == GOOD["DATABASE_URL"]
    assert (
        Settings.read(environ | {"DATABASE_URL": "postgresql://db/ours"}, None, role="cli").database_url == "postgresql://db/ours"
    )
    with pytest.raises(SettingsError):
        Settings.read(environ, None, role="web")


def test_a_written_env_file_is_read_back_and_private(tmp_path: Path):
    file = tmp_path / LOCAL_ENV
    write_env_file(file, {"SECRET_KEY": "a#b c'd", "PORT": "8001"})
    assert read_env_file(file) == ({"SECRET_KEY": "a#b c'd", "PORT": "8001"}, [])
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_example_lists_every_name_that_is_read():
    example, told = read_env_file(Path(".env.example"))
    assert told == [] and not any(example.values())
    asked: set[str] = set()

    class Watched(dict[str, str]):
        def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
            asked.add(key)
            return default

    _settings(Values(Watched(), []), "check")
    assert asked == set(example)


def test_old_keys_of_our_own_are_believed_and_must_be_whole():
    settings = Settings.read(GOOD | {"SECRET_KEY_OLD": "the key before this one, and the one before that"}, None)
    assert settings.secret_keys == (KEY, "the key before this one", "and the one before that")
    assert "before" not in repr(settings)
    with pytest.raises(SettingsError, match="SECRET_KEY_OLD holds a key of under 16 characters"):
        Settings.read(GOOD | {"SECRET_KEY_OLD": "the key before this one,short"}, None)


def test_each_page_has_its_own_token_or_one_serves_all():
    several = Settings(meta_page_token="14:north, 15:south")  # noqa: S106
    assert (several.page_token("14"), several.page_token("15"), several.page_token("16")) == ("north", "south", None)
    assert several.page_token() == "north", "where nobody says which page"
    alone = Settings(meta_page_token="EAAone")  # noqa: S106
    assert (alone.page_token("14"), alone.page_token()) == ("EAAone", "EAAone")
    assert Settings().page_token("14") is None
