"""What is registered is what the receiver gets: the fake reads each kind of authentication as Dataverse does."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from shared.dynamics.registration.service import Registration
from tests.dynamics.registration.samples import KEY, WEBHOOK_KEY, new_step, new_webhook
from tests.fakes.dataverse import FakeDataverse
from tests.fakes.receiver import Receiver

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
        ({"type": "HttpHeader", "values": {"X-Secret": ODD, "x-two": "2"}}, {}, {"x-secret": ODD, "x-two": "2"}),
        ({"type": "HttpQueryString", "values": {"cöde": ODD, "two": "2"}}, {"cöde": ODD, "two": "2"}, {}),
    ],
)
def test_a_receiver_gets_what_was_registered(
    registration: Registration,
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


def test_a_disabled_step_is_not_called(
    registration: Registration, dataverse: FakeDataverse, receiver: Receiver
) -> None:
    made = registration.webhooks.register(new_webhook(steps=[new_step()]))
    registration.steps.update(made.webhook.id, made.steps[0].id, {"enabled": False})
    dataverse.create_connection(("opportunity", str(uuid4())), ("systemuser", str(uuid4())), str(uuid4()))
    assert receiver.journal == []
