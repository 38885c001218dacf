"""A lead of Meta's lead ads as the Graph API tells it, as the common lead. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from routing.words import clean

FIELDS = "created_time,id,ad_id,adset_id,campaign_id,form_id,field_data,is_organic,platform,custom_disclaimer_responses"
CAMPAIGN = {"ad_id": "ad_id", "adset_id": "adset_id", "form_id": "form_id", "campaign_id": "id"}
# Meta's standard questions; every other name is the slug of a question of the advertiser's own
STANDARD = {
    "full_name": "name", "first_name": "first_name", "last_name": "last_name", "email": "email", "work_email": "email",
    "phone_number": "phone", "work_phone_number": "phone", "company_name": "company",
}  # fmt: skip
LONGEST = 2_000
DUMMY = "<test lead: dummy data"  # what Meta's own test button fills in


def common_lead(notice: Mapping[str, Any], answer: Mapping[str, Any], *, region: str) -> dict[str, object]:
    """What the notification said, completed by the answer. A phone or address that is none stays readable in `extra`."""
    said = dict(_said(answer.get("field_data")))
    content: dict[str, object] = {key: value for key, value in notice.items() if key != "leadgen_id"}
    extra = dict(notice.get("extra") or {})
    for name, value in said.items():
        ours = STANDARD.get(name)
        kept = _normal(ours, value, region) if ours else None
        if ours and kept and ours not in content:
            content[ours] = kept
        else:
            extra[name] = value
    if "name" not in content and (whole := " ".join(str(content[k]) for k in ("first_name", "last_name") if k in content)):
        content["name"] = whole
    campaign = {ours: str(answer[theirs]) for theirs, ours in CAMPAIGN.items() if answer.get(theirs)}
    return content | {
        "campaign": {**(notice.get("campaign") or {}), **campaign},
        "consent": [*_consents(answer.get("custom_disclaimer_responses"))],
        "submitted_at": _instant(answer.get("created_time")) or notice.get("submitted_at"),
        "is_test": bool(notice.get("is_test")) or any(value.startswith(DUMMY) for value in said.values()),
        "extra": extra,
    }


def _said(field_data: object) -> Sequence[tuple[str, str]]:
    rows = [row for row in field_data if isinstance(row, dict)] if isinstance(field_data, list) else []
    return [
        (clean(str(row.get("name", "")), 80), ", ".join(clean(str(value), LONGEST) for value in row.get("values") or []))
        for row in rows
    ]


def _normal(name: str, value: str, region: str) -> str | None:
    if name == "phone":
        return _phone(value.removeprefix("p:"), region)
    return _email(value) if name == "email" else value or None


def _phone(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_possible_number(number)
        else None
    )


def _email(text: str) -> str | None:
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def _instant(text: object) -> str | None:
    """Meta writes +0000 without a colon."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC).isoformat().replace("+00:00", "Z")
    except ValueError:
        return None


def _consents(responses: object) -> list[dict[str, object]]:
    rows = [row for row in responses if isinstance(row, dict)] if isinstance(responses, list) else []
    return [{"key": str(row.get("checkbox_key", "")), "value": str(row.get("is_checked", "")) == "1"} for row in rows]
