"""`headroom migrate`, `backup`, `restore`."""

import os
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import click

from config.settings import Settings
from console.binaries import find_postgres
from console.output import Trouble, as_json, show
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
@as_json
def backup(file: Path, as_json: bool) -> None:
    """Written beside and renamed: a backup that was cut short never looks like one."""
    if not file.resolve().parent.is_dir():
        raise Trouble(f"There is no folder {file.resolve().parent}. Make it first, or choose another place.")
    partial = file.with_name(f"{file.name}.part")
    with running_database() as (settings, url):
        partial.touch(mode=0o600)
        _run("pg_dump", ["--format=custom", f"--file={partial}"], url=url, settings=settings)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
    partial.replace(file)
    size = file.stat().st_size
    words = f"{file}: {size:,} bytes. Keep SECRET_KEY too: the links in messages are signed with it."
    show({"file": str(file), "bytes": size}, as_json=as_json, words=lambda: [words])


@click.command(help="Replace everything in the database by FILE. The service must be stopped.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path, yes: bool) -> None:
    """All or nothing: one transaction."""
    if is_up(Settings.read(role="up")):
        raise Trouble("Headroom is running on this database. Stop it first (Ctrl-C where it was started), then restore.")
    if not yes:
        click.confirm("This replaces every lead in the database. Go on?", abort=True)
    with running_database() as (settings, url), tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "restore.sql"
        _write_script(file, script, settings)  # as a whole first: half a backup must not be taken for one
        _run("psql", ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f", str(script)], url=url, settings=settings)
        schema.migrate(url)
        schema.leave_a_gap(url)
    click.echo(
        f"The database is as it was in {file}. What waited to be sent then is sent when the service starts, unless it is no longer true; "
        "what came in since then is missing: ask your sources to send it again, their keys keep anything from being doubled."
    )


def _write_script(file: Path, script: Path, settings: Settings) -> None:
    """A backup as SQL. Newer programs set transaction_timeout at its head, which servers before 17 do not know."""
    options: list[str | Path] = ["--clean", "--if-exists", "--no-owner", "-f", script, file]
    _call([find_postgres(pg_bin(settings)) / "pg_restore", *options], dict(settings.environ))
    kept = script.with_suffix(".kept")
    with script.open("rb") as lines, kept.open("wb") as out:
        out.writelines(
            line for number, line in enumerate(lines) if number > 60 or not line.startswith(b"SET transaction_timeout")
        )
    kept.replace(script)


def _run(program: str, options: list[str], *, url: str, settings: Settings) -> None:
    """The password goes by the environment, so that it stands in no process list."""
    parts = urlsplit(url.replace("+psycopg", "", 1))
    who, _, where = parts.netloc.rpartition("@")
    user, _, password = who.partition(":")
    target = urlunsplit(parts._replace(netloc=f"{user}@{where}" if user else where))
    env = {**settings.environ, **({"PGPASSWORD": unquote(password)} if password else {})}
    _call([find_postgres(pg_bin(settings)) / program, "-d", target, *options], env)


def _call(argv: list[str | Path], env: dict[str, str]) -> None:
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{Path(argv[0]).name} failed: {(done.stderr.strip().splitlines() or ['(no reason given)'])[0]}")
