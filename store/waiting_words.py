"""A rep's text that may be about several leads: asked which, kept, and done as soon as the code alone comes back. Nothing is lost.

What waits is the text itself, a row of the inbox; the question names it. The newest answer to the rep says whether a question is open.
"""

from datetime import timedelta

from sqlalchemy import text

from routing.commands import Command, parse
from store.batch import Batch
from store.item import Item
from store.staff_sender import Sender

WAITS_FOR = timedelta(hours=1)  # after that a bare code is asked about: the rep has forgotten what they wrote
MOST = 10  # texts that wait together

LAST_ANSWER = text("""
SELECT fields ->> 'asks' FROM outbox
WHERE recipient = :to AND created_at > :since AND template = 'reply' AND key ~ '^answer:[0-9]+$' ORDER BY created_at DESC, id DESC LIMIT 1
""")
WORDS = text("SELECT content ->> 'message' FROM inbox WHERE id = ANY(:ids) ORDER BY id")


def waiting(batch: Batch, who: Sender) -> tuple[int, ...]:
    """The rep's texts (rows of the inbox) about which the last answer asked."""
    asks = batch.db.execute(LAST_ANSWER, {"to": who.to, "since": batch.now - WAITS_FOR}).scalar()
    return tuple(int(each) for each in (asks or "").split())


def with_this(batch: Batch, who: Sender, item: Item) -> tuple[int, ...]:
    """All that waits now that this text waits too."""
    return tuple(dict.fromkeys((*waiting(batch, who), item.id)))[-MOST:]


def completed(batch: Batch, ids: tuple[int, ...], code: str) -> list[Command]:
    """What the waiting texts ask for, now that the lead is named: all words to the lead as one text, then the commands."""
    said = [str(words or "") for words in batch.db.execute(WORDS, {"ids": list(ids)}).scalars()]
    meant = [parse(f"{code} {words}") for words in said]
    commands = [command for command in meant if isinstance(command, Command)]
    words = [str(command.argument) for command in commands if command.verb == "say"]
    done = [command for command in commands if command.verb != "say"]
    return [*([Command("say", code, "\n".join(words))] if words else []), *done]
