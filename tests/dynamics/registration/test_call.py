"""Each answer of Dataverse becomes one clear reply, for every kind of request; none of them repeats a secret."""

import json
import logging
import time
from collections.abc import Callable

import pytest

from shared.deadline import deadline
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.call import refused as refused_by_dataverse
from shared.errors import HubError, Unavailable
from shared.http import problem
from shared.hub.hub import Hub
from shared.hub.registration import DataverseRegistration
from shared.settings import Settings
from tests.dynamics.registration.samples import KEY, OTHER_KEY, new_step, new_webhook
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.server import Reply, json_reply
from tests.support.tenant import Tenant

type Operation = Callable[[DataverseRegistration, str, str], object]

OPERATIONS: dict[str, Operation] = {
    "list": lambda api, webhook, step: api.webhooks.list(),
    "register": lambda api, webhook, step: api.webhooks.register(new_webhook(name="New")),
    "show": lambda api, webhook, step: api.webhooks.show(webhook),
    "update": lambda api, webhook, step: api.webhooks.update(webhook, {"description": "new"}),
    "unregister": lambda api, webhook, step: api.webhooks.unregister(webhook),
    "ensure": lambda api, webhook, step: api.installer.ensure({"key": KEY}),
    "steps": lambda api, webhook, step: api.steps.list(webhook),
    "add-step": lambda api, webhook, step: api.steps.register(webhook, {"message": "Update", "table": "account"}),
    "step": lambda api, webhook, step: api.steps.show(webhook, step),
    "update-step": lambda api, webhook, step: api.steps.update(webhook, step, {"rank": 2}),
    "remove-step": lambda api, webhook, step: api.steps.remove(webhook, step),
    "failures": lambda api, webhook, step: api.failures.list(webhook, step, since=None, top=5),
    "replay": lambda api, webhook, step: api.failures.replay(webhook, step, step),
}
EACH_OPERATION = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
REFUSALS = {400: 400, 401: 502, 403: 502, 404: 404, 405: 409, 412: 409}
"""What is answered to a refusal of Dataverse; to any other, 502."""
STATUSES = {**REFUSALS, 413: 502, 302: 502, 500: 503, 501: 503, 502: 503, 504: 503}


@pytest.fixture
def ids(registration: DataverseRegistration) -> tuple[str, str]:
    """A webhook and its step."""
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    return made.webhook.id, made.steps[0].id


def refused(status: int, message: str = "no") -> Reply:
    return json_reply({"error": {"code": "0x80040216", "message": message}}, status)


def failure(operation: Operation, registration: DataverseRegistration, ids: tuple[str, str]) -> HubError:
    with pytest.raises(HubError) as caught:
        operation(registration, *ids)
    return caught.value


def test_each_refusal_becomes_one_error_that_says_what_dataverse_said() -> None:
    for status in range(400, 500):
        error = refused_by_dataverse(DataverseRefused(status, "0x80040216", "no"))
        assert error.status == REFUSALS.get(status, 502)
        assert error.extensions == {"dataverse": {"status": status, "code": "0x80040216", "message": "no"}}


@pytest.mark.parametrize(("status", "answered"), STATUSES.items())
def test_each_status_is_answered_with_one(
    registration: DataverseRegistration, dataverse: FakeDataverse, status: int, answered: int
) -> None:
    dataverse.answer_always(refused(status))
    with pytest.raises(HubError) as caught:
        registration.webhooks.list()
    assert caught.value.status == answered
    assert ("dataverse" in caught.value.extensions) == (400 <= status < 500)


@EACH_OPERATION
@pytest.mark.parametrize("status", [403, 500])
def test_every_operation_translates_what_dataverse_says(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    ids: tuple[str, str],
    operation: Operation,
    status: int,
) -> None:
    dataverse.answer_always(refused(status))
    assert failure(operation, registration, ids).status == STATUSES[status]


@pytest.mark.parametrize(
    ("method", "set_", "operation"),
    [
        ("POST", "serviceendpoints", "register"),
        ("PATCH", "serviceendpoints", "update"),
        ("PATCH", "serviceendpoints", "ensure"),
        ("POST", "sdkmessageprocessingsteps", "add-step"),
        ("PATCH", "sdkmessageprocessingsteps", "update-step"),
        ("DELETE", "sdkmessageprocessingsteps", "remove-step"),
        ("DELETE", "serviceendpoints", "unregister"),
    ],
)
@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_write_that_is_refused_is_answered_as_a_read_is(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    ids: tuple[str, str],
    method: str,
    set_: str,
    operation: str,
    status: int,
) -> None:
    for _ in range(2):
        dataverse.faults.fail_once(method, set_, refused(status))
    assert failure(OPERATIONS[operation], registration, ids).status == STATUSES[status]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"value": 5}', b'{"value": [{}]}', b"{}", b""])
def test_an_unusable_answer_is_a_502(
    registration: DataverseRegistration, dataverse: FakeDataverse, body: bytes
) -> None:
    dataverse.answer_always(Reply(200, body))
    with pytest.raises(HubError) as caught:
        registration.webhooks.list()
    assert caught.value.status == 502


