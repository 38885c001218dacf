"""The description of the API at /api/openapi.json (OpenAPI 3.1). Every answer is declared; tests/console/test_api.py holds it true."""

from typing import Any

from routing.model import Status
from routing.team import OfferStyle

MOST = 200  # leads on one page
Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NONE: Schema = {"type": ["string", "null"]}
WHOLE: Schema = {"type": "integer", "minimum": 0}
WHOLE_OR_NONE: Schema = {"type": ["integer", "null"], "minimum": 0}
YES_NO: Schema = {"type": "boolean"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
INSTANT_OR_NONE: Schema = {"type": ["string", "null"], "format": "date-time"}
TEXTS: Schema = {"type": "array", "items": TEXT}
ANYTHING: Schema = {"type": "object", "additionalProperties": True}


def closed(about: str, properties: dict[str, Schema]) -> Schema:
    """An object with exactly these properties."""
    return {
        "type": "object",
        "description": about,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(name: str) -> Schema:
    """An array of a named schema."""
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


LEAD: dict[str, Schema] = {
    "code": {"type": "string", "description": "What people call it, like A7"},
    "external_id": {"type": ["string", "null"], "description": "The sender's own id, or the key derived from what was sent"},
    "status": {"type": "string", "enum": list(Status)},
    "kind": {"type": "string", "enum": ["form", "call", "message"]},
    "source": TEXT,
    "channel": TEXT,
    "name": TEXT_OR_NONE,
    "phone": {"type": ["string", "null"], "description": "E.164"},
    "email": TEXT_OR_NONE,
    "message": TEXT,
    "first_name": TEXT_OR_NONE,
    "last_name": TEXT_OR_NONE,
    "company": TEXT_OR_NONE,
    "campaign": ANYTHING,
    "utm": ANYTHING,
    "click_ids": ANYTHING,
    "consent": {"type": "array", "items": ANYTHING},
    "locale": TEXT_OR_NONE,
    "attachments": {"type": "array", "items": ANYTHING},
    "extra": ANYTHING,
    "submitted_at": {"type": ["string", "null"], "description": "When the sender says it was written, if it says so"},
    "is_test": YES_NO,
    "pool": TEXT,
    "rule": TEXT,
    "sla": TEXT,
    "owner": TEXT_OR_NONE,
    "owner_name": TEXT_OR_NONE,
    "offered_to": TEXTS,
    "outcome": TEXT_OR_NONE,
    "cause": {"type": ["string", "null"], "description": "Why the promise was broken, if it was"},
    "arrived_at": INSTANT,
    "accept_due_at": INSTANT_OR_NONE,
    "response_due_at": INSTANT_OR_NONE,
    "acked_at": {**INSTANT_OR_NONE, "description": "When the automatic acknowledgement went out; it never counts as a response"},
    "accepted_at": INSTANT_OR_NONE,
    "attempted_at": INSTANT_OR_NONE,
    "responded_at": {**INSTANT_OR_NONE, "description": "The first response of a human: what stops the clock"},
    "contacted_at": {**INSTANT_OR_NONE, "description": "The first two-way exchange: they talked, or the lead answered the rep"},
    "breached_at": INSTANT_OR_NONE,
    "closed_at": INSTANT_OR_NONE,
    "changed_at": INSTANT,
}
STEP: dict[str, Schema] = {
    "at": INSTANT,
    "event": TEXT,
    "data": ANYTHING,
    "was": TEXT,
    "became": TEXT,
    "owner": TEXT_OR_NONE,
    "why": {"type": "string", "description": "The reason, in words"},
    "details": TEXTS,
    "late_by_seconds": {
        "type": ["number", "null"],
        "description": "For an alarm: how long after its due instant this was decided",
    },
}
MESSAGE: dict[str, Schema] = {
    "id": TEXT,
    "recipient": {"type": "string", "description": "lead, rep:<id>, manager:<id> or operator"},
    "channel": TEXT,
    "purpose": TEXT,
    "template": TEXT,
    "subject": TEXT_OR_NONE,
    "body": TEXT_OR_NONE,
    "state": TEXT,
    "error_code": TEXT_OR_NONE,
    "created_at": INSTANT,
    "not_before": INSTANT_OR_NONE,
    "sent_at": INSTANT_OR_NONE,
    "delivered_at": INSTANT_OR_NONE,
}
REP: dict[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "pools": TEXTS,
    "presence": TEXT,
    "presence_until": INSTANT_OR_NONE,
    "on_duty": YES_NO,
    "absence": {"type": ["string", "null"], "description": "Why not on duty: off shift, on leave, away, busy, backing off, off"},
    "back_at": INSTANT_OR_NONE,
    "open": WHOLE,
    "unanswered": WHOLE,
    "today": WHOLE,
    "cap_open": WHOLE_OR_NONE,
    "cap_unanswered": WHOLE_OR_NONE,
    "cap_today": WHOLE_OR_NONE,
    "room": {"type": ["integer", "null"], "minimum": 0, "description": "How many more leads; null: no cap"},
}
POOL: dict[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "members": TEXTS,
    "strategy": TEXT,
    "offer": {"type": "string", "enum": list(OfferStyle)},
    "offer_for_seconds": WHOLE,
    "free": {**WHOLE, "description": "Members who could take a lead now"},
    "waiting": {**WHOLE, "description": "Leads for which nobody has room"},
}
LETTER: dict[str, Schema] = {
    "id": {"type": "string", "description": "The event's id, also in the header webhook-id"},
    "type": TEXT,
    "endpoint": TEXT,
    "lead": {"type": "string", "description": "The lead's code"},
    "at": INSTANT,
    "tries": WHOLE,
    "status": {"type": ["integer", "null"], "description": "What the endpoint answered last, if it did"},
    "error": TEXT_OR_NONE,
    "died_at": INSTANT_OR_NONE,
}
AGAIN: Schema = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "description": "The id of one event"},
        "endpoint": {"type": "string", "description": "An endpoint of the team file; needed with `since`"},
        "since": {**INSTANT, "description": "Everything that happened since then"},
        "dead": {"type": "boolean", "description": "With `since`: only what could not be delivered"},
    },
}
ONE_PERSON: dict[str, Schema] = {
    "person": {"type": "string", "description": "The person who is kept"},
    "into": {"type": ["string", "null"], "description": "The open lead that goes on for both, if both had one"},
    "folded": {**TEXTS, "description": "Open leads that went into it"},
}
PROOF: dict[str, Schema] = {"at": TEXT, "page": TEXT_OR_NONE, "address": TEXT_OR_NONE, "user_agent": TEXT_OR_NONE}
FULL: dict[str, Schema] = {
    **LEAD, "consent_shown_by": closed("When, on which page and from which address the consent was given", PROOF),
    "opted_out": listed("OptOut"), "matched": TEXTS, "steps": listed("Step"), "messages": listed("Message"),
}  # fmt: skip
ERROR = closed("A fault in words", {"what": TEXT, "where": TEXT, "mend": TEXT})
SCHEMAS: dict[str, Schema] = {
    "Lead": closed("A lead and where it stands", LEAD),
    "FullLead": closed("A lead with all that happened", FULL),
    "Coming": closed("On disk, not yet decided", {"code": TEXT, "status": {"const": "new"}, "arrived_at": INSTANT}),
    "OptOut": closed("A channel closed to the person", {"channel": TEXT, "since": INSTANT, "reason": TEXT}),
    "Step": closed("Something that happened, and why", STEP),
    "Message": closed("Something that was said", MESSAGE),
    "Rep": closed("A rep as they stand now", REP),
    "Pool": closed("A pool as it stands now", POOL),
    "Leads": closed("A page of leads", {"leads": listed("Lead"), "next": TEXT_OR_NONE}),
    "Reps": closed("The reps", {"reps": listed("Rep")}),
    "Pools": closed("The pools", {"pools": listed("Pool")}),
    "Letter": closed("An event that could not be delivered", LETTER),
    "Letters": closed("Dead letters, newest first, at most 100", {"events": listed("Letter")}),
    "Again": AGAIN,
    "Other": {"type": "object", "properties": {"with": {"type": "string", "description": "The code of another lead"}}},
    "OnePerson": closed("Two people are one now", ONE_PERSON),
    "Apart": closed("A lead is another person's now", {"person": TEXT, "leads": TEXTS}),
    "Queued": closed("How many events are on their way again", {"queued": WHOLE}),
    "Fault": closed("What went wrong", {"error": ERROR}),
}


