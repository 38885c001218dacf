"""`headroom test-lead`: one lead the whole way through the running service, and its timeline as it grows."""

import time
from collections.abc import Mapping
from typing import Any

import click

from config import clock
from config.links import make_test_token
from config.settings import Settings
from console import inbound
from console.asking import Answer, ask
from console.output import Trouble, as_json, show
from console.pages.trial import made_up
from console.visit import visit
from routing.team import Source
from store import policies

DECIDED = {"offered", "accepted", "waiting", "responded", "closed", "quarantined"}
LOOK_EVERY = 0.2  # seconds
STATES_AT_REST = {"sent", "delivered", "failed", "suppressed", "expired"}


@click.command(name="test-lead", help="Send a test lead through the running service and print what happens to it.")
@click.option("--source", "source_id", help="A source of type form in the team file (default: the first).")
@click.option("--wait", default=10.0, show_default=True, type=click.FloatRange(0, 600), help="Seconds to watch it.")
@as_json
def test_lead(source_id: str | None, wait: float, as_json: bool) -> None:
    """It is marked TEST and kept out of reports. Exit code 1 if it is not taken or not decided in time."""
    with visit() as at:
        settings, source = at.settings, _source(policies.current(at.engine, at.settings).sources, source_id)
    try:
        fields = {**made_up(), "_headroom_test": make_test_token(settings)}
        answer = inbound.post_form(settings, source, fields, clock.now())
    except inbound.NotTaken as refused:
        raise Trouble(f"{refused} Does the service run? Start it with `headroom up`.") from refused
    code = answer.lead()
    if code is None:
        raise Trouble(f"The service answered {answer.status} but named no lead. `headroom leads` lists what came in.")
    lead = _watch(settings, code, wait)
    show(lead, as_json=as_json, words=lambda: _words(settings, code, lead))


def _source(sources: Mapping[str, Source], chosen: str | None) -> Source:
    forms = [source for source in sources.values() if source.type == "form"]
    found = next((source for source in forms if chosen in (None, source.id)), None)
    if found is None:
        known = ", ".join(source.id for source in forms) or "none"
        raise Trouble(f"There is no form source {chosen or ''} in the team file; there are: {known}.", code=2)
    return found


def _watch(settings: Settings, code: str, seconds: float) -> dict[str, Any]:
    """Ask until it is decided and its messages have been sent, or the time is over."""
    until = time.monotonic() + seconds
    answer = _look(settings, code)
    while not _is_settled(answer) and time.monotonic() < until:
        time.sleep(LOOK_EVERY)
        answer = _look(settings, code)
    lead = answer.json()
    if not answer.is_fine or not isinstance(lead, dict):
        raise Trouble(f"Lead {code} was taken, but /api/leads/{code} answered {answer.status}: {answer.text[:200]}")
    if lead.get("status") not in DECIDED:
        raise Trouble(
            f"Lead {code} was taken, but nothing was decided in {seconds:g} s. Do worker or clock run? `headroom doctor`"
        )
    return lead


def _look(settings: Settings, code: str) -> Answer:
    host = inbound.ANYWHERE.get(settings.host, settings.host)
    return ask(f"http://{host}:{settings.port}/api/leads/{code}", token=settings.api_token)


def _is_settled(answer: Answer) -> bool:
    lead = answer.json() if answer.is_fine else None
    if not isinstance(lead, dict) or lead.get("status") not in DECIDED:
        return False
    return all(message.get("state") in STATES_AT_REST for message in lead.get("messages", []))


def _words(settings: Settings, code: str, lead: dict[str, Any]) -> list[str]:
    owner = f", with {lead['owner']}" if lead.get("owner") else ""
    lines = [f"Lead {code} (TEST) is {lead['status']}{owner}."]
    for step in lead.get("steps", []):
        lines.append(f"  {step['at']}  {step['event']:<20} {step['why']}")
        lines += [f"      {detail}" for detail in step.get("details", [])]
    lines += [f"  to {m['recipient']} by {m['channel']}: {m['state']}" for m in lead.get("messages", [])]
    return [*lines, f"The same with every message: {settings.public_url}/leads/{code}"]
