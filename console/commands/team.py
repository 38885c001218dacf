"""`headroom check`, `diff`, `apply`, `export`: the team file and the one in force."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from config import clock, teamfile
from config.outgoing import Guard
from config.settings import Settings
from config.teamfile import CheckResult, Problem, TeamFileError
from console.output import FOUND_PROBLEMS, Trouble, as_json, show
from console.visit import visit
from routing.team import Team
from store import policies
from store.engine import Engine

T = TypeVar("T")
team_path = click.argument("file", type=click.Path(path_type=Path), required=False)


@click.command(help="Look for what is wrong in a team file, and for what in it can never work.")
@team_path
@as_json
def check(file: Path | None, as_json: bool) -> int:
    """Exit code 1 if it cannot be used; warnings alone are fine."""
    settings = Settings.read(role="check")
    path = file or settings.team
    found = looked_at(path, settings)
    show(_as_data(found), as_json=as_json, words=lambda: _as_words(path, found))
    return FOUND_PROBLEMS if found.errors else 0


@click.command(help="What applying FILE would change, line by line. Without --against: compared with the team in force.")
@team_path
@click.option("--against", type=click.Path(path_type=Path), help="Another team file to compare with.")
@as_json
def diff(file: Path | None, against: Path | None, as_json: bool) -> int:
    """Compares what is written, not what it means. Exit code 1 if FILE could not be applied."""
    settings = Settings.read(role="check")
    path = file or settings.team
    changes = _or_trouble(path, lambda: teamfile.diff(_old_text(against), teamfile.read_text(path)))
    faults = replace(looked_at(path, settings), warnings=[], notes=[])
    refused = _as_words(path, faults) if faults.errors else []
    data = {"changes": changes, "errors": _as_data(faults)["errors"]}
    show(data, as_json=as_json, words=lambda: [*(changes or ["No difference."]), *refused])
    return FOUND_PROBLEMS if refused else 0


@click.command(help="Put FILE in force. New leads live under it; those that are open keep the rules they came under.")
@team_path
@click.option("--by", default="command line", help="Who does this, for the record.")
@as_json
def apply(file: Path | None, by: str, as_json: bool) -> int:
    """A file that does not pass the check is refused, and the running one stays."""
    with visit() as at:
        path = file or at.settings.team
        found = looked_at(path, at.settings)
        if found.errors and as_json:
            show({**_as_data(found), "version": None}, as_json=True, words=list)
            return FOUND_PROBLEMS
        if found.errors:
            raise Trouble("\n".join([*_as_words(path, found), "Nothing was changed: the team in force stays."]))
        version = put_in_force(at.engine, teamfile.read_text(path), settings=at.settings, by=by)
        data = {**_as_data(found), "version": version}
        show(data, as_json=as_json, words=lambda: [*_as_words(path, found), f"In force as version {version}."])
        return 0


@click.command(help="Print the team file in force, comments kept.")
@as_json
def export(as_json: bool) -> None:
    """Loading what it prints gives the same team."""
    with visit() as at:
        text = _text_in_force(at.engine)
        show({"team_file": teamfile.export(text)}, as_json=as_json, words=lambda: [teamfile.export(text).rstrip("\n")])


def looked_at(path: Path, settings: Settings) -> CheckResult:
    """The findings about a file; one that cannot be read is a finding too."""
    try:
        text = teamfile.read_text(path)
    except TeamFileError as unreadable:
        return CheckResult(unreadable.problems, [], None)
    found = teamfile.check(text, settings)
    return replace(found, warnings=[*found.warnings, *_not_called_now(text, found.team, settings)]) if found.team else found


def _not_called_now(text: str, team: Team, settings: Settings) -> list[Problem]:
    """Endpoints whose names lead nowhere, or into a private network, at this moment: each call looks again, so these only warn."""
    guard, lines = Guard(settings.private_urls), text.splitlines()
    found = []
    for endpoint in team.endpoints.values():
        fault = guard.fault(endpoint.url) if endpoint.url and endpoint.enabled else None
        if fault:
            line = next((n for n, each in enumerate(lines, 1) if endpoint.url in each), 1)
            found.append(Problem(line, f"endpoints.{endpoint.id}.url", f"would not be called now: {fault}."))
    return found


def read_team(path: Path, settings: Settings) -> Team:
    """The team a file describes. Raises Trouble with all that is wrong."""
    return _or_trouble(path, lambda: teamfile.load(path, settings=settings))


def bring_team(settings: Settings, engine: Engine, tell: Callable[[str], None]) -> None:
    """At the start of the service: put the team file in force if it has changed; if it is broken, the one in force stays."""
    found = looked_at(settings.team, settings)
    for problem in [*found.errors, *found.warnings]:
        tell(f"{settings.team.name}, {problem}")
    if not found.errors:
        version = put_in_force(engine, teamfile.read_text(settings.team), settings=settings, by="headroom up")
        tell(f"the team file {settings.team} is in force (version {version})")
    elif policies.text_of(engine) is None:
        raise Trouble(f"The team file {settings.team} cannot be used, and there is no earlier one. Mend the lines above.")
    else:
        tell(f"the team file {settings.team} is not used: the team in force stays until the lines above are mended")


def put_in_force(engine: Engine, text: str, *, settings: Settings, by: str) -> int:
    """Returns the version; that of the team in force if the text is the same."""
    return policies.apply(engine, text, settings, clock.now(), by)


def _text_in_force(engine: Engine) -> str:
    text = policies.text_of(engine)
    if text is None:
        raise Trouble("No team file is in force yet. Put one in force with `headroom apply FILE`.")
    return text


def _old_text(against: Path | None) -> str:
    if against is not None:
        return teamfile.read_text(against)
    with visit() as at:
        return _text_in_force(at.engine)


def _or_trouble(path: Path, work: Callable[[], T]) -> T:
    try:
        return work()
    except TeamFileError as wrong:
        raise Trouble("\n".join([f"{path} cannot be used:", *(f"  {problem}" for problem in wrong.problems)])) from wrong


def _as_data(found: CheckResult) -> dict[str, Any]:
    def plain(problems: Iterable[Problem]) -> list[dict[str, object]]:
        return [{"line": p.line, "key": p.key, "reason": p.reason, "hint": p.hint} for p in problems]

    return {"errors": plain(found.errors), "warnings": plain(found.warnings), "notes": found.notes}


def _as_words(path: Path, found: CheckResult) -> list[str]:
    lines = [f"{path}, {problem}" for problem in found.errors]
    lines += [f"{path}, warning, {problem}" for problem in found.warnings]
    lines += [f"note: {note}" for note in found.notes]
    if found.errors:
        return [*lines, f"{len(found.errors)} to mend before this file can be used."]
    return [*lines, f"{path} is fine." if not found.warnings else f"{path} can be used; {len(found.warnings)} to think about."]
