"""`headroom migrate`, `backup`, `restore`."""

import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from config.settings import Settings
from console.binaries import find_postgres
from console.output import Trouble
from console.visit import is_up, pg_bin, running_database
from store import schema


@click.command(help="Bring the database to the newest schema. Safe to run from several machines at once.")
def migrate() -> None:
    """Old code keeps running meanwhile."""
    url = Settings.read(role="migrate").database_url
    assert url is not None
    schema.migrate(url)
    click.echo(f"The schema is at version {schema.version(url)}.")


@click.command(help="Write the whole database to FILE (pg_dump's custom format). Works while the service runs.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Written beside and renamed: a backup that was cut short never looks like one."""
    if not file.resolve().parent.is_dir():
        raise Trouble(f"There is no folder {file.resolve().parent}. Make it first, or choose another place.")
    partial = file.with_name(f"{file.name}.part")
    with running_database() as (settings, url):
        partial.touch(mode=0o600)
        _run("pg_dump", ["--format=custom", f"--file={partial}"], url=url, settings=settings)
    partial.replace(file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes. Keep SECRET_KEY too: the links in messages are signed with it.")


@click.command(help="Replace everything in the database by FILE. The service must be stopped.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path, yes: bool) -> None:
    """All or nothing: one transaction."""
    if is_up(Settings.read(role="up")):
        raise Trouble("Headroom is running on this database. Stop it first (Ctrl-C where it was started), then restore.")
    if not yes:
        click.confirm("This replaces every lead in the database. Go on?", abort=True)
    with running_database() as (settings, url):
        options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", str(file)]
        _run("pg_restore", options, url=url, settings=settings)
        schema.migrate(url)
    click.echo(f"The database is as it was in {file}.")


def _run(program: str, options: list[str], *, url: str, settings: Settings) -> None:
    """The password goes by the environment, so that it stands in no process list."""
    parts = urlsplit(url.replace("+psycopg", "", 1))
    where = ["-h", parts.hostname or "localhost", "-p", str(parts.port or 5432), "-U", unquote(parts.username or "headroom")]
    argv: list[str | Path] = [find_postgres(pg_bin(settings)) / program, *where, "-d", unquote(parts.path.lstrip("/")), *options]
    env = {**settings.environ, "PGPASSWORD": unquote(parts.password or "")}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{program} failed: {(done.stderr.strip().splitlines() or ['(no reason given)'])[0]}")
