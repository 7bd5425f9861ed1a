"""The OpenAPI document: valid by the specification, and kept by the server, says schemathesis."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi import checks
from serving_http_fakes import bearer
from serving_http_server import serving

from undercut.operate.serving.http.limits import HttpLimits
from undercut.operate.serving.http.openapi import openapi_document

OPERATIONS = [
    (method.upper(), path)
    for path, methods in openapi_document()["paths"].items()
    for method in methods
]
ALL_CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.positive_data_acceptance,
    checks.unsupported_method,
    checks.ignored_auth,
    checks.missing_required_header,
]


# Small, so that requests at the limits and beyond them are made often.
LIMITS = HttpLimits(text_characters=50, inputs=4, top_k=5)


@pytest.fixture(scope="module")
def server():
    with serving(LIMITS, requests_logged=False) as found:
        yield found


@pytest.fixture(scope="module")
def schema(server):
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def test_the_document_is_valid(schema):
    schema.validate()
    for name, content in openapi_document()["components"]["schemas"].items():
        Draft202012Validator.check_schema(content)
        assert name[0].isupper()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_server_keeps_the_document(schema, method, path):
    explore(schema[path][method], 40, kept_by(path))


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_server_keeps_the_document_at_length(schema, method, path):
    explore(schema[path][method], 500, kept_by(path))


def kept_by(path: str) -> list:
    """A stream of lines is any text: its broken lines are answered one by one."""
    about_bodies = [checks.negative_data_rejection, checks.positive_data_acceptance]
    return [check for check in ALL_CHECKS if path != "/v1/batches" or check not in about_bodies]


def explore(operation, examples: int, kept: list) -> None:
    """Requests that keep the document, and requests that break it: no 5xx, no violation."""
    generation = schemathesis.GenerationMode
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in generation))

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=cases)
    def run(case) -> None:
        if isinstance(case.body, dict) and _is_short(case.body.get("deadline_seconds")):
            # a deadline of milliseconds may be missed, and a 504 is then right
            case.body = {**case.body, "deadline_seconds": 5}
        usual = [one for one in kept if one is not checks.negative_data_rejection]
        sent_whole = all(_is_sent(value) for value in (case.query or {}).values())
        case.call_and_validate(headers=bearer("uc_acme_both"), checks=kept if sent_whole else usual)

    run()


def _is_sent(value: object) -> bool:
    """A query parameter without a value never leaves the client: what it breaks, nobody sees."""
    return value is not None and value != [] and value != {}


def _is_short(seconds: object) -> bool:
    return isinstance(seconds, int | float) and 0.001 <= seconds < 5
