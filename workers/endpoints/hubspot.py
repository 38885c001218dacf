"""HubSpot: one contact a person, found by e-mail, else by phone; its owner and lead status follow the lead."""

from typing import Any
from urllib.parse import quote

from workers.endpoints import Parcel, Sent, crm
from workers.endpoints.line import Line, judge
from workers.outcomes import Ambiguous
from workers.wire import Answer

LATEST = True
HOST = "https://api.hubapi.com"
CONTACTS = "/crm/v3/objects/contacts"
STATUSES = {  # ours -> HubSpot's own property hs_lead_status
    "new": "NEW", "ringing": "NEW", "waiting": "NEW", "offered": "NEW", "accepted": "OPEN", "responded": "CONNECTED",
}  # fmt: skip
OUTCOMES = {"talked": "CONNECTED", "not_now": "BAD_TIMING", "bad_number": "UNQUALIFIED"}


def send(parcel: Parcel, line: Line) -> Sent:
    """Create or update the contact. Raises workers.outcomes.NotAccepted."""
    if not crm.is_wanted(parcel):
        return Sent(204)
    said = {"properties": properties(parcel)}
    known = parcel.event.records.get("contact") or _found(parcel, line)
    if known:
        answer = _ask(parcel, line, "PATCH", f"{CONTACTS}/{quote(known, safe='')}", said)
        if answer.status != 404:  # merged or deleted there since: made anew below
            _judge(answer)
            return _sent(answer)
    answer = _ask(parcel, line, "POST", CONTACTS, said)
    if answer.status == 409:  # it is there, but the search did not know it yet: its index is some seconds behind
        raise Ambiguous(_reason(answer), code=_code(answer), status=409)
    _judge(answer)
    return _sent(answer)


def properties(parcel: Parcel) -> dict[str, str]:
    """What HubSpot's own properties are filled with, then those of the team file."""
    lead, contact = crm.lead_of(parcel), crm.contact_of(parcel)
    first, last = crm.names(contact)
    status = OUTCOMES.get(str(lead.get("outcome")), STATUSES.get(str(lead.get("status"))))
    if lead.get("attempted_at") and not lead.get("responded_at"):
        status = "ATTEMPTED_TO_CONTACT"
    plain = {
        "email": contact.get("email"), "phone": contact.get("phone"), "firstname": first, "lastname": last,
        "company": contact.get("company"), "hubspot_owner_id": crm.owner_of(parcel), "hs_lead_status": status,
    }  # fmt: skip
    found = {**{name: value for name, value in plain.items() if value}, **crm.mapped(parcel)}
    return {name: str(value) for name, value in found.items()}


def _found(parcel: Parcel, line: Line) -> str | None:
    """The contact's id by e-mail, else by phone."""
    contact = crm.contact_of(parcel)
    for name, value in (("email", contact.get("email")), ("phone", contact.get("phone"))):
        if not value:
            continue
        one = {"propertyName": name, "operator": "EQ", "value": value}
        asked = {"filterGroups": [{"filters": [one]}], "properties": ["email"], "limit": 1}
        answer = _ask(parcel, line, "POST", f"{CONTACTS}/search", asked)
        _judge(answer)
        results: Any = answer.json().get("results") or []
        if results:
            return str(results[0]["id"])
    return None


def _ask(parcel: Parcel, line: Line, method: str, path: str, said: object) -> Answer:
    return line.json(method, f"{parcel.settings.hubspot_api_url or HOST}{path}", said, headers=crm.bearer(parcel))


def _sent(answer: Answer) -> Sent:
    number = str(answer.json().get("id") or "")
    return Sent(answer.status, {"contact": number} if number else {})


def _judge(answer: Answer) -> None:
    judge(answer, code=_code(answer), reason=_reason(answer))


def _code(answer: Answer) -> str:
    return str(answer.json().get("category") or answer.status)[:60]


def _reason(answer: Answer) -> str:
    """HubSpot's category, not its message: that may quote what the person said."""
    return f"HubSpot answered {answer.status} {_code(answer)}"
