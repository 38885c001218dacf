"""A contact of HubSpot's CRM, of which an app's webhook named only the id."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from config import lead, normal
from config.fields import Fields
from config.outgoing_hosts import HUBSPOT
from config.settings import Settings
from workers.outcomes import SendFailed
from workers.wire import Wire, judge

MEND = "Check HUBSPOT_TOKEN: a private app's token with the scope crm.objects.contacts.read of this portal."
_OURS = {
    "firstname": "first_name",
    "lastname": "last_name",
    "email": "email",
    "phone": "phone",
    "company": "company",
    "message": "message",
}
_SECOND = {"mobilephone": "phone", "work_email": "email"}
_CLICKS = {
    "hs_google_click_id": "gclid", "hs_facebook_click_id": "fbclid", "hs_microsoft_click_id": "msclkid", "hs_linkedin_click_id": "li_fat_id",
}  # fmt: skip
_MORE = (
    "jobtitle", "city", "state", "country", "zip", "website", "lifecyclestage", "hs_language", "hs_analytics_source", "hs_analytics_source_data_1",
    "hs_analytics_first_url", "recent_conversion_event_name", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
PROPERTIES = (*_OURS, *_SECOND, *_CLICKS, *_MORE)


def ask(notice: Mapping[str, Any], settings: Settings, wire: Wire) -> dict[str, Any]:
    """GET the contact with the properties we know. Raises workers.outcomes.NotAccepted."""
    wanted = notice.get("fetch") or {}
    contact = str(wanted.get("object_id") or wanted.get("id") or "")
    if not contact.isdigit():
        raise SendFailed("the event has no objectId", configuration=True)
    if not settings.hubspot_token:
        raise SendFailed("HUBSPOT_TOKEN is not set", configuration=True)
    query = urlencode({"properties": ",".join(PROPERTIES)}, safe=",")
    url = f"{settings.hubspot_api_url or HUBSPOT}/crm/v3/objects/contacts/{contact}?{query}"
    answer = wire.request("GET", url, body=None, headers={"Authorization": f"Bearer {settings.hubspot_token}"})
    judge(answer, code=None, reason=f"HubSpot answered {answer.status}")
    return answer.json()


def missed(asked: Mapping[str, Any], settings: Settings, wire: Wire) -> tuple[list[tuple[str, dict[str, object]]], object]:
    """A page of the contacts created since the instant, by their ids."""
    if not settings.hubspot_token:
        raise SendFailed("HUBSPOT_TOKEN is not set", configuration=True)
    since = str(int(datetime.fromisoformat(asked["missed_since"]).timestamp() * 1000))
    wanted: dict[str, object] = {
        "filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GTE", "value": since}]}],
        "sorts": [{"propertyName": "createdate", "direction": "ASCENDING"}], "properties": ["createdate"], "limit": 100,
    }  # fmt: skip
    if asked.get("cursor"):
        wanted["after"] = asked["cursor"]
    headers = {"Authorization": f"Bearer {settings.hubspot_token}", "Content-Type": "application/json"}
    url = f"{settings.hubspot_api_url or HUBSPOT}/crm/v3/objects/contacts/search"
    answer = wire.request("POST", url, body=json.dumps(wanted).encode(), headers=headers)
    judge(answer, code=None, reason=f"HubSpot answered {answer.status}")
    told = answer.json()
    ids = [str(each["id"]) for each in told.get("results") or () if isinstance(each, dict) and str(each.get("id", "")).isdigit()]
    found: list[tuple[str, dict[str, object]]] = [
        (f"hubspot:contact:{each}", {"channel": "form", "fetch": {"vendor": "hubspot", "object_id": each}}) for each in ids
    ]
    return found, ((told.get("paging") or {}).get("next") or {}).get("after")


def common_lead(notice: Mapping[str, Any], answer: Mapping[str, Any], *, region: str) -> dict[str, object]:
    """What the event said, completed by the contact's properties."""
    given = answer.get("properties")
    told = (
        {key: normal.clean_text(value) for key, value in given.items() if value not in (None, "")}
        if isinstance(given, dict)
        else {}
    )
    pairs = [(ours, told[name]) for name, ours in _OURS.items() if name in told]
    have = {ours for ours, _ in pairs}
    pairs += [(ours if ours not in have else name, told[name]) for name, ours in _SECOND.items() if name in told]
    page = told.get("hs_analytics_first_url", "")
    fields = Fields(pairs, {})
    filled = fields.content(region)
    more = filled.pop("extra", {})
    rest = {
        name: told[name] for name in ("jobtitle", "city", "state", "country", "zip", "website", "lifecyclestage") if name in told
    }
    kept = {key: value for key, value in notice.items() if key not in ("fetch", "extra")}
    tracked = {**{ours: told[name] for name, ours in _CLICKS.items() if name in told}, **told}
    return lead.common_lead(
        **{
            **kept,
            **filled,
            **lead.tracking(tracked, page),
            "campaign": {"medium": told.get("hs_analytics_source", ""), "name": told.get("hs_analytics_source_data_1", "")},
            "locale": told.get("hs_language", "")[:35],
            "extra": {**(notice.get("extra") or {}), **rest, **(more if isinstance(more, dict) else {}), "page_url": page,
                      "form": told.get("recent_conversion_event_name", "")},
        }
    )  # fmt: skip
