"""`headroom report`: how fast leads are acknowledged, tried, answered and talked with."""

import click

from config import clock
from console import speed
from console.output import Trouble, as_json, show
from console.visit import visit
from store import policies


@click.command(
    help="How fast leads were acknowledged, tried, answered and talked with: middle and slow end, wall and working time."
)
@click.option(
    "--days", default=speed.DAYS, type=click.IntRange(1, speed.MOST_DAYS), show_default=True, help="Leads of the last days."
)
@click.option("--pool", help="Only the leads of this pool.")
@as_json
def report(days: int, pool: str | None, as_json: bool) -> None:
    """Test leads are left out."""
    with visit() as at:
        team = policies.current(at.engine, at.settings)
        if pool is not None and pool not in team.pools:
            raise Trouble(f"There is no pool {pool!r}. There are {', '.join(team.pools)}.")
        found = speed.told(at.engine, team, days=days, pool=pool, now=clock.now())
    show(found, as_json=as_json, words=lambda: speed.lines(found))
