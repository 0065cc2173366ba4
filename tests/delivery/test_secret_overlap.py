"""A webhook whose secret was changed: what its receiver gets meanwhile, and what is stored."""

import base64
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.api.superoffice.operations import entity_of
from shared.errors import BadRequest
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.webhooks.registration import Usage
from shared.webhooks.rows import WEBHOOKS_TABLE
from shared.webhooks.signing import public_key_of, superoffice_signature
from tests.fakes.receiver import Receiver, answers
from tests.fakes.server import Received
from tests.support.delivering import MANAGER, attempt, delivering_hub, register, save

FIRST, SECOND = "the first secret", "the second secret"


@pytest.fixture
def hub(connection_string: str) -> Hub:
    return delivering_hub(connection_string)


def signed_with(call: Received, *secrets: str) -> list[bool]:
    return [_is_signed_with(call, secret) for secret in secrets]


def _is_signed_with(call: Received, secret: str) -> bool:
    try:
        Webhook(f"whsec_{base64.b64encode(secret.encode()).decode()}").verify(call.body, dict(call.headers))
    except WebhookVerificationError:
        return False
    return True


def stored_text(hub: Hub) -> str:
    return str(list(hub.storage.table(WEBHOOKS_TABLE).query(Query().where("PartitionKey eq", "webhook"))))


def test_test_event_and_deliveries_are_signed_with_both_and_superoffices_way_with_the_new_one(
    hub: Hub, receiver: Receiver
) -> None:
    registration = save(hub, register(hub, receiver.url, Secret=FIRST).id, Secret=SECOND)
    attempt(hub, registration)
    first_test, second_test, delivery = receiver.journal
    assert signed_with(first_test, FIRST, SECOND) == [True, False]
    for call in (second_test, delivery):
        assert signed_with(call, FIRST, SECOND) == [True, True]
        assert [item.partition(",")[0] for item in call.headers["webhook-signature"].split(" ")] == ["v1", "v1"]
        assert call.headers["x-superoffice-signature"] == superoffice_signature(SECOND, call.body)


def test_neither_secret_is_stored_or_shown_in_clear(hub: Hub, receiver: Receiver) -> None:
    registration = save(hub, register(hub, receiver.url, Secret=FIRST).id, Secret=SECOND)
    shown = str(entity_of(registration, Usage())) + stored_text(hub) + repr(registration)
    assert [secret in shown for secret in (FIRST, SECOND)] == [False, False]
    assert len(registration.old_secrets) == 1


def test_readers_see_until_when_the_old_secret_signs(hub: Hub, receiver: Receiver) -> None:
    registration = register(hub, receiver.url, Secret=FIRST)
    assert "OldSecretUntil" not in entity_of(registration, Usage())
    replaced = save(hub, registration.id, Secret=SECOND)
    until = replaced.old_secrets[0].until
    assert entity_of(replaced, Usage())["OldSecretUntil"] == until.replace(tzinfo=None).isoformat(timespec="seconds")
    over = replace(replaced, old_secrets=(replace(replaced.old_secrets[0], until=datetime(2026, 1, 1, tzinfo=UTC)),))
    assert "OldSecretUntil" not in entity_of(over, Usage())


def test_other_saves_keep_the_overlap(hub: Hub, receiver: Receiver) -> None:
    registration = save(hub, register(hub, receiver.url, Secret=FIRST).id, Secret=SECOND)
    attempt(hub, save(hub, registration.id, Name="Another name"))
    assert signed_with(receiver.journal[-1], FIRST, SECOND) == [True, True]


