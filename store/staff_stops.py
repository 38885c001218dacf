"""A rep or manager whose phone wants no more texts (STOP): nothing can reach it, so their managers and the start page say so until START."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from routing.model import Message
from routing.naming import at
from routing.team import Manager, Rep, Team
from routing.telling import ways_of
from routing.wishes import is_the_carriers, lexicon, reads_as
from store import messages, notices
from store.engine import transaction
from store.item import Item
from store.staff_sender import sender


def is_wish(team: Team, item: Item) -> bool:
    """Is this a STOP or START that the carrier has obeyed already? Then it is no command, whoever wrote it."""
    words, known = str(item.content.get("message") or ""), lexicon(team.rulebook, item.received_at)
    return item.content.get("channel") != "email" and (is_the_carriers(words, known) or reads_as(words, known) == "start")


def heard(db: Connection, team: Team, item: Item, *, stops: bool, now: datetime) -> Sequence[Message]:
    """What follows when somebody of the team has said STOP or START: the notice, and the messages to the managers."""
    who = sender(team, item.content)
    if who is None or who.channel != "sms":
        return ()
    if stops:
        return stopped(db, team, who.to, now)
    db.execute(notices.OVER, {"key": key_of(who.to), "now": now})
    return ()


def refused(engine: Engine, team: Team, to: str, now: datetime) -> None:
    """The carrier says that this phone of the team has said STOP."""
    with transaction(engine) as db:
        messages.write(db, [(None, message) for message in stopped(db, team, to, now)], team, now)


def stopped(db: Connection, team: Team, to: str, now: datetime) -> Sequence[Message]:
    """A notice while it lasts, and a word to the managers when it begins."""
    kind, _, name = to.partition(":")
    person: Rep | Manager | None = team.reps.get(name) if kind == "rep" else team.managers.get(name)
    if person is None:
        return ()
    words = f"{person.name} has texted STOP: no text of ours reaches them, only what goes by mail or chat. START from their phone ends it."
    if not notices.say(db, key_of(to), words, now):
        return ()
    pools = [pool for pool in team.pools.values() if name in pool.members]
    told = dict.fromkeys(manager for pool in pools for manager in pool.managers if manager in team.managers and kind == "rep")
    return [
        Message(
            key=f"{key_of(to)}:{at(now)}:{manager}:{channel}", to=f"manager:{manager}", channel=channel, address=address,
            template="reply", purpose="notice", fields={"text": words, "firm": team.site.name, "manager": manager},
        )
        for manager in told for channel, address in ways_of(team.managers[manager]).items()
    ]  # fmt: skip


def key_of(to: str) -> str:
    """The key of the notice."""
    return f"stopped:{to}"
