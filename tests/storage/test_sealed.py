import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.errors import Misconfigured
from shared.storage.sealed import Sealer

OLD, NEW = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))


def sealer(*keys: str) -> Sealer:
    return Sealer(SecretStr(",".join(keys)))


@settings(max_examples=30)
@given(secret=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_is_opened_again_and_cannot_be_read(secret: str) -> None:
    sealed = sealer(NEW).seal(secret)
    assert sealer(NEW).open(sealed) == secret
    assert len(secret) < 4 or secret not in sealed
    assert sealer(NEW).seal(secret) != sealed


def test_the_first_key_seals_and_each_key_opens() -> None:
    sealed = sealer(OLD).seal("s")
    assert sealer(NEW, f" {OLD} ", "").open(sealed) == "s"
    assert sealer(NEW).open(sealer(NEW, OLD).seal("s")) == "s"


@pytest.mark.parametrize("change", [lambda text: text[:-5] + "AAAA=", lambda text: "", lambda text: "no token"])
def test_what_none_of_the_keys_sealed_is_a_fault_of_the_settings(change: object) -> None:
    sealed = change(sealer(NEW).seal("s"))  # type: ignore[operator]
    for text, one in ((sealed, sealer(NEW)), (sealer(OLD).seal("s"), sealer(NEW))):
        with pytest.raises(Misconfigured, match="SECRETS_KEY"):
            one.open(text)


@pytest.mark.parametrize("keys", [None, "", " , ", "short", f"{NEW},short"])
def test_keys_that_are_none_are_a_fault_of_the_settings_and_not_repeated(keys: str | None) -> None:
    with pytest.raises(Misconfigured, match="SECRETS_KEY") as refusal:
        Sealer(None if keys is None else SecretStr(keys)).seal("s")
    assert keys is None or "short" not in str(refusal.value)
    assert NEW not in str(refusal.value)
