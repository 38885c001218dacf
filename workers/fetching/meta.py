"""A lead of Meta's lead ads, as the Graph API tells it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from config import lead, normal
from config.settings import Settings
from workers.channels.messenger import HOST, VERSION, judge_graph
from workers.outcomes import NotProcessed, SendFailed
from workers.wire import Wire

MEND = "Check META_PAGE_TOKEN and that the app may read leads of this page (Lead Access Manager)."
FIELDS = "created_time,id,ad_id,adset_id,campaign_id,form_id,field_data,is_organic,platform,custom_disclaimer_responses"
CAMPAIGN = {"ad_id": "ad_id", "adset_id": "adset_id", "form_id": "form_id", "campaign_id": "id"}
# Meta's standard questions; every other name is the slug of a question of the advertiser's own
STANDARD = {
    "full_name": "name", "first_name": "first_name", "last_name": "last_name", "email": "email", "work_email": "email",
    "phone_number": "phone", "work_phone_number": "phone", "company_name": "company",
}  # fmt: skip
MOST_PAGES = 50  # of a list of forms
DUMMY = "<test lead: dummy data"  # what Meta's own test button fills in


def ask(notice: Mapping[str, Any], settings: Settings, wire: Wire) -> dict[str, Any]:
    """GET the lead by its id. Raises workers.outcomes.NotAccepted."""
    leadgen_id = str(notice.get("leadgen_id", ""))
    if not leadgen_id.isdigit():
        raise SendFailed("the notification has no leadgen_id", configuration=True)
    page = str((notice.get("extra") or {}).get("page_id") or "")
    return _get(settings, wire, leadgen_id, {"fields": FIELDS}, page=page)


def missed(asked: Mapping[str, Any], settings: Settings, wire: Wire) -> tuple[list[tuple[str, dict[str, object]]], object]:
    """A page of the leads of our pages' forms (or of `asked["only"]`, one form: <page>:<form>, or <form> where there is one page),
    newer than the instant. Meta keeps them 90 days.
    """
    at = asked.get("cursor") or {}
    if "forms" not in at:
        forms = [str(asked["only"])] if asked.get("only") else _forms(settings, wire)
        return [], {"forms": forms, "after": ""} if forms else None
    first, *rest = at["forms"]
    page, _, form = first.rpartition(":")
    since = int(datetime.fromisoformat(asked["missed_since"]).timestamp())
    newer = json.dumps([{"field": "time_created", "operator": "GREATER_THAN", "value": since}])
    asked_for = {"fields": "id,created_time", "filtering": newer, "limit": "100", "after": at["after"]}
    told = _get(settings, wire, f"{form}/leads", asked_for, page=page)
    ids = [str(each["id"]) for each in told.get("data") or () if isinstance(each, dict) and str(each.get("id", "")).isdigit()]
    known = {"campaign": {"form_id": form}, **({"extra": {"page_id": page}} if page else {})}
    found: list[tuple[str, dict[str, object]]] = [(f"meta_leadgen:{each}", {"leadgen_id": each, **known}) for each in ids]
    after = _next(told)
    forms = [first, *rest] if after else rest
    return found, {"forms": forms, "after": after} if forms else None


def _forms(settings: Settings, wire: Wire) -> list[str]:
    """<page>:<form> of every page that we have a token for; a token that names no page is asked for its own."""
    pages = settings.meta_page_tokens or ("",)
    return [f"{page}:{form}".removeprefix(":") for page in pages for form in _forms_of(page, settings, wire)]


def _forms_of(page: str, settings: Settings, wire: Wire) -> list[str]:
    """The ids of a page's forms, a hundred at a time."""
    found: list[str] = []
    after = ""
    for _ in range(MOST_PAGES):
        told = _get(settings, wire, "me/leadgen_forms", {"fields": "id", "limit": "100", "after": after}, page=page)
        found += [str(each["id"]) for each in told.get("data") or () if isinstance(each, dict) and each.get("id")]
        after = _next(told)
        if not after:
            break
    return found


def _next(told: Mapping[str, Any]) -> str:
    """Where the next page of a list begins, "" after the last."""
    paging = told.get("paging") or {}
    return str((paging.get("cursors") or {}).get("after") or "") if paging.get("next") else ""


