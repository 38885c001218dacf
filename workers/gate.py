"""The last look before a message goes out: is it still true, and may we write to this person now?"""

from datetime import datetime

from routing.approved import REPLY
from routing.contact import Allowed, Held, Suppressed, Writing, may_write
from routing.sending import LEAD, is_stale, once_only
from routing.team import Team
from store.outbox import Claimed, Result


def at_the_gate(message: Claimed, team: Team, now: datetime) -> Result | Allowed:
    """What becomes of a message that must not go out now; Allowed: let it through, in the form that it says.

    An acknowledgement that would have to wait longer than it is true gives up at once, so that another channel can be used.
    """
    if is_stale(message.expires_at, now):
        return _ended(message, "expired", code="expired", why="it would have come too late to be true")
    answer = may_write(_writing(message, team), team.rulebook, now)
    if isinstance(answer, Allowed):
        return answer
    if isinstance(answer, Suppressed):
        return _ended(message, "suppressed", code=answer.code, why=answer.why)
    return _held(message, answer)


def _held(message: Claimed, answer: Held) -> Result:
    if once_only(message.recipient, message.purpose) and is_stale(message.expires_at, answer.until):
        return _ended(message, "failed", code="quiet_hours", why=answer.why)
    return Result(message.id, message.fence, "pending", error=answer.why, code="held", not_before=answer.until)


def _writing(message: Claimed, team: Team) -> Writing:
    return Writing(
        purpose=message.purpose, channel=message.channel, to_staff=message.recipient != LEAD,
        opted_out=frozenset(message.opted_out), quiet=team.quiet_hours, zone=message.zone,
        phone=message.address if message.channel == "sms" else message.person_phone, state=message.fields.get("state", ""),
        wrote_at=message.wrote_at, heard_at=message.heard_at, acked_today=message.acked_today or 0,
        by_human=message.purpose == REPLY and bool(message.fields.get("by")), human_agent=team.approved.human_agent,
        has_template=team.approved.template_for(message.purpose) is not None,
    )  # fmt: skip


def _ended(message: Claimed, state: str, *, code: str, why: str) -> Result:
    return Result(message.id, message.fence, state, code=code, error=why, follow=True)
