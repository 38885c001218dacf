"""The description of the API at /api/openapi.json (OpenAPI 3.1). Every answer is declared; tests/console/test_api.py holds it true."""

from console.openapi_schemas import INSTANT, SCHEMAS, TEXT, YES_NO, Schema
from routing.model import Status

MOST = 200  # leads on one page


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
