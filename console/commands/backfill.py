"""`headroom backfill`: leads that a vendor has and never told us of."""

from datetime import UTC, datetime

import click

from config import clock
from console.output import BAD_USE, Trouble, as_json, show
from console.visit import visit
from store import inbox, policies
from store.inbox import Received

VENDORS = {"meta": "meta", "linkedin": "linkedin", "hubspot": "hubspot"}  # type of the source -> whom to ask


@click.command(
    name="backfill",
    help="Fetch the leads of SOURCE (Meta, LinkedIn, HubSpot) that came in since an instant and were never told. Those that are here "
    "already are left alone: running it twice is harmless. A worker does it, page by page.",
)
@click.argument("source_id", metavar="SOURCE")
@click.option("--since", required=True, help="2026-11-01, or 2026-11-01T09:00+01:00 (without a zone: UTC).")
@click.option(
    "--only", help="Meta: the id of one form. LinkedIn: whose forms, urn:li:sponsoredAccount:<id> or urn:li:organization:<id>."
)
@as_json
def backfill(source_id: str, since: str, only: str | None, as_json: bool) -> None:
    """Old leads are answered and offered like new ones: mind the instant."""
    now, at = clock.now(), instant(since)
    with visit() as here:
        source = policies.current(here.engine, here.settings).sources.get(source_id)
        if source is None or source.type not in VENDORS:
            known = ", ".join(sorted(VENDORS))
            raise Trouble(f"{source_id} is no source that can be asked for what it has: {known} can.", code=BAD_USE)
        if source.type == "linkedin" and not only:
            raise Trouble("LinkedIn needs --only urn:li:sponsoredAccount:<id>: whose forms to ask for.", code=BAD_USE)
        if at > now:
            raise Trouble("--since lies in the future.", code=BAD_USE)
        wanted = {"vendor": VENDORS[source.type], "missed_since": at.isoformat(), "only": only or ""}
        key = f"backfill:{at.isoformat()}:{only or ''}:{now.isoformat()}"
        inbox.record(here.engine, [Received(source_id, key, "fetch_required", {"fetch": wanted}, b"", {}, now)], now)
    data = {"source": source_id, "since": at.isoformat(), "only": only}
    said = f"Asked for: what {source_id} has since {at:%Y-%m-%d %H:%M} UTC. A worker fetches it now; `headroom leads` shows what is new."
    show(data, as_json=as_json, words=lambda: [said])


def instant(said: str) -> datetime:
    """What was typed, in UTC. Raises Trouble."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError as error:
        raise Trouble(f"{said!r} is no instant. Write 2026-11-01 or 2026-11-01T09:00+01:00.", code=BAD_USE) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
