from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, dictionaries, floats, integers, lists, none, recursive, sampled_from, text

from shared.keeping.exported_kinds import KINDS, NotOfItsKind, checked_row
from shared.webhooks.rows import SIGNALS_COLUMN, registration_row
from tests.webhooks.registered import registration

NOW = datetime(2026, 1, 31, tzinfo=UTC)
DIGEST = "0" * 64
WORKFLOW = "ORG1:0123456789abcdef0123456789abcdef"
GOOD: dict[str, dict[str, Any]] = {
    "roles": {"PartitionKey": "boss", "RowKey": "kim=2Fx", "User": "kim/x", "Role": " Boss", "Note": ""},
    "apikeys": {"PartitionKey": "apikey", "RowKey": DIGEST, "User": "kim", "Note": "n"},
    "organizations": {
        "PartitionKey": "organization",
        "RowKey": "3b8a3a3e-0000-4000-8000-000000000001",
        "FirstSeenAt": "2026-01-01T00:00:00+00:00",
    },
    # As the first version wrote it: without Service.
    "connections": {
        "PartitionKey": WORKFLOW,
        "RowKey": "A" * 22,
        "Name": "n",
        "ItemId": "i",
        "WebhookType": "FeatureService",
        "Secret": "sealed-1",
        "Enabled": True,
        "Username": "megan",
        "FallbackUsername": "",
        "Created": "2026-01-01T00:00:00+00:00",
        "Updated": "2026-01-01T00:00:00+00:00",
        "UpdatedBy": "megan",
        "ManagedWebhookId": "",
        "ChangeTypes": "[]",
        "WebhookActive": False,
        "ServiceSecret": "sealed-2",
    },
    "runas": {
        "PartitionKey": WORKFLOW,
        "RowKey": "megan",
        "Username": "megan",
        "Token": "sealed-3",
        "Referer": "",
        "Given": "2026-01-01T00:00:00+00:00",
    },
    "counter": {"PartitionKey": "counter", "RowKey": "webhook", "Last": 7},
    "webhooks": {**registration_row(registration(12, "a.b")), "SealedSecret": "sealed-4"},
}
LABELS = {
    "roles": "roles/ Boss/kim/x",
    "apikeys": "keys/000000000000/kim",
    "organizations": "organizations/3b8a3a3e-0000-4000-8000-000000000001",
    "connections": f"connections/{WORKFLOW.replace(':', '/')}/{'A' * 22}",
    "runas": f"runas/{WORKFLOW.replace(':', '/')}/megan",
    "counter": "the counter of webhook ids",
    "webhooks": "webhooks/12",
}
JSON = recursive(
    none() | booleans() | integers() | floats() | text(),
    lambda inner: lists(inner) | dictionaries(text(), inner),
    max_leaves=3,
)


def refusal(name: str, row: dict[str, Any]) -> str:
    with pytest.raises(NotOfItsKind) as caught:
        checked_row(KINDS[name], row)
    return str(caught.value)


@pytest.mark.parametrize("name", KINDS)
def test_a_row_of_the_hub_is_taken_as_it_is(name: str) -> None:
    assert checked_row(KINDS[name], GOOD[name]) == GOOD[name]


@pytest.mark.parametrize("name", KINDS)
def test_a_row_is_named_without_a_secret(name: str) -> None:
    assert KINDS[name].label(GOOD[name]) == LABELS[name]


def test_what_is_sealed_is_found() -> None:
    found = {name: [sealed for _, sealed in kind.sealed(GOOD[name], NOW)] for name, kind in KINDS.items()}
    assert {name: sealed for name, sealed in found.items() if sealed} == {
        "connections": ["sealed-1", "sealed-2"],
        "runas": ["sealed-3"],
        "webhooks": ["sealed-4"],
    }


@pytest.mark.parametrize(
    ("name", "column"), [(name, column) for name in KINDS for column in ("PartitionKey", "RowKey")]
)
def test_a_row_in_a_place_where_the_hub_has_none_is_refused(name: str, column: str) -> None:
    assert refusal(name, {**GOOD[name], column: "0000000013/x"}) == "it is not what the hub writes there"


@pytest.mark.parametrize(
    ("name", "column"),
    [
        (name, column)
        for name in KINDS
        for column in GOOD[name]
        if column not in {"Note", "Bytes", "NameKey", "State", "SealedSecret", "OldSecrets"}
    ],
)
def test_a_row_without_a_column_is_refused(name: str, column: str) -> None:
    assert refusal(name, {other: value for other, value in GOOD[name].items() if other != column})


@given(sampled_from([*KINDS]), dictionaries(text(), JSON), sampled_from([*KINDS]))
def test_nothing_but_a_refusal_comes_of_any_values(name: str, changes: dict[str, Any], other: str) -> None:
    row = {**GOOD[other], **changes}
    try:
        kept = checked_row(KINDS[name], row)
    except NotOfItsKind:
        return
    assert kept == row


@given(
    sampled_from([*KINDS]).flatmap(lambda name: sampled_from([*GOOD[name]]).map(lambda column: (name, column))), JSON
)
def test_a_column_of_any_value_is_taken_or_refused(place: tuple[str, str], value: Any) -> None:  # noqa: ANN401
    name, column = place
    try:
        kept = checked_row(KINDS[name], {**GOOD[name], column: value})
    except NotOfItsKind:
        return
    assert all(isinstance(sealed, str) for _, sealed in KINDS[name].sealed(kept, NOW))
    assert KINDS[name].label(kept)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"Note": "x" * 32_769}, "a text is too long"),
        ({"Note": 2**31}, "a value is neither a text, nor true or false, nor an integer of 32 bits"),
        ({"Note": 1.5}, "a value is neither a text, nor true or false, nor an integer of 32 bits"),
        ({"odata.etag": "x"}, "a column has a name that cannot be"),
        ({"Timestamp": "x"}, "a column has a name that cannot be"),
        ({f"C{n}": "x" * 30_000 for n in range(20)}, "it is too long"),
        ({f"C{n}": 1 for n in range(260)}, "it has too many columns"),
        ({"RowKey": 7}, "it has no keys"),
        ({"RowKey": "x" * 513}, "it has no keys"),
    ],
)
def test_what_storage_would_refuse_is_refused_before(columns: dict[str, Any], said: str) -> None:
    assert refusal("roles", {**GOOD["roles"], **columns}) == said


def test_signals_are_left_out() -> None:
    assert checked_row(KINDS["webhooks"], {**GOOD["webhooks"], SIGNALS_COLUMN: "[]"}) == GOOD["webhooks"]


@pytest.mark.parametrize(
    "columns",
    [
        {"SealedSecret": False},
        {"Tested": 1},
        {"PerMinute": "60"},
        {"PerMinute": True},
        {"RegisteredBy": '{"id": 7}'},
        {"UpdatedBy": '{"id": "kim", "is_application": 1}'},
        {"OldSecrets": '[[7, "2999-01-01T00:00:00+00:00"]]'},
        {"OldSecrets": '[["sealed", "2999-01-01T00:00:00"]]'},
    ],
)
def test_a_registration_with_a_value_of_another_type_is_refused(columns: dict[str, Any]) -> None:
    assert refusal("webhooks", {**GOOD["webhooks"], **columns}) == "it is not what the hub writes there"


def test_a_webhook_whose_id_no_counter_can_reach_is_refused() -> None:
    assert refusal("webhooks", {**GOOD["webhooks"], "RowKey": "2147483648"})
