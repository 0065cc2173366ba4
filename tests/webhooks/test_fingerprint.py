"""The fingerprint of what was tested: nobody finds a secret with it, and older ones still count."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.storage.sealed import Sealer
from shared.webhooks.fingerprint import Fingerprints
from tests.webhooks.registered import webhook

OLD, NEW = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))
HOOK = webhook("a.b", Headers={"X-B": "2", "X-A": "1"})


def sealer(*keys: str) -> Sealer:
    return Sealer(SecretStr(",".join(keys)))


def plain(secret: str | None) -> str:
    """As version 0.1.0 wrote it at first."""
    proved = ["webhook", "https://receiver.example/", secret, [["X-A", "1"], ["X-B", "2"]]]
    return hashlib.sha256(json.dumps(proved).encode()).hexdigest()


def test_it_is_keyed_and_cannot_be_found_by_trying() -> None:
    prints = Fingerprints(HOOK, "hunter2", sealer(NEW))
    assert prints.current.startswith("hmac:")
    assert plain("hunter2") not in prints.current
    assert prints.current != Fingerprints(HOOK, "hunter2", sealer(OLD)).current


def test_one_of_the_plain_form_and_one_by_any_key_still_count() -> None:
    prints = Fingerprints(HOOK, "hunter2", sealer(NEW, OLD))
    by_old, by_new = (Fingerprints(HOOK, "hunter2", sealer(key)).current for key in (OLD, NEW))
    assert [prints.has(stored) for stored in (plain("hunter2"), by_old, by_new)] == [True, True, True]
    assert prints.current == by_new
    for stored in (plain("hunter3"), plain(None), "", Fingerprints(HOOK, "hunter3", sealer(NEW)).current):
        assert not prints.has(stored)


@pytest.mark.parametrize("keys", [(), ("short",)])
def test_without_a_key_there_are_no_secrets_and_it_is_plain(keys: tuple[str, ...]) -> None:
    assert Fingerprints(HOOK, None, sealer(*keys)).current == plain(None)


@pytest.mark.parametrize(
    "other",
    [
        webhook("a.b", Headers={"X-B": "2", "X-A": "3"}),
        webhook("a.b", Headers={"X-B": "2", "X-A": "1"}, Type="cloudevents"),
        webhook("a.b", Headers={"X-B": "2", "X-A": "1"}, TargetUrl="https://receiver.example/2"),
    ],
)
def test_what_is_new_to_the_receiver_has_another(other: object) -> None:
    prints = Fingerprints(HOOK, "s", sealer(NEW))
    assert not prints.has(Fingerprints(other, "s", sealer(NEW)).current)  # type: ignore[arg-type] # a webhook


@given(message=st.binary(), purposes=st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_a_digest_for_one_purpose_is_none_for_another(message: bytes, purposes: list[str]) -> None:
    first, second = (sealer(NEW).marks(purpose, message) for purpose in purposes)
    assert first != second
    assert first == sealer(NEW).marks(purposes[0], message)
