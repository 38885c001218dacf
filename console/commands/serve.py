"""`headroom up` and the single processes `web`, `worker`, `clock`."""

import os
import sys

import click

from config.settings import Settings
from console.preparing import Preparation
from console.startup import lay_ground
from console.supervisor import Supervisor, commands
from console.welcome import welcome


def tell(line: str) -> None:
    """One calm line on the screen."""
    click.echo(f"  {line}")


@click.command(help="Start everything on this machine: database, bell, web, worker, clock. Ctrl-C stops it.")
def up() -> None:
    """Blocks until a signal comes."""
    settings = Settings.read(role="up")
    click.echo("Headroom is starting ...")
    ground = lay_ground(settings, tell)
    supervisor, preparation = Supervisor(ground, tell), Preparation(ground, tell)

    def greet() -> None:
        if done := preparation.news():
            for line in welcome(ground.settings, supervisor.address, form_source=done.source, first_admin=done.first_admin):
                click.echo(line)

    try:
        preparation.begin()
        supervisor.start()
        supervisor.run(greet)
    finally:
        preparation.end()
        click.echo("\nHeadroom is stopping: work in hand is finished first ...")
        supervisor.stop()
        click.echo("Stopped. The data are kept.")


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
