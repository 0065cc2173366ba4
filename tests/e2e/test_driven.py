"""The running app, driven by its own document.

schemathesis sends what the document allows, what it does not allow, and what follows from earlier answers. Whatever is
sent, the answer is one that the document names. `make fuzz` does the same for longer, from another seed.
"""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import ServerError
from schemathesis.openapi.checks import (
    IgnoredAuth,
    JsonSchemaError,
    MissingHeaders,
    UndefinedContentType,
    UndefinedStatusCode,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.api.contract.document import openapi_document
from tests.dynamics.registration.samples import new_step, new_webhook
from tests.e2e.test_contract import NOWHERE, Call, World, saved, workflow, world
from tests.fakes.server import FakeServer, Received, Reply, json_reply
from tests.support.contract import BY_ID
from tests.support.patience import eventually

__all__ = ["world"]

type Drawn = Case[Any]

SEED = int(os.environ.get("SEED", "1"))
EXAMPLES = int(os.environ.get("EXAMPLES", "8"))
# Not `unsupported_method`: the platform answers a method that a function does not have with its own empty 404.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
SCHEMA = schemathesis.openapi.from_dict(openapi_document())
# They read nothing of a request that could be wrong.
READ_NOTHING = {"getConsole", "getConsoleFile", "getOpenApi"}
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
WAYS = [(name, mode) for name in sorted(BY_ID) for mode in (POSITIVE, NEGATIVE)]
OPTIONS = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),
)
LINKS = [
    (maker, name, link)
    for maker, one in sorted(BY_ID.items())
    for answer in one.content["responses"].values()
    for name, link in answer.get("links", {}).items()
]
BODIES: dict[str, object] = {
    "replaceWebhook": saved(),
    "patchWebhook": {"Description": "Another"},
    "updateDataverseWebhook": {"description": "Another"},
    "registerDataverseStep": new_step(),
    "updateDataverseStep": {"enabled": False},
}
"""What changes or makes something that is there."""


# First: what the others draw keeps the app busy with deliveries for a while.
@pytest.mark.parametrize(("maker", "follower", "link"), LINKS, ids=lambda one: one if isinstance(one, str) else "")
def test_each_link_leads_to_what_was_made(world: World, maker: str, follower: str, link: dict[str, Any]) -> None:
    call = delivered(world) if maker == "listDeliveries" else making(world, maker)
    made = world.ask(BY_ID[maker], call)
    path = {name: found_by(expression, call, made) for name, expression in link["parameters"].items()}
    # A connection's item cannot be changed.
    body = {**call.body, "connectionName": "Another"} if follower == "updateConnection" else BODIES.get(follower)
    answer = world.ask(BY_ID[follower], Call(path, body=body, headers=call.headers))
    assert answer.status_code < 300, answer.text


@pytest.mark.parametrize(("name", "mode"), [way for way in WAYS if way[0] not in READ_NOTHING or way[1] is POSITIVE])
def test_whatever_is_sent_the_answer_is_documented(world: World, name: str, mode: GenerationMode) -> None:
    operation = SCHEMA.find_operation_by_id(name)

    @seed(SEED)
    @OPTIONS
    @given(case=operation.as_strategy(generation_mode=mode))
    def drive(case: Drawn) -> None:
        send(world, case)

    drive()


@pytest.mark.parametrize("name", sorted(one for one in BY_ID if re.search(r"\{(id|connectionId)\}", BY_ID[one].path)))
def test_so_it_is_about_what_is_there(world: World, name: str) -> None:
    operation = SCHEMA.find_operation_by_id(name)

    @seed(SEED)
    @OPTIONS
    @given(case=operation.as_strategy())
    def drive(case: Drawn) -> None:
        # Made anew each time: some of these requests delete it.
        path, headers = known(world, operation.path)
        case.path_parameters = {**case.path_parameters, **path}
        case.headers.update(headers)
        send(world, case)

    drive()


def test_whatever_follows_from_what_the_answer_is_documented(world: World) -> None:
    names = sorted({name for maker, follower, _ in LINKS for name in (maker, follower)})

    class Story(SCHEMA.include(operation_id=names).as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Drawn) -> None:
            if case.operation.definition.raw["operationId"] in makers:
                # What is drawn is seldom something that can be made.
                call = making(world, case.operation.definition.raw["operationId"])
                case.body = case.body if call.body is None else call.body
                case.headers.update(call.headers)
                case.path_parameters = {**case.path_parameters, **call.path}

        def call(self, case: Drawn, **_: object) -> Response:
            return ask(world, case)

        def validate_response(self, response: Any, case: Drawn, **_: object) -> None:  # noqa: ANN401 - schemathesis' own
            case.validate_response(response, checks=CHECKS, headers=credentials(world, case))

    makers = {maker for maker, _, _ in LINKS}
    seed(SEED)(Story.TestCase)
    Story.run(settings=settings(OPTIONS, max_examples=EXAMPLES, stateful_step_count=10))


