"""What is stored of a webhook holds no secret in clear, and opens to what was given."""

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.errors import BadRequest, Misconfigured
from shared.secret_mask import SECRET_MASK
from shared.storage.sealed import Sealer
from shared.webhooks.registration import Registration
from shared.webhooks.sealing import Wanted, known_secrets, opened_webhook, sealed_webhook, wanted_webhook
from shared.webhooks.webhook import WebhookInput
from tests.webhooks.registered import NOW, registration, webhook

SEALER = Sealer(SecretStr(Fernet.generate_key().decode()))
GIVEN = webhook("a.b", Secret="signing", Headers={"Authorization": "Bearer t", "X-Tenant": "7"}, Properties={"n": 1})


def stored(given: WebhookInput = GIVEN) -> Registration:
    document, values = sealed_webhook(Wanted(given), SEALER)
    secret = SEALER.seal(given.secret) if given.secret else None
    return replace(registration(1, "a.b"), webhook=document, sealed_values=values, sealed_secret=secret)


def test_what_is_stored_has_masks_and_no_secret() -> None:
    found = stored()
    assert found.webhook.headers == {"Authorization": SECRET_MASK, "X-Tenant": "7"}
    assert found.webhook.secret is None
    assert "Bearer t" not in repr(found)


def test_it_opens_to_what_was_given_but_for_the_secret_that_is_sealed_on_its_own() -> None:
    assert opened_webhook(stored(), SEALER) == GIVEN.model_copy(update={"secret": None})
    assert sorted(known_secrets(stored(), SEALER, NOW)) == ["Bearer t", "signing"]


def test_without_secret_values_nothing_is_sealed() -> None:
    assert sealed_webhook(Wanted(webhook("a.b", Secret="s")), Sealer(None)) == (webhook("a.b"), None)


def test_a_new_secret_value_needs_a_key() -> None:
    with pytest.raises(Misconfigured):
        sealed_webhook(Wanted(GIVEN), Sealer(None))


def test_a_secret_that_the_first_version_stored_in_clear_stays_without_a_key() -> None:
    old = Wanted(GIVEN, kept=(("Headers", "Authorization"),))
    assert sealed_webhook(old, Sealer(None)) == (GIVEN.model_copy(update={"secret": None}), None)


def test_a_mask_that_comes_back_keeps_what_is_stored() -> None:
    shown = stored().webhook
    wanted = wanted_webhook(shown, stored(), SEALER)
    assert wanted.webhook.headers == GIVEN.headers
    assert (wanted.kept, wanted.new) == ((("Headers", "Authorization"),), {})


@pytest.mark.parametrize(
    ("members", "pointer", "phrase"),
    [
        ({"Headers": {"X-Key": SECRET_MASK}}, "#/Headers/X-Key", "Headers/X-Key must be the value itself: none is"),
        ({"Headers": {"X-Key": "Bearer ***"}}, None, None),
        ({"Headers": {"X-Key": "****"}}, "#/Headers/X-Key", "Headers/X-Key must be the value itself, but looks like"),
        ({"SealedHeaders": ["X-None"]}, "#/SealedHeaders", "SealedHeaders must name headers and properties: none has"),
    ],
)
def test_a_mask_of_nothing_and_what_looks_like_one_are_refused(
    members: dict[str, object], pointer: str | None, phrase: str | None
) -> None:
    given = webhook("a.b", **members)
    if pointer is None:
        assert wanted_webhook(given, None, SEALER).webhook == given
        return
    with pytest.raises(BadRequest) as refusal:
        wanted_webhook(given, None, SEALER)
    [error] = refusal.value.errors
    assert (error.pointer, error.detail.startswith(phrase or "?")) == (pointer, True)
