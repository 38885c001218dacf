"""Pipedrive: one person, found by e-mail, else by phone, and one lead of the inbox for each of ours, known by the code in its title.

Requests after Pipedrive's own client (client-nodejs 0d7522b: src/versions/v2/api/persons-api.ts, src/versions/v1/api/leads-api.ts,
models/add-lead-request.ts and update-lead-request.ts 462144a); held against it by tests/vendor_crms.py. Leads have no version 2 yet.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from config.outgoing_hosts import PIPEDRIVE, PIPEDRIVE_TOKENS
from workers.endpoints import Parcel, Sent, crm, oauth
from workers.endpoints.line import Line, judge, retry_after_of
from workers.endpoints.oauth import Token, TokenDoor
from workers.outcomes import NotProcessed, SendFailed
from workers.wire import Answer

LATEST = True
MEND = (
    "Put a valid API token (Personal preferences > API) where `token` points. OAuth: check client_id and client_secret, install the app"
    " anew (scopes contacts:full and leads:full) and put its refresh token where `refresh_token` points; 402 means that the account is not paid."
    + crm.RESTART
)
LOST = frozenset({"bad_number", "lost", "not_now"})  # outcomes with which a lead leaves Pipedrive's inbox for its archive
DAY_IS_SPENT, BLOCKED = timedelta(hours=1), timedelta(minutes=10)  # the budget is new at a midnight that Pipedrive does not tell
HISTORY = frozenset({400, 403, 404, 409, 410, 422})  # what a lead that is no lead any more may be answered with


def send(parcel: Parcel, line: Line) -> Sent:
    """Create or update the person and the lead. Raises workers.outcomes.NotAccepted."""
    if not crm.is_wanted(parcel):
        return Sent(204)
    person = parcel.event.records.get("person") or _found(parcel, line) or _new_person(parcel, line)
    known = parcel.event.records.get("lead") or _known_by_title(parcel, line, person)
    lead = known or _new_lead(parcel, line, person)
    is_over = crm.lead_of(parcel).get("outcome") in LOST  # a new one cannot be made in the archive
    status = _update(parcel, line, lead) if known or is_over else 201
    return Sent(status, {"person": person, "lead": lead})


# --- the person: what the team has written about one since is theirs ------------------------------------------------------


def _found(parcel: Parcel, line: Line) -> str | None:
    """Whoever has the address, else the number; a number of somebody with another address makes nobody one person."""
    contact = crm.contact_of(parcel)
    for field in ("email", "phone"):
        if not contact.get(field):
            continue
        query = urlencode({"term": contact[field], "fields": field, "exact_match": "true", "limit": 10})
        answer = _asked(parcel, line, "GET", f"v2/persons/search?{query}")
        items: Any = (answer.json().get("data") or {}).get("items") or []
        for item in (each.get("item") or {} for each in items):
            if field == "email" or not (item.get("emails") and contact.get("email")):
                return str(item["id"])
    return None


def _new_person(parcel: Parcel, line: Line) -> str:
    contact = crm.contact_of(parcel)
    said: dict[str, object] = {"name": _name(parcel)}
    for field in ("email", "phone"):
        if contact.get(field):
            said[f"{field}s"] = [{"value": contact[field], "primary": True, "label": "work"}]
    answer = _asked(parcel, line, "POST", "v2/persons", {**said, **_owner(parcel)})
    return str(answer.json()["data"]["id"])


# --- the lead -------------------------------------------------------------------------------------------------------------


def _known_by_title(parcel: Parcel, line: Line, person: str) -> str | None:
    """One that was made just before a crash: its title ends with our code, and it is among the person's newest."""
    query = urlencode({"person_id": person, "limit": 100, "sort": "add_time DESC"})
    answer = _asked(parcel, line, "GET", f"v1/leads?{query}")
    found: Any = answer.json().get("data") or []
    return next((str(each["id"]) for each in found if str(each.get("title", "")).endswith(_ending(parcel))), None)


