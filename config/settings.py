"""What the environment says. The only reader of os.environ; .env.example lists every name.

`Settings.read()` names everything that is missing or wrong at once, each with how to mend it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from config.dotenv import read_env_file
from config.local_secrets import local_secret, local_verify_key
from config.settings_check import Values, page_tokens, provider_problems

SERVING = frozenset({"web", "worker", "clock"})
ROLES = SERVING | {"migrate", "cli", "up", "check"}
NOBODYS_NUMBER = "+15005550006"  # the vendor's own "valid number" for tests: nobody is reached by it
LINKEDIN_VERSION = "202606"  # LinkedIn keeps a month's version alive for about a year: set LINKEDIN_VERSION when it is refused
LOCAL_ENV = "local.env"  # in HEADROOM_DATA: what `headroom up` made up, so that `headroom why A7` finds the same database


class SettingsError(Exception):
    """The environment does not do. `problems` names each fault with how to mend it, never a secret's value."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("Headroom cannot start:\n" + "\n".join(f"  - {problem}" for problem in problems))


@dataclass(frozen=True, slots=True)
class Settings:
    """One value per name of .env.example. None means not set. Secrets never show in repr()."""

    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    redis_prefix: str = "headroom:"
    data: Path = Path(".headroom")
    team: Path = Path(__file__).with_name("team.yaml")
    rules: Path | None = None  # a folder with rules of contact beside those of config/rules
    public_url: str = "http://127.0.0.1:8000"
    secret_key: str = field(default="", repr=False)
    old_secret_keys: tuple[str, ...] = field(default=(), repr=False)
    host: str = "127.0.0.1"
    port: int = 8000
    web_threads: int = 16
    spool_mb: int = 64
    trusted_proxies: int = 0
    log_format: str = "json"
    log_level: str = "INFO"
    api_token: str | None = field(default=None, repr=False)
    given_twilio_sid: str | None = None
    given_twilio_tokens: tuple[str, ...] = field(default=(), repr=False)
    twilio_from: str = NOBODYS_NUMBER
    twilio_api_url: str | None = None
    sendgrid_api_key: str | None = field(default=None, repr=False)
    sendgrid_from: str = "headroom@example.com"
    sendgrid_api_url: str | None = None
    given_sendgrid_webhook_key: str | None = field(default=None, repr=False)
    given_sendgrid_inbound_key: str | None = field(default=None, repr=False)
    given_meta_app_secret: str | None = field(default=None, repr=False)
    given_meta_verify_token: str | None = field(default=None, repr=False)
    meta_page_token: str | None = field(default=None, repr=False)
    meta_graph_url: str | None = None
    linkedin_token: str | None = field(default=None, repr=False)
    linkedin_version: str = LINKEDIN_VERSION
    linkedin_api_url: str | None = None
    hubspot_token: str | None = field(default=None, repr=False)
    hubspot_api_url: str | None = None
    pipedrive_api_url: str | None = None
    telegram_token: str | None = field(default=None, repr=False)
    telegram_api_url: str | None = None
    sendgrid_reply_to: str | None = None
    slack_bot_token: str | None = field(default=None, repr=False)
    slack_api_url: str | None = None
    whatsapp_token: str | None = field(default=None, repr=False)
    whatsapp_phone_id: str | None = None
    private_urls: tuple[str, ...] = ()  # hosts and networks that URLs set by users may lead to although they are not public
    deadman_url: str | None = field(default=None, repr=False)  # its path is the key to the switch
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(
        cls, environ: Mapping[str, str] | None = None, env_file: Path | str | None = ".env", *, role: str = "web"
    ) -> "Settings":
        """Read the environment, then `env_file` for names it lacks.

        `role` says what is needed: web, worker, clock and cli need DATABASE_URL and SECRET_KEY, migrate the former,
        up (which makes both itself) and check neither. cli and check also look into HEADROOM_DATA/local.env.
        Raises SettingsError with every problem at once.
        """
        if role not in ROLES:
            raise ValueError(f"{role!r} is no role; there are {', '.join(sorted(ROLES))}")
        from_file, problems = read_env_file(env_file)
        merged = {**from_file, **_filled(os.environ if environ is None else environ)}
        if role in ("cli", "check"):
            made_up, more = read_env_file(Path(merged.get("HEADROOM_DATA", ".headroom")) / LOCAL_ENV)
            merged, problems = {**made_up, **merged}, problems + more
        values = Values(merged, problems)
        settings = _settings(values, role)
        problems += provider_problems(merged)
        if problems:
            raise SettingsError(problems)
        return settings

    @property
    def has_twilio(self) -> bool:
        """Are texts and calls real? Else texts go to the page /outbox."""
        return bool(self.given_twilio_sid and self.given_twilio_tokens)

    @property
    def has_sendgrid(self) -> bool:
        """Are e-mails real? Else they go to the page /outbox."""
        return self.sendgrid_api_key is not None

    @property
    def has_meta(self) -> bool:
        """Are Messenger answers real? Else they go to the page /outbox."""
        return self.given_meta_app_secret is not None

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """All keys whose signatures of ours are believed. What is signed anew is signed with the first."""
        return (self.secret_key, *self.old_secret_keys)

    @property
    def web_processes(self) -> int:
        """How many processes serve the web on this machine: on two cores accepting must not starve sending."""
        return 1 if (os.cpu_count() or 1) < 4 else 2

    @property
    def local_messages(self) -> bool:
        """No provider at all: every message lands on /outbox."""
        return not (self.has_twilio or self.has_sendgrid or self.has_meta)

    @property
    def twilio_account_sid(self) -> str:
        """The account's SID, or a made-up one of the same shape."""
        return self.given_twilio_sid or "AC" + local_secret(self.secret_key, "twilio account")

    @property
    def twilio_tokens(self) -> tuple[str, ...]:
        """The tokens an inbound request may be signed with (the first is used for calls out), or a derived one."""
        return self.given_twilio_tokens or (local_secret(self.secret_key, "twilio token"),)

    @property
    def meta_app_secret(self) -> str:
        """The secret with which Meta signs, or a derived one."""
        return self.given_meta_app_secret or local_secret(self.secret_key, "meta app secret")

    @property
    def meta_verify_token(self) -> str:
        """What Meta's handshake must carry, or a derived one."""
        return self.given_meta_verify_token or local_secret(self.secret_key, "meta verify token")

    @property
    def meta_page_tokens(self) -> dict[str, str]:
        """The token of each page or Instagram account, by its id; one for all of them has the id ""."""
        return dict(page_tokens(self.meta_page_token or ""))

    def page_token(self, account: str = "") -> str | None:
        """The token to act for this page or Instagram account with; None: there is none. Without an id, the first."""
        tokens = self.meta_page_tokens
        return tokens.get(account) or tokens.get("") or (None if account else next(iter(tokens.values()), None))

    @property
    def sendgrid_webhook_key(self) -> str | None:
        """The public key of SendGrid's event webhook; a derived one when e-mails are local; None: reports are refused."""
        if self.has_sendgrid or self.given_sendgrid_webhook_key:
            return self.given_sendgrid_webhook_key
        return local_verify_key(self.secret_key)

    def secret(self, name: str) -> str | None:
        """What `env:NAME` in the team file stands for; provider secrets fall back to the local ones. None: not set."""
        if name == "TWILIO_AUTH_TOKEN":
            return ",".join(self.twilio_tokens)
        if name == "META_APP_SECRET":
            return self.meta_app_secret
        if name == "SENDGRID_INBOUND_KEY":
            return self.given_sendgrid_inbound_key or local_secret(self.secret_key, "sendgrid inbound key")
        return self.environ.get(name) or None


