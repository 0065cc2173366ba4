"""Guards what a save promises: hostile receivers store nothing, and a state that changed is signalled."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography.fernet import Fernet

from shared.callers.caller import Caller
from shared.errors import BadRequest, StorageDown
from shared.hub.hub import Hub
from shared.roles.user import User
from shared.secret_mask import SECRET_MASK
from shared.settings import Settings
from shared.webhooks.listing import WebhookFilter
from shared.webhooks.webhook import WebhookState
from tests.fakes.receiver import (
    Behaviour,
    Receiver,
    answers,
    drips_its_head,
    floods_with_interim_answers,
    floods_with_its_status_line,
    hangs,
    is_a_bomb,
    redirects,
    resets_after,
    sends,
)
from tests.support.queues import announcements
from tests.support.transport import Fault, JournalTransport
from tests.webhooks.registered import stored, webhook

CALLER = Caller(User.of_account("kim@hub.example"))
# Generous, for busy machines: what is caught is a save that does not end.
AT_MOST_SECONDS = 40
HOSTILE: dict[str, Behaviour] = {
    "hangs": hangs(),
    "drips": drips_its_head(),
    "endless": floods_with_interim_answers(),
    "an endless status line": floods_with_its_status_line(),
    "redirects": redirects("http://127.0.0.1/elsewhere"),
    "closes at once": sends(b""),
    "closes in mid-reply": sends(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "resets in mid-reply": resets_after(b"HTTP/1.1 200"),
    "says no": answers(500, b"no"),
    "is gone": answers(410),
}


def hub_of(connection_string: str, transport: JournalTransport) -> Hub:
    values = {
        "AzureWebJobsStorage": connection_string,
        "SECRETS_KEY": Fernet.generate_key().decode(),
        "DELIVERY_REQUIRE_HTTPS": "false",
        "DELIVERY_ALLOWED_NETWORKS": "127.0.0.0/8",
        "DELIVERY_DEADLINE_SECONDS": "1",
    }
    return Hub.assemble(Settings.read(values), transport=transport)


@pytest.fixture
def hub(connection_string: str, transport: JournalTransport) -> Hub:
    return hub_of(connection_string, transport)


@pytest.mark.parametrize("behaviour", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_receiver_ends_in_time_and_nothing_is_stored(
    hub: Hub, receiver: Receiver, transport: JournalTransport, behaviour: Behaviour
) -> None:
    saving = hub.receivers.saving
    hub.receivers.webhooks.require_room(CALLER.user.id)
    transport.forget()
    receiver.behave(behaviour)
    started = time.monotonic()
    with pytest.raises(BadRequest, match="TargetUrl: the test event failed"):
        saving.create(webhook("a.b", TargetUrl=receiver.url, Secret="hunter2"), CALLER)
    assert time.monotonic() - started < AT_MOST_SECONDS
    assert transport.calls == []
    assert not saving.test(webhook("a.b", TargetUrl=receiver.url), None, CALLER).is_success


def test_a_bomb_is_a_success_of_bounded_size(hub: Hub, receiver: Receiver) -> None:
    receiver.behave(is_a_bomb())
    tested = hub.receivers.saving.test(webhook("a.b", TargetUrl=receiver.url), None, CALLER)
    assert tested.is_success
    assert len(tested.message) < 100_000


def test_a_failed_change_of_target_leaves_the_old_one(hub: Hub, receiver: Receiver) -> None:
    saved = hub.receivers.saving.create(webhook("a.b", TargetUrl=receiver.url), CALLER).registration
    before = stored(hub, saved.id)
    receiver.behave(answers(500))
    with pytest.raises(BadRequest):
        hub.receivers.saving.update(before, webhook("c.d", TargetUrl=f"{receiver.url}/new"), CALLER)
    assert stored(hub, saved.id) == before
    assert hub.receivers.webhooks.subscribed_to("c.d") == []


@pytest.mark.parametrize(
    ("members", "is_tested"),
    [
        ({}, False),
        ({"Name": "other", "Description": "d", "Properties": {"p": 1}}, False),
        ({"State": "Stopped"}, False),
        ({"Secret": "another"}, True),
        ({"Secret": None}, True),
        ({"Headers": {"X-A": "1"}}, True),
        ({"TargetUrl": "/other"}, True),
        ({"TargetUrl": "/other", "State": "Stopped"}, False),
    ],
)
def test_an_update_tests_what_is_new_to_the_receiver(
    hub: Hub, receiver: Receiver, members: dict[str, object], is_tested: bool
) -> None:
    target = {"TargetUrl": f"{receiver.url}/hook", "Secret": "secret"}
    saved = hub.receivers.saving.create(webhook("a.b", **target), CALLER).registration
    if "TargetUrl" in members:
        members = members | {"TargetUrl": f"{receiver.url}{members['TargetUrl']}"}
    given = target | {"Secret": SECRET_MASK} | members
    hub.receivers.saving.update(stored(hub, saved.id), webhook("a.b", **given), CALLER)
    assert len(receiver.journal) == 1 + is_tested


def test_a_webhook_that_was_stopped_is_tested_before_it_is_active_for_the_first_time(
    hub: Hub, receiver: Receiver
) -> None:
    saved = hub.receivers.saving.create(webhook("a.b", TargetUrl=receiver.url, State="Stopped"), CALLER).registration
    assert receiver.connections == 0
    hub.receivers.saving.update(stored(hub, saved.id), webhook("a.b", TargetUrl=receiver.url), CALLER)
    assert len(receiver.journal) == 1


def test_no_secret_is_in_a_row_nor_in_what_a_registration_says(hub: Hub, receiver: Receiver) -> None:
    saved = hub.receivers.saving.create(webhook("a.b", TargetUrl=receiver.url, Secret="hunter2"), CALLER)
    row = hub.storage.table("webhooks").get("webhook", f"{saved.registration.id:010d}")
    assert row is not None
    assert saved.new_secret == "hunter2"
    assert "hunter2" not in str(row)
    assert "hunter2" not in repr(saved.registration)


@pytest.mark.parametrize("fault", list(Fault))
def test_whichever_call_fails_a_state_that_was_stored_is_signalled_once_and_its_errors_are_forgotten(
    new_account: Callable[[], str], receiver: Receiver, fault: Fault
) -> None:
    for number in range(1, 60):
        account = new_account()
        with JournalTransport() as transport:
            hub = hub_of(account, transport)
            saving = hub.receivers.saving
            id_ = saving.create(webhook("a.b", TargetUrl=receiver.url, State="Stopped"), CALLER).registration.id
            before = stored(hub, id_)
            transport.forget()
            transport.fail(number, fault)
            with suppress(StorageDown):
                saving.update(before, webhook("a.b", TargetUrl=receiver.url), CALLER)
            failed = number <= len(transport.calls)
            transport.forget()
            if failed:
                # As a client does after a 503.
                saving.update(stored(hub, id_), webhook("a.b", TargetUrl=receiver.url), CALLER)
            assert stored(hub, id_).webhook.state is WebhookState.ACTIVE
            signalled = {
                event.type for one in announcements(account) if (event := hub.events.get(one.event_id)) is not None
            }
            assert signalled == {f"webhook{id_}.started"}
        if not failed:
            return
    pytest.fail("the save never came to its end")


def test_nothing_is_listed_after_a_refusal(hub: Hub) -> None:
    with pytest.raises(BadRequest, match="rule: address"):
        hub.receivers.saving.create(webhook("a.b", TargetUrl="http://10.0.0.1/"), CALLER)
    assert list(hub.receivers.webhooks.list(WebhookFilter())) == []
