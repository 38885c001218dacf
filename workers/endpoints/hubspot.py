"""HubSpot: one contact a person, found by e-mail, else by phone; its owner and lead status follow the lead.

Requests and answers after HubSpot's own description (HubSpot-public-api-spec-collection fe3ff56, CRM/Contacts/424/v3/contacts.json);
held against it by tests/vendor_crms.py. What only its pages and issues say stands beside the line that rests on it.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from config import normal
from config.outgoing_hosts import HUBSPOT
from workers.endpoints import Parcel, Sent, crm, oauth
from workers.endpoints.line import Line, judge, retry_after_of
from workers.endpoints.oauth import TokenDoor
from workers.outcomes import Ambiguous, NotProcessed, SendFailed
from workers.wire import Answer

LATEST = True
MEND = (
    "A private app: put a new access token with the scopes crm.objects.contacts.read and crm.objects.contacts.write where `token` points."
    " OAuth: check client_id and client_secret, install the app anew and put its refresh token where `refresh_token` points. Mapped"
    " properties must exist there." + crm.RESTART
)
CONTACTS = "/crm/v3/objects/contacts"
TOKEN = "/oauth/2026-03/token"  # v1 ends on 2027-02-16 (docs, "Migrate from the OAuth v1 API"); Auth/Oauth/279897/2026-03/oauth.json 01fdb31
STATUSES = {  # ours -> HubSpot's own property hs_lead_status
    "new": "NEW", "ringing": "NEW", "waiting": "NEW", "offered": "NEW", "accepted": "OPEN", "responded": "CONNECTED",
}  # fmt: skip
OUTCOMES = {"talked": "CONNECTED", "not_now": "BAD_TIMING", "bad_number": "UNQUALIFIED", "lost": "UNQUALIFIED"}
PHONES = {  # where a number may stand, as it was typed and as HubSpot keeps it for searching: without the country (docs, "CRM search")
    "phone": "hs_searchable_calculated_phone_number", "mobilephone": "hs_searchable_calculated_mobile_number",
}  # fmt: skip
EXISTING = re.compile(
    r"Existing ID: (\d+)"
)  # in the message of a 409, its only place (hubspot-api-nodejs issue 545, -php issue 59)
BUSY = {423: timedelta(seconds=2), 477: timedelta(hours=1)}  # locked; being moved to another region (docs, "Error handling")
LIMITS = {
    "SECONDLY": timedelta(seconds=1),
    "TEN_SECONDLY_ROLLING": timedelta(seconds=10),
    "DAILY": timedelta(hours=1),
}  # policyName
UNKNOWN_PROPERTY = "PROPERTY_DOESNT_EXIST"  # code of an error in a VALIDATION_ERROR: the team file's `fields`, not this lead


def send(parcel: Parcel, line: Line) -> Sent:
    """Create or update the contact. Raises workers.outcomes.NotAccepted."""
    if not crm.is_wanted(parcel):
        return Sent(204)
    said, known = properties(parcel), parcel.event.records.get("contact")
    if known:
        answer = _write(parcel, line, "PATCH", f"/{quote(known, safe='')}", said)
        if answer.status != 404:  # merged or deleted there since: looked for anew
            return _sent(answer)
    return _sent(_by_email(parcel, line, said) or _by_phone(parcel, line, said) or _write(parcel, line, "POST", "", said))


def properties(parcel: Parcel) -> dict[str, str]:
    """What HubSpot's own properties are filled with, then those of the team file."""
    lead, contact = crm.lead_of(parcel), crm.contact_of(parcel)
    first, last = crm.names(contact)
    status = OUTCOMES.get(str(lead.get("outcome")), STATUSES.get(str(lead.get("status"))))
    if lead.get("attempted_at") and not lead.get("responded_at") and not lead.get("outcome"):
        status = "ATTEMPTED_TO_CONTACT"
    plain = {
        "email": contact.get("email"), "phone": contact.get("phone"), "firstname": first, "lastname": last,
        "company": contact.get("company"), "hubspot_owner_id": crm.owner_of(parcel), "hs_lead_status": status,
    }  # fmt: skip
    found = {**{name: value for name, value in plain.items() if value}, **crm.mapped(parcel)}
    return {name: str(value) for name, value in found.items()}


def _by_email(parcel: Parcel, line: Line, said: Mapping[str, str]) -> Answer | None:
    """The contact of this address, brought up to date in one call; None: there is none."""
    email = crm.contact_of(parcel).get("email")
    if not email:
        return None
    answer = _write(parcel, line, "PATCH", f"/{quote(str(email), safe='')}?idProperty=email", said)
    return None if answer.status == 404 else answer