def _filled(environ: Mapping[str, str]) -> dict[str, str]:
    """An empty variable counts as not set: compose files pass `NAME=` for those left out."""
    return {name: value for name, value in environ.items() if value.strip()}


def _settings(values: Values, role: str) -> Settings:
    port = values.whole("PORT", 8000, highest=65535)
    private_urls = values.hosts("HEADROOM_ALLOW_PRIVATE_URLS")
    return Settings(
        database_url=values.url("DATABASE_URL", ("postgresql", "postgres", "postgresql+psycopg"), needed_by=_database_need(role)),
        redis_url=values.url("REDIS_URL", ("redis", "rediss", "redis+socket", "unix")),
        redis_prefix=values.text("HEADROOM_REDIS_PREFIX") or "headroom:",
        data=Path(values.text("HEADROOM_DATA") or ".headroom"),
        team=Path(values.text("HEADROOM_TEAM") or Path(__file__).with_name("team.yaml")),
        rules=Path(own) if (own := values.text("HEADROOM_RULES")) else None,
        public_url=(values.url("PUBLIC_URL", ("http", "https")) or f"http://127.0.0.1:{port}").rstrip("/"),
        secret_key=values.key("SECRET_KEY", needed_by=role if role in SERVING | {"cli"} else None) or "",
        old_secret_keys=values.keys("SECRET_KEY_OLD"),
        host=values.text("HEADROOM_HOST") or "127.0.0.1",
        port=port,
        web_threads=values.whole("HEADROOM_WEB_THREADS", 16, lowest=1, highest=256),
        spool_mb=values.whole("HEADROOM_SPOOL_MB", 64, highest=100_000),
        trusted_proxies=values.whole("HEADROOM_TRUSTED_PROXIES", 0, highest=10),
        log_format=values.one_of("LOG_FORMAT", ("json", "text")),
        log_level=values.one_of("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        api_token=values.key("HEADROOM_API_TOKEN"),
        given_twilio_sid=values.text("TWILIO_ACCOUNT_SID"),
        given_twilio_tokens=values.several("TWILIO_AUTH_TOKEN"),
        twilio_from=values.text("TWILIO_FROM") or NOBODYS_NUMBER,
        twilio_api_url=values.url("TWILIO_API_URL", ("http", "https")),
        sendgrid_api_key=values.text("SENDGRID_API_KEY"),
        sendgrid_from=values.text("SENDGRID_FROM") or "headroom@example.com",
        sendgrid_api_url=values.url("SENDGRID_API_URL", ("http", "https")),
        given_sendgrid_webhook_key=values.text("SENDGRID_WEBHOOK_KEY"),
        given_sendgrid_inbound_key=values.text("SENDGRID_INBOUND_KEY"),
        given_meta_app_secret=values.text("META_APP_SECRET"),
        given_meta_verify_token=values.text("META_VERIFY_TOKEN"),
        meta_page_token=values.text("META_PAGE_TOKEN"),
        meta_graph_url=values.url("META_GRAPH_URL", ("http", "https")),
        **_vendors(values),
        private_urls=private_urls,
        deadman_url=values.outgoing_url("HEADROOM_DEADMAN_URL", allowed=private_urls),
        environ=values.environ,
    )


def _vendors(values: Values) -> dict[str, Any]:
    """Those of which one line is enough."""
    return {
        "linkedin_token": values.text("LINKEDIN_TOKEN"),
        "linkedin_version": values.text("LINKEDIN_VERSION") or LINKEDIN_VERSION,
        "linkedin_api_url": values.url("LINKEDIN_API_URL", ("http", "https")),
        "hubspot_token": values.text("HUBSPOT_TOKEN"),
        "hubspot_api_url": values.url("HUBSPOT_API_URL", ("http", "https")),
        "pipedrive_api_url": values.url("PIPEDRIVE_API_URL", ("http", "https")),
        "telegram_token": values.text("TELEGRAM_TOKEN"),
        "telegram_api_url": values.url("TELEGRAM_API_URL", ("http", "https")),
        "sendgrid_reply_to": values.text("SENDGRID_REPLY_TO"),
        "slack_bot_token": values.text("SLACK_BOT_TOKEN"),
        "slack_api_url": values.url("SLACK_API_URL", ("http", "https")),
        "whatsapp_token": values.text("WHATSAPP_TOKEN"),
        "whatsapp_phone_id": values.text("WHATSAPP_PHONE_ID"),
    }


def _database_need(role: str) -> str | None:
    return role if role in SERVING | {"migrate", "cli"} else None
