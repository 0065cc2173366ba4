"""function.json, host.json and the example of local.settings.json hold what the platform takes, and no more.

Mirrors no module of shared/.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from tests.support.function_app import FunctionJson, HostJson, LocalSettings
from tests.support.paths import ROOT

FILES = sorted(ROOT.glob("*/function.json"))
BY_REQUEST = json.loads((ROOT / "WebhookAdmin" / "function.json").read_text(encoding="utf-8"))
BY_MESSAGE = json.loads((ROOT / "EventDispatch" / "function.json").read_text(encoding="utf-8"))
BY_TIME = json.loads((ROOT / "Retention" / "function.json").read_text(encoding="utf-8"))
HOST = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
LOCAL = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))

type Steps = tuple[str | int, ...]

TRIGGER: Steps = ("bindings", 0)
OUTPUT: Steps = ("bindings", 1)
QUEUES: Steps = ("extensions", "queues")
SAMPLING: Steps = ("logging", "applicationInsights", "samplingSettings")

WRONG_BY_REQUEST: list[tuple[Steps, object]] = [
    (("scriptFile",), "main.py"),
    (("entryPoint",), "run"),
    (("disabled",), False),
    (("bindings",), []),
    (("bindings",), BY_REQUEST["bindings"][:1]),
    (("bindings",), BY_REQUEST["bindings"][1:]),
    (("bindings",), [*BY_REQUEST["bindings"], BY_REQUEST["bindings"][1]]),
    (("bindings",), [*BY_REQUEST["bindings"], *BY_MESSAGE["bindings"]]),
    ((*TRIGGER, "type"), "blobTrigger"),
    ((*TRIGGER, "type"), "HttpTrigger"),
    ((*TRIGGER, "direction"), "out"),
    ((*TRIGGER, "direction"), "inout"),
    ((*TRIGGER, "name"), ""),
    ((*TRIGGER, "name"), "$return"),
    ((*TRIGGER, "authLevel"), "user"),
    ((*TRIGGER, "authlevel"), "function"),
    ((*TRIGGER, "methods"), []),
    ((*TRIGGER, "methods"), "get"),
    ((*TRIGGER, "methods"), ["get", "get"]),
    ((*TRIGGER, "methods"), ["get", "POST"]),
    ((*TRIGGER, "route"), "/v1/x"),
    ((*TRIGGER, "route"), "v1/x/"),
    ((*TRIGGER, "route"), ""),
    ((*TRIGGER, "webHookType"), "github"),
    ((*OUTPUT, "name"), "answer"),
    ((*OUTPUT, "direction"), "in"),
    ((*OUTPUT, "route"), "v1/x"),
]
WRONG_BY_MESSAGE: list[tuple[Steps, object]] = [
    (("bindings",), [*BY_MESSAGE["bindings"], BY_REQUEST["bindings"][1]]),
    (("bindings",), BY_MESSAGE["bindings"] * 2),
    (("retry",), {"strategy": "fixedDelay", "maxRetryCount": 4, "delayInterval": "00:00:10"}),
    ((*TRIGGER, "type"), "queue"),
    ((*TRIGGER, "direction"), "out"),
    ((*TRIGGER, "connection"), ""),
    ((*TRIGGER, "connection"), "UseDevelopmentStorage=true"),
    ((*TRIGGER, "batchSize"), 1),
    *(((*TRIGGER, "queueName"), name) for name in ("", "ev", "Events", "a--b", "-ab", "ab-", "a_b", "x" * 57, 7)),
]
WRONG_BY_TIME: list[tuple[Steps, object]] = [
    (("bindings",), BY_TIME["bindings"] * 2),
    (("bindings",), [*BY_TIME["bindings"], *BY_MESSAGE["bindings"]]),
    ((*TRIGGER, "type"), "timer"),
    ((*TRIGGER, "direction"), "out"),
    ((*TRIGGER, "runOnStartup"), True),
    *(((*TRIGGER, "schedule"), text) for text in ("", "0 30 3 * * *", "%", "%lower%", "RETENTION_SCHEDULE", "%A% ", 7)),
]
WRONG_HOST: list[tuple[Steps, object]] = [
    (("version",), "1.0"),
    (("version",), 2.0),
    (("bogus",), {}),
    (("id",), "hub"),
    (("functionTimeout",), "5 minutes"),
    (("functionTimeout",), "24:00:00"),
    (("functionTimeout",), "00:60:00"),
    (("functionTimeout",), "00:00:00"),
    (("functionTimeout",), 300),
    (("extensionBundle", "id"), "Microsoft.Azure.Functions.ExtensionBundle.Preview"),
    *((("extensionBundle", "version"), text) for text in ("4.*", "[4.*, 6.0.0)", "[5.*, 4.0.0)", "(4.*, 5.0.0]", "")),
    (("extensions", "blobs"), {}),
    (("extensions", "http", "routePrefix"), "/api"),
    (("extensions", "http", "maxConcurrentRequests"), "many"),
    ((*QUEUES, "messageEncoding"), "none"),
    ((*QUEUES, "visibilityTimeout"), 30),
    ((*QUEUES, "visibilityTimeout"), "00:00:00"),
    ((*QUEUES, "visibilityTimeout"), "00:00:00.0"),
    ((*QUEUES, "maxPollingInterval"), "0:0:2"),
    ((*QUEUES, "maxPollingInterval"), "00:00:00.099"),
    ((*QUEUES, "maxPollingInterval"), "00:00:00."),
    ((*QUEUES, "batchSize"), 0),
    ((*QUEUES, "batchSize"), 33),
    ((*QUEUES, "batchSize"), "16"),
    ((*QUEUES, "newBatchThreshold"), -1),
    ((*QUEUES, "maxDequeueCount"), 0),
    ((*QUEUES, "maxDequeueCounts"), 5),
    (("logging", "logLevel", "default"), "Info"),
    (("logging", "fileLoggingMode"), "always"),
    (("logging", "applicationInsights", "enable"), True),
    ((*SAMPLING, "isEnabled"), "true"),
    ((*SAMPLING, "excludedTypes"), "Request,Trace"),
    ((*SAMPLING, "excludeTypes"), "Request"),
]
WRONG_LOCAL: list[tuple[Steps, object]] = [
    (("IsEncrypted",), True),
    (("ConnectionStrings",), {}),
    (("Values", "MAX_WEBHOOKS"), 5),
    (("Values", "NESTED"), {"A": "b"}),
    (("Values", "A:B"), "c"),
    (("Values", "A__B"), "c"),
    (("Values", "FUNCTIONS_WORKER_RUNTIME"), "node"),
    (("Values", "AzureWebJobsStorage"), ""),
    (("Host", "LocalHttpPort"), "7071"),
    (("Host", "LocalHttpPort"), 0),
    (("Host", "LocalHttpPort"), 70710),
    (("Host", "Port"), 7071),
]
WRONG = [
    (model, document, *wrong)
    for model, document, wrongs in (
        (FunctionJson, BY_REQUEST, WRONG_BY_REQUEST),
        (FunctionJson, BY_MESSAGE, WRONG_BY_MESSAGE),
        (FunctionJson, BY_TIME, WRONG_BY_TIME),
        (HostJson, HOST, WRONG_HOST),
        (LocalSettings, LOCAL, WRONG_LOCAL),
    )
    for wrong in wrongs
]
NEEDED_SETTINGS = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}
OPTIONAL: set[Steps] = {("Values", name) for name in LOCAL["Values"].keys() - NEEDED_SETTINGS}
OPTIONAL.add(("logging", "logLevel", "default"))


def changed(document: Any, path: Steps, value: object) -> Any:  # noqa: ANN401 - a document of JSON
    """A copy in which `path` is `value`, or is not there where the value is `...`."""
    copy = deepcopy(document)
    node = copy
    for step in path[:-1]:
        node = node[step]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return copy


def keys(node: object, here: Steps = ()) -> list[Steps]:
    """The path of every member, in any depth."""
    steps: list[tuple[str | int, object]] = []
    if isinstance(node, dict):
        steps = list(node.items())
    elif isinstance(node, list):
        steps = list(enumerate(node))
    own = [(*here, step) for step, _ in steps if isinstance(step, str)]
    return [*own, *(path for step, child in steps for path in keys(child, (*here, step)))]


def place_of(error: ValidationError) -> Steps:
    """Where the first thing that is wrong stands, without the type that the check adds to a binding's number."""
    place = error.errors()[0]["loc"]
    return (*place[:2], *place[3:]) if place[:1] == ("bindings",) else place


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_every_function_json_holds_what_the_platform_takes(file: Path) -> None:
    FunctionJson.model_validate_json(file.read_bytes())


