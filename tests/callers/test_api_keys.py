import string
from datetime import UTC, datetime, timedelta

import pytest

from shared.callers.api_keys import API_KEYS_TABLE, ApiKeys, new_key
from shared.errors import StorageDown
from shared.hub.hub import Hub
from shared.storage.query import Query
from tests.support.cases import holds_for
from tests.support.transport import Fault, JournalTransport

USER = "manager@hub.example"


@pytest.fixture
def api_keys(hub: Hub) -> ApiKeys:
    return hub.api_keys


def test_an_issued_key_is_its_users(api_keys: ApiKeys) -> None:
    key, _ = api_keys.issue(USER)
    assert api_keys.user_of(key) == USER


def test_a_user_has_one_spelling(api_keys: ApiKeys) -> None:
    key, issued = api_keys.issue("  Manager@HUB.example ")
    assert (api_keys.user_of(key), issued.user) == (USER, USER)


@pytest.mark.parametrize("key", ["", "x", "hub_", "ä", "\udc80", "a" * 10_000])
def test_an_unknown_key_is_nobodys(api_keys: ApiKeys, key: str) -> None:
    api_keys.issue(USER)
    assert api_keys.user_of(key) is None


def test_a_changed_key_is_nobodys(api_keys: ApiKeys) -> None:
    key, _ = api_keys.issue(USER)
    changed = key[:-1] + ("A" if key[-1] != "A" else "B")
    assert [api_keys.user_of(other) for other in (changed, key.upper(), f"{key} ", key[:-1])] == [None] * 4


def test_a_revoked_key_is_nobodys_and_the_others_stay(api_keys: ApiKeys) -> None:
    (key, issued), (other, _) = api_keys.issue(USER), api_keys.issue(USER)
    assert api_keys.revoke(f" {issued.id.upper()} ")
    assert (api_keys.user_of(key), api_keys.user_of(other)) == (None, USER)


@pytest.mark.parametrize("id_", ["", "nothing", "%", "' or true"])
def test_revoking_an_unknown_id_says_so_and_revokes_nothing(api_keys: ApiKeys, id_: str) -> None:
    key, _ = api_keys.issue(USER)
    assert not api_keys.revoke(id_)
    assert api_keys.user_of(key) == USER


def test_keys_are_listed_with_all_but_themselves(api_keys: ApiKeys) -> None:
    key, issued = api_keys.issue(USER, note="for the nightly job")
    [listed] = api_keys.list()
    assert (listed.id, listed.user, listed.note) == (issued.id, USER, "for the nightly job")
    assert listed.issued_at
    assert abs(listed.issued_at - datetime.now(UTC)) < timedelta(hours=1)
    assert key not in repr(listed)


def test_the_key_is_nowhere_in_storage(hub: Hub) -> None:
    key, _ = hub.api_keys.issue(USER)
    rows = list(hub.storage.table(API_KEYS_TABLE).query(Query()))
    assert len(rows) == 1
    assert key not in str(rows)
    assert key.removeprefix("hub_") not in str(rows)


def test_a_key_can_be_registered_again_after_storage_was_wiped(api_keys: ApiKeys) -> None:
    key = new_key()
    assert api_keys.register(key, USER).id == api_keys.register(key, USER, note="again").id
    assert api_keys.user_of(key) == USER
    assert [issued.note for issued in api_keys.list()] == ["again"]


def test_no_two_keys_are_the_same_and_each_is_long() -> None:
    keys = {new_key() for _ in range(1000)}
    assert len(keys) == 1000
    assert all(key.startswith("hub_") and len(key) >= 4 + 43 for key in keys)


def test_a_key_can_stand_in_a_header_as_it_is() -> None:
    # Commas join headers, a colon ends the user in Basic, and two dots make a token.
    characters = set("".join(new_key() for _ in range(100)))
    assert characters <= set(string.ascii_letters + string.digits + "-_")


def test_asking_is_one_transaction(api_keys: ApiKeys, transport: JournalTransport) -> None:
    api_keys.user_of(new_key())
    assert transport.summary == ["GET apikeys"]


@holds_for(
    "key",
    [
        "",
        "x",
        "hub_",
        "hub_" + "A" * 42,
        "hub_" + "A" * 44,
        "HUB_" + "A" * 43,
        "hub-" + "A" * 43,
        "A" * 47,
        "hub_" + "A" * 42 + "+",
        "hub_" + "A" * 42 + "é",
        "hub_" + "A" * 42 + "\n",
        "hub_" + "A" * 43 + "\n",
        " hub_" + "A" * 43,
        "hub_" + "٣" * 43,
        "a" * 19_000,
    ],
)
def test_what_has_not_the_form_of_a_key_costs_no_transaction(
    api_keys: ApiKeys, transport: JournalTransport, key: str
) -> None:
    assert api_keys.user_of(key) is None
    assert transport.calls == []


def test_every_new_key_has_the_form_of_one(api_keys: ApiKeys, transport: JournalTransport) -> None:
    for _ in range(50):
        transport.forget()
        api_keys.user_of(new_key())
        assert transport.summary == ["GET apikeys"]


def test_an_outage_is_not_an_unknown_key(api_keys: ApiKeys, transport: JournalTransport) -> None:
    transport.fail(1, Fault.BEFORE)
    with pytest.raises(StorageDown):
        api_keys.user_of(new_key())
