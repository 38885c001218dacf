"""The API held against its own description, with whatever a generator can think of: no 5xx, and every answer as declared.

FUZZ_API_EXAMPLES (30 per path) and FUZZ_SEED (1) make it longer or other: `make fuzz`.
"""

import os
from collections.abc import Iterator, Mapping
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
from tests.hostile import ENCODED, VALUES

EXAMPLES, SEED = int(os.environ.get("FUZZ_API_EXAMPLES", "30")), int(os.environ.get("FUZZ_SEED", "1"))
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance, ignored_auth)
AUTHORIZED = {"Authorization": f"Bearer {API_TOKEN}"}
PARAMETERS = [
    (path, parameter)
    for path, verbs in sorted(DESCRIPTION["paths"].items())
    for verb in verbs.values()
    if isinstance(verb, dict)
    for parameter in verb.get("parameters", [])
]
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


@pytest.mark.parametrize(("path", "parameter"), PARAMETERS, ids=lambda part: part if isinstance(part, str) else part["name"])
def test_no_parameter_is_answered_with_5xx(asked: schemathesis.BaseSchema, path: str, parameter: Mapping[str, str]):
    """Texts that a generator seldom hits upon: for each parameter all of them."""
    client = asked.app.test_client()
    for raw in (*ENCODED, *(quote_plus(value).encode() for value in VALUES)):
        text = raw.decode("latin-1")[:6_000]
        where = (
            path.replace("{" + parameter["name"] + "}", text)
            if parameter["in"] == "path"
            else f"{path}?{parameter['name']}={text}"
        )
        answer = client.get(where, headers=AUTHORIZED)
        assert answer.status_code < 500 and "Traceback" not in answer.text, where