NOTHING: dict[str, object] = {"value": [], "continuationToken": None, "scannedUntil": None}


class Other(FakeServer):
    """An app that answers something else."""

    def __init__(self, answer: Callable[[Received], Reply]) -> None:
        super().__init__()
        self._wrong = answer

    def reply(self, received: Received) -> Reply:
        """What this one answers to everything."""
        return self._wrong(received)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (lambda _: Reply(500), ServerError),
        (lambda _: json_reply({}, 418), UndefinedStatusCode),
        (lambda _: Reply(200, b"<html>", {"Content-Type": "text/html"}), UndefinedContentType),
        (lambda _: json_reply(NOTHING), MissingHeaders),
        (lambda _: json_reply({"value": "no list"}), JsonSchemaError),
        (lambda _: json_reply(NOTHING), IgnoredAuth),
    ],
    ids=["fails", "another status", "another type", "no header", "another shape", "asks nobody who they are"],
)
def test_what_breaks_the_document_is_found(
    world: World, answer: Callable[[Received], Reply], failure: type[Exception]
) -> None:
    with Other(answer) as other, pytest.raises(BaseExceptionGroup) as found:
        send(world, SCHEMA.find_operation_by_id("listEvents").Case(), url=other.url)
    assert found.group_contains(failure)


def send(world: World, case: Drawn, *, url: str = "") -> None:
    """Send a request, and hold the answer against the document."""
    response = ask(world, case, url=url)
    case.validate_response(response, checks=CHECKS, headers=credentials(world, case))


def ask(world: World, case: Drawn, *, url: str = "") -> Response:
    """Send a request with all keys. What it has the app call is here; what it has Dataverse call is stored alone."""
    if not case.path.startswith("/v1/dynamics"):
        case.body = at_home(case.body, world.receiver.url)
    base = f"{url or world.app.url}/api"
    response: Response = case.call(base_url=base, headers=credentials(world, case), timeout=60)
    return response


def credentials(world: World, case: Drawn) -> dict[str, str]:
    """The function key, and the manager's API key, unless the request names its caller itself."""
    keys = {"x-functions-key": world.app.code}
    if not any(name.lower() == "x-esri-authorization" for name in case.headers):
        keys["Authorization"] = f"Bearer {world.app.seed.api_key}"
    return keys


def at_home(body: Any, url: str) -> Any:  # noqa: ANN401 - JSON
    """A body with another address in place of each: nobody else's is to be called."""
    if isinstance(body, dict):
        return {name: at_home(value, url) for name, value in body.items()}
    if isinstance(body, list):
        return [at_home(one, url) for one in body]
    return url if isinstance(body, str) and re.match(r"\s*https?:", body, re.IGNORECASE) and body != NOWHERE else body


def making(world: World, maker: str) -> Call:
    """A request that makes or lists something."""
    if maker == "createWebhook":
        return Call(body=saved())
    if maker == "createConnection":
        return world.new_connection()
    if maker == "registerDataverseStep":
        return Call({"id": world.registered()["id"]}, body=new_step(message="Update", table="account"))
    if maker == "registerDataverseWebhook":
        world.tenant.reset()
        return Call(body=new_webhook())
    return Call()


def delivered(world: World) -> Call:
    """A request that lists a delivery. The webhook is a new one: what is drawn for others may delete any."""
    members = {"Events": ["driven.made"], "TargetUrl": world.receiver.url, "State": "Active"}
    call = Call(query={"webhook": world.webhook_of(**members), "state": "delivered"})
    world.app.send("POST", "v1/Webhook/driven.made/1", {})
    assert eventually(lambda: world.ask(BY_ID["listDeliveries"], call).json()["value"])
    return call


def found_by(expression: str, call: Call, made: requests.Response) -> str:
    """What an expression of a link names, in a request and its answer."""
    if expression.startswith("$request.path."):
        return call.path[expression.removeprefix("$request.path.")]
    found = made.json()
    for part in expression.removeprefix("$response.body#/").split("/"):
        found = found[int(part) if isinstance(found, list) else part]
    return str(found)


def known(world: World, path: str) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters of a path that lead to something new, and the headers of somebody who may see it."""
    if "{connectionId}" in path:
        call = world.new_connection()
        made = world.ask(BY_ID["createConnection"], call).json()
        return workflow(connectionId=made["connectionId"]), dict(call.headers)
    if path.startswith("/v1/events"):
        return {"id": world.event, "webhookId": str(world.webhook)}, {}
    if path.startswith("/v1/Webhook"):
        return {"id": world.webhook_of()}, {}
    made = world.registered()
    return {"id": made["id"], "stepId": made["steps"][0]["id"]}, {}