def _get(settings: Settings, wire: Wire, path: str, query: Mapping[str, str], *, page: str) -> dict[str, Any]:
    token = settings.page_token(page)
    if not token:
        because = f"has none for page {page}" if settings.meta_page_token else "is not set"
        raise SendFailed(f"META_PAGE_TOKEN {because}", configuration=True)
    asked = urlencode({name: value for name, value in query.items() if value}, safe=",")
    url = f"{settings.meta_graph_url or HOST}/{VERSION}/{path}?{asked}"
    answer = wire.request("GET", url, body=None, headers={"Authorization": f"Bearer {token}"})
    try:
        judge_graph(answer)
    except NotProcessed as slower:
        slower.retry_after = slower.retry_after or regained_after(answer.headers)
        raise
    return answer.json()


def regained_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long a page has used up its calls, an hour at most: Meta says it beside them, in minutes, and not in Retry-After."""
    said = next((value for name, value in headers.items() if name.lower() == "x-business-use-case-usage"), "")
    try:
        told = json.loads(said) if said else {}
    except ValueError:
        return None
    uses = [use for each in told.values() if isinstance(each, list) for use in each] if isinstance(told, dict) else []
    minutes = [use["estimated_time_to_regain_access"] for use in uses if isinstance(use, dict) and _is_minutes(use)]
    return timedelta(minutes=min(max(minutes), 60)) if minutes and max(minutes) > 0 else None


def _is_minutes(use: Mapping[str, Any]) -> bool:
    return isinstance(use.get("estimated_time_to_regain_access"), int | float)


def common_lead(notice: Mapping[str, Any], answer: Mapping[str, Any], *, region: str) -> dict[str, object]:
    """What the notification said, completed by the answer. A phone or address that is none stays readable in `extra`."""
    said = dict(_said(answer.get("field_data")))
    content: dict[str, object] = {key: value for key, value in notice.items() if key not in ("leadgen_id", "fetch")}
    shown = {"platform": normal.clean_line(answer.get("platform") or "", 40), "is_organic": answer.get("is_organic")}
    extra = {**(notice.get("extra") or {}), **{name: each for name, each in shown.items() if each not in ("", None)}}
    for name, value in said.items():
        ours = STANDARD.get(name)
        kept = _normal(ours, value, region) if ours else None
        if ours and kept and ours not in content:
            content[ours] = kept
        elif not lead.is_tracking(name):  # a form may carry utm and click ids as questions that nobody sees
            extra[name] = value
    names = [str(content.get(key, "")) for key in ("name", "first_name", "last_name")]
    campaign = {ours: str(answer[theirs]) for theirs, ours in CAMPAIGN.items() if answer.get(theirs)}
    return lead.common_lead(
        **{
            **content,
            **lead.tracking(said),
            "name": lead.full_name(*names),
            "campaign": {**(notice.get("campaign") or {}), **campaign},
            "consent": [*_consents(answer.get("custom_disclaimer_responses"))],
            "submitted_at": normal.instant(answer.get("created_time")) or notice.get("submitted_at"),
            "is_test": bool(notice.get("is_test")) or any(value.startswith(DUMMY) for value in said.values()),
            "extra": extra,
        }
    )


def _said(field_data: object) -> Sequence[tuple[str, str]]:
    rows = [row for row in field_data if isinstance(row, dict)] if isinstance(field_data, list) else []
    return [
        (normal.clean_line(row.get("name", ""), 80), ", ".join(normal.clean_text(value) for value in normal.texts(row.get("values") or [])))
        for row in rows
    ]  # fmt: skip


def _normal(name: str, value: str, region: str) -> str | None:
    if name == "phone":
        return normal.phone(value, region)
    return normal.email(value) if name == "email" else normal.clean_line(value, normal.LONGEST_NAME) or None


def _consents(responses: object) -> list[dict[str, object]]:
    rows = [row for row in responses if isinstance(row, dict)] if isinstance(responses, list) else []
    return [
        {"key": normal.identifier(row.get("checkbox_key")), "value": str(row.get("is_checked")).lower() in ("1", "true")}
        for row in rows
    ]
