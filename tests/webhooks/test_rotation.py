"""Secrets that were replaced sign on for a while."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.errors import Misconfigured
from shared.storage.sealed import Sealer
from shared.webhooks.registration import OldSecret, Registration
from shared.webhooks.rotation import old_secrets_at, old_secrets_beside, signing_secrets
from tests.api.superoffice.samples import registered

NOW = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
A_DAY = timedelta(days=1)
SEALER = Sealer(SecretStr(Fernet.generate_key().decode()))
OTHER_SEALER = Sealer(SecretStr(Fernet.generate_key().decode()))


def having(secret: str | None, *old: OldSecret) -> Registration:
    return replace(registered(), sealed_secret=SEALER.seal(secret) if secret else None, old_secrets=old)


def changed(before: Registration, secret: str, now: datetime = NOW, overlap: timedelta = A_DAY) -> Registration:
    old = old_secrets_beside(secret, before, SEALER, now, overlap)
    return replace(before, sealed_secret=SEALER.seal(secret), old_secrets=old)


def test_a_replaced_secret_signs_besides_the_new_one_until_its_time_is_over() -> None:
    after = changed(having("first"), "second")
    assert signing_secrets(after, SEALER, NOW) == ["second", "first"]
    assert signing_secrets(after, SEALER, NOW + A_DAY - timedelta(seconds=1)) == ["second", "first"]
    assert signing_secrets(after, SEALER, NOW + A_DAY) == ["second"]
    assert old_secrets_at(NOW + A_DAY, after) == ()


def test_each_has_its_own_time_and_the_newest_come_first() -> None:
    after = changed(changed(having("first"), "second"), "third", NOW + A_DAY / 2)
    assert signing_secrets(after, SEALER, NOW + A_DAY / 2) == ["third", "second", "first"]
    assert signing_secrets(after, SEALER, NOW + A_DAY) == ["third", "second"]


def test_five_are_kept_at_most() -> None:
    registration = having("0")
    for number in range(1, 9):
        registration = changed(registration, str(number))
    assert signing_secrets(registration, SEALER, NOW) == list("876543")


def test_saving_the_same_secret_again_replaces_nothing() -> None:
    after = changed(changed(having("first"), "second"), "second")
    assert signing_secrets(after, SEALER, NOW) == ["second", "first"]


def test_a_secret_that_comes_back_signs_once() -> None:
    after = changed(changed(having("first"), "second"), "first")
    assert signing_secrets(after, SEALER, NOW) == ["first", "second"]


@pytest.mark.parametrize("before", [having(None), having("first")])
def test_without_an_overlap_or_a_secret_before_nothing_signs_besides(before: Registration) -> None:
    overlap = timedelta(0) if before.sealed_secret else A_DAY
    assert signing_secrets(changed(before, "second", overlap=overlap), SEALER, NOW) == ["second"]


def test_who_removes_a_secret_removes_those_before_it() -> None:
    assert old_secrets_beside(None, changed(having("first"), "second"), SEALER, NOW, A_DAY) == ()


def test_an_old_secret_that_no_key_opens_is_left_out_and_the_current_one_is_an_error() -> None:
    stranger = OldSecret(OTHER_SEALER.seal("first"), NOW + A_DAY)
    assert signing_secrets(having("second", stranger), SEALER, NOW) == ["second"]
    locked = replace(registered(), sealed_secret=OTHER_SEALER.seal("first"))
    assert old_secrets_beside("second", locked, SEALER, NOW, A_DAY) == ()
    with pytest.raises(Misconfigured):
        signing_secrets(locked, SEALER, NOW)


def test_old_secrets_sign_on_besides_one_that_replaces_none() -> None:
    old = OldSecret(SEALER.seal("first"), NOW + A_DAY)
    assert old_secrets_beside("second", having(None, old), SEALER, NOW, A_DAY) == (old,)
