"""The command line `headroom`. Exit codes: 0 fine, 1 found problems, 2 bad use. Never a traceback.

Each command lives in a small module of console/commands; add yours to the list below.
"""

import sys
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
import structlog

from config.settings import SettingsError
from console.commands import (
    accounts,
    backfill,
    database,
    doctor,
    events,
    hours,
    importing,
    leads,
    people,
    privacy,
    report,
    reps,
    serve,
    team,
    try_out,
)
from console.output import BAD_USE, FOUND_PROBLEMS, Trouble
from console.processes import StartFailed
from store.policies import NoTeam
from store.reports import StoreFault

COMMANDS = (
    serve.up,
    serve.web,
    serve.worker,
    serve.clock,
    database.migrate,
    team.check,
    team.diff,
    team.apply,
    team.export,
    try_out.test_lead,
    importing.import_leads,
    backfill.backfill,
    leads.why,
    hours.due,
    leads.leads,
    report.report,
    reps.rep,
    accounts.user,
    accounts.token,
    events.events,
    people.merge,
    people.split,
    privacy.export_person,
    privacy.erase,
    doctor.doctor,
    database.backup,
    database.restore,
)


def _version(context: click.Context, _parameter: click.Parameter, is_asked: bool) -> None:
    if is_asked:
        try:
            click.echo(f"headroom {version('headroom')}")
        except PackageNotFoundError:
            click.echo("headroom, run from its folder without being installed")
        context.exit()


@click.group(help="Headroom answers every new lead, routes it to a rep who has room, and escalates until a person responds.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the version.")
def cli() -> None:
    """The commands hang below this one."""


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """The console script: runs a command and turns every expected failure into one line and an exit code."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )  # stdout is for answers: --json is read by programs
    sys.exit(run(sys.argv[1:]))


def run(words: list[str]) -> int:
    """Run a command line; returns its exit code."""
    try:
        code = cli.main(words, prog_name="headroom", standalone_mode=False)
    except click.ClickException as wrong:
        wrong.show()
        return BAD_USE
    except (click.Abort, KeyboardInterrupt):
        return 130
    except Trouble as trouble:
        click.echo(str(trouble), err=True)
        return trouble.code
    except SettingsError as wrong_settings:
        click.echo(str(wrong_settings), err=True)
        return BAD_USE
    except (StartFailed, NoTeam) as failure:
        click.echo(str(failure), err=True)
        return FOUND_PROBLEMS
    except StoreFault as gone:
        reason = str(getattr(gone, "orig", gone)).strip().partition("\n")[0]
        click.echo(
            f"The database did not do its part: {reason}. Does it run, and is DATABASE_URL right? `headroom doctor`", err=True
        )
        return FOUND_PROBLEMS
    except BrokenPipeError:  # `headroom leads | head`
        return 0
    except Exception as unforeseen:
        click.echo(f"Something unforeseen: {_where(unforeseen)}. Please report this line.", err=True)
        return FOUND_PROBLEMS
    return code if isinstance(code, int) else 0


def _where(error: Exception) -> str:
    """Kind and place of an error that is a mistake of ours; not its text, which may hold a person's data."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    return f"{type(error).__name__} at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else type(error).__name__


if __name__ == "__main__":
    main()
