"""`headroom up` and the single processes `web`, `worker`, `clock`."""

import os
import sys

import click

from config.links import make_first_admin_link
from config.settings import Settings
from console import inbound
from console.commands.team import bring_team
from console.startup import Ground, lay_ground
from console.supervisor import Supervisor, commands
from console.welcome import welcome
from store import accounts, policies, schema
from store.engine import connect


def tell(line: str) -> None:
    """One calm line on the screen."""
    click.echo(f"  {line}")


@click.command(help="Start everything on this machine: database, bell, web, worker, clock. Ctrl-C stops it.")
def up() -> None:
    """Blocks until a signal comes."""
    settings = Settings.read(role="up")
    click.echo("Headroom is starting ...")
    ground = lay_ground(settings, tell)
    supervisor = Supervisor(ground, tell)
    try:
        source, first_admin = prepare(ground)
        supervisor.start()
        for line in welcome(ground.settings, supervisor.address, form_source=source, first_admin=first_admin):
            click.echo(line)
        supervisor.run()
    finally:
        click.echo("\nHeadroom is stopping: work in hand is finished first ...")
        supervisor.stop()
        click.echo("Stopped. The data are kept.")


def prepare(ground: Ground) -> tuple[str | None, str | None]:
    """Bring schema and team file up to date.

    Returns the id of a source that takes a plain form, if there is one, and the link to the first account, if there is none.
    """
    url = ground.settings.database_url
    assert url is not None
    schema.migrate(url)
    tell("the database schema is up to date")
    engine = connect(url, role="up", size=4)
    try:
        bring_team(ground.settings, engine, tell)
        source = inbound.first_source(policies.current(engine, ground.settings), "form")
        any_account, _ = accounts.look(engine, None)
    finally:
        engine.dispose()
    first_admin = None if any_account else make_first_admin_link(ground.settings)
    return source.id if source and not source.secrets else None, first_admin


@click.command(help="Serve the webhooks and pages (gunicorn).")
def web() -> None:
    """Replaces this process."""
    Settings.read(role="web")
    _become("web")


@click.command(help="Work on what comes in (Celery); run as many as you like.")
def worker() -> None:
    """Replaces this process."""
    Settings.read(role="worker")
    _become("worker")


@click.command(help="Ring for what is due and do what nobody else did; run one or more.")
def clock() -> None:
    """Replaces this process."""
    Settings.read(role="clock")
    _become("clock")


def _become(role: str) -> None:
    os.execv(sys.executable, commands()[role])