def test_after_the_overlap_the_old_secret_signs_nothing_and_is_gone(connection_string: str, receiver: Receiver) -> None:
    hub = delivering_hub(connection_string, DELIVERY_SECRET_OVERLAP_SECONDS="1")
    registration = save(hub, register(hub, receiver.url, Secret=FIRST).id, Secret=SECOND)
    sealed = registration.old_secrets[0].sealed
    assert sealed in stored_text(hub)
    time.sleep(1.1)
    attempt(hub, registration)
    assert signed_with(receiver.journal[-1], FIRST, SECOND) == [False, True]
    assert sealed not in stored_text(hub)
    after = hub.receivers.webhooks.get(registration.id)
    assert after is not None
    assert (after.old_secrets, after.revision) == ((), registration.revision)


def test_an_overlap_of_0_ends_the_old_secret_at_once(connection_string: str, receiver: Receiver) -> None:
    hub = delivering_hub(connection_string, DELIVERY_SECRET_OVERLAP_SECONDS="0")
    registration = save(hub, register(hub, receiver.url, Secret=FIRST).id, Secret=SECOND)
    attempt(hub, registration)
    assert signed_with(receiver.journal[-1], FIRST, SECOND) == [False, True]


def test_an_expired_secret_does_not_keep_a_webhook_from_being_disabled(
    connection_string: str, receiver: Receiver
) -> None:
    hub = delivering_hub(connection_string, DELIVERY_SECRET_OVERLAP_SECONDS="1")
    registration = save(hub, register(hub, receiver.url, Secret=FIRST).id, Secret=SECOND)
    time.sleep(1.1)
    receiver.behave(answers(410))
    attempt(hub, registration)
    after = hub.receivers.webhooks.get(registration.id)
    assert after is not None
    assert after.webhook.state == "TooManyErrors"


def test_a_secret_that_was_removed_first_is_out_at_once(hub: Hub, receiver: Receiver) -> None:
    id_ = register(hub, receiver.url, Secret=FIRST).id
    save(hub, id_, Secret=None)
    attempt(hub, save(hub, id_, Secret=SECOND))
    assert signed_with(receiver.journal[-1], FIRST, SECOND) == [False, True]


SEED = bytes(range(32))
PRIVATE = f"whsk_{base64.b64encode(SEED).decode()}"


def test_a_private_key_signs_the_test_event_and_deliveries_and_the_old_secret_beside_it(
    hub: Hub, receiver: Receiver
) -> None:
    registration = save(hub, register(hub, receiver.url, Secret=FIRST).id, Secret=PRIVATE)
    attempt(hub, registration)
    key = Ed25519PrivateKey.from_private_bytes(SEED).public_key()
    for call in receiver.journal[1:]:
        asymmetric, symmetric = call.headers["webhook-signature"].split(" ")
        signed = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode() + call.body
        key.verify(base64.b64decode(asymmetric.removeprefix("v1a,")), signed)
        assert (signed_with(call, FIRST), symmetric[:3]) == ([True], "v1,")
        assert "x-superoffice-signature" not in call.headers
    assert PRIVATE.removeprefix("whsk_") not in stored_text(hub) + str(entity_of(registration, Usage()))


def test_the_save_that_sets_a_private_key_names_the_public_one(hub: Hub, receiver: Receiver) -> None:
    id_ = register(hub, receiver.url).id
    found = hub.receivers.webhooks.get(id_)
    assert found is not None
    saved = hub.receivers.saving.update(found, found.webhook.model_copy(update={"secret": PRIVATE}), MANAGER)
    assert saved.public_key == public_key_of(PRIVATE)
    kept = found.webhook.model_copy(update={"secret": "********", "name": "Renamed"})
    assert hub.receivers.saving.update(saved.registration, kept, MANAGER).public_key is None


def test_a_private_key_that_is_none_cannot_be_saved(hub: Hub, receiver: Receiver) -> None:
    with pytest.raises(
        BadRequest, match="Secret cannot sign: what follows whsk_ in the secret is not a key"
    ) as refusal:
        register(hub, receiver.url, Secret="whsk_c2hvcnQ=")
    assert (refusal.value.errors[0].pointer, receiver.journal) == ("#/Secret", [])
