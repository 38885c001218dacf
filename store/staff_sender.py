"""Who of the team has written, or once was of it; and the answer that goes back the way they wrote."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from routing.model import Message
from routing.team import Manager, Rep, Team
from store.batch import Batch
from store.item import Item

# by the key of ix_outbox_recipient: those who left are few, and each has a last text
FORMER = text("""
SELECT r.id FROM reps r CROSS JOIN LATERAL (
  SELECT address FROM outbox WHERE recipient = 'rep:' || r.id AND channel = :channel ORDER BY created_at DESC LIMIT 1
) AS o WHERE NOT r.in_team AND lower(o.address) = :address LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who of the team wrote: `id` in the team file, `to` as recipient of the answer, which goes back the way they wrote."""

    id: str
    name: str
    is_manager: bool
    address: str
    channel: str = "sms"

    @property
    def to(self) -> str:
        """The answer's recipient."""
        return f"{'manager' if self.is_manager else 'rep'}:{self.id}"


def sender(team: Team, content: Mapping[str, object]) -> Sender | None:
    """The rep or manager with this number, or of an e-mail with this address. A rep who also manages is a rep."""
    channel, theirs = way_of(content)
    people: list[Rep | Manager] = [*team.reps.values(), *team.managers.values()]
    for person in people:
        address = person.email if channel == "email" else person.phone
        if address and address.lower() == theirs:
            return Sender(person.id, person.name, isinstance(person, Manager), address, channel)
    return None


def former(batch: Batch, content: Mapping[str, object]) -> Sender | None:
    """The rep who was reached at this number or address and is not in the team file any more."""
    channel, theirs = way_of(content)
    found = batch.db.execute(FORMER, {"channel": channel, "address": theirs}).scalar() if theirs else None
    return Sender(str(found), str(found), False, theirs, channel) if found else None


def way_of(content: Mapping[str, object]) -> tuple[str, str]:
    """By which channel they wrote, and from which number or address."""
    by_mail = content.get("channel") == "email"
    return ("email" if by_mail else "sms"), str(content.get("email" if by_mail else "phone") or "")


def reply(batch: Batch, who: Sender, item: Item, words: str, *, asks: tuple[int, ...] = ()) -> None:
    """The answer, once per text received (per thing it asked for). `asks`: a question about these texts, which wait for a code."""
    again = sum(message.key.startswith(f"answer:{item.id}") for _, message in batch.messages)
    to = str(item.content.get("to") or "")
    fields = {
        "text": words,
        "rep": who.id,
        "firm": batch.team.site.name,
        "from": to if to in batch.team.site.numbers else "",
        "asks": " ".join(map(str, asks)),
    }
    message = Message(
        key=f"answer:{item.id}" + (f".{again}" if again else ""),
        to=who.to,
        channel=who.channel,
        address=who.address,
        template="reply",
        purpose="notice",
        fields=fields,
    )
    batch.messages.append((item.lead_id, message))
