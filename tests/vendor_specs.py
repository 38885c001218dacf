"""Every request to Twilio and SendGrid against the vendor's own API description, and no parameter it does not know."""

import base64
import json
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

SPECS = Path(__file__).parent / "data" / "specs"
HOSTS = {"twilio": "https://api.twilio.com", "sendgrid": "https://api.sendgrid.com"}
FILES = {"twilio": "twilio_api_v2010_messages_calls.strict.json", "sendgrid": "sendgrid_tsg_mail_v3.strict.json"}


def faults(vendor: str, method: str, target: str, headers: dict[str, str], body: bytes) -> list[str]:
    """What the vendor would object to, in words; empty when the request is right."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    kind = headers.get("content-type", "").partition(";")[0]
    request = MockRequest(
        HOSTS[vendor], method.lower(), parts.path, args=query, headers=headers, data=body or None,
        content_type=kind or "application/json",
    )  # fmt: skip
    found = [f"{method} {parts.path}: {_chain(error)}" for error in _api(vendor).iter_request_errors(request)]
    operation = _operation(vendor, method, parts.path)
    if operation is None:
        return [*found, f"{method} {parts.path}: no such operation"]
    found += [f"unknown query parameter {name}" for name in query if name not in _query_names(operation)]
    if method == "POST" and vendor == "twilio":
        form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
        found += [f"unknown form field {name}" for name, _ in parse_qsl(body.decode()) if name not in form]
    return found


def credentials(headers: dict[str, str]) -> tuple[str, str]:
    """User and password of HTTP Basic, or ("bearer", token)."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password
    return scheme.lower(), value


@cache
def _document(vendor: str) -> dict:
    return json.loads((SPECS / FILES[vendor]).read_text(encoding="utf-8"))


@cache
def _api(vendor: str) -> OpenAPI:
    return OpenAPI.from_dict(_document(vendor))


def _operation(vendor: str, method: str, path: str) -> dict | None:
    for pattern, item in _document(vendor)["paths"].items():
        ours, theirs = path.split("/"), pattern.split("/")
        if len(ours) == len(theirs) and all(_fits(have, want) for have, want in zip(ours, theirs, strict=True)):
            return item.get(method.lower())
    return None


def _fits(have: str, want: str) -> bool:
    if want == "{Sid}.json":
        return have.endswith(".json")
    return have == want or (want.startswith("{") and want.endswith("}"))


def _query_names(operation: dict) -> set[str]:
    return {p["name"] for p in operation.get("parameters", []) if p.get("in") == "query"}


def _chain(error: BaseException) -> str:
    """openapi-core wraps the schema's own words."""
    said = [str(error)]
    cause = error.__cause__
    while cause is not None:
        said += [str(e) for e in getattr(cause, "schema_errors", [])] or [str(cause)]
        cause = cause.__cause__
    return "; ".join(said)