def test_host_json_holds_what_the_platform_takes() -> None:
    HostJson.model_validate(HOST)


def test_the_example_of_local_settings_holds_what_the_platform_takes() -> None:
    LocalSettings.model_validate(LOCAL)


@pytest.mark.parametrize(("model", "document", "path", "value"), WRONG)
def test_a_file_with_something_wrong_is_refused_at_its_place(
    model: type[BaseModel], document: object, path: Steps, value: object
) -> None:
    model.model_validate(document)
    with pytest.raises(ValidationError) as refusal:
        model.model_validate(changed(document, path, value))
    # It may lie deeper than the change, or be the whole file where members contradict each other.
    place = place_of(refusal.value)
    assert place[: len(path)] == path[: len(place)]


@pytest.mark.parametrize(
    ("model", "document"),
    [
        (FunctionJson, BY_REQUEST),
        (FunctionJson, BY_MESSAGE),
        (FunctionJson, BY_TIME),
        (HostJson, HOST),
        (LocalSettings, LOCAL),
    ],
)
def test_a_file_with_something_missing_is_refused(model: type[BaseModel], document: object) -> None:
    needed = [path for path in keys(document) if path not in OPTIONAL]
    for path in needed:
        with pytest.raises(ValidationError):
            model.model_validate(changed(document, path, ...))
    for path in OPTIONAL.intersection(keys(document)):
        model.model_validate(changed(document, path, ...))