def answer(about: str, schema: str) -> Schema:
    """A JSON answer of a named schema."""
    return {"description": about, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


REFUSED: dict[str, Schema] = {
    "401": {
        **answer("The token is missing or wrong", "Fault"),
        "headers": {"WWW-Authenticate": {"schema": TEXT, "required": True}},
    },
    "503": {**answer("The database does not answer", "Fault"), "headers": {"Retry-After": {"schema": TEXT}}},
}


def reading(about: str, good: dict[str, Schema], *parameters: Schema) -> Schema:
    """A path with one GET."""
    return {"get": {"summary": about, "parameters": list(parameters), "responses": {**good, **REFUSED}}}


def query(name: str, schema: Schema, about: str) -> Schema:
    """A parameter after the question mark."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": about}


CODE: Schema = {
    "name": "code", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1},
    "description": "The lead's code, in any case",
}  # fmt: skip


def changing(about: str, good: Schema, *, body: str | None = None) -> Schema:
    """A path below a lead with one POST."""
    said: Schema = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{body}"}}}} if body else {}
    responses = {
        "200": good,
        "400": answer("It is not clear what to do", "Fault"),
        "403": answer("The token may only read", "Fault"),
        "404": answer("No such lead", "Fault"),
        "409": answer("It cannot be done; says why", "Fault"),
    }
    asked = {"requestBody": {"required": True, **said}} if body else {}
    return {"post": {"summary": about, "parameters": [CODE], **asked, "responses": {**responses, **REFUSED}}}


DESCRIPTION: Schema = {
    "openapi": "3.1.0",
    "info": {"title": "Headroom", "version": "1", "description": "Leads, where they stand and why; who has room."},
    "security": [{"token": []}],
    "paths": {
        "/api/leads": reading(
            "Leads, newest first",
            {"200": answer("A page of leads", "Leads"), "400": answer("A parameter cannot be read", "Fault")},
            query("status", {"type": "string", "enum": list(Status)}, "Only leads in this status"),
            query("pool", {"type": "string", "minLength": 1}, "Only leads of this pool"),
            query("late", YES_NO, "Only leads whose response was or is late"),
            query("since", INSTANT, "Only leads that arrived at or after this instant"),
            query("limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 50}, "Leads on one page"),
            query("cursor", TEXT, "`next` of the page before"),
        ),
        "/api/leads/{code}": reading(
            "One lead with its steps and messages",
            {
                "200": answer("The lead", "FullLead"),
                "202": answer("Received and on disk; it will be decided in a moment", "Coming"),
                "404": answer("No such lead", "Fault"),
            },
            CODE,
        ),
        "/api/leads/{code}/merge": changing(
            "The people of two leads are one; needs the token of a manager", answer("Done", "OnePerson"), body="Other"
        ),
        "/api/leads/{code}/split": changing("The lead is somebody else's; needs the token of a manager", answer("Done", "Apart")),
        "/api/reps": reading("The reps with load, caps and room", {"200": answer("The reps", "Reps")}),
        "/api/events/dead": reading(
            "Events that could not be delivered to an endpoint",
            {"200": answer("Dead letters", "Letters")},
            query("endpoint", TEXT, "Only of this endpoint"),
        ),
        "/api/events/replay": {
            "post": {
                "summary": "Deliver events again, under the same ids; needs the token of a manager",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Again"}}},
                },
                "responses": {
                    "202": answer("On their way", "Queued"),
                    "400": answer("It is not clear what to deliver again", "Fault"),
                    "403": answer("The token may only read", "Fault"),
                    **REFUSED,
                },
            }
        },
        "/api/pools": reading("The pools with what waits in them", {"200": answer("The pools", "Pools")}),
    },
    "components": {"schemas": SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
}
