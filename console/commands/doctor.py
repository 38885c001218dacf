"""`headroom doctor`: looks at every part and says of each fault how to mend it."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import click

from config import clock
from config.outgoing import Guard
from config.settings import Settings, SettingsError
from config.teamfile import TeamFileError
from console import inbound, outbound, slack_token
from console.asking import ask
from console.commands.team import looked_at
from console.output import FOUND_PROBLEMS, Trouble, as_json, show
from console.processes import StartFailed
from console.visit import Visit, is_up, visit
from store import dead_letters, durability, policies, reports, schema
from store.reports import StoreFault

OTHER_CONNECTIONS = 2 * 4 + 3 + 4  # two worker children, the clock, one command; docs/runbook.md, memory and connections
TICK_AT_MOST = timedelta(seconds=10)  # the same as /health/engine


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found. `mend` is empty when all is well, else it says what to do."""

    part: str
    is_well: bool
    what: str
    mend: str = ""


@click.command(
    help="Look at every part: settings, database, team file, Redis, web, clock, providers. Says how to mend what is wrong."
)
@as_json
def doctor(as_json: bool) -> int:
    """Exit code 1 if something is wrong."""
    found = list(examine())
    show(
        [asdict(finding) for finding in found],
        as_json=as_json,
        words=lambda: (line for finding in found for line in _words(finding)),
    )
    return 0 if all(finding.is_well for finding in found) else FOUND_PROBLEMS


def examine() -> Iterator[Finding]:
    """Each part in turn; a part that cannot be looked at is a finding, not an end."""
    try:
        with visit() as at:
            yield Finding("settings", True, "complete")
            yield from _stored(at)
            settings = at.settings
            yield from _endpoints(at)
    except SettingsError as wrong:
        yield Finding("settings", False, "incomplete or wrong", " ".join(wrong.problems))
        return
    except (Trouble, StartFailed) as trouble:
        yield Finding("database", False, "not reachable", str(trouble))
        return
    except StoreFault as gone:
        yield Finding("database", False, "does not answer", f"{_short(gone)}. Start it, or correct DATABASE_URL.")
        return
    yield _team(settings)
    yield _redis(settings)
    yield _web(settings)
    yield from _providers(settings)
    yield _slack(settings)
    yield _deadman(settings)


def _stored(at: Visit) -> Iterator[Finding]:
    version = schema.version(at.url)
    yield Finding("database", version is not None, f"schema {version}", "" if version else "Run `headroom migrate`.")
    if version is None:
        return
    for verdict in durability.look(at.engine, at.settings.web_threads * at.settings.web_processes + OTHER_CONNECTIONS):
        yield Finding(verdict.part, verdict.is_well, verdict.what, verdict.mend)
    has_team = policies.text_of(at.engine) is not None
    yield Finding("team in force", has_team, "yes" if has_team else "none", "" if has_team else "Run `headroom apply FILE`.")
    tick = reports.beat_at(at.engine, "clock")
    age = clock.now() - tick if tick else None
    if age is not None and abs(age) <= TICK_AT_MOST:
        yield Finding("clock", True, f"ticked {age.total_seconds():.1f} s ago")
    else:
        seen = f"last ticked at {tick:%Y-%m-%d %H:%M:%S} UTC" if tick else "never ticked"
        yield Finding("clock", False, seen, "Start `headroom clock` (or `headroom up`): without it no alarm rings.")
    for notice in reports.notices(at.engine):
        yield Finding(
            "notice", False, notice["text"], f"Since {notice['since']:%Y-%m-%d %H:%M} UTC; docs/runbook.md says what to do."
        )