def _new_lead(parcel: Parcel, line: Line, person: str) -> str:
    said = {"title": f"{_name(parcel)[:200]}{_ending(parcel)}", "person_id": int(person), **_owner(parcel), **crm.mapped(parcel)}
    return str(_asked(parcel, line, "POST", "v1/leads", said).json()["data"]["id"])


def _update(parcel: Parcel, line: Line, known: str) -> int:
    """The lead as it stands now; nothing where there is nothing to say of it."""
    outcome, path = crm.lead_of(parcel).get("outcome"), f"v1/leads/{quote(known, safe='')}"
    said = {**_owner(parcel), **crm.mapped(parcel), **({"is_archived": outcome in LOST} if outcome else {})}
    if not said:
        return 204
    answer = _ask(parcel, line, "PATCH", path, said)
    if answer.status in HISTORY and _is_history(parcel, line, path):
        return 200
    _judge(answer)
    return answer.status


def _is_history(parcel: Parcel, line: Line, path: str) -> bool:
    """Is it in the archive, where nothing is edited (changelog of 2025-07-15), or gone, as one that was made a deal of?"""
    answer = _ask(parcel, line, "GET", path)
    if answer.status in (404, 410):
        return True
    _judge(answer)
    found: Any = answer.json().get("data") or {}
    return found.get("is_archived") is True


def _name(parcel: Parcel) -> str:
    contact = crm.contact_of(parcel)
    return str(contact.get("name") or contact.get("email") or contact.get("phone"))


def _ending(parcel: Parcel) -> str:
    return f" · {crm.lead_of(parcel)['code']}"


def _owner(parcel: Parcel) -> dict[str, object]:
    owner = crm.owner_of(parcel)
    return {"owner_id": int(owner)} if owner and owner.isdigit() else {}


# --- the line -------------------------------------------------------------------------------------------------------------


def _asked(parcel: Parcel, line: Line, method: str, path: str, said: object = None) -> Answer:
    answer = _ask(parcel, line, method, path, said)
    _judge(answer)
    return answer


def _ask(parcel: Parcel, line: Line, method: str, path: str, said: object = None) -> Answer:
    """With the API token at the common host, where version 1 stands at the root, or by OAuth at the company's own (`api_domain`)."""
    given = parcel.settings.pipedrive_api_url
    if parcel.endpoint.grant is None:
        url = f"{given or PIPEDRIVE}/{'' if path.startswith('v1') else 'api/'}{path}"
        return line.json(method, url, said, headers={"x-api-token": parcel.endpoint.secrets[0]})

    def call(token: Token) -> Answer:
        url = f"{given or token.host or PIPEDRIVE}/api/{path}"
        return line.json(method, url, said, headers=crm.bearer(token.text))

    return oauth.authorized(parcel, line, TokenDoor("Pipedrive", f"{given or PIPEDRIVE_TOKENS}/oauth/token", is_basic=True), call)


def _judge(answer: Answer) -> None:
    """Limits: docs, "Rate limiting". A page instead of JSON is the wall in front of the API: we asked too much."""
    reason, headers = f"Pipedrive answered {answer.status}", answer.headers
    if answer.status == 429:
        spent = headers.get("x-daily-ratelimit-token-remaining") == "0"
        reset = headers.get("x-ratelimit-reset", "")
        window = (
            timedelta(seconds=max(2, min(int(reset), 60))) if reset.isascii() and reset.isdigit() and len(reset) < 6 else None
        )
        wait = DAY_IS_SPENT if spent else retry_after_of(answer) or window
        raise NotProcessed(reason, code="429", status=429, retry_after=wait)
    if answer.status == 403 and "html" in headers.get("content-type", ""):
        raise NotProcessed(f"{reason} with a page", code="blocked", status=403, retry_after=BLOCKED)
    if answer.status == 402:
        raise SendFailed(f"{reason}: the account is not open", code="402", status=402, configuration=True)
    judge(answer, reason=reason)
