"""Knock at the doors of those who are told of events: connect and hang up, and say how their deliveries go. No lead is told."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from config.outgoing import AddressRefused
from config.outgoing_call import NotReached, reach
from config.outgoing_hosts import guard_of, hosts_of
from config.settings import Settings
from routing.endpoint import Endpoint
from store.dead_letters import Row

PATIENCE_SECONDS = 5.0  # for each address
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """One endpoint. `mend` is empty when all is well."""

    endpoint: str
    what: str
    mend: str = ""


def look(endpoints: Iterable[Endpoint], known: Iterable[Row], settings: Settings) -> Iterator[Seen]:
    """Each endpoint that is switched on, in the order of the team file."""
    rows = {row["id"]: row for row in known}
    wanted = [endpoint for endpoint in endpoints if endpoint.enabled]
    with ThreadPoolExecutor(AT_ONCE) as hands:
        faults = hands.map(lambda endpoint: unreachable(endpoint, settings), wanted)
        for endpoint, fault in zip(wanted, faults, strict=True):
            yield seen(endpoint, fault, rows.get(endpoint.id, {}))


def unreachable(endpoint: Endpoint, settings: Settings) -> str | None:
    """What is wrong with the way to it; None if nothing is."""
    for url in hosts_of(endpoint, settings):
        try:
            reach(guard_of(settings), url, seconds=PATIENCE_SECONDS)
        except AddressRefused as refusal:
            return f"{urlsplit(url).hostname} is not called: {refusal}"
        except NotReached as failure:
            return str(failure)
    return None


def seen(endpoint: Endpoint, fault: str | None, row: Mapping[str, object]) -> Seen:
    """The worst of what is known of an endpoint."""
    name, why = endpoint.id, row.get("why")
    if row.get("disabled_at"):
        return Seen(name, f"gets no events: {why}", f"Ask its owner; then `headroom events enable {name}`.")
    if fault:
        return Seen(
            name,
            fault,
            "Open the firewall, mend the name service, or correct the address in the team file. Events wait for three days.",
        )
    if why:
        mend = f"`headroom events list` and docs/runbook.md; `headroom events enable {name}` tries at once."
        return Seen(name, f"can be reached, but its last answer was: {why}", mend)
    if row.get("dead"):
        mend = f"See why: `headroom events dead --endpoint {name}`; then `headroom events replay --endpoint {name} --since 30d --dead`."
        return Seen(name, f"can be reached; {row['dead']} events could not be delivered", mend)
    told = row.get("delivered_at")
    return Seen(
        name,
        f"can be reached; last event {told:%Y-%m-%d %H:%M} UTC" if isinstance(told, datetime) else "can be reached; no event yet",
    )
