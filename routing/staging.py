"""How it goes on in the CRM: qualified, won or lost. The newest counts, by the CRM's own time; it stops no clock."""

from dataclasses import replace
from datetime import datetime

from routing import responding
from routing.events import StageReported
from routing.model import Facts, State, Status, Step

OVER = ("won", "lost")
IN_WORK = frozenset({Status.ACCEPTED, Status.RESPONDED})


def reported(facts: Facts, event: StageReported, now: datetime) -> Step:
    """Kept; one that somebody works on is done when it is won or lost. What is older than what is known changes nothing."""
    at = min(event.said_at or now, now)  # a clock that is fast there must not outlive what comes later
    state, said = newest(facts.state, event.stage, at), f"{event.by} says: {event.stage}"
    if (state.stage, state.stage_at) != (event.stage, at):
        return Step(facts.state, why=f"{said}, but that is older than {state.stage}", changed=False)
    if event.stage in OVER and state.status in IN_WORK:
        done = responding.closed(replace(facts, state=state), outcome=event.stage, now=now)
        return replace(done, why=said)
    return Step(state, why=said)


def newest(state: State, stage: str | None, at: datetime | None) -> State:
    """With this stage, unless a later one is known."""
    if stage is None or at is None or (state.stage_at is not None and at < state.stage_at):
        return state
    return replace(state, stage=stage, stage_at=at)