@EACH_OPERATION
@pytest.mark.parametrize("body", [b"<html>", b'{"value": [{}]}'])
def test_an_unusable_answer_is_a_502_to_every_operation(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    ids: tuple[str, str],
    operation: Operation,
    body: bytes,
) -> None:
    dataverse.answer_always(Reply(200, body))
    assert failure(operation, registration, ids).status == 502


def test_a_404_without_an_error_of_dataverse_is_a_502(
    registration: DataverseRegistration, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    dataverse.answer_always(Reply(404, b"<html>not found</html>"))
    assert failure(OPERATIONS["show"], registration, ids).status == 502


def test_a_page_at_another_address_is_a_502_and_not_asked_for(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.answer_next(json_reply({"value": [], "@odata.nextLink": "http://127.0.0.1:9/more"}))
    with pytest.raises(HubError) as caught:
        registration.webhooks.list()
    assert (caught.value.status, len(dataverse.journal)) == (502, 1)


def test_a_short_throttling_is_waited_out(registration: DataverseRegistration, dataverse: FakeDataverse) -> None:
    dataverse.answer_next(Reply(429, headers={"Retry-After": "1"}))
    assert registration.webhooks.list() == []
    assert len(dataverse.journal) == 2


@pytest.mark.parametrize("after", ["11", "300"])
def test_a_longer_throttling_is_a_503_with_its_retry_after_and_no_further_request(
    registration: DataverseRegistration, dataverse: FakeDataverse, ids: tuple[str, str], after: str
) -> None:
    dataverse.journal.clear()
    dataverse.faults.fail_once("POST", "sdkmessageprocessingsteps", Reply(429, headers={"Retry-After": after}))
    error = failure(OPERATIONS["add-step"], registration, ids)
    response = problem(error)
    assert (response.status_code, response.headers["Retry-After"]) == (503, after)
    assert len([call for call in dataverse.journal if call.method == "POST"]) == 1


def test_pauses_add_up_to_ten_seconds_in_a_call(
    registration: DataverseRegistration, dataverse: FakeDataverse, ids: tuple[str, str]
) -> None:
    dataverse.faults.fail_once("GET", "serviceendpoints", Reply(429, headers={"Retry-After": "1"}))
    dataverse.faults.fail_once("GET", "serviceendpoints", Reply(429, headers={"Retry-After": "10"}), skip=1)
    began_at = time.monotonic()
    error = failure(OPERATIONS["show"], registration, ids)
    assert isinstance(error, Unavailable)
    assert error.retry_after_seconds == 10
    assert time.monotonic() - began_at < 8


def test_a_dataverse_that_answers_nothing_is_a_503_in_time(
    registration: DataverseRegistration, dataverse: FakeDataverse
) -> None:
    dataverse.hang()
    began_at = time.monotonic()
    with deadline(0.5), pytest.raises(HubError) as caught:
        registration.webhooks.list()
    assert (caught.value.status, time.monotonic() - began_at < 5) == (503, True)


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:9"])
def test_a_dataverse_that_is_not_there_is_a_503(connection_string: str, tenant: Tenant, url: str) -> None:
    hub = Hub.assemble(Settings.read({"AzureWebJobsStorage": connection_string, "DATAVERSE_URL": url}))
    with pytest.raises(HubError) as caught:
        hub.registration.webhooks.list()
    assert caught.value.status == 503


def test_without_a_token_it_is_a_503(
    registration: DataverseRegistration, tenant: Tenant, dataverse: FakeDataverse
) -> None:
    tenant.identity.answer_always(json_reply({"error": "no"}, 400))
    with pytest.raises(HubError) as caught:
        registration.webhooks.list()
    assert (caught.value.status, dataverse.journal) == (503, [])


SECRET_VALUE = 'top-s3cret <&> "value"'
WITH_SECRETS: dict[str, tuple[dict[str, object], str]] = {
    "WebhookKey": ({"type": "WebhookKey", "key": KEY}, KEY),
    "HttpHeader": ({"type": "HttpHeader", "values": {"x-secret": SECRET_VALUE}}, SECRET_VALUE),
    "HttpQueryString": ({"type": "HttpQueryString", "values": {"secret": SECRET_VALUE}}, SECRET_VALUE),
}


@pytest.mark.parametrize(("authentication", "secret"), WITH_SECRETS.values(), ids=WITH_SECRETS)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("status", [400, 403, 412, 500])
def test_no_reply_and_no_log_repeats_a_secret_that_dataverse_echoes(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    caplog: pytest.LogCaptureFixture,
    authentication: dict[str, object],
    secret: str,
    method: str,
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    made = registration.webhooks.register(new_webhook(authentication={"type": "WebhookKey", "key": OTHER_KEY}))
    operations: dict[str, Operation] = {
        "POST": lambda api, webhook, _: api.webhooks.register(new_webhook(name="New", authentication=authentication)),
        "PATCH": lambda api, webhook, _: api.webhooks.update(webhook, {"authentication": authentication}),
    }
    for _ in range(2):
        dataverse.faults.echo(method, "serviceendpoints", status)
    error = failure(operations[method], registration, (made.webhook.id, ""))
    told = problem(error).get_body().decode() + caplog.text + repr((error, error.__cause__, error.__context__))
    assert secret not in told
    assert json.dumps(secret)[1:-1] not in told
    assert "top-s3cret" not in told
