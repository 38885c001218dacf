"""Three CRMs on loopback that answer as their vendors say (tests/vendor_crms.py): they keep what they are told, and give tokens by OAuth."""

import itertools
import json
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from tests import vendor_crms
from tests.receiver import Manner, Post, Receiver
from tests.vendor_crms import last_part

LASTS = {"hubspot": 1800, "pipedrive": 3600}  # seconds; Salesforce does not say
TOKEN_PATHS = ("/oauth/2026-03/token", "/oauth/token", "/services/oauth2/token")
NO_TOKEN = {  # how each vendor refuses a refresh token
    "hubspot": (400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token", "error": "invalid_grant"}),
    "pipedrive": (400, {"success": False, "error": "invalid_grant", "message": "Invalid grant: refresh_token is invalid"}),
    "salesforce": (400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}),
}


class FakeCrm(Receiver):
    """`vendor` is hubspot, salesforce or pipedrive; `down` answers 503; `records` and `leads` are what it has come to know.

    `refresh_token` and `client_secret` are the right ones now; `tokens` the access tokens it has given, of which the last is good.
    """

    def __init__(self, vendor: str) -> None:
        super().__init__()
        self.vendor, self.down = vendor, False
        self.records: dict[str, dict] = {}
        self.leads: dict[str, dict] = {}
        self.archived: set[str] = set()
        self.second_addresses: dict[str, str] = {}  # of HubSpot: address -> contact
        self.key = {"hubspot": "hub-token", "pipedrive": "pipe-token"}.get(vendor, "")
        self.client_secret, self.refresh_token = "right-secret", "refresh-1"
        self.tokens: list[str] = []
        self._numbers = itertools.count(1)

    # --- what came --------------------------------------------------------------------------------------------------------

    def writes(self) -> list[Post]:
        """What was to change something."""
        return [p for p in self.posts if p.method in ("POST", "PATCH") and not p.path.endswith("/search") and not self.is_door(p)]

    def asked_for_tokens(self) -> list[Post]:
        """The requests for an access token."""
        return [post for post in self.posts if self.is_door(post)]

    def violations(self) -> list[str]:
        """What the vendor would object to in any request."""
        return [fault for post in self.posts for fault in vendor_crms.faults(self.vendor, post)]

    @staticmethod
    def is_door(post: Post) -> bool:
        return urlsplit(post.path).path in TOKEN_PATHS

    # --- what is answered -------------------------------------------------------------------------------------------------

    def manner(self, post: Post) -> Manner:
        """The answer."""
        if self.down:
            return Manner(503, said={"message": "maintenance"})
        if self.is_door(post):
            status, said = self.gives(post)
        else:
            is_json = post.body and "json" in post.headers.get("content-type", "")
            status, said = getattr(self, self.vendor)(post, json.loads(post.body) if is_json else {})
        return Manner(status, said=said)

    def gives(self, post: Post) -> tuple[int, object]:
        """A token, or the vendor's no."""
        form = vendor_crms.form_of(post)
        pair = vendor_crms.basic(post) if self.vendor == "pipedrive" else (form.get("client_id"), form.get("client_secret"))
        if pair != ("our-app", self.client_secret):
            return 400, {"error": "invalid_client", "error_description": "invalid client credentials"}
        if form["grant_type"] == "refresh_token" and form.get("refresh_token") != self.refresh_token:
            return NO_TOKEN[self.vendor]
        self.tokens.append(f"{self.vendor}-access-{len(self.tokens) + 1}")
        told = {"access_token": self.tokens[-1], "token_type": "bearer"}
        own = f"http://localhost:{urlsplit(self.url).port}"  # the same machine by another name: who ignores it is found out
        more: Mapping[str, object] = {
            "hubspot": {"refresh_token": self.refresh_token, "hub_id": 1},
            "pipedrive": {"refresh_token": self.refresh_token, "api_domain": own, "scope": "contacts:full,leads:full"},
            "salesforce": {"instance_url": own, "issued_at": "1278448384422", "id": "https://login.salesforce.com/id/1/2"},
        }[self.vendor]
        lasts = {"expires_in": LASTS[self.vendor]} if self.vendor in LASTS else {}
        return 200, {**told, **more, **lasts}

    def lets_in(self, post: Post) -> bool:
        """By the newest access token, or by the key where there is one."""
        given = post.headers.get("x-api-token") or post.headers.get("authorization", "").removeprefix("Bearer ")
        return bool(given) and given in (self.tokens[-1:] or [self.key])

    def hubspot(self, post: Post, said: dict) -> tuple[int, object]:
        if not self.lets_in(post):
            return 401, {"status": "error", "message": "expired", "category": "EXPIRED_AUTHENTICATION"}
        parts, given = urlsplit(post.path), said.get("properties", {})
        if parts.path.endswith("/search"):
            found = [
                {"id": key, "properties": props} for key, props in self.records.items() if matches(props, said["filterGroups"])
            ]
            return 200, {"total": len(found), "results": found[: said["limit"]]}
        key = last_part(post)
        if post.method == "PATCH" and parts.query == "idProperty=email":
            key = next((number for number, props in self.records.items() if props.get("email") == key), "")
        if post.method == "PATCH" and key not in self.records:
            return 404, {"status": "error", "message": "resource not found", "category": "OBJECT_NOT_FOUND"}
        taken = self.holder_of(given.get("email"))
        if taken and (post.method == "POST" or taken != key):
            return 409, {"status": "error", "message": f"Contact already exists. Existing ID: {taken}", "category": "CONFLICT"}
        key = key if post.method == "PATCH" else str(100 + next(self._numbers))
        self.records.setdefault(key, {}).update(given)
        return (200 if post.method == "PATCH" else 201), {"id": key, "properties": self.records[key]}

    def holder_of(self, email: str | None) -> str | None:
        """The contact that has the address, first or second."""
        return self.second_addresses.get(email or "") or next(
            (k for k, p in self.records.items() if email and p.get("email") == email), None
        )

    def salesforce(self, post: Post, said: dict) -> tuple[int, object]:
        if not self.lets_in(post):
            return 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
        code = last_part(post)
        is_new = code not in self.records
        if post.headers.get("sforce-auto-assign") != "FALSE":
            said |= {"OwnerId": "whom the rule takes"}
        self.records.setdefault(code, {}).update(said)
        return (201 if is_new else 200), {"id": f"00Q{code}", "success": True, "errors": [], "created": is_new}

    def pipedrive(self, post: Post, said: dict) -> tuple[int, object]:
        if not self.lets_in(post):
            return 401, {"success": False, "error": "unauthorized access", "errorCode": 401}
        path, query = urlsplit(post.path).path, parse_qs(urlsplit(post.path).query)
        if path.endswith("/persons/search"):
            field = query["fields"][0] + "s"
            found = [
                {
                    "item": {
                        "id": int(key),
                        **{ways: [each["value"] for each in person.get(ways, [])] for ways in ("emails", "phones")},
                    }
                }
                for key, person in self.records.items()
                if any(each["value"] == query["term"][0] for each in person.get(field, []))
            ]
            return 200, {"success": True, "data": {"items": found}}
        if path.endswith("/persons"):
            key = str(500 + next(self._numbers))
            self.records[key] = said
            return 201, {"success": True, "data": {"id": int(key)}}
        return self.pipedrive_leads(post, said, unquote(path.rpartition("/leads")[2]).strip("/"))

    def pipedrive_leads(self, post: Post, said: dict, key: str) -> tuple[int, object]:
        if post.method == "POST":
            key = f"lead-{next(self._numbers)}"
            self.leads[key] = said
            return 201, {"success": True, "data": {"id": key}}
        if not key:
            person = int(parse_qs(urlsplit(post.path).query)["person_id"][0])
            theirs = [
                {"id": k, **lead} for k, lead in self.leads.items() if lead.get("person_id") == person and k not in self.archived
            ]
            return 200, {"success": True, "data": theirs[::-1]}
        if key not in self.leads:
            return 404, {"success": False, "error": "Lead not found"}
        if post.method == "PATCH" and key in self.archived:
            return 403, {"success": False, "error": "Archived leads cannot be edited"}
        self.leads[key] |= said
        if said.get("is_archived"):
            self.archived.add(key)
        return 200, {"success": True, "data": {"id": key, "is_archived": key in self.archived}}


def matches(properties: Mapping[str, str], groups: list[dict]) -> bool:
    """HubSpot's search: one group fits whole. What it keeps for searching is the number without the country."""
    kept = {"phone": "hs_searchable_calculated_phone_number", "mobilephone": "hs_searchable_calculated_mobile_number"}
    digits = {name: "".join(c for c in properties.get(typed, "") if c.isdigit())[-10:] for typed, name in kept.items()}
    has = {**properties, **digits}
    fits = {
        "EQ": lambda f: has.get(f["propertyName"]) == f["value"],
        "NOT_HAS_PROPERTY": lambda f: not has.get(f["propertyName"]),
    }
    return any(all(fits[each["operator"]](each) for each in group["filters"]) for group in groups)
