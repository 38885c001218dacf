"""No provider: the message is on the page /outbox, like in a letter box, and that is all that happens."""

from collections.abc import Sequence
from datetime import datetime

from config.settings import Settings
from routing.sending import Fault
from store.outbox import Claimed
from workers.channels import Parcel
from workers.outcomes import Receipt
from workers.wire import Wire


class Local:
    """Carries every channel nobody else carries."""

    provider = "outbox"
    channels: Sequence[str] = ("sms", "email", "whatsapp", "messenger", "instagram", "telegram", "slack", "call")

    def send(self, parcel: Parcel) -> Receipt:
        """Done as soon as it is written."""
        return Receipt(self.provider, f"outbox-{parcel.message.id}")

    def find(self, message: Claimed, *, since: datetime) -> Receipt | None:
        """What died between the two commits had not left the house: there is nobody to have sent it to."""
        return None

    def meaning(self, code: str | None) -> Fault:
        """Nobody reports on these."""
        return Fault.PERMANENT


def make(settings: Settings, wire: Wire) -> Local:
    """Always there."""
    return Local()
