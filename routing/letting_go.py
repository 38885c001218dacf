"""Whoever was shown an offer sees when it is over, however that came: what nobody tells them otherwise is shown in place."""

from dataclasses import replace
from datetime import datetime

from routing import telling
from routing.model import Facts, Step

ENDS = frozenset({"accepted", "withdrawn", "moved_on", "too_late", "offer"})  # each takes the place of the offer, or is a new one


def let_go(facts: Facts, step: Step, now: datetime) -> Step:
    """The step, with a word to those who are asked no longer and hear nothing of it: they passed, left, or talk with the caller."""
    before, after = facts.state, step.state
    gone = [rep for rep in before.offered_to if rep not in after.offered_to]
    if not gone:
        return step
    told = {message.to for message in step.messages if message.template in ENDS}
    silent = tuple(rep for rep in gone if f"rep:{rep}" not in told)
    return replace(step, messages=(*step.messages, *telling.gone(facts, silent, after, now))) if silent else step
