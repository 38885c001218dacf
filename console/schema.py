"""The pieces of which the API's description is made (JSON Schema)."""

from typing import Any

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
