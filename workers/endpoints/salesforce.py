"""Salesforce: one Lead a lead, upserted by an external id field that holds our code.

After the REST API guide: "Insert or Update (Upsert) a Record Using an External ID", "Status Codes and Error Responses", "Assignment Rule
Header", "Duplicate Rule Header" (developer.salesforce.com, v62 to v68), and jsforce 00a2251 (src/http-api.ts). There is no description for
machines; tests/vendor_crms.py holds what these say. OAuth by client credentials at the own domain, or with a refresh token.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from workers.endpoints import Parcel, Sent, crm, oauth
from workers.endpoints.line import Line, judge, retry_after_of
from workers.endpoints.oauth import Token, TokenDoor
from workers.outcomes import Ambiguous, NotProcessed, SendFailed
from workers.wire import Answer

LATEST = True
MEND = (
    "Check client_id and client_secret; the app needs the client credentials flow with a user to run as who may create and edit Leads, or a"
    " new refresh token where `refresh_token` points (without rotation). `external_id` and mapped fields must exist, and be open to that user."
    + crm.RESTART
)
STATUSES = {  # ours -> the picklist Status as a new organisation has it; `fields: {Status: ...}` of the team file replaces it
    "waiting": "Open - Not Contacted", "offered": "Open - Not Contacted", "accepted": "Open - Not Contacted",
    "responded": "Working - Contacted", "closed": "Working - Contacted",
}  # fmt: skip
OUTCOMES = {"bad_number": "Closed - Not Converted", "lost": "Closed - Not Converted"}
NEEDED = "[not provided]"  # Salesforce's own words for a LastName or Company that nobody gave
LONGEST = {
    "FirstName": 40,
    "LastName": 80,
    "Company": 255,
    "Email": 80,
    "Phone": 40,
    "Description": 32_000,
}  # of the standard Lead
CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"  # it is an opportunity by now: the lead of old is history, and that is well
OUR_SET_UP = frozenset(  # what no lead is to blame for: keys, rights, the external id field (404), a mapped field
    {"INVALID_CLIENT", "INVALID_CLIENT_ID", "INVALID_GRANT", "INSUFFICIENT_ACCESS", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "NOT_FOUND",
     "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE", "UNSUPPORTED_API_VERSION"}
)  # fmt: skip
BUSY = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"})
LIMIT, DAY_IS_SPENT = (
    "REQUEST_LIMIT_EXCEEDED",
    timedelta(minutes=15),
)  # 403, of 24 rolling hours: some requests are free again soon


def send(parcel: Parcel, line: Line) -> Sent:
    """Upsert the Lead. Raises workers.outcomes.NotAccepted."""
    if not crm.is_wanted(parcel):
        return Sent(204)
    door = TokenDoor("Salesforce", f"{parcel.endpoint.url}/services/oauth2/token")
    answer = oauth.authorized(parcel, line, door, lambda token: _upsert(parcel, line, token))
    if _code(answer) == CONVERTED:
        return Sent(200)
    _judge(answer)
    number = str(answer.json().get("id") or "")
    return Sent(answer.status, {"lead": number[:15]} if number else {})  # as webhooks/sources/salesforce.py knows it


def fields(parcel: Parcel) -> dict[str, object]:
    """The Lead's own fields, then those of the team file."""
    lead, contact = crm.lead_of(parcel), crm.contact_of(parcel)
    first, last = crm.names(contact)
    plain = {
        "FirstName": first, "LastName": last or NEEDED, "Company": contact.get("company") or NEEDED,
        "Email": contact.get("email"), "Phone": contact.get("phone"), "OwnerId": crm.owner_of(parcel), "Description": contact.get("message"),
        "Status": OUTCOMES.get(str(lead.get("outcome"))) or STATUSES.get(str(lead.get("status"))),
    }  # fmt: skip
    if len(str(plain["Email"] or "")) > LONGEST["Email"]:
        plain["Email"] = None  # cut off it would be another one
    cut = {name: str(value)[: LONGEST.get(name, 255)] for name, value in plain.items() if value}
    return {**cut, **crm.mapped(parcel)}


def _upsert(parcel: Parcel, line: Line, token: Token) -> Answer:
    options, lead = parcel.endpoint.options, fields(parcel)
    record = f"{options['external_id']}/{quote(str(crm.lead_of(parcel)['code']), safe='')}"
    url = f"{token.host or parcel.endpoint.url}/services/data/{options['api_version']}/sobjects/Lead/{record}"
    # a rule that only warns of duplicates must not stop a program, which cannot see the warning; one that blocks still does
    headers = {**crm.bearer(token.text), "Sforce-Duplicate-Rule-Header": "allowSave=true"}
    if "OwnerId" in lead or parcel.event.records.get("lead"):
        headers["Sforce-Auto-Assign"] = "FALSE"  # else the active assignment rule gives it to somebody else, at every update
    return line.json("PATCH", url, lead, headers=headers)


def _judge(answer: Answer) -> None:
    code, reason = _code(answer), f"Salesforce answered {answer.status} {_code(answer)}"
    if code == LIMIT:
        raise NotProcessed(reason, code=code, status=answer.status, retry_after=retry_after_of(answer) or DAY_IS_SPENT)
    if code in BUSY:
        raise Ambiguous(reason, code=code, status=answer.status)
    if code in OUR_SET_UP:
        raise SendFailed(reason, code=code, status=answer.status, configuration=True)
    if answer.status == 300:
        raise SendFailed(f"{reason}: more than one lead has this external id", code="300", status=300)
    judge(answer, code=code, reason=reason)


def _code(answer: Answer) -> str:
    """The errorCode: errors come as a list of one."""
    said: Any = answer.list()
    first = said[0] if said and isinstance(said[0], dict) else {}
    return str(first.get("errorCode") or answer.status)[:60]
