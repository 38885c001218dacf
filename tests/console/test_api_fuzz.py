"""The API held against its own description, with whatever a generator can think of: no 5xx, and every answer as declared.

FUZZ_API_EXAMPLES (30 per path) and FUZZ_SEED (1) make it longer or other: `make fuzz`.
"""

import json
import os
import random
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from config.settings import Settings
from console.openapi import DESCRIPTION
from tests.console.conftest import API_TOKEN, a_house
from tests.hostile import ENCODED, JSON, VALUES, at_every_path, hostile

EXAMPLES, SEED = int(os.environ.get("FUZZ_API_EXAMPLES", "30")), int(os.environ.get("FUZZ_SEED", "1"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance, ignored_auth)
AUTHORIZED = {"Authorization": f"Bearer {API_TOKEN}"}
VERBS = [
    (path, verb, about)
    for path, verbs in sorted(DESCRIPTION["paths"].items())
    for verb, about in sorted(verbs.items())
    if isinstance(about, dict)
]
PARAMETERS = [(path, verb, parameter) for path, verb, about in VERBS for parameter in about.get("parameters", [])]
BODIES = [
    (path, verb, about["requestBody"]["content"]["application/json"]["schema"])
    for path, verb, about in VERBS
    if "requestBody" in about
]


def named(part: object) -> str:
    """How a case is called: by its path, verb and parameter."""
    return part if isinstance(part, str) else str(part.get("name", "body")) if isinstance(part, dict) else "part"


BOUNDED = hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, database=None, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip


@pytest.fixture
def asked(settings: Settings) -> Iterator[schemathesis.BaseSchema]:
    """The description as it is served, and two leads to ask for. The clock goes on: to stop it takes seconds in so many modules."""
    with a_house(settings) as house:
        house.lead()
        house.lead("Omar Park", phone="+14155550199")
        yield schemathesis.openapi.from_wsgi("/api/openapi.json", app=house.app, headers=AUTHORIZED)


@pytest.mark.parametrize("path", sorted(DESCRIPTION["paths"]))
def test_the_api_is_as_described_whatever_is_asked(asked: schemathesis.BaseSchema, path: str):
    for method in DESCRIPTION["paths"][path]:
        if method not in ("parameters", "summary", "description"):
            every_case(asked[path][method])


def every_case(operation: schemathesis.APIOperation) -> None:
    """As many cases as there is time for, those that the description allows and those that it does not."""

    for mode in schemathesis.GenerationMode:

        @BOUNDED
        @hypothesis.seed(SEED)
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def try_out(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=AUTHORIZED, checks=list(CHECKS))

        if mode.is_positive or operation.query or operation.path_parameters or operation.body:  # else nothing can be wrong
            try_out()


@pytest.mark.parametrize(("path", "verb", "parameter"), PARAMETERS, ids=named)
def test_no_parameter_is_answered_with_5xx(asked: schemathesis.BaseSchema, path: str, verb: str, parameter: Mapping[str, str]):
    """Texts that a generator seldom hits upon: for each parameter all of them."""
    client, name = asked.app.test_client(), parameter["name"]
    for raw in (*ENCODED, *(quote_plus(value).encode() for value in VALUES)):
        text = raw.decode("latin-1")[:6_000]
        where = path.replace("{" + name + "}", text) if parameter["in"] == "path" else f"{path}?{name}={text}"
        answer = client.open(where, method=verb.upper(), headers=AUTHORIZED, json={})
        assert answer.status_code < 500 and "Traceback" not in answer.text, where


@pytest.mark.parametrize(("path", "verb", "schema"), BODIES, ids=named)
def test_no_body_is_answered_with_5xx(asked: schemathesis.BaseSchema, path: str, verb: str, schema: Mapping[str, Any]):
    """A wrong value at every place of a body that the description names, and bodies that are none."""
    client, rng = asked.app.test_client(), random.Random(SEED)
    found = DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    genuine = json.dumps(dict.fromkeys(found.get("properties", {}), "A1")).encode()
    for each in [*at_every_path(JSON, genuine, rng), *hostile(JSON, genuine, frozenset({JSON}), rng)[: 5 * EXAMPLES]]:
        answer = client.open(
            path.replace("{code}", "A1"), method=verb.upper(), headers=AUTHORIZED, data=each.body, content_type=each.content_type
        )
        assert answer.status_code < 500 and "Traceback" not in answer.text, (each.about, each.body[:500])
