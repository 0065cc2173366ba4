"""`webhooks reseal`: everything is sealed by the first key, whoever wrote it, and nothing else changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.hub.hub import Hub
from shared.storage.sealed import Sealer
from shared.storage.tables import MAX_TRIES
from shared.webhooks.registration import OldSecret, Registration
from shared.webhooks.reseal import ResealResult, reseal_all
from shared.webhooks.sealing import opened_webhook
from tests.fakes.receiver import Receiver
from tests.support.delivering import delivering_hub, register, save
from tests.support.previous_version import HEADER, ID, SECRETS, store, stored_row
from tests.support.stepping import InterruptedTransport
from tests.webhooks.registered import read, save_back, stored

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
TOKENS = {"Headers": {"Authorization": HEADER}, "Properties": {"nested": {"token": "INNERSECRET"}}}
_KEY_OF_THE_TESTS = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def run(hub: Hub) -> ResealResult:
    return reseal_all(hub.receivers.webhooks, hub.sealer)


def by_new_key_alone(registration: Registration) -> list[str]:
    """All that is sealed, opened by the new key."""
    sealer = Sealer(SecretStr(NEW))
    sealed = [registration.sealed_secret, *(old.sealed for old in registration.old_secrets), registration.sealed_values]
    return [sealer.open(one) for one in sealed if one is not None]


def test_what_another_key_sealed_is_sealed_by_the_first_and_the_old_key_can_go(
    connection_string: str, receiver: Receiver
) -> None:
    old = delivering_hub(connection_string, SECRETS_KEY=OLD)
    made = save(old, register(old, receiver.url, Secret="FIRST", **TOKENS).id, Secret="SECOND")
    hub = delivering_hub(connection_string, SECRETS_KEY=f"{NEW},{OLD}")
    before = read(hub, made.id)
    assert run(hub) == ResealResult(webhooks=1, resealed=1)
    after = stored(hub, made.id)
    assert by_new_key_alone(after)[:2] == ["SECOND", "FIRST"]
    assert (read(hub, made.id), after.revision) == (before, made.revision)
    assert run(hub) == ResealResult(webhooks=1, resealed=0)
    alone = delivering_hub(connection_string, SECRETS_KEY=NEW)
    assert opened_webhook(stored(alone, made.id), alone.sealer).headers == TOKENS["Headers"]
    receiver.journal.clear()
    # Its fingerprint is known to the new key too, so nothing is tested again.
    save_back(alone, made.id, Name="Other")
    assert receiver.journal == []


def test_what_the_previous_version_left_in_clear_is_sealed(connection_string: str, receiver: Receiver) -> None:
    hub = delivering_hub(connection_string, SECRETS_KEY=f"{NEW},{_KEY_OF_THE_TESTS}")
    store(hub, receiver.url)
    before = read(hub, ID)
    assert run(hub) == ResealResult(webhooks=1, resealed=1)
    row = stored_row(hub)
    assert [secret for secret in SECRETS if secret in str(row)] == []
    assert (read(hub, ID), str(row["Tested"])[:5], row["Revision"]) == (before, "hmac:", 1)
    assert run(hub) == ResealResult(webhooks=1, resealed=0)
    save_back(hub, ID, Name="Other")
    assert receiver.journal == []


def test_what_cannot_be_done_is_told_and_the_rest_is_done(connection_string: str, receiver: Receiver) -> None:
    lost = register(delivering_hub(connection_string, SECRETS_KEY=OLD), receiver.url, **TOKENS)
    plain = register(delivering_hub(connection_string, SECRETS_KEY=""), receiver.url)
    hub = delivering_hub(connection_string, SECRETS_KEY=f"{NEW},{_KEY_OF_THE_TESTS}")
    store(hub, receiver.url)
    before = stored(hub, lost.id)
    done = run(hub)
    # That of the webhook without secrets was plain: a key makes a keyed one of it.
    assert (done.webhooks, done.resealed, [*done.failed]) == (3, 2, [lost.id])
    assert (stored(hub, lost.id), stored(hub, plain.id).tested[:5]) == (before, "hmac:")


def test_without_a_key_nothing_can_be_sealed_and_nothing_is_lost(connection_string: str, receiver: Receiver) -> None:
    hub = delivering_hub(connection_string, SECRETS_KEY="")
    store(hub, receiver.url, with_secret=False)
    before = stored_row(hub)
    done = run(hub)
    assert (done.resealed, [*done.failed]) == (0, [ID])
    assert "SECRETS_KEY" in done.failed[ID]
    assert stored_row(hub) == before


def test_masks_that_would_not_fit_are_told_and_nothing_is_lost(connection_string: str, receiver: Receiver) -> None:
    hub = delivering_hub(connection_string)
    made = register(hub, receiver.url)
    long = {"token": {str(number): 1 for number in range(2500)}}
    # As the previous version stored it.
    row = replace(stored(hub, made.id), webhook=made.webhook.model_copy(update={"properties": long}))
    hub.receivers.webhooks.rewrite(row)
    done = run(hub)
    assert [*done.failed] == [made.id]
    assert "at most 30000 characters" in done.failed[made.id]
    assert stored(hub, made.id).webhook.properties == long


@pytest.mark.parametrize("keys", [NEW, f"{NEW},{OLD}"], ids=["one key", "two keys"])
def test_there_is_nothing_to_do_for_what_is_sealed_already(
    connection_string: str, receiver: Receiver, keys: str
) -> None:
    hub = delivering_hub(connection_string, SECRETS_KEY=keys)
    register(hub, receiver.url, Secret="SECRET", **TOKENS)
    assert run(hub) == ResealResult(webhooks=1, resealed=0)


def writes_the_registration(method: str, url: str) -> bool:
    return method != "GET" and "/webhooks" in url


def interrupted_hub(connection_string: str, receiver: Receiver, times: int) -> tuple[Hub, Registration]:
    """A hub with a new key, and a webhook that somebody else saves so many times right before the hub writes it."""
    old = delivering_hub(connection_string, SECRETS_KEY=OLD)
    made = register(old, receiver.url, Secret="FIRST", **TOKENS)
    transport = InterruptedTransport()
    for number in range(times):
        transport.interrupt(writes_the_registration, partial(save_back, old, made.id, Name=f"Saved {number}"))
    return delivering_hub(connection_string, transport, SECRETS_KEY=f"{NEW},{OLD}"), made


def test_what_somebody_saves_at_that_moment_is_kept_and_sealed(connection_string: str, receiver: Receiver) -> None:
    hub, made = interrupted_hub(connection_string, receiver, times=2)
    assert run(hub) == ResealResult(webhooks=1, resealed=1)
    after = stored(hub, made.id)
    assert (after.webhook.name, by_new_key_alone(after)[0]) == ("Saved 1", "FIRST")


def test_a_webhook_that_is_saved_again_and_again_is_named(connection_string: str, receiver: Receiver) -> None:
    hub, made = interrupted_hub(connection_string, receiver, times=MAX_TRIES)
    assert run(hub) == ResealResult(
        webhooks=1, failed={made.id: "it could not be written: others changed it again and again"}
    )
    assert stored(hub, made.id).webhook.name == f"Saved {MAX_TRIES - 1}"


def test_an_old_secret_that_no_key_opens_is_left_as_it_is(connection_string: str, receiver: Receiver) -> None:
    hub = delivering_hub(connection_string, SECRETS_KEY=NEW)
    made = register(hub, receiver.url, Secret="SECRET")
    lost = OldSecret(Sealer(SecretStr(OLD)).seal("LOST"), datetime.now(UTC) + timedelta(days=1))
    hub.receivers.webhooks.rewrite(replace(stored(hub, made.id), old_secrets=(lost,)))
    assert run(hub) == ResealResult(webhooks=1, resealed=0)
    assert stored(hub, made.id).old_secrets == (lost,)
