"""A webhook whose receiver fails for good: disabled once, signalled once, told once, and nothing is lost."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from azure.core.exceptions import ServiceResponseError

from shared.delivery.attempt import Attempt
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE, WakeUp
from shared.delivery.record import DeliveryState
from shared.events.event import Event
from shared.events.store import LogFilter
from shared.hub.hub import Hub
from shared.webhooks.registration import Registration
from shared.webhooks.rows import USAGE_TABLE
from shared.webhooks.usage import NoticeClaims
from shared.webhooks.webhook import WebhookState
from tests.fakes.graph import FakeGraph
from tests.fakes.receiver import Behaviour, Receiver, Visit, answers
from tests.support.delivering import attempt, delivering_hub, new_event, register, save, waiting
from tests.support.events import store_event
from tests.support.host import QuietHost
from tests.support.lines import lines_in
from tests.support.patience import Meeting, eventually
from tests.support.stepping import SteppingTransport
from tests.support.tenant import Tenant
from tests.support.transport import Fault, JournalTransport
from tests.support.usage import count_call
from tests.webhooks.registered import stored

FAILURES = 9
MAILBOX = "hub@contoso.example"
PEOPLE = {"ErrorsEmail": "one@example.com", "ErrorEmails": ["two@example.com", "one@example.com"]}


@pytest.fixture
def graph(tenant: Tenant) -> FakeGraph:
    tenant.graph.add_user("0a1b", MAILBOX)
    return tenant.graph


def hub_of(connection_string: str, graph: FakeGraph) -> Hub:
    # Failures disable at once, whatever their age, and no circuit opens before.
    return delivering_hub(
        connection_string,
        GRAPH_URL=graph.url,
        NOTICE_MAILBOX=MAILBOX,
        NOTICE_DOMAINS="example.com",
        DELIVERY_DISABLE_AFTER_SECONDS="0",
        DELIVERY_CIRCUIT_AFTER="100",
    )


@pytest.fixture
def hub(connection_string: str, graph: FakeGraph) -> Hub:
    return hub_of(connection_string, graph)


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


def people(mail: Mapping[str, object]) -> list[str]:
    recipients = mail["bccRecipients"]
    assert isinstance(recipients, list)
    return [one["emailAddress"]["address"] for one in recipients]


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


def test_people_are_told_once_with_event_name_and_status_and_nothing_of_the_answer(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph
) -> None:
    receiver.behave(answers(410, b"we have moved"))
    event = attempt(hub, webhook)
    attempt(hub, webhook)
    (mail,) = graph.mails
    assert mail["subject"] == 'Webhook "Mine" was disabled'
    assert people(mail) == ["one@example.com", "two@example.com"]
    assert not {"toRecipients", "ccRecipients"} & set(mail)
    text = str(mail["body"])
    for part in (event.id, event.type, "HTTP status 410", "error class http", f"id {webhook.id}"):
        assert part in text
    assert "we have moved" not in str(mail)


@pytest.mark.parametrize("behaviour", [answers(410), answers(500)])
def test_many_failures_at_once_disable_signal_and_tell_once(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph, connection_string: str, behaviour: Behaviour
) -> None:
    receiver.behave(answers(500))
    for _ in range(FAILURES - 1):
        attempt(hub, webhook)
    gathered = Meeting(3)

    def together(visit: Visit) -> None:
        gathered.wait()
        behaviour(visit)

    receiver.behave(together)
    # Each in a process of its own: in one, an attempt that waits for half a second lets no other one begin.
    processes = [hub_of(connection_string, graph) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        events = list(pool.map(lambda process: attempt(process, webhook), processes))
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
        event = attempt(hub, webhook, store_event(hub, new_event()))
    receiver.reset()
    save(hub, webhook.id, State="Active")
    receiver.journal.clear()
    record = hub.receivers.deliveries.get(webhook.id, event)
    assert record is not None
    hub.receivers.replay(record)
    QuietHost(connection_string).run(hub)
    assert state(hub, webhook, event) is DeliveryState.DELIVERED
    receiver.behave(answers(500))
    for _ in range(FAILURES - 1):
        attempt(hub, webhook)
    assert current(hub, webhook) is WebhookState.ACTIVE


def test_the_notice_of_a_day_can_be_claimed_once(hub: Hub, webhook: Registration) -> None:
    usage = NoticeClaims(hub.storage.table(USAGE_TABLE))
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    hours = (0, 1, 23, -1, 24, 47, 48)
    claims = [usage.claim_notice(webhook.id, begin + timedelta(hours=after)) for after in hours]
    assert claims == [True, False, False, False, True, False, True]


@pytest.mark.parametrize("has_row", [False, True])
def test_a_claim_whose_answer_was_lost_is_still_ones_own(
    hub: Hub, webhook: Registration, transport: JournalTransport, has_row: bool
) -> None:
    usage, now = NoticeClaims(hub.storage.table(USAGE_TABLE)), datetime.now(UTC)
    usage.claim_notice(webhook.id + 1, now)
    if has_row:
        count_call(hub, webhook.id)
    transport.forget()
    transport.fail(2, Fault.AFTER, ServiceResponseError("the connection ended"))
    assert usage.claim_notice(webhook.id, now)
    assert not usage.claim_notice(webhook.id, now)


def test_a_webhook_that_is_disabled_again_the_same_day_tells_nobody_again(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph
) -> None:
    for _ in range(3):
        receiver.behave(answers(410))
        attempt(hub, webhook)
        assert current(hub, webhook) is WebhookState.TOO_MANY_ERRORS
        receiver.reset()
        save(hub, webhook.id, State="Active")
    assert len(graph.mails) == 1


def test_many_who_disable_webhooks_claim_the_notice_of_a_day_once(hub: Hub, webhook: Registration) -> None:
    usage, now = NoticeClaims(hub.storage.table(USAGE_TABLE)), datetime.now(UTC)
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda _: usage.claim_notice(webhook.id, now), range(4)))
    assert sorted(claims) == [False, False, False, True]
    before = hub.receivers.webhooks.usage(webhook.id)
    assert before.total_calls == 0


def test_a_notice_that_cannot_be_claimed_is_logged_and_the_webhook_disabled_all_the_same(
    connection_string: str,
    transport: JournalTransport,
    graph: FakeGraph,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = {"GRAPH_URL": graph.url, "NOTICE_MAILBOX": MAILBOX, "NOTICE_DOMAINS": "example.com"}
    hub = delivering_hub(connection_string, transport, **settings)
    first, second, third = (register(hub, receiver.url, **PEOPLE) for _ in range(3))
    receiver.behave(answers(410))
    attempt(hub, first)  # which makes the tables and queues
    transport.forget()
    attempt(hub, second)
    claim = max(number for number, call in enumerate(transport.summary, 1) if call == "PATCH usage")
    graph.mails.clear()
    transport.forget()
    transport.fail(claim, Fault.BEFORE)
    event = attempt(hub, third)
    assert (current(hub, third), state(hub, third, event)) == (WebhookState.TOO_MANY_ERRORS, DeliveryState.HELD)
    [line] = lines_in(caplog.records, "notice.omitted")
    assert line["webhook"] == third.id
    assert graph.mails == []


def test_recipients_of_the_previous_version_are_told_where_they_may_be(
    hub: Hub, webhook: Registration, receiver: Receiver, graph: FakeGraph
) -> None:
    many = tuple(f"person{number}@example.com" for number in range(1000))
    addresses = ("a@example.com, b@victim.example", "c@victim.example", "Me <d@example.com>", "e", *many)
    stored = hub.receivers.webhooks.get(webhook.id)
    assert stored is not None
    old = stored.webhook.model_copy(update={"errors_email": "f@VICTIM.example", "error_emails": addresses})
    hub.receivers.webhooks.update(stored, replace(stored, webhook=old))
    receiver.behave(answers(410))
    attempt(hub, webhook)
    assert [people(mail) for mail in graph.mails] == [list(many[:20])]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (
            "Your mailbox is full - verify at https://evil.example",
            "Your mailbox is full - verify at https evil example",
        ),
        ('A "quoted" <b>name</b>\r\nBcc: you@victim.example', "A quoted b name b Bcc you victim example"),
        ("from \u202egnissam\u202c right to left", "from gnissam right to left"),
        ("n" * 400, "n" * 59 + "…"),
        ("Née 例 (2)", "Née 例 (2)"),
    ],
)
def test_the_name_of_a_webhook_is_short_in_a_mail_and_nothing_to_click(
    hub: Hub, receiver: Receiver, graph: FakeGraph, name: str, shown: str
) -> None:
    registration = register(hub, receiver.url, **{**PEOPLE, "Name": name})
    receiver.behave(answers(410))
    attempt(hub, registration)
    (mail,) = graph.mails
    assert mail["subject"] == f'Webhook "{shown}" was disabled'
    assert f'The webhook "{shown}" (id' in str(mail["body"])
    assert "//" not in str(mail)


def test_what_disables_a_webhook_is_as_far_from_the_first_event_as_its_signal(
    hub: Hub, webhook: Registration, receiver: Receiver, connection_string: str
) -> None:
    receiver.behave(answers(410))
    attempt(hub, webhook, replace(new_event(), hops=3))
    assert [event.hops for event in signals(hub, connection_string, webhook)] == [3]


def test_who_disables_it_and_is_killed_at_any_call_has_signalled_it_once_it_is_disabled(
    new_account: Callable[[], str], receiver: Receiver
) -> None:
    kept = 0
    for calls in range(20):
        account = new_account()
        with SteppingTransport() as stepping:
            hub, other = delivering_hub(account, stepping), delivering_hub(account)
            webhook = stored(other, register(other, receiver.url).id)
            gone = Attempt(datetime.now(UTC), timedelta(0), 410, "http", "")
            disable = partial(hub.receivers.worker.progress.disabler.disable_webhook, webhook, new_event(), gone)
            stepping.run(["disable"] * calls, {"disable": disable})
            row = other.storage.table("webhooks").get("webhook", f"{webhook.id:010d}")
            assert row is not None
            is_disabled = row["State"] == "TooManyErrors"
            is_kept = bool(row.get("Signals"))
            kept += is_kept
            if is_kept:
                assert other.storage.queue(WAKEUPS_QUEUE).count() == 1
            other.receivers.waker.work(WakeUp(webhook_id=webhook.id).as_text().encode())
            assert len(signals(other, account, webhook)) == is_disabled
        if is_disabled and not is_kept:
            break
    assert kept >= 3


def test_a_webhook_that_somebody_saves_meanwhile_is_not_said_to_be_disabled(
    hub: Hub, webhook: Registration, connection_string: str
) -> None:
    before = stored(hub, webhook.id)
    save(hub, webhook.id, Description="its receiver is being mended")
    gone = Attempt(datetime.now(UTC), timedelta(0), 410, "http", "")
    assert not hub.receivers.worker.progress.disabler.disable_webhook(before, new_event(), gone)
    assert (current(hub, webhook), signals(hub, connection_string, webhook)) == (WebhookState.ACTIVE, [])


@pytest.mark.parametrize(
    ("members", "mails"),
    [
        ({}, 1),
        ({"NotifyVia": "Email"}, 1),
        ({"NotifyVia": "Email, InApp"}, 1),
        ({"NotifyVia": "InApp"}, 0),
        ({"NotifyWhen": "FirstFailure"}, 1),
        ({"NotifyWhen": "Disabling"}, 1),
    ],
)
def test_a_disabled_webhook_is_mailed_unless_its_people_want_no_mail(
    hub: Hub, receiver: Receiver, graph: FakeGraph, members: dict[str, str], mails: int
) -> None:
    registration = register(hub, receiver.url, **PEOPLE, **members)
    receiver.behave(answers(410))
    attempt(hub, registration)
    assert (current(hub, registration), len(graph.mails)) == (WebhookState.TOO_MANY_ERRORS, mails)
