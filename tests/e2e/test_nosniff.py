"""Every answer of every HTTP function forbids browsers to guess its type, whatever its status."""

import itertools

import pytest
import requests

from devhost.metadata import Function, discover
from devhost.routes import Segment
from tests.e2e.running import ROOT, RunningApp
from tests.e2e.test_clients import in_chunks
from tests.e2e.test_receiving import new_connection
from tests.e2e.webhooks import created, one, request, stopped

HTTP_FUNCTIONS = [function for function in discover(ROOT, {})[0] if function.is_http]
# Ids that nothing has, and ones that are none.
FILLERS = ("x", "37c7c867-d571-e911-a956-000d3a1bc3f6", "AAAAAAAAAAAAAAAAAAAAAA")


def fillings(segment: Segment) -> list[str]:
    if segment.literal:
        return [segment.literal]
    more = ["", *FILLERS] if segment.is_optional or segment.is_rest else list(FILLERS)
    return [*more, "ensure", "x/y", "deliveries", "x/lasterror"] if segment.is_rest else more


def paths(function: Function) -> list[str]:
    """Paths of the function's route: each parameter with each filler."""
    choices = map(fillings, function.route("api").template.segments)
    return sorted({"/".join(filter(None, parts)) for parts in itertools.product(*choices)})


@pytest.mark.parametrize("function", HTTP_FUNCTIONS, ids=lambda function: function.name)
def test_whatever_a_function_answers_no_browser_may_guess_its_type(app: RunningApp, function: Function) -> None:
    seen = set()
    for path, method, key in itertools.product(paths(function)[:20], function.methods, (app.seed.api_key, "wrong")):
        headers = {"x-functions-key": app.code, "Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        response = requests.request(method, f"{app.url}/{path}", headers=headers, data=b"{}", timeout=60)
        assert response.headers.get("X-Content-Type-Options") == "nosniff", (method, path, response.status_code)
        seen.add(response.status_code)
    assert seen <= {200, 201, 202, 204, 400, 401, 403, 404, 409, 502, 503}


def test_answers_without_a_body_and_those_of_other_statuses_have_it_too(app: RunningApp) -> None:
    _, connection = new_connection()
    made = created(app)
    answers = [
        app.post(connection),
        app.post(connection),
        request(app, "GET", one(made), If_Modified_Since="Fri, 01 Jan 2038 00:00:00 GMT"),
        request(app, "PUT", one(made), stopped(), If_Unmodified_Since="Fri, 01 Jan 2010 00:00:00 GMT"),
        request(app, "POST", "Webhook", b"x", Content_Type="text/plain"),
        request(app, "POST", "Webhook", b" " * (2**20 + 1), Content_Type="application/json"),
        in_chunks(app, "POST", "v1/Webhook"),
        request(app, "GET", one(made), Accept="application/xml"),
        request(app, "DELETE", one(made)),
        request(app, "GET", "dynamics/webhooks"),
    ]
    assert [response.status_code for response in answers] == [201, 200, 304, 412, 415, 413, 411, 200, 204, 503]
    assert {response.headers.get("X-Content-Type-Options") for response in answers} == {"nosniff"}
