"""A contact of HubSpot's, in any of the shapes it is sent in, as a common lead."""

import hashlib
import json
from collections.abc import Iterator, Mapping

from config import lead, normal
from config.fields import our_name
from config.questions import Asked
from store.inbox import Received
from webhooks.delivery import Delivery
from webhooks.errors import Unreadable
from webhooks.submission import Told, heard, joined, scalar

_PROPERTIES = {
    "firstname": "first_name", "lastname": "last_name", "email": "email", "phone": "phone", "mobilephone": "phone", "company": "company",
    "message": "message", "work_email": "email",
}  # fmt: skip
_SECOND = ("mobilephone", "work_email")
_CLICKS = {
    "hs_google_click_id": "gclid",
    "hs_facebook_click_id": "fbclid",
    "hs_microsoft_click_id": "msclkid",
    "hs_linkedin_click_id": "li_fat_id",
}
_AROUND = frozenset(
    [
        "vid",
        "canonical-vid",
        "portal-id",
        "is-contact",
        "profile-token",
        "profile-url",
        "identity-profiles",
        "merge-audits",
        "merged-vids",
        "list-memberships",
        "associated-company",
        "associated-owner",
        "form-submissions",
        "properties",
        "id",
        "objectId",
        "portalId",
        "createdAt",
        "updatedAt",
        "archived",
        "key",
        "createdate",
        "lastmodifieddate",
        "associatedcompanyid",
        "legalConsentOptions",
        "addedAt",
        "conversion-id",
        "conversionId",
        "hs_object_id",
    ]
)
_LONGEST_ID = 60


def heard_contact(delivery: Delivery, value: Mapping[str, object]) -> Received:
    """The lead: the contact's properties and its newest form submission. Raises Unreadable without either."""
    properties = dict(_properties(value))
    newest = _newest(value)
    if not properties and not newest:
        raise Unreadable("This contact has no properties", where="properties", mend="Send all contact properties.")
    form, page = (joined(newest.get(name) or "") for name in ("form-id", "page-url"))
    told = Told(
        key=_key(value, properties, newest),
        page_url=page or joined(properties.get("hs_analytics_last_url") or properties.get("hs_analytics_first_url")),
        tracked={**properties, **{ours: properties.get(theirs) for theirs, ours in _CLICKS.items()}},
        consent=list(_consents(value)),
        extra={
            "form_id": normal.clean_line(form or joined(value.get("formId"))),
            "form_name": normal.clean_line(joined(newest.get("title"))),
            "contact_id": _contact(value),
        },
        lead={
            "campaign": {
                "name": normal.clean_line(joined(properties.get("hs_analytics_source_data_1"))),
                "medium": normal.clean_line(joined(properties.get("hs_analytics_source"))),
            },
            "submitted_at": normal.instant(
                joined(newest.get("timestamp") or newest.get("submittedAt") or properties.get("recent_conversion_date"))
            ),
            "locale": normal.clean_line(joined(properties.get("hs_language")), 35),
        },
    )
    asked = [_asked(name, properties[name]) for name in sorted(properties, key=_SECOND.__contains__)]
    return heard(delivery, [each for each in asked if not _is_internal(each.name)], told)


def _properties(value: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """{key: {value}} of the older API, {key: value} of the newer ones, or the flat object of a body made by hand."""
    given = value.get("properties")
    source = given if isinstance(given, dict) else {name: each for name, each in value.items() if name not in _AROUND}
    for name, each in source.items():
        said = each.get("value", each.get("values")) if isinstance(each, dict) else each
        if said not in (None, "", [], {}):
            yield str(name), said


def _newest(value: Mapping[str, object]) -> Mapping[str, object]:
    given = value.get("form-submissions") or value.get("formSubmissions")
    submissions = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return max(submissions, key=lambda each: normal.instant(each.get("timestamp", "")) or "", default={})


def _key(value: Mapping[str, object], properties: Mapping[str, object], newest: Mapping[str, object]) -> str:
    """The submission; without one the contact as it was last changed. "" (a key made of the words) where there is no contact id."""
    portal = joined(value.get("portal-id") or value.get("portalId") or newest.get("portal-id"))
    conversion = joined(newest.get("conversion-id") or value.get("conversion-id") or value.get("conversionId"))
    contact = _contact(value)
    if conversion:
        return ":".join(part for part in ("hubspot", portal, conversion[:_LONGEST_ID]) if part)
    if not contact:
        return ""
    changed = joined(properties.get("lastmodifieddate") or value.get("updatedAt"))
    digest = hashlib.sha256(json.dumps(properties, sort_keys=True).encode("utf-8", "replace")).hexdigest()
    return ":".join(
        part for part in ("hubspot", portal, "contact", contact, normal.clean_line(changed, 40) or digest[:16]) if part
    )


def _contact(value: Mapping[str, object]) -> str:
    return next(
        (number for name in ("vid", "canonical-vid", "objectId", "hs_object_id", "id") if (number := joined(value.get(name)))), ""
    )


def _asked(name: str, value: object) -> Asked:
    said = value if isinstance(value, str) else scalar(value)
    return Asked(
        name, said.replace(";", ", ") if isinstance(said, str) and our_name(name) == "extra" else said, _PROPERTIES.get(name, "")
    )


def _is_internal(name: str) -> bool:
    """HubSpot keeps hundreds of properties of its own on a contact; none of them was said by the person."""
    return name in _AROUND or name.startswith(("hs_", "num_", "recent_", "first_conversion", "notes_")) or lead.is_tracking(name)


def _consents(value: Mapping[str, object]) -> Iterator[lead.Content]:
    options = value.get("legalConsentOptions")
    given = next((each for each in options.values() if isinstance(each, dict)), {}) if isinstance(options, dict) else {}
    if "consentToProcess" in given:
        yield lead.common_lead(
            key="consentToProcess", value=given["consentToProcess"] is True, text=normal.clean_text(given.get("text"), 1000)
        )
    communications = given.get("communications")
    for each in communications[:20] if isinstance(communications, list) else ():
        if isinstance(each, dict):
            key = normal.identifier(each.get("subscriptionTypeId")) or "communications"
            yield lead.common_lead(key=key, value=each.get("value") is True, text=normal.clean_text(each.get("text"), 1000))
