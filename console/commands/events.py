"""`headroom events`: how the endpoints are, what could not be delivered, and how to deliver it again."""

import base64
import re
import secrets
from datetime import datetime

import click

from config import clock
from config.teamfile.endpoints import PREFIX
from config.teamfile.section import as_span
from console.output import BAD_USE, Trouble, as_json, show, table
from console.visit import visit
from store import dead_letters, policies

EVENT_ID = re.compile(r"evt_([0-9a-f]{32})")
KEY_BYTES = 32  # the specification asks for 24 to 64


@click.group(help="Events for endpoints outside: how they are delivered, what was not, and delivering it again.")
def events() -> None:
    """The commands hang below this one."""


@events.command(name="list", help="Every endpoint: how it is, how much waits, how much is dead.")
@as_json
def list_endpoints(as_json: bool) -> None:
    """Counts stop at 1,000."""
    with visit() as at:
        found = dead_letters.known(at.engine)
    cells = [
        [
            row["id"],
            dead_letters.state_of(row, clock.now()),
            row["waiting"],
            row["dead"],
            _at(row["delivered_at"]),
            row["why"] or "",
        ]
        for row in found
    ]
    nobody = ["No endpoints: name some under `endpoints:` in the team file (docs/events.md)."]
    heads = ["endpoint", "state", "waiting", "dead", "delivered (UTC)", "why"]
    show(found, as_json=as_json, words=lambda: table(heads, cells) if cells else nobody)


@events.command(name="dead", help="What could not be delivered, newest first.")
@click.option("--endpoint", help="Only of this endpoint.")
@click.option("--most", default=50, type=click.IntRange(1, 1000), help="At most so many (50).")
@as_json
def dead(endpoint: str | None, most: int, as_json: bool) -> int:
    """Exit code 1 when there is any."""
    with visit() as at:
        found = dead_letters.dead(at.engine, endpoint=endpoint, most=most)
    cells = [[r["event"], r["type"], r["endpoint"], r["lead"], _at(r["at"]), r["attempts"], r["error"] or ""] for r in found]
    heads = ["event", "type", "endpoint", "lead", "happened (UTC)", "tries", "error"]
    show(found, as_json=as_json, words=lambda: table(heads, cells) if cells else ["No dead letters."])
    return 1 if found else 0


@events.command(
    name="replay", help="Deliver again, under the same ids: one EVENT, or what --endpoint was to hear --since an instant."
)
@click.argument("event", required=False)
@click.option("--endpoint", help="To this endpoint only.")
@click.option("--since", help="2h, 3d or 2026-11-24T10:00Z: everything since then, delivered or not.")
@click.option("--dead", "only_dead", is_flag=True, help="With --since: only what could not be delivered.")
@as_json
def replay(event: str | None, endpoint: str | None, since: str | None, only_dead: bool, as_json: bool) -> None:
    """Receivers know a repeated event by its id."""
    if bool(event) == bool(since) or (since and not endpoint):
        raise click.UsageError("Name one EVENT (evt_...), or both --endpoint NAME and --since WHEN.")
    now = clock.now()
    with visit() as at:
        if event:
            count = dead_letters.replay(at.engine, key_of(event), now, endpoint=endpoint)
        else:
            policies.open_book(at.engine, at.settings)
            if endpoint not in policies.current(at.engine, at.settings).endpoints:
                raise Trouble(f"There is no endpoint {endpoint!r} in the team file.", code=BAD_USE)
            count = dead_letters.replay_since(at.engine, endpoint or "", since_of(since or "", now), now, only_dead=only_dead)
    if not count:
        raise Trouble(
            "Nothing was found to deliver again. Events are kept for 30 days; `headroom events dead` lists what failed."
        )
    show({"queued": count}, as_json=as_json, words=lambda: [f"{count} on their way again."])


@events.command(name="enable", help="Call ENDPOINT again although it answered 410 or failed; then replay what it missed.")
@click.argument("endpoint")
def enable(endpoint: str) -> None:
    """The receiver must be in order first."""
    with visit() as at:
        if not dead_letters.enable(at.engine, endpoint, clock.now()):
            raise Trouble(f"There is no endpoint {endpoint!r}.", code=BAD_USE)
    click.echo(f"{endpoint} is called again. What it missed: `headroom events replay --endpoint {endpoint} --since 3d`")


@events.command(name="secret", help="Make a signing secret. Put it into the environment, and give it to the receiver.")
def secret() -> None:
    """To replace one: both, the new one first, separated by a comma; take the old one out when the receiver knows the new."""
    click.echo(PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())


def key_of(event: str) -> str:
    """The key behind an event's id. Raises click.BadParameter."""
    found = EVENT_ID.fullmatch(event.strip())
    if found is None:
        raise click.BadParameter(f"{event!r} is no event's id; they look like evt_ and 32 letters and digits.")
    return found[1]


def since_of(words: str, now: datetime) -> datetime:
    """`2h` ago, or an instant with its zone. Raises click.BadParameter."""
    span = as_span(words)
    if span:
        return now - span
    try:
        at = datetime.fromisoformat(words.strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise click.BadParameter(f"--since {words!r} is not understood. Write 2h, 3d, or 2026-11-24T10:00Z.")
    return at


def _at(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else ""
