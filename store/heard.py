"""What came with somebody's words: which number or account of ours they used, what they sent along, and whether a person wrote at all."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from routing.automatic import is_automatic
from routing.events import NoteAdded
from routing.model import Person
from routing.team import Team
from store.batch import Batch
from store.records import attached
from store.records import words_of as words_of

WITH_NUMBERS = frozenset({"twilio_messaging", "twilio_voice", "meta"})  # what is reached there can be answered from
OUR_ACCOUNT = {"messenger": "page_id", "instagram": "ig_account", "whatsapp": "phone_number_id"}  # answers go out from it

LAST_LEAD = text("SELECT id FROM leads WHERE person_id = :person ORDER BY id DESC LIMIT 1")


def reached(team: Team, source: str, content: Mapping[str, Any]) -> str:
    """Our own number, page or account that they wrote to or called; "" when nobody says, or when no provider of ours has it."""
    extra = content.get("extra") or {}
    account = OUR_ACCOUNT.get(str(content.get("channel")))
    found = str((account and extra.get(account)) or content.get("to") or "")
    if team.sources[source].type in WITH_NUMBERS:
        return found
    tracked = str(extra.get("tracking_number") or found)
    return tracked if tracked in team.site.numbers else ""


def files_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Where what they sent along can be found: an address, or the platform's own id of it."""
    found = (each.get("url") or each.get("media_id") or each.get("file_id") for each in attached(content))
    return tuple(str(where) for where in found if where)


def note_what_answered_by_itself(batch: Batch, person: Person, event: str, content: Mapping[str, Any]) -> int | None:
    """What a phone answers to words of ours about a lead that is done is no new inquiry: noted there. None: somebody wrote."""
    if event != "message" or not is_automatic(str(content.get("channel")), str(content.get("message") or "")):
        return None
    found: int | None = batch.db.execute(LAST_LEAD, {"person": person.id}).scalar()
    if found is not None:
        batch.load([found])
        batch.happen(found, NoteAdded("the lead's phone", str(content["message"])))
    return found
