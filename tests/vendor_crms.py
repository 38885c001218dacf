"""What the CRMs take, as a table of our own: every request that we make to one is held against it.

Facts only, each with where it stands; no text of theirs. A change there is a change here first.
HubSpot     HubSpot/HubSpot-public-api-spec-collection: PublicApiSpecs/CRM/Contacts/Rollouts/424/v3/contacts.json at fe3ff56,
            PublicApiSpecs/Auth/Oauth/Rollouts/279897/2026-03/oauth.json at 01fdb31
Pipedrive   pipedrive/client-nodejs: src/versions/v2/api/persons-api.ts and src/versions/v1/api/leads-api.ts at 0d7522b,
            src/versions/v1/models/{add,update}-lead-request.ts and src/versions/v2/configuration.ts at 462144a,
            src/versions/v2/models/add-person-request.ts at 0f37347
Salesforce  REST API guide v62-v68 (dome_upsert, headers_autoassign, headers_duplicaterules); jsforce/jsforce: src/oauth2.ts at 0184e21;
            "OAuth 2.0 Client Credentials Flow", "OAuth 2.0 Refresh Token Flow" of the help; lengths of the standard Lead object
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from jsonschema import Draft202012Validator

from tests.receiver import Post

Schema = Mapping[str, Any]
TEXT, WHOLE, YES_NO = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}


def closed(properties: Mapping[str, Schema], *required: str, **more: Any) -> Schema:
    """An object with these keys and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False, **more}


@dataclass(frozen=True)
class Operation:
    """One verb at one path. `query`: what each parameter may hold; `body`: JSON; `form`: fields of a form, those with a * are needed."""

    method: str
    path: str
    body: Schema | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    form: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def fits(self, method: str, path: str) -> bool:
        """Is it this one?"""
        return method == self.method and bool(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.path), path))


BEARER = {"authorization": r"Bearer \S+"}
PROPERTIES = closed({"properties": {"type": "object", "additionalProperties": TEXT}}, "properties")
FILTER = closed(
    {"propertyName": TEXT, "value": TEXT, "highValue": TEXT, "values": TEXTS, "operator": {"enum": [
        "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"]}},
    "propertyName", "operator",
)  # fmt: skip
SEARCH = closed(
    {
        "filterGroups": {"type": "array", "maxItems": 5, "items": closed({"filters": {"type": "array", "maxItems": 6, "items": FILTER}}, "filters")},
        "properties": TEXTS, "limit": {"type": "integer", "maximum": 200}, "after": TEXT, "sorts": TEXTS, "query": TEXT,
    },
    "after", "filterGroups", "limit", "properties", "sorts",
)  # fmt: skip
HUBSPOT = (
    Operation("POST", "/crm/v3/objects/contacts", PROPERTIES, headers=BEARER),
    Operation("PATCH", "/crm/v3/objects/contacts/{contactId}", PROPERTIES, {"idProperty": "email"}, headers=BEARER),
    Operation("POST", "/crm/v3/objects/contacts/search", SEARCH, headers=BEARER),
    Operation("POST", "/oauth/2026-03/token", form=("*grant_type", "*client_id", "*client_secret", "*refresh_token")),
)
WAY = {"type": "array", "items": closed({"value": TEXT, "primary": YES_NO, "label": TEXT}, "value")}
PERSON = closed(
    {
        "name": TEXT, "owner_id": WHOLE, "org_id": WHOLE, "emails": WAY, "phones": WAY, "visible_to": WHOLE, "add_time": TEXT,
        "label_ids": {"type": "array", "items": WHOLE}, "custom_fields": {"type": "object"},
    },
    "name",
)  # fmt: skip
LEAD = {
    "title": TEXT, "owner_id": WHOLE, "label_ids": TEXTS, "person_id": WHOLE, "organization_id": WHOLE, "value": {"type": "object"},
    "expected_close_date": TEXT, "visible_to": {"enum": ["1", "3", "5", "7"]}, "was_seen": YES_NO, "channel": WHOLE, "channel_id": TEXT,
}  # fmt: skip
OF_DEALS = {"^[0-9a-f]{40}$": {}}  # leads have the custom fields of deals, by their keys, beside the others
NEW_LEAD = closed({**LEAD, "origin_id": TEXT}, "title", "person_id", patternProperties=OF_DEALS)
LEAD_CHANGE = closed({**LEAD, "is_archived": YES_NO}, minProperties=1, patternProperties=OF_DEALS)
EITHER_KEY = {"x-api-token|authorization": r"\S+|Bearer \S+"}
FIND_PERSON = {
    "term": ".{2,}",
    "fields": "email|phone|name|notes|custom_fields",
    "exact_match": "true|false",
    "limit": r"\d{1,2}|100",
}
OF_A_PERSON = {"person_id": r"\d+", "limit": r"\d+", "sort": "(id|title|add_time|update_time) (ASC|DESC)"}
PIPEDRIVE = (
    Operation("GET", "/api/v2/persons/search", query=FIND_PERSON, headers=EITHER_KEY),
    Operation("POST", "/api/v2/persons", PERSON, headers=EITHER_KEY),
    *(
        Operation(method, f"{root}/leads{more}", body, query, headers=EITHER_KEY)
        for root in ("/v1", "/api/v1")
        for method, more, body, query in (
            ("GET", "", None, OF_A_PERSON), ("POST", "", NEW_LEAD, {}), ("PATCH", "/{id}", LEAD_CHANGE, {}), ("GET", "/{id}", None, {}),
        )
    ),
    Operation("POST", "/oauth/token", form=("*grant_type", "*refresh_token"), headers={"authorization": r"Basic \S+"}),
)  # fmt: skip


