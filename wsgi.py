"""The web process: the door for what comes in, and the pages for people, in one application."""

from flask import Flask

from config import logs
from config.bell import make_bell
from config.settings import Settings
from console import metrics, web
from store import policies
from store.engine import connect
from store.last_team import learn_it
from webhooks import app as webhooks

STATEMENT_MS = 5_000  # a sender waits: what takes longer goes on the spool
FUSE_SECONDS = 1.5  # while the database does not answer, one request in this time waits for it and the others do not


def make_app(settings: Settings) -> Flask:
    """One application on one database. Raises SettingsError when something is missing."""
    assert settings.database_url is not None
    made = Flask("headroom", static_folder=None)
    made.url_map.strict_slashes = False  # a slash too many, typed into a vendor's form, must not cost a lead
    engine = connect(
        settings.database_url, role="web", size=settings.web_threads, statement_timeout_ms=STATEMENT_MS, fuse_seconds=FUSE_SECONDS
    )
    made.extensions["engine"] = engine  # for whoever must dispose of it
    policies.open_book(engine, settings)
    bell = make_bell(settings)
    made.register_blueprint(webhooks.blueprint(engine, settings, bell.ring, metrics.count_robot))
    made.register_blueprint(web.blueprint(engine, settings, bell.ring))
    return made


def __getattr__(name: str) -> Flask:
    """`wsgi:app`, made when the server asks for it, so that tests can import this module without any settings."""
    if name != "app":
        raise AttributeError(name)
    settings = Settings.read(role="web")
    logs.configure("web", settings)
    made = make_app(settings)
    learn_it(made.extensions["engine"], settings)
    return made
