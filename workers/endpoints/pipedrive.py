"""Pipedrive: one person, found by e-mail, else by phone, and one lead of the inbox for each of ours, known by the code in its title."""

from typing import Any
from urllib.parse import quote, urlencode

from workers.endpoints import Parcel, Sent, crm
from workers.endpoints.line import Line, judge
from workers.wire import Answer

LATEST = True
HOST = "https://api.pipedrive.com"
LOST = frozenset({"bad_number", "lost", "not_now"})  # outcomes with which a lead leaves Pipedrive's inbox for its archive


def send(parcel: Parcel, line: Line) -> Sent:
    """Create or update the person and the lead. Raises workers.outcomes.NotAccepted."""
    if not crm.is_wanted(parcel):
        return Sent(204)
    person = _person(parcel, line)
    lead, answer = _lead(parcel, line, person)
    return Sent(answer.status, {"person": person, "lead": lead})


def _person(parcel: Parcel, line: Line) -> str:
    contact = crm.contact_of(parcel)
    known = parcel.event.records.get("person") or _found(parcel, line)
    said: dict[str, object] = {"name": contact.get("name") or contact.get("email") or contact.get("phone")}
    if contact.get("email"):
        said["emails"] = [{"value": contact["email"], "primary": True, "label": "work"}]
    if contact.get("phone"):
        said["phones"] = [{"value": contact["phone"], "primary": True, "label": "work"}]
    if known:
        return known  # what the team has written about the person since is theirs
    answer = _asked(parcel, line, "POST", "/api/v2/persons", {**said, **_owner(parcel)})
    return str(answer.json()["data"]["id"])


def _found(parcel: Parcel, line: Line) -> str | None:
    contact = crm.contact_of(parcel)
    for field in ("email", "phone"):
        if contact.get(field):
            query = urlencode({"term": contact[field], "fields": field, "exact_match": "true", "limit": 1})
            answer = _asked(parcel, line, "GET", f"/api/v2/persons/search?{query}")
            items: Any = (answer.json().get("data") or {}).get("items") or []
            if items:
                return str(items[0]["item"]["id"])
    return None


def _lead(parcel: Parcel, line: Line, person: str) -> tuple[str, Answer]:
    ours = crm.lead_of(parcel)
    known = parcel.event.records.get("lead") or _known_by_title(parcel, line, person)
    said = {**_owner(parcel), **crm.mapped(parcel)}
    if ours.get("outcome"):
        said["is_archived"] = ours["outcome"] in LOST
    if known:
        answer = _asked(parcel, line, "PATCH", f"/v1/leads/{quote(known, safe='')}", said or {"was_seen": False})
        return known, answer
    answer = _asked(
        parcel,
        line,
        "POST",
        "/v1/leads",
        {"title": _title(parcel), "person_id": int(person), **{k: v for k, v in said.items() if k != "is_archived"}},
    )
    return str(answer.json()["data"]["id"]), answer


def _known_by_title(parcel: Parcel, line: Line, person: str) -> str | None:
    """One that was made just before a crash: its title ends with our code."""
    answer = _asked(parcel, line, "GET", f"/v1/leads?{urlencode({'person_id': person, 'limit': 100})}")
    found: Any = answer.json().get("data") or []
    end = _ending(parcel)
    return next((str(each["id"]) for each in found if str(each.get("title", "")).endswith(end)), None)


def _title(parcel: Parcel) -> str:
    contact = crm.contact_of(parcel)
    return f"{str(contact.get('name') or contact.get('email') or contact.get('phone'))[:200]}{_ending(parcel)}"


def _ending(parcel: Parcel) -> str:
    return f" · {crm.lead_of(parcel)['code']}"


def _owner(parcel: Parcel) -> dict[str, object]:
    owner = crm.owner_of(parcel)
    return {"owner_id": int(owner)} if owner and owner.isdigit() else {}


def _asked(parcel: Parcel, line: Line, method: str, path: str, said: object = None) -> Answer:
    headers = {"x-api-token": parcel.endpoint.secrets[0]}
    answer = line.json(method, f"{parcel.settings.pipedrive_api_url or HOST}{path}", said, headers=headers)
    judge(answer, reason=f"Pipedrive answered {answer.status}")
    return answer
