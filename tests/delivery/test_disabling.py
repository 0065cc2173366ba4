"""A webhook whose receiver fails for good: disabled once, signalled once, told once, and nothing is lost."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.delivery.record import DeliveryState
from shared.events.event import Event
from shared.events.store import LogFilter
from shared.hub import Hub
from shared.superoffice.entity import WebhookState
from shared.webhooks.registration import Registration
from tests.fakes.graph import FakeGraph
from tests.fakes.receiver import Behaviour, Receiver, Visit, answers
from tests.support.delivering import attempt, delivering_hub, register, save, waiting
from tests.support.host import QuietHost
from tests.support.patience import eventually
from tests.support.tenant import Tenant

FAILURES = 9
MAILBOX = "hub@contoso.example"
PEOPLE = {"ErrorsEmail": "one@example.com", "ErrorEmails": ["two@example.com", "one@example.com"]}


@pytest.fixture
def graph(tenant: Tenant) -> FakeGraph:
    tenant.graph.add_user("0a1b", MAILBOX)
    return tenant.graph


@pytest.fixture
def hub(connection_string: str, graph: FakeGraph) -> Hub:
    return delivering_hub(connection_string, GRAPH_URL=graph.url, NOTICE_MAILBOX=MAILBOX)


@pytest.fixture
def webhook(hub: Hub, receiver: Receiver) -> Registration:
    registration = register(hub, receiver.url, **PEOPLE)
    receiver.reset()
    return registration


def current(hub: Hub, webhook: Registration) -> WebhookState:
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    return stored.webhook.state


def state(hub: Hub, webhook: Registration, event: Event) -> DeliveryState:
    record = hub.receivers.deliveries.get(webhook.id, event)
    assert record is not None
    return record.state


def signals(hub: Hub, connection_string: str, webhook: Registration) -> list[Event]:
    QuietHost(connection_string).run(hub)
    return [event for _, event in hub.events.log(LogFilter(type=f"webhook{webhook.id}.errors"), page_size=10)]


def test_nine_failed_attempts_in_a_row_disable_whichever_events_they_were_for(
    hub: Hub, webhook: Registration, receiver: Receiver
) -> None:
    receiver.behave(answers(500))
    for number in range(FAILURES - 1):
        event = attempt(hub, webhook)
        assert (current(hub, webhook), state(hub, webhook, event)) == (WebhookState.ACTIVE, DeliveryState.PENDING), (
            number
        )
    last = attempt(hub, webhook)
    assert (current(hub, webhook), state(hub, webhook, last)) == (WebhookState.TOO_MANY_ERRORS, DeliveryState.HELD)
    assert hub.receivers.webhooks.usage(webhook.id).consecutive_errors == FAILURES


def test_a_success_in_between_begins_the_count_anew(hub: Hub, webhook: Registration, receiver: Receiver) -> None:
    for status in [500] * (FAILURES - 1) + [200] + [500] * (FAILURES - 1):
        receiver.behave(answers(status))
        attempt(hub, webhook)
    assert current(hub, webhook) is WebhookState.ACTIVE


def test_410_disables_at_once(hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str) -> None:
    receiver.behave(answers(410))
    event = attempt(hub, webhook)
    assert (current(hub, webhook), state(hub, webhook, event)) == (WebhookState.TOO_MANY_ERRORS, DeliveryState.HELD)
    assert waiting(connection_string) == []


def test_what_comes_later_is_held_and_the_receiver_is_left_alone(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str
) -> None:
    receiver.behave(answers(500))
    retried = attempt(hub, webhook)
    receiver.behave(answers(410))
    attempt(hub, webhook)
    visits = len(receiver.journal)
    attempt(hub, webhook, retried, attempt=1)
    new = attempt(hub, webhook)
    assert [state(hub, webhook, event) for event in (retried, new)] == [DeliveryState.HELD] * 2
    assert len(receiver.journal) == visits
    # What was tried before it was held is still in the log.
    record = hub.receivers.deliveries.get(webhook.id, retried)
    assert record is not None
    assert [made.status for made in record.log] == [500]


def test_it_is_signalled_once_under_its_own_name(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str
) -> None:
    receiver.behave(answers(410))
    with Receiver() as watching:
        register(hub, watching.url, Events=[f"webhook{webhook.id}.errors"])
        watching.journal.clear()
        attempt(hub, webhook)
        assert len(signals(hub, connection_string, webhook)) == 1
        (told,) = watching.journal
    assert told.headers["x-superoffice-event"] == f"webhook{webhook.id}.errors"
    body = json.loads(told.body)
    assert (body["Event"], body["PrimaryKey"], body["Entity"]) == ("webhook.errors", webhook.id, "webhook")


def test_people_are_told_once_with_event_name_error_and_answer(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph
) -> None:
    receiver.behave(answers(410, b"we have moved"))
    event = attempt(hub, webhook)
    attempt(hub, webhook)
    (mail,) = graph.mails
    assert mail["subject"] == "Webhook Mine was disabled"
    assert mail["toRecipients"] == [
        {"emailAddress": {"address": address}} for address in ("one@example.com", "two@example.com")
    ]
    text = str(mail["body"])
    for part in (event.id, event.type, "HTTP 410", "we have moved", f"id {webhook.id}"):
        assert part in text


@pytest.mark.parametrize("behaviour", [answers(410), answers(500)])
def test_many_failures_at_once_disable_signal_and_tell_once(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph, connection_string: str, behaviour: Behaviour
) -> None:
    receiver.behave(answers(500))
    for _ in range(FAILURES - 1):
        attempt(hub, webhook)
    gathered = threading.Barrier(3)

    def together(visit: Visit) -> None:
        gathered.wait(10)
        behaviour(visit)

    receiver.behave(together)
    with ThreadPoolExecutor(3) as pool:
        events = list(pool.map(lambda _: attempt(hub, webhook), range(3)))
    assert current(hub, webhook) is WebhookState.TOO_MANY_ERRORS
    assert [state(hub, webhook, event) for event in events] == [DeliveryState.HELD] * 3
    assert (len(graph.mails), len(signals(hub, connection_string, webhook))) == (1, 1)


@pytest.mark.parametrize("status", [410, 500])
def test_who_saves_it_while_it_fails_has_the_last_word_and_the_event_is_tried_again(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph, connection_string: str, status: int
) -> None:
    receiver.behave(answers(500))
    for _ in range(FAILURES - 1):
        attempt(hub, webhook)

    def saved_meanwhile(visit: Visit) -> None:
        save(hub, webhook.id, Description="its receiver is being mended")
        answers(status)(visit)

    receiver.behave(saved_meanwhile)
    event = attempt(hub, webhook)
    assert (current(hub, webhook), state(hub, webhook, event)) == (WebhookState.ACTIVE, DeliveryState.PENDING)
    assert graph.mails == []
    assert eventually(lambda: event.id in {message.event_id for message in waiting(connection_string)})


def test_who_removes_it_while_it_fails_is_not_told(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph
) -> None:
    def removed_meanwhile(visit: Visit) -> None:
        stored = hub.receivers.webhooks.get(webhook.id)
        assert stored is not None
        hub.receivers.webhooks.delete(stored)
        answers(410)(visit)

    receiver.behave(removed_meanwhile)
    attempt(hub, webhook)
    assert hub.receivers.webhooks.get(webhook.id) is None
    assert graph.mails == []


def test_set_to_active_again_it_has_all_its_attempts_and_what_was_held_can_be_replayed(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str
) -> None:
    receiver.behave(answers(500))
    for _ in range(FAILURES):
        event = attempt(hub, webhook)
    receiver.reset()
    save(hub, webhook.id, State="Active")
    receiver.journal.clear()
    record = hub.receivers.deliveries.get(webhook.id, event)
    assert record is not None
    hub.receivers.replay.one(record, event)
    QuietHost(connection_string).run(hub)
    assert state(hub, webhook, event) is DeliveryState.DELIVERED
    receiver.behave(answers(500))
    for _ in range(FAILURES - 1):
        attempt(hub, webhook)
    assert current(hub, webhook) is WebhookState.ACTIVE