def _endpoints(at: Visit) -> Iterator[Finding]:
    """Who outside is told of events, by the team in force."""
    if schema.version(at.url) is None or policies.text_of(at.engine) is None:
        return
    try:
        team = policies.current(at.engine, at.settings)
    except TeamFileError as wrong:
        yield Finding(
            "endpoints",
            False,
            f"the team in force cannot be read with these settings: {wrong.problems[0]}",
            "See `headroom check`.",
        )
        return
    for seen in outbound.look(team.endpoints.values(), dead_letters.known(at.engine), at.settings):
        yield Finding(f"endpoint {seen.endpoint}", not seen.mend, seen.what, seen.mend)


def _team(settings: Settings) -> Finding:
    found = looked_at(settings.team, settings)
    if found.errors:
        return Finding(
            "team file", False, f"{len(found.errors)} errors in {settings.team}", "Run `headroom check` to see each line."
        )
    return Finding("team file", True, f"{settings.team}, {len(found.warnings)} warnings")


def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding("redis", True, "none: the clock process does the work")
    if _listens(settings.redis_url, 6379):
        return Finding("redis", True, "listens")
    return Finding(
        "redis", False, "does not listen", "Start it or correct REDIS_URL. Until then the clock process does the work."
    )


def _web(settings: Settings) -> Finding:
    host = inbound.ANYWHERE.get(settings.host, settings.host)
    answer = ask(f"http://{host}:{settings.port}/readyz")
    if answer.is_fine:
        return Finding("web", True, f"ready at {settings.public_url}")
    mend = "Look into its log." if is_up(settings) else "Start the service: `headroom up`, or `headroom web` on this machine."
    return Finding("web", False, f"/readyz answered {answer.status or 'nothing'}", mend)


def _providers(settings: Settings) -> Iterator[Finding]:
    asked: list[tuple[str, bool, str, Callable[[Settings], str | None]]] = [
        ("twilio", settings.has_twilio, "texts and calls", lambda s: s.twilio_api_url or "https://api.twilio.com"),
        ("sendgrid", settings.has_sendgrid, "e-mails", lambda s: s.sendgrid_api_url or "https://api.sendgrid.com"),
        ("meta", settings.has_meta, "Messenger answers", lambda s: s.meta_graph_url or "https://graph.facebook.com"),
    ]
    for name, is_set, what, address in asked:
        if not is_set:
            yield Finding(name, True, f"no keys: {what} land on /outbox")
        elif _listens(address(settings) or "", 443):
            yield Finding(name, True, "keys are set and it can be reached")
        else:
            yield Finding(
                name, False, f"{address(settings)} cannot be reached", "Open the firewall for it, or mend the name service."
            )
    if settings.has_twilio and not settings.public_url.startswith("https://"):
        yield Finding(
            "public address", False, settings.public_url, "Set PUBLIC_URL to the https address that the providers call."
        )


def _slack(settings: Settings) -> Finding:
    if not settings.slack_bot_token:
        return Finding("slack", True, "no token: nobody is told there")
    verdict = slack_token.look(settings)
    return Finding("slack", not verdict.mend, verdict.what, verdict.mend)


def _deadman(settings: Settings) -> Finding:
    if settings.deadman_url is None:
        return Finding("dead man's switch", True, "none: set HEADROOM_DEADMAN_URL to be told when everything here is silent")
    fault = Guard(settings.private_urls).fault(settings.deadman_url)
    if fault is None:
        return Finding("dead man's switch", True, "may be called")
    return Finding("dead man's switch", False, f"is not called: {fault}", "Correct HEADROOM_DEADMAN_URL.")


def _listens(url: str, usual_port: int) -> bool:
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, usual_port)
    try:
        with socket.create_connection((parts.hostname or "localhost", port), timeout=3):
            return True
    except OSError:
        return False


def _words(finding: Finding) -> list[str]:
    mark = "ok  " if finding.is_well else "MEND"
    return [f"{mark}  {finding.part}: {finding.what}", *([f"      {finding.mend}"] if finding.mend else [])]


def _short(gone: Exception) -> str:
    return str(getattr(gone, "orig", gone)).strip().partition("\n")[0]