def up_to(length: int) -> Schema:
    """Text of so many characters."""
    return {"type": "string", "maxLength": length}


SALESFORCE_LEAD = {
    "type": "object", "required": ["LastName", "Company"], "not": {"anyOf": [{"required": ["Id"]}, {"required": ["Headroom_Code__c"]}]},
    "properties": {
        "FirstName": up_to(40), "LastName": up_to(80), "Company": up_to(255), "Email": up_to(80), "Phone": up_to(40), "Description": up_to(32_000),
        "Status": TEXT, "OwnerId": TEXT, "LeadSource": TEXT,
    },
    "patternProperties": {r"__c$": {}}, "additionalProperties": False,
}  # fmt: skip
RULES = {**BEARER, "sforce-duplicate-rule-header?": "allowSave=(true|false)", "sforce-auto-assign?": "TRUE|FALSE"}
SALESFORCE = (
    Operation("PATCH", "/services/data/v62.0/sobjects/Lead/Headroom_Code__c/{value}", SALESFORCE_LEAD, headers=RULES),
    Operation("POST", "/services/oauth2/token", form=("*grant_type", "*client_id", "*client_secret", "refresh_token")),
)
VENDORS = {"hubspot": HUBSPOT, "pipedrive": PIPEDRIVE, "salesforce": SALESFORCE}
GRANTS = {"hubspot": {"refresh_token"}, "pipedrive": {"refresh_token"}, "salesforce": {"refresh_token", "client_credentials"}}


def faults(vendor: str, post: Post) -> list[str]:
    """What the vendor would object to, in words; empty when the request is right."""
    parts = urlsplit(post.path)
    found = next((each for each in VENDORS[vendor] if each.fits(post.method, parts.path)), None)
    if found is None:
        return [f"{post.method} {parts.path}: no such operation"]
    said = [
        *_query(found, parts.query),
        *_headers(found, post),
        *(_form(vendor, found, post) if found.form else _body(found, post)),
    ]
    return [f"{found.method} {found.path}: {fault}" for fault in said]


def basic(post: Post) -> tuple[str, str]:
    """Id and secret of HTTP Basic."""
    scheme, _, value = post.headers.get("authorization", "").partition(" ")
    user, _, password = base64.b64decode(value).decode().partition(":") if scheme == "Basic" else ("", "", "")
    return user, password


def form_of(post: Post) -> dict[str, str]:
    """The fields of a form."""
    return dict(parse_qsl(post.body.decode(), keep_blank_values=True))


def _query(operation: Operation, query: str) -> list[str]:
    given = dict(parse_qsl(query, keep_blank_values=True))
    unknown = [f"unknown parameter {name}" for name in given if name not in operation.query]
    return unknown + [f"{n}={v}" for n, v in given.items() if n in operation.query and not re.fullmatch(operation.query[n], v)]


def _headers(operation: Operation, post: Post) -> list[str]:
    """`a|b`: one of the two; `a?`: may be left out."""
    wrong = []
    for names, pattern in operation.headers.items():
        given = next((post.headers[name] for name in names.rstrip("?").split("|") if name in post.headers), None)
        if not (names.endswith("?") if given is None else re.fullmatch(pattern, given)):
            wrong.append(f"header {names}: {'missing' if given is None else 'not of its form'}")
    return wrong


def _form(vendor: str, operation: Operation, post: Post) -> list[str]:
    given = form_of(post)
    kind = post.headers.get("content-type", "")
    wrong = [] if kind == "application/x-www-form-urlencoded" else [f"content type {kind}"]
    wrong += [f"{name[1:]} is missing" for name in operation.form if name.startswith("*") and not given.get(name[1:])]
    wrong += [f"unknown field {name}" for name in given if name not in {each.lstrip("*") for each in operation.form}]
    return wrong if given.get("grant_type") in GRANTS[vendor] else [*wrong, f"grant_type {given.get('grant_type')}"]


def _body(operation: Operation, post: Post) -> list[str]:
    if operation.body is None:
        return ["a body, where none is read"] if post.body else []
    if not post.headers.get("content-type", "").startswith("application/json"):
        return ["no JSON"]
    return [error.message for error in Draft202012Validator(operation.body).iter_errors(json.loads(post.body))]


def last_part(post: Post) -> str:
    """The end of the path, as it was meant."""
    return unquote(urlsplit(post.path).path.rpartition("/")[2])
