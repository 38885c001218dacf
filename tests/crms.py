"""Three CRMs on loopback, as their API descriptions say they answer (tests/data/specs/crm_requests.json): they keep what they are told."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft202012Validator

from tests.receiver import Manner, Post, Receiver

REQUESTS = json.loads((Path(__file__).parent / "data" / "specs" / "crm_requests.json").read_text(encoding="utf-8"))


class FakeCrm(Receiver):
    """`vendor` is hubspot, salesforce or pipedrive; `down` answers 503; `records` is what it has come to know."""

    def __init__(self, vendor: str) -> None:
        super().__init__()
        self.vendor, self.down = vendor, False
        self.records: dict[str, dict] = {}
        self.leads: dict[str, dict] = {}
        self.tokens = ["token-1"]
        self.tried = 0

    def writes(self) -> list[Post]:
        """What was to change something."""
        return [p for p in self.posts if p.method in ("POST", "PATCH") and not p.path.endswith(("/search", "/token"))]

    def violations(self) -> list[str]:
        """What the vendor would object to in any request."""
        return [fault for post in self.posts if not post.path.endswith("/oauth2/token") for fault in self.faults(post)]

    def faults(self, post: Post) -> list[str]:
        """Unknown operations, and bodies that do not fit."""
        path = urlsplit(post.path).path
        for operation, schema in REQUESTS[self.vendor].items():
            method, pattern = operation.split(" ")
            if method == post.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
                body = json.loads(post.body) if post.body else None
                return [f"{operation}: {e.message}" for e in Draft202012Validator(schema).iter_errors(body)] if schema else []
        return [f"{post.method} {path}: no such operation"]

    def manner(self, post: Post) -> Manner:
        """The answer."""
        if self.down:
            return Manner(503, said={"message": "maintenance"})
        status, said = getattr(self, self.vendor)(post, json.loads(post.body) if self.is_json(post) else {})
        return Manner(status, said=said) if said is not None else Manner(status)

    @staticmethod
    def is_json(post: Post) -> bool:
        return bool(post.body) and "json" in post.headers.get("content-type", "")

    def hubspot(self, post: Post, said: dict) -> tuple[int, object]:
        if post.headers.get("authorization") != "Bearer hub-token":
            return 401, {"status": "error", "category": "INVALID_AUTHENTICATION"}
        if post.path.endswith("/search"):
            [one] = said["filterGroups"][0]["filters"]
            found = [
                {"id": key} for key, props in self.records.items() if props.get(one["propertyName"]) == one["value"]
            ]  # fmt: skip
            return 200, {"total": len(found), "results": found}
        if post.method == "PATCH":
            key = unquote(post.path.rpartition("/")[2])
            if key not in self.records:
                return 404, {"status": "error", "category": "OBJECT_NOT_FOUND"}
            self.records[key] |= said["properties"]
            return 200, {"id": key, "properties": self.records[key]}
        key = str(101 + len(self.records))
        self.records[key] = said["properties"]
        return 201, {"id": key, "properties": said["properties"]}

    def salesforce(self, post: Post, said: dict) -> tuple[int, object]:
        if post.path.endswith("/oauth2/token"):
            asked = parse_qs(post.body.decode())
            if asked.get("client_secret") != ["sf-secret"]:
                return 400, {"error": "invalid_client"}
            self.tokens.append(f"token-{len(self.tokens) + 1}")
            return 200, {"access_token": self.tokens[-1], "instance_url": self.url, "token_type": "Bearer"}
        if post.headers.get("authorization") != f"Bearer {self.tokens[-1]}":
            return 401, [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
        code = unquote(post.path.rpartition("/")[2])
        is_new = code not in self.records
        self.records.setdefault(code, {}).update(said)
        return (201 if is_new else 200), {"id": f"00Q{code}", "success": True, "errors": [], "created": is_new}

    def pipedrive(self, post: Post, said: dict) -> tuple[int, object]:
        if post.headers.get("x-api-token") != "pipe-token":
            return 401, {"success": False}
        path, query = urlsplit(post.path).path, parse_qs(urlsplit(post.path).query)
        if path.endswith("/persons/search"):
            field = query["fields"][0] + "s"
            found = [
                {"item": {"id": int(key)}}
                for key, person in self.records.items()
                if any(each["value"] == query["term"][0] for each in person.get(field, []))
            ]
            return 200, {"success": True, "data": {"items": found}}
        if path.endswith("/persons"):
            key = str(501 + len(self.records))
            self.records[key] = said
            return 201, {"success": True, "data": {"id": int(key)}}
        if post.method == "GET":
            theirs = [{"id": k, **lead} for k, lead in self.leads.items() if str(lead.get("person_id")) == query["person_id"][0]]
            return 200, {"success": True, "data": theirs}
        if post.method == "PATCH":
            self.leads[unquote(path.rpartition("/")[2])] |= said
            return 200, {"success": True, "data": {"id": path.rpartition("/")[2]}}
        key = f"lead-{len(self.leads) + 1}"
        self.leads[key] = said
        return 201, {"success": True, "data": {"id": key}}
