"""Several business numbers: a lead is written to and called from the one they used, and a rep's open leads speak through different
ones, so that a bare answer says by its number which it is about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from routing.events import CallArrived, Event, LeadsJoined, MessageArrived
from routing.model import Facts, State, Step

ANSWERED_ON = frozenset({"sms", "whatsapp", "messenger", "instagram", "telegram", "email"})  # channels on which words can go back
_PHONE = "phone"
_LINES = {"sms": _PHONE, "call": _PHONE}  # who called a number is texted from it, and the other way round
_ANSWERED_FROM = frozenset({"sms", "call", "whatsapp", "messenger", "instagram"})  # a bot, or our one mail address, says nothing


def pick(numbers: Sequence[str], used: Sequence[str]) -> str:
    """The number for one more lead of a rep whose other open leads use `used`: the one used least, the first of these."""
    return min(numbers, key=lambda number: (used.count(number), numbers.index(number)))


def sender(facts: Facts, channel: str) -> str:
    """Our number (or account on a platform) that the lead is answered from on this channel; "" is the channel's own default.

    The one they last used; a form used none, so what its source says.
    """
    line = _LINES.get(channel, channel)
    source = facts.team.sources.get(facts.lead.source, facts.policy.source)
    return facts.state.reached.get(line) or (source.sender if line == _PHONE else "") or ""


def used(channel: str, to: str) -> Mapping[str, str]:
    """What to remember of words or a call by this channel to our number or account `to`."""
    return {_LINES.get(channel, channel): to} if to and channel in _ANSWERED_FROM else {}


def heard(facts: Facts, event: Event, step: Step) -> Step:
    """The step, with how the lead has just reached us: they are answered the same way."""
    match event:
        case _ if not step.changed:
            return step
        case MessageArrived(channel=channel, to=to):
            state = _reached(step.state, used(channel, to))
            speaks_on = state.heard_on or facts.lead.channel
            state = replace(state, heard_on=channel) if channel in ANSWERED_ON and channel != speaks_on else state
        case CallArrived(to=to):
            state = _reached(step.state, used("call", to))
        case LeadsJoined(reached=theirs):
            state = _reached(step.state, {**theirs, **step.state.reached})
        case _:
            return step
    return step if state is step.state else replace(step, state=state)


def _reached(state: State, last: Mapping[str, str]) -> State:
    known = {**state.reached, **last}
    return state if known == state.reached else replace(state, reached=known)
