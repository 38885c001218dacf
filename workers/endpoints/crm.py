"""What every CRM is told of a lead: the person, who has it, how it stands; and the fields that the team file maps."""

from collections.abc import Mapping
from typing import Any

from config.teamfile.endpoints import FIELDS
from routing.announcing import ERASED
from workers.endpoints import Parcel

NOTHING: Mapping[str, Any] = {}
RESTART = " What is new in the environment needs a restart; OAuth's values in a file: are read anew."


def is_wanted(parcel: Parcel) -> bool:
    """Not a test, not forgotten, and somebody who can be reached: a CRM is no place for the rest."""
    lead, contact = lead_of(parcel), contact_of(parcel)
    reachable = contact.get("phone") or contact.get("email")
    return parcel.event.type != ERASED and not lead.get("is_test") and bool(reachable)


def lead_of(parcel: Parcel) -> Mapping[str, Any]:
    """The lead as it stood after the step."""
    found: Mapping[str, Any] = parcel.event.body.get("lead") or NOTHING
    return found


def contact_of(parcel: Parcel) -> Mapping[str, Any]:
    """The person."""
    found: Mapping[str, Any] = (parcel.event.contact or NOTHING).get("contact") or NOTHING
    return found


def owner_of(parcel: Parcel) -> str | None:
    """The user of the CRM who stands for the rep that has the lead; None: leave the owner as it is there."""
    return parcel.endpoint.owners.get(str(lead_of(parcel).get("owner") or ""))


def mapped(parcel: Parcel) -> dict[str, object]:
    """The team file's own fields, those that have a value: nothing there is ever overwritten with nothing."""
    values = everything(parcel)
    return {theirs: values[ours] for theirs, ours in parcel.endpoint.fields.items() if values.get(ours) not in (None, "")}


def everything(parcel: Parcel) -> dict[str, Any]:
    """All that a field may be filled with, by the names of the team file."""
    lead, contact = lead_of(parcel), contact_of(parcel)
    first, last = names(contact)
    more = {"first_name": first, "last_name": last, "link": f"{parcel.settings.public_url}/leads/{lead.get('code')}"}
    known = {name: more.get(name, lead.get(name, contact.get(name))) for name in FIELDS}
    form = {f"form.{name}": value for name, value in (contact.get("fields") or NOTHING).items()}
    return {**known, **(lead.get("attribution") or NOTHING), **form}


def names(contact: Mapping[str, Any]) -> tuple[str, str]:
    """First and last name as the form gave them; a name given in one goes whole into the last, which some CRMs need."""
    given = contact.get("fields") or NOTHING
    first, last = str(given.get("first_name") or ""), str(given.get("last_name") or "")
    return (first, last) if first and last else ("", str(contact.get("name") or last or first))


def bearer(token: str) -> dict[str, str]:
    """The header for a token."""
    return {"Authorization": f"Bearer {token}"}
