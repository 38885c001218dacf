"""A team file as a whole: read, check, write back."""

from dataclasses import dataclass, field, replace
from datetime import date
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from config import clock
from config.settings import Settings
from config.teamfile.channels import read_channels
from config.teamfile.difference import diff
from config.teamfile.endpoints import read_endpoints
from config.teamfile.findings import Findings, Problem, TeamFileError, by_line
from config.teamfile.hours import read_calendars
from config.teamfile.people import Context, read_managers, read_reps, read_site
from config.teamfile.pools import read_pools, read_slas
from config.teamfile.rules import RulesError, rulebook, to_come
from config.teamfile.section import Section
from config.teamfile.sources import read_rules, read_sources
from config.teamfile.tree import Node, read_tree, whole_tree
from config.teamfile.warnings import warn_of_what_cannot_work
from routing.rulebook import Rulebook
from routing.team import Rule, Source, Team

FORMAT = 1  # the `version:` of the file: that of its keys, not of its contents


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found. `team` is None if there are errors; warnings never stop a file; notes are for a person to look over."""

    errors: list[Problem]
    warnings: list[Problem]
    team: Team | None
    notes: list[str] = field(default_factory=list)


def load(source: Path | str, *, settings: Settings, version: int = 0) -> Team:
    """The team that a file (a path, or its text) describes. `version` is handed on to the Team.

    Raises TeamFileError with every problem and its line.
    """
    result = check(read_text(source), settings, version=version)
    if result.team is None:
        raise TeamFileError(result.errors)
    return result.team


def read_text(source: Path | str) -> str:
    """The text of a team file; text with a line break in it is taken as it is. Raises TeamFileError if it cannot be read."""
    if isinstance(source, str) and "\n" in source:
        return source
    try:
        return Path(source).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problem = Problem(1, "file", f"{source} is not UTF-8 text.", "Save it as UTF-8.")
    except OSError as error:
        problem = Problem(
            1,
            "file",
            f"{source} cannot be read: {error.strerror}.",
            "Is the path right? HEADROOM_TEAM says which file is meant where none is named.",
        )
    raise TeamFileError([problem])


def check(text: str, settings: Settings, *, version: int = 0, today: date | None = None) -> CheckResult:
    """Everything wrong with the file, and everything in it that can never work, by line.

    `today` decides for which years holidays are filled in and from when on leave and ramps are looked at.
    """
    findings = Findings()
    root = read_tree(text, findings)
    team = None
    if root is not None:
        context = Context(settings, findings, today or clock.now().date(), declared=_declared(root))
        team = _team(root, context, version)
        if not findings.errors:
            warn_of_what_cannot_work(team, root, context)
    errors = by_line(findings.errors)
    return CheckResult(errors, by_line(findings.warnings), None if errors else team, findings.notes)


def export(text: str) -> str:
    """The file written back in a uniform layout, comments kept; loading it gives the same team. Raises TeamFileError if it is no YAML."""
    whole_tree(text)
    try:
        written = _written_back(text, YAML(typ="rt"))
        if not diff(text, written):
            return written
    except ValueError:  # what looks like a date and is none stands where no date is asked for
        pass
    careful = YAML(typ="rt")
    made = careful.constructor
    as_text = {f"tag:yaml.org,2002:{kind}": type(made).construct_yaml_str for kind in ("timestamp", "int", "float")}
    made.yaml_constructors = {**made.yaml_constructors, **as_text}
    return _written_back(text, careful)


def _written_back(text: str, yaml: YAML) -> str:
    yaml.preserve_quotes = True
    yaml.width = 130
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.composer.warn_double_anchors = False
    out = StringIO()
    yaml.dump(yaml.load(text), out)
    return out.getvalue()


def _declared(root: Node) -> dict[str, list[str]]:
    """Every id the file gives, broken or not: a fault is told where it is, not again wherever the name is used."""
    names: dict[str, list[str]] = {}
    for key in ("hours", "pools", "slas", "sources", "managers", "reps", "rules"):
        node = root.get(key) or Node(1, "null")
        ids = (item.get("id") for item in node.items)
        names[key] = [name for name, _ in node.entries] + [found.text.strip() for found in ids if found]
    names["hours"].append("always")
    return names


def _team(root: Node, context: Context, version: int) -> Team:
    top = Section(root, "", context.findings)
    _check_format(top)
    _check_parts(top)
    site = read_site(top.part("site"))
    context.region, context.firm = site.region, site.name
    book = _rules(context)
    channels = read_channels(top.part("channels"), context, book)
    context.calendars = read_calendars(top.node("hours"), site.zone, context.findings, today=context.today)
    managers, directors = read_managers(top.node("managers"), context)
    reps = read_reps(top.node("reps"), context)
    slas = read_slas(top.node("slas"), context)
    pools = read_pools(top.node("pools"), context, directors)
    sources = read_sources(top.node("sources"), context)
    rules = read_rules(top.node("rules"), context)
    endpoints = read_endpoints(top.node("endpoints"), context)
    top.close()
    return Team(
        version=version,
        site=site,
        reps=reps,
        managers=managers,
        pools=pools,
        sources=_with_sla(sources, rules),
        rules=rules,
        slas=slas,
        calendars=context.calendars,
        rulebook=book,
        quiet_hours=channels.quiet,
        pace=channels.pace,
        approved=channels.approved,
        endpoints=endpoints,
        phones=frozenset(filter(None, [*(rep.phone for rep in reps.values()), *(each.phone for each in managers.values())])),
    )


def _rules(context: Context) -> Rulebook:
    """The rules of contact; what is wrong with them is told with all that is wrong with the file."""
    try:
        book = rulebook(context.settings.rules)
    except RulesError as broken:
        context.findings.errors += broken.problems
        return Rulebook()
    if later := to_come(book, context.today):
        context.findings.notes.append(f"Rules of contact that begin by themselves: {', '.join(later)}.")
    return book


def _check_format(top: Section) -> None:
    if top.node("version") is None:
        top.fail("version", "is missing.", f"Add `version: {FORMAT}` as the first line.")
    else:
        top.whole("version", FORMAT, lowest=FORMAT, highest=FORMAT)


def _check_parts(top: Section) -> None:
    for key in ("site", "reps", "pools", "slas", "sources"):
        node = top.node(key)
        if node is None or node.is_none or not (node.items or node.entries):
            top.fail(key, "is missing or empty.", "config/team.yaml shows one.")


def _with_sla(sources: dict[str, Source], rules: tuple[Rule, ...]) -> dict[str, Source]:
    """A source with a pool of its own skips the rules; if it names no SLA it has that of the last rule."""
    usual = rules[-1].sla if rules else None
    return {name: replace(source, sla=source.sla or usual) if source.pool else source for name, source in sources.items()}
