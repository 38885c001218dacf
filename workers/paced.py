"""Texts at the pace that the carriers take from their sender. Nothing here is asked where the team file has no `a2p`."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from routing.contact import WISH
from routing.pacing import Asked, Budget, Rate, Verdict, budget
from routing.rulebook import day_of
from routing.sending import ACK, LEAD
from routing.team import Team
from routing.words import segments
from store import notices, paces
from store.engine import Engine
from store.outbox import Claimed, Result
from store.paces import Admitted
from workers.followups import OTHER, address_of
from workers.render import Rendered

log = structlog.get_logger(__name__)
Ready = Sequence[tuple[Claimed, Rendered]]
FIRST = frozenset({ACK, WISH})  # to leads: before anything for the team


def paced(engine: Engine, team: Team, texts: Ready, *, sender: str, now: datetime) -> dict[int, Result]:
    """What becomes of the texts that may not go now, by message; all others may. `sender`: of those that name none."""
    assert team.pace is not None
    asked: dict[str, list[tuple[Claimed, Asked]]] = {}
    rates: dict[str, Rate] = {}
    for message, words in texts:
        name, rates_here = team.pace.of(message.fields.get("from") or sender)
        rates[name] = rates_here
        goes_first = message.recipient == LEAD and message.purpose in FIRST
        this = Asked(max(segments(words.body).count, 1), goes_first, is_new=message.fence == 1, number=message.id)
        asked.setdefault(name, []).append((message, this))
    budgets = {name: budget(rate, team.rulebook, day_of(now)) for name, rate in rates.items()}
    admitted = paces.admit(engine, {name: (budgets[name], [each for _, each in those]) for name, those in asked.items()}, now)
    stopped = {}
    for name, those in asked.items():
        for (message, _), verdict in zip(those, admitted[name].verdicts, strict=True):
            if verdict.until is not None:
                stopped[message.id] = _stopped(message, verdict, team)
        _tell(engine, name, budgets[name], admitted[name], now)
    return stopped


def _stopped(message: Claimed, verdict: Verdict, team: Team) -> Result:
    """It waits its turn. When the day is used up, whoever can be told another way is told that way, and nobody a day late."""
    if not verdict.is_day_over:
        why = "as fast as the carriers take texts from this sender"
        return Result(message.id, message.fence, "pending", code="paced", error=why, not_before=verdict.until)
    why = "the texts that the carriers take from this sender in a day are used up"
    if message.recipient != LEAD and address_of(team, message.recipient, OTHER["sms"]) is None:
        return Result(message.id, message.fence, "pending", code="day_over", error=why, not_before=verdict.until)
    return Result(message.id, message.fence, "failed", code="day_over", error=why, follow=True)


def _tell(engine: Engine, sender: str, allowed: Budget, admitted: Admitted, now: datetime) -> None:
    key = f"a2p:{sender or 'all'}"
    over = next((verdict.until for verdict in admitted.verdicts if verdict.is_day_over), None)
    if over is not None:
        words = (
            f"The {allowed.per_day:,} text segments a day of {sender or 'your senders'} are used up until {over:%H:%M} UTC: acknowledgements go "
            "by e-mail, the team is told another way. Have your brand vetted for a higher tier, or set `per_day` under channels.sms.a2p."
        )
        if notices.raise_notice(engine, key, words, now):
            log.warning("texts_used_up", segments=allowed.per_day)
    elif admitted.is_new_day:
        notices.end_notice(engine, key, now)
