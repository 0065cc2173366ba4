"""What is registered is what the receiver gets: the fake reads each kind of authentication as Dataverse does."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.dynamics.registration.bodies import NewWebhook, webhook_errors
from shared.dynamics.registration.parsing import parse_body
from shared.errors import BadRequest
from shared.hub.registration import DataverseRegistration
from tests.dynamics.registration.samples import KEY, WEBHOOK_KEY, new_step, new_webhook
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.dataverse.sender import target_of
from tests.fakes.receiver import Receiver, answers, answers_in_turn

GENERATED_KEY = "aB3+/" * 10 + "=="
ODD = "a\"<&>'b c;=%+"


@pytest.fixture
def receiver(dataverse: FakeDataverse) -> Iterator[Receiver]:
    with Receiver() as running:
        dataverse.hosts["https://hub.example"] = running.url
        yield running


@pytest.mark.parametrize(
    ("authentication", "query", "headers"),
    [
        (WEBHOOK_KEY, {"code": KEY}, {}),
        ({"type": "WebhookKey", "key": GENERATED_KEY}, {"code": GENERATED_KEY}, {}),
        ({"type": "HttpHeader", "values": {"X-Secret": ODD, "x-two": "2"}}, {}, {"x-secret": ODD, "x-two": "2"}),
        ({"type": "HttpQueryString", "values": {"co/de": ODD, "two": "2"}}, {"co/de": ODD, "two": "2"}, {}),
    ],
)
def test_a_receiver_gets_what_was_registered(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    receiver: Receiver,
    authentication: object,
    query: dict[str, str],
    headers: dict[str, str],
) -> None:
    registration.webhooks.register(new_webhook(authentication=authentication, steps=[new_step()]))
    dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), str(uuid4()))
    assert [dict(call.query) for call in receiver.journal] == [query, query]
    assert all(headers.items() <= dict(call.headers).items() for call in receiver.journal)


@given(
    kind=st.sampled_from(["HttpHeader", "HttpQueryString"]),
    values=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4),
)
@example(kind="HttpHeader", values={"x-key": ""})
@example(kind="HttpHeader", values={"Content-Type": "application/json"})
@example(kind="HttpQueryString", values={"a": "1", " a": "2"})
def test_what_is_taken_can_be_sent(kind: str, values: dict[str, str]) -> None:
    document = new_webhook(authentication={"type": kind, "values": values})
    try:
        taken = parse_body(NewWebhook, document, webhook_errors)
    except BadRequest:
        return
    endpoint = {"url": taken.url, "authtype": taken.authentication.authtype}
    url, headers = target_of(endpoint, taken.authentication.authvalue)
    assert len(headers) + len(urlsplit(url).query.split("&")) >= len(values)


@pytest.mark.parametrize(
    ("statuses", "code", "requests"),
    [
        ([503, 503], "0x80050205", 2),
        ([502, 400], "0x80050205", 2),
        ([504, 200], None, 2),
        ([400], "0x80050201", 1),
    ],
)
def test_a_receiver_that_is_down_has_the_code_of_a_failed_post(
    registration: DataverseRegistration,
    dataverse: FakeDataverse,
    receiver: Receiver,
    statuses: list[int],
    code: str | None,
    requests: int,
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    receiver.behave(answers_in_turn(*map(answers, [*statuses, 200])))
    dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), str(uuid4()))
    jobs = registration.failures.list(made.webhook.id, made.steps[0].id, since=None, top=None)
    assert [job.error_code for job in jobs] == ([code] if code else [])
    # The other direction's request came last, and was accepted.
    assert len(receiver.journal) == requests + 1


def test_a_disabled_step_is_not_called(
    registration: DataverseRegistration, dataverse: FakeDataverse, receiver: Receiver
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    registration.steps.update(made.webhook.id, made.steps[0].id, {"enabled": False})
    dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), str(uuid4()))
    assert receiver.journal == []