def _by_phone(parcel: Parcel, line: Line, said: Mapping[str, str]) -> Answer | None:
    """The contact of this number, unless it has another address: a number that several share makes nobody one person."""
    number, email = str(crm.contact_of(parcel).get("phone") or ""), crm.contact_of(parcel).get("email")
    if not number:
        return None
    nobody = [{"propertyName": "email", "operator": "NOT_HAS_PROPERTY"}] if email else []
    groups = [
        {"filters": [{"propertyName": name, "operator": "EQ", "value": value}, *nobody]}
        for typed, kept in PHONES.items() for name, value in ((typed, number), (kept, normal.national(number)))
    ]  # fmt: skip
    asked = {"filterGroups": groups, "properties": ["email", *PHONES], "limit": 20, "after": "0", "sorts": []}
    answer = _ask(parcel, line, "POST", f"{CONTACTS}/search", asked)
    _judge(answer)
    found: list[Any] = answer.json().get("results") or []
    same = next((each for each in found if _has_number(each, number, parcel.team.site.region)), None)
    return _write(parcel, line, "PATCH", f"/{quote(str(same['id']), safe='')}", said) if same else None


def _has_number(found: Mapping[str, Any], number: str, region: str) -> bool:
    """The search leaves the country out, so the number is compared whole."""
    given: Mapping[str, Any] = found.get("properties") or {}
    return any(normal.phone(str(given.get(name) or ""), region) == number for name in PHONES)


def _write(parcel: Parcel, line: Line, method: str, path: str, said: Mapping[str, str]) -> Answer:
    """POST or PATCH of properties. A conflict names the contact that has the address: as a second one, or not yet in any index."""
    answer = _ask(parcel, line, method, f"{CONTACTS}{path}", {"properties": said})
    if answer.status != 409:
        return answer
    taken = EXISTING.search(str(answer.json().get("message") or ""))
    if taken is None:
        raise Ambiguous(_reason(answer), code=_code(answer), status=409)
    rest = {name: value for name, value in said.items() if name != "email"}
    return _ask(parcel, line, "PATCH", f"{CONTACTS}/{taken[1]}", {"properties": rest})


def _ask(parcel: Parcel, line: Line, method: str, path: str, said: object) -> Answer:
    host = parcel.settings.hubspot_api_url or HUBSPOT
    if parcel.endpoint.grant is None:
        return line.json(method, f"{host}{path}", said, headers=crm.bearer(parcel.endpoint.secrets[0]))
    door = TokenDoor("HubSpot", f"{host}{TOKEN}")
    return oauth.authorized(
        parcel, line, door, lambda token: line.json(method, f"{host}{path}", said, headers=crm.bearer(token.text))
    )


def _sent(answer: Answer) -> Sent:
    """The description has `createdResourceId` and `entity` for a new one, the API in use `id` as for any other."""
    _judge(answer)
    given = answer.json()
    entity: Mapping[str, Any] = given["entity"] if isinstance(given.get("entity"), dict) else {}
    number = str(given.get("id") or given.get("createdResourceId") or entity.get("id") or "")
    return Sent(answer.status, {"contact": number} if number else {})


def _judge(answer: Answer) -> None:
    given, reason = answer.json(), _reason(answer)
    if answer.status == 429:
        wait = retry_after_of(answer) or LIMITS.get(str(given.get("policyName") or "").upper())
        raise NotProcessed(reason, code=_code(answer), status=429, retry_after=wait)
    if answer.status in BUSY:
        wait = retry_after_of(answer) or BUSY[answer.status]
        raise NotProcessed(reason, code=_code(answer), status=answer.status, retry_after=wait)
    errors = given["errors"] if isinstance(given.get("errors"), list) else []
    if any(isinstance(each, dict) and each.get("code") == UNKNOWN_PROPERTY for each in errors):
        raise SendFailed(f"{reason} {UNKNOWN_PROPERTY}", code=UNKNOWN_PROPERTY, status=answer.status, configuration=True)
    judge(answer, code=_code(answer), reason=reason)


def _code(answer: Answer) -> str:
    return str(answer.json().get("category") or answer.status)[:60]


def _reason(answer: Answer) -> str:
    """HubSpot's category, not its message: that may quote what the person said."""
    return f"HubSpot answered {answer.status} {_code(answer)}"
