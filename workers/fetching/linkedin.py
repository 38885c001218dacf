"""A lead of LinkedIn's lead forms (Lead Sync): the answers, joined with the form's questions."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from config import lead, normal
from config.fields import Fields
from config.settings import Settings
from workers.outcomes import SendFailed
from workers.wire import Wire, judge

MEND = (
    "Check LINKEDIN_TOKEN (a member token with r_marketing_leadgen_automation lives 60 days), LINKEDIN_VERSION, and the member's "
    "role on the account."
)
HOST = "https://api.linkedin.com"
FIELDS = "id,submittedAt,testLead,leadType,leadMetadataInfo,formResponse,form:(hiddenFields,creationLocale,name,id,content)"  # a projection
PAGE = 100
_ID = re.compile(r"[A-Za-z0-9_-]{1,120}")
_URN = re.compile(r"urn:li:(?:sponsoredAccount|organization):[0-9]{1,20}")
_OURS = {
    "FIRST_NAME": "first_name", "LAST_NAME": "last_name", "EMAIL": "email", "WORK_EMAIL": "email", "PHONE_NUMBER": "phone",
    "WORK_PHONE_NUMBER": "phone", "COMPANY_NAME": "company", "FULL_NAME": "name",
}  # fmt: skip
Object = Mapping[str, Any]


def missed(asked: Object, settings: Settings, wire: Wire) -> tuple[list[tuple[str, dict[str, object]]], object]:
    """A page of the responses to an account's forms; `asked["only"]` is the owner's URN. LinkedIn gives back up to 365 days."""
    owner = str(asked.get("only") or "")
    kind = {"sponsoredAccount": "sponsoredAccount", "organization": "organization"}.get(
        owner.split(":")[2] if owner.count(":") == 3 else ""
    )
    if kind is None or not _URN.fullmatch(owner):
        raise SendFailed("say whose forms: --only urn:li:sponsoredAccount:<id>", configuration=True)
    start = int(asked.get("cursor") or 0)
    since = int(datetime.fromisoformat(asked["missed_since"]).timestamp() * 1000)
    lead_type = "SPONSORED" if kind == "sponsoredAccount" else "COMPANY"
    query = (
        f"q=owner&owner=({kind}:{quote(owner, safe='')})&leadType=(leadType:{lead_type})&submittedAtTimeRange=(start:{since})"
        f"&start={start}&count={PAGE}"
    )
    answer = wire.request("GET", f"{_host(settings)}/rest/leadFormResponses?{query}", body=None, headers=_headers(settings))
    judge(answer, code=None, reason=f"LinkedIn answered {answer.status}", configuration=frozenset({400, 401, 403, 426}))
    told = answer.json().get("elements")
    ids = [number for each in _objects(told) if _ID.fullmatch(number := normal.identifier(each.get("id")))]
    found: list[tuple[str, dict[str, object]]] = [
        (f"linkedin:{each}", {"fetch": {"vendor": "linkedin", "id": each}}) for each in ids
    ]
    return found, start + PAGE if isinstance(told, list) and len(told) >= PAGE else None


def _host(settings: Settings) -> str:
    return settings.linkedin_api_url or HOST


def _headers(settings: Settings) -> dict[str, str]:
    if not settings.linkedin_token:
        raise SendFailed("LINKEDIN_TOKEN is not set", configuration=True)
    return {
        "Authorization": f"Bearer {settings.linkedin_token}",
        "LinkedIn-Version": settings.linkedin_version,
        "X-Restli-Protocol-Version": "2.0.0",
    }


def ask(notice: Object, settings: Settings, wire: Wire) -> dict[str, Any]:
    """GET the response with its form. Raises workers.outcomes.NotAccepted."""
    lead_id = str(_object(notice, "fetch").get("id", ""))
    if not _ID.fullmatch(lead_id):
        raise SendFailed("the notice has no id", configuration=True)
    headers = _headers(settings)
    url = f"{_host(settings)}/rest/leadFormResponses/{lead_id}?fields={FIELDS}"
    answer = wire.request("GET", url, body=None, headers=headers)
    judge(answer, code=None, reason=f"LinkedIn answered {answer.status}", configuration=frozenset({400, 401, 403, 426}))
    return answer.json()


def common_lead(notice: Object, answer: Object, *, region: str) -> dict[str, object]:
    """What the notice said, completed by the answer. What is no phone or address stays readable in `extra`."""
    form, response = _object(answer, "form"), _object(answer, "formResponse")
    hidden = {normal.clean_line(each.get("name") or "", 80): each.get("value") for each in _hidden(form, response)}
    fields = Fields([*_answers(form, response), *hidden.items()], {})
    filled = fields.content(region)
    more = filled.pop("extra", {})
    extra = {
        **(notice.get("extra") or {}),
        **(more if isinstance(more, dict) else {}),
        "form_name": normal.clean_line(form.get("name") or "", 200),
    }
    tracked = lead.tracking(fields.tracked, fields.known.get("page_url", ""))
    kept = {key: value for key, value in notice.items() if key not in ("fetch", "extra", "campaign")}
    return lead.common_lead(
        **{
            **kept,
            **filled,
            **tracked,
            "campaign": {**(notice.get("campaign") or {}), **_campaign(answer)},
            "consent": [*_consents(form, response)],
            "locale": _locale(form),
            "submitted_at": normal.instant(answer.get("submittedAt")) or notice.get("submitted_at"),
            "is_test": answer.get("testLead") is True or bool(notice.get("is_test")),
            "extra": extra,
        }
    )


def _answers(form: Object, response: Object) -> Iterator[tuple[str, str]]:
    """(our name or the question's, what was answered), joined by the questions' ids."""
    questions = {str(each.get("questionId")): each for each in _objects(_object(form, "content").get("questions"))}
    for each in _objects(response.get("answers")):
        question = questions.get(str(each.get("questionId")), {})
        predefined = str(question.get("predefinedField") or "")
        label = normal.clean_line(
            question.get("name") or _localized(question.get("question")) or f"unnamed {each.get('questionId')}", 80
        )
        yield _OURS.get(predefined) or (predefined.lower() or label), _said(_object(each, "answerDetails"), question)


def _said(details: Object, question: Object) -> str:
    text = _object(details, "textQuestionAnswer").get("answer")
    if isinstance(text, str):
        return normal.clean_text(text)
    choice = _object(_object(question, "questionDetails"), "multipleChoiceQuestionDetails")
    labels = {str(option.get("id")): _localized(option.get("text")) for option in _objects(choice.get("options"))}
    chosen = _object(details, "multipleChoiceAnswer").get("options")
    picked = [str(each.get("id") if isinstance(each, dict) else each) for each in chosen] if isinstance(chosen, list) else []
    return ", ".join(labels.get(each) or each for each in picked)


def _hidden(form: Object, response: Object) -> list[Object]:
    return [*_objects(form.get("hiddenFields")), *_objects(response.get("hiddenFieldResponses"))]


def _consents(form: Object, response: Object) -> Iterator[dict[str, object]]:
    """Which checkboxes were ticked, with the words they had."""
    legal = _object(_object(form, "content"), "legalInfo")
    words = {
        str(each.get("id") or each.get("consentId")): _localized(each.get("consent")) for each in _objects(legal.get("consents"))
    }
    for each in _objects(response.get("consentResponses"))[:20]:
        key = normal.identifier(each.get("consentId"))
        yield lead.common_lead(key=key, value=each.get("accepted") is True, text=words.get(key, ""))


def _campaign(answer: Object) -> dict[str, str]:
    told = _object(_object(_object(answer, "leadMetadataInfo"), "sponsoredLeadMetadataInfo"), "campaign")
    found = {"id": normal.identifier(told.get("id")).rpartition(":")[2], "name": normal.clean_line(told.get("name") or "", 200)}
    return {key: value for key, value in found.items() if value}


def _locale(form: Object) -> str:
    told = _object(form, "creationLocale")
    parts = (normal.clean_line(told.get(key) or "", 10) for key in ("language", "country"))
    return "_".join(part for part in parts if part)


def _localized(value: object) -> str:
    """A text, or the first language of {"localized": {"en_US": ...}}."""
    if isinstance(value, dict):
        inner = value.get("localized", value)
        value = next((each for each in inner.values() if isinstance(each, str)), "") if isinstance(inner, dict) else inner
    return normal.clean_line(value, 1000)


def _object(value: Object, key: str) -> Object:
    inner = value.get(key)
    return inner if isinstance(inner, dict) else {}


def _objects(value: object) -> list[Object]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
