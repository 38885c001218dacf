"""Salesforce: one Lead a lead, upserted by an external id field that holds our code; OAuth by the client credentials flow."""

from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode

from routing.team import Endpoint
from workers.endpoints import Parcel, Sent, crm
from workers.endpoints.line import Line, judge
from workers.outcomes import Ambiguous, NotProcessed, SendFailed
from workers.wire import Answer

LATEST = True
STATUSES = {  # ours -> the picklist Status as a new organisation has it; `fields: {Status: ...}` of the team file replaces it
    "waiting": "Open - Not Contacted", "offered": "Open - Not Contacted", "accepted": "Open - Not Contacted",
    "responded": "Working - Contacted", "closed": "Working - Contacted",
}  # fmt: skip
NEEDED = "[not provided]"  # Salesforce's own words for a LastName or Company that nobody gave
CONVERTED = "CANNOT_UPDATE_CONVERTED_LEAD"  # it is an opportunity by now: the lead of old is history, and that is well
OUR_KEYS = frozenset({"INVALID_CLIENT", "INVALID_CLIENT_ID", "INVALID_GRANT", "INSUFFICIENT_ACCESS", "API_DISABLED_FOR_ORG"})
BUSY = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT"})

_tokens: dict[tuple[str, str], tuple[str, str]] = {}  # (host, client id) -> (token, instance); a token is good until a 401
_asking = Lock()


def send(parcel: Parcel, line: Line) -> Sent:
    """Upsert the Lead. Raises workers.outcomes.NotAccepted."""
    if not crm.is_wanted(parcel):
        return Sent(204)
    answer = _upsert(parcel, line, *_token(parcel.endpoint, line))
    if answer.status == 401:
        _forget(parcel.endpoint)
        answer = _upsert(parcel, line, *_token(parcel.endpoint, line))
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
        "FirstName": first[:40], "LastName": (last or NEEDED)[:80], "Company": (contact.get("company") or NEEDED)[:255],
        "Email": contact.get("email"), "Phone": contact.get("phone"), "Status": STATUSES.get(str(lead.get("status"))),
        "OwnerId": crm.owner_of(parcel), "Description": contact.get("message"),
    }  # fmt: skip
    return {**{name: value for name, value in plain.items() if value}, **crm.mapped(parcel)}


def _upsert(parcel: Parcel, line: Line, token: str, instance: str) -> Answer:
    options = parcel.endpoint.options
    record = f"{options['external_id']}/{quote(str(crm.lead_of(parcel)['code']), safe='')}"
    url = f"{instance}/services/data/{options['api_version']}/sobjects/Lead/{record}"
    # a rule that only warns of duplicates must not stop a program, which cannot see the warning; one that blocks still does
    headers = {"Authorization": f"Bearer {token}", "Sforce-Duplicate-Rule-Header": "allowSave=true"}
    return line.json("PATCH", url, fields(parcel), headers=headers)


def _token(endpoint: Endpoint, line: Line) -> tuple[str, str]:
    """A token and the address it is for; asked for once and kept."""
    with _asking:
        if _place(endpoint) not in _tokens:
            _tokens[_place(endpoint)] = _ask_for_token(endpoint, line)
        return _tokens[_place(endpoint)]


def _ask_for_token(endpoint: Endpoint, line: Line) -> tuple[str, str]:
    said = {
        "grant_type": "client_credentials", "client_id": endpoint.options["client_id"], "client_secret": endpoint.secrets[0],
    }  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    answer = line.post(f"{endpoint.url}/services/oauth2/token", urlencode(said).encode(), headers)
    if 400 <= answer.status < 500 and answer.status != 429:
        why = f"Salesforce gives no token ({str(answer.json().get('error') or answer.status)[:60]})"
        raise SendFailed(why, code="token", status=answer.status, configuration=True)
    judge(answer, reason=f"Salesforce answered {answer.status} when asked for a token")
    said_back = answer.json()
    return str(said_back.get("access_token") or ""), str(said_back.get("instance_url") or endpoint.url).rstrip("/")


def _forget(endpoint: Endpoint) -> None:
    with _asking:
        _tokens.pop(_place(endpoint), None)


def _place(endpoint: Endpoint) -> tuple[str, str]:
    return endpoint.url, str(endpoint.options["client_id"])


def _judge(answer: Answer) -> None:
    code, reason = _code(answer), f"Salesforce answered {answer.status} {_code(answer)}"
    if code == "REQUEST_LIMIT_EXCEEDED":  # comes as 403; the limit is of 24 hours, rolling
        raise NotProcessed(reason, code=code, status=answer.status)
    if code in BUSY:
        raise Ambiguous(reason, code=code, status=answer.status)
    if code in OUR_KEYS:
        raise SendFailed(reason, code=code, status=answer.status, configuration=True)
    if answer.status == 300:
        raise SendFailed(f"{reason}: more than one lead has this external id", code="300", status=300)
    judge(answer, code=code, reason=reason)


def _code(answer: Answer) -> str:
    """The errorCode: errors come as a list of one."""
    said: Any = answer.list()
    first = said[0] if said and isinstance(said[0], dict) else {}
    return str(first.get("errorCode") or answer.status)[:60]
