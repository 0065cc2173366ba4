import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from shared.clock import now
from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.errors import BadRequest, Conflict, StorageDown
from shared.hub.hub import Hub
from shared.keeping.backup import check, has_secrets_in_clear, rows_to_export
from shared.keeping.export_file import ExportedRow, export_lines
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.storage.query import Query
from shared.storage.sealed import Sealer
from shared.webhooks.rows import SIGNALS_COLUMN, WEBHOOKS_TABLE, registration_row
from shared.webhooks.signals import with_state_event
from shared.webhooks.webhook import WebhookState
from tests.keeping.exported import USER, exported, fill, registered, restored, restoring, rows, state_events
from tests.support import previous_version
from tests.support.delivering import delivering_hub
from tests.support.transport import Fault, JournalTransport
from tests.webhooks.registered import stored, webhook

EVERYTHING = {
    "roles/Relationship Manager/kim@hub.example",
    "roles/Webhook Administrator/arcgis:Megan/1",
    "organizations/3b8a3a3e-0000-4000-8000-000000000001",
    "webhooks/1",
    "webhooks/3",
    "the counter of webhook ids",
}


@pytest.fixture
def filled(new_account: Callable[[], str]) -> Hub:
    hub = delivering_hub(new_account())
    fill(hub)
    return hub


@pytest.fixture
def empty(new_account: Callable[[], str], transport: JournalTransport) -> Hub:
    return delivering_hub(new_account(), transport)


def test_an_empty_account_holds_the_same_rows_afterwards(filled: Hub, empty: Hub) -> None:
    changes = dict(restored(empty, exported(filled)))
    assert rows(empty) == rows(filled)
    assert changes.keys() > EVERYTHING
    assert (len(changes), {*changes.values()}) == (9, {"added"})


def test_what_is_sealed_is_in_the_file_as_it_is_stored(filled: Hub) -> None:
    file = b"".join(exported(filled)).decode()
    assert [text for text in ("a secret of mine", "TOKEN-OF-MEGAN", "Bearer X", "an old secret") if text in file] == []
    assert "gAAAA" in file
    assert "hub_" not in file


def test_events_deliveries_usage_and_audit_are_not_in_it(filled: Hub) -> None:
    assert {row.kind for row in rows_to_export(filled.storage)} == {
        *("roles", "apikeys", "organizations", "connections", "runas", "counter", "webhooks")
    }


def test_an_export_of_an_empty_account_changes_nothing(filled: Hub, empty: Hub) -> None:
    before = rows(filled)
    assert (restored(filled, exported(empty)), rows(filled)) == ([], before)


def test_a_second_import_changes_nothing(filled: Hub, empty: Hub) -> None:
    lines = exported(filled)
    restored(empty, lines)
    assert restored(empty, lines) == []
    assert restored(filled, lines) == []
    assert exported(empty)[1:-1] == lines[1:-1]


def test_a_dry_run_says_what_an_import_does_and_writes_nothing(
    filled: Hub, empty: Hub, transport: JournalTransport
) -> None:
    lines = exported(filled)
    said = restored(empty, lines, dry_run=True)
    assert {call.method for call in transport.calls} == {"GET"}
    assert sorted(said) == sorted(restored(empty, lines))


def test_rows_of_the_same_keys_are_replaced_and_others_stay(filled: Hub) -> None:
    lines, roles = exported(filled), TableRoles(filled.storage.table(ROLES_TABLE))
    roles.grant("kim@hub.example", "Relationship Manager", note="other")
    roles.grant("lee@hub.example", "Relationship Manager")
    first = stored(filled, 1)
    filled.receivers.webhooks.update(first, replace(first, webhook=webhook("e.f")))
    added = registered(filled)
    assert restored(filled, lines) == [
        ("roles/Relationship Manager/kim@hub.example", "replaced"),
        ("webhooks/1", "replaced"),
    ]
    assert restored(filled, lines) == []
    assert [grant.note for grant in roles.grants("Relationship Manager")] == ["Kim [boss]", ""]
    assert stored(filled, 1).webhook.events == ("a.b", "c.d")
    assert stored(filled, added.id).webhook == added.webhook


def test_the_index_follows_a_replaced_webhook(filled: Hub) -> None:
    lines, first, registry = exported(filled), stored(filled, 1), filled.receivers.webhooks
    registry.update(first, replace(first, webhook=webhook("e.f", "a.b")))
    restored(filled, lines)
    assert [registry.subscribed_to(event) for event in ("a.b", "c.d", "e.f")] == [[1, 3], [1], []]
    # The version never goes back, or the index could not be kept right.
    assert stored(filled, 1).revision > first.revision


def test_an_index_that_was_lost_is_made_again(filled: Hub) -> None:
    lines = exported(filled)
    for event, id_ in (("a.b", "0000000001"), ("c.d", "0000000001")):
        filled.storage.table("subscriptions").delete(event, id_)
    assert restored(filled, lines) == []
    assert (filled.receivers.webhooks.subscribed_to("a.b"), filled.receivers.webhooks.subscribed_to("c.d")) == (
        [1, 3],
        [1],
    )


def test_the_next_webhook_gets_a_new_id(filled: Hub, empty: Hub) -> None:
    # Before the import, so that the process remembers a counter that is out of date afterwards.
    assert empty.receivers.webhooks.next_id() == 1
    restored(empty, exported(filled))
    assert registered(empty).id == 4


def test_the_counter_never_goes_down(filled: Hub) -> None:
    lines = exported(filled)
    assert filled.receivers.webhooks.next_id() == 4
    restored(filled, lines)
    assert filled.receivers.webhooks.next_id() == 5


def test_ids_of_a_file_whose_counter_is_behind_are_not_given_out(filled: Hub, empty: Hub) -> None:
    filled.storage.table(WEBHOOKS_TABLE).delete("counter", "webhook")
    restored(empty, exported(filled))
    assert empty.receivers.webhooks.next_id() == 4


def test_the_limits_count_what_was_imported_at_once_and_do_not_hinder_it(
    filled: Hub, new_account: Callable[[], str]
) -> None:
    other = delivering_hub(new_account(), MAX_WEBHOOKS="1", MAX_WEBHOOKS_PER_CALLER="1")
    restored(other, exported(filled))
    assert [row["Count"] for row in rows(other) if "Count" in row] == [2, 2]
    with pytest.raises(Conflict, match="MAX_WEBHOOKS"):
        other.receivers.webhooks.require_room("somebody")


def test_a_webhook_that_gets_another_creator_is_counted_there(filled: Hub) -> None:
    lines, first = exported(filled), stored(filled, 1)
    registry = filled.receivers.webhooks
    registry.delete(first)
    registry.create(replace(first, revision=1, registered_by=replace(first.registered_by, id="lee@hub.example")))
    restored(filled, lines)
    assert sorted(row["Count"] for row in rows(filled) if "Count" in row) == [0, 2, 2]  # type: ignore[type-var]


def test_a_state_that_an_import_changes_is_told_as_a_save_tells_it(filled: Hub) -> None:
    lines, first = exported(filled), stored(filled, 1)
    other = replace(first, webhook=webhook("a.b", State="TooManyErrors"))
    filled.receivers.webhooks.update(first, other)
    restored(filled, lines)
    assert stored(filled, 1).webhook.state is WebhookState.ACTIVE
    [told] = state_events(filled)
    assert (told.type, told.initiator) == ("webhook1.started", USER)
    assert (now() - told.received_at).total_seconds() < 60
    assert stored(filled, 1).updated == first.updated
    assert filled.storage.queue(WAKEUPS_QUEUE).count() == 1


def test_what_waits_for_a_webhook_that_an_import_stops_is_put_away(filled: Hub) -> None:
    lines, third = exported(filled), stored(filled, 3)
    filled.receivers.webhooks.update(third, replace(third, webhook=webhook("a.b", Name="Ünï [red]")))
    restored(filled, lines)
    assert stored(filled, 3).webhook.state is WebhookState.STOPPED
    # One that watches over the save, and one that is due at once.
    assert filled.storage.queue(WAKEUPS_QUEUE).count() == 2


def test_what_is_to_be_signalled_stays_with_its_account(filled: Hub, empty: Hub) -> None:
    table = filled.storage.table(WEBHOOKS_TABLE)
    with_signal = with_state_event(stored(filled, 3), stored(filled, 3), total_calls=0, hops=0)
    table.put(registration_row(with_signal))
    lines = exported(filled)
    assert SIGNALS_COLUMN not in b"".join(lines).decode()
    restored(empty, lines)
    assert stored(empty, 3).signals == ()
    assert state_events(empty) == []


class Meddling(JournalTransport):
    """Lets somebody do something once, just before the first call of this kind."""

    def __init__(self, method: str, place: str) -> None:
        super().__init__()
        self._method, self._place = method, place
        self.meddling: list[Callable[[], object]] = []

    def send(self, request: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the class it stands for
        if self.meddling and request.method == self._method and self._place in request.url:
            self.meddling.pop()()
        return super().send(request, **kwargs)


def test_a_webhook_that_is_saved_or_deleted_at_the_same_moment_is_restored_all_the_same(
    new_account: Callable[[], str],
) -> None:
    storage = new_account()
    app = delivering_hub(storage)
    fill(app)
    lines = exported(app)

    def save(name: str) -> None:
        before = stored(app, 1)
        app.receivers.webhooks.update(before, replace(before, webhook=webhook("a.b", Name=name)))

    for meddle in (lambda: save("Saved meanwhile"), lambda: app.receivers.webhooks.delete(stored(app, 1))):
        save("Saved before")
        with Meddling("PUT", "/webhooks(") as transport:
            transport.meddling.append(meddle)
            restored(delivering_hub(storage, transport), lines)
            assert transport.meddling == []
        assert (stored(app, 1).webhook.name, app.receivers.webhooks.subscribed_to("c.d")) == ("n", [1])
        assert sorted(row["Count"] for row in rows(app) if "Count" in row)[-1] == 2  # type: ignore[type-var]


def storage_is_down() -> None:
    raise StorageDown("a fault that the test injected")


def test_what_could_not_be_signalled_yet_is_not_lost(new_account: Callable[[], str]) -> None:
    storage = new_account()
    app = delivering_hub(storage)
    fill(app)
    lines, before = exported(app), stored(app, 1)
    after = replace(before, webhook=webhook("a.b", State="TooManyErrors"), revision=before.revision + 1)
    told = with_state_event(before, after, total_calls=0, hops=0)
    app.storage.table(WEBHOOKS_TABLE).put(registration_row(told))
    with Meddling("POST", "/events/messages") as transport:
        transport.meddling.append(storage_is_down)
        restored(delivering_hub(storage, transport), lines)
    assert sorted(event.type for event in state_events(app)) == ["webhook1.errors", "webhook1.started"]


def test_what_an_import_costs(filled: Hub, empty: Hub, transport: JournalTransport) -> None:
    restored(empty, exported(filled))
    transport.forget()
    restored(empty, exported(filled))
    # 6 rows, a read each; the counter, two; two webhooks, a read each, and one for each of 3 events; the counts, 6.
    assert len(transport.calls) == 6 + 2 + 5 + 6
    registered(filled)
    transport.forget()
    restored(empty, exported(filled))
    # One webhook more: a read, its row of the index before and after, itself with its counts, which are read first (2).
    assert len(transport.calls) == 19 + (1 + 2 + 1 + 2) + 1


def test_an_outage_in_the_middle_is_mended_by_doing_it_again(
    filled: Hub, empty: Hub, transport: JournalTransport
) -> None:
    lines, number, is_done = exported(filled), 0, False
    while not is_done:
        transport.forget()
        transport.fail(number := number + 1, Fault.AFTER if number % 2 else Fault.BEFORE)
        try:
            list(restoring(empty, lines))
        except StorageDown:
            continue
        is_done = number > len(transport.calls)
    transport.forget()
    assert number > 10
    assert rows(empty) == rows(filled)


def test_a_registration_of_the_previous_version_comes_back(filled: Hub, empty: Hub) -> None:
    previous_version.store(filled, "https://receiver.example/")
    restored(empty, exported(filled))
    old, new = stored(filled, previous_version.ID), stored(empty, previous_version.ID)
    assert replace(new, etag="") == replace(old, etag="")
    assert sum(map(has_secrets_in_clear, rows_to_export(filled.storage))) == 1


@pytest.mark.parametrize("has_key", [True, False])
def test_a_file_that_secrets_key_does_not_open_is_refused(filled: Hub, has_key: bool) -> None:
    sealer = Sealer(SecretStr(Fernet.generate_key().decode()) if has_key else None)
    with pytest.raises(BadRequest, match=r"^SECRETS_KEY does not hold the key that sealed the secret of connections/"):
        check(exported(filled), sealer, now())


def sealed_by_another(text: str = "a secret") -> str:
    return Sealer(SecretStr(Fernet.generate_key().decode())).seal(text)


@pytest.mark.parametrize(
    ("table", "column", "value", "named"),
    [
        ("connections", "Secret", "SEALED", "the secret of connections/"),
        ("connections", "ServiceSecret", "SEALED", "the secret of the feature service's webhook of "),
        ("runas", "Token", "SEALED", "the token of runas/"),
        ("runas", "Token", "gÄAAA", "the token of runas/"),
        ("webhooks", "SealedSecret", "SEALED", "the Secret of webhooks/"),
        ("webhooks", "SealedValues", "SEALED", "the secret values of headers and properties of webhooks/"),
        ("webhooks", "OldSecrets", '[["SEALED", "2999-01-01T00:00:00+00:00"]]', "the replaced Secret of "),
    ],
)
def test_every_sealed_value_is_tried(filled: Hub, table: str, column: str, value: str, named: str) -> None:
    row = next(row for row in filled.storage.table(table).query(Query()) if column in row)
    filled.storage.table(table).put({**row, column: value.replace("SEALED", sealed_by_another())})
    with pytest.raises(BadRequest, match=f"^SECRETS_KEY does not hold the key that sealed {named}"):
        check(exported(filled), filled.sealer, now())


def test_a_replaced_secret_whose_time_is_over_hinders_nobody(filled: Hub) -> None:
    table = filled.storage.table(WEBHOOKS_TABLE)
    over = json.dumps([[sealed_by_another(), "2026-01-01T00:00:00+00:00"]])
    table.merge({"PartitionKey": "webhook", "RowKey": "0000000001", "OldSecrets": over})
    assert restored(filled, exported(filled)) == []


def test_a_key_behind_the_first_one_opens_a_file_too(filled: Hub, new_account: Callable[[], str]) -> None:
    keys = filled.settings.secrets_key
    assert keys is not None
    both = f"{Fernet.generate_key().decode()},{keys.get_secret_value()}"
    other = delivering_hub(new_account(), SECRETS_KEY=both)
    restored(other, exported(filled))
    assert stored(other, 1).sealed_secret == stored(filled, 1).sealed_secret


def test_a_row_that_the_hub_cannot_read_ends_an_export(filled: Hub) -> None:
    filled.storage.table("roles").put({"PartitionKey": "other", "RowKey": "x", "Secret": "hidden"})
    with pytest.raises(BadRequest) as caught:
        exported(filled)
    said = "table roles has a row that cannot be exported, other / x: it is not what the hub writes there"
    assert caught.value.detail == said


ROW = {"PartitionKey": "relationship manager", "RowKey": "kim", "User": "kim", "Role": "Relationship Manager"}


def written(*rows: ExportedRow) -> list[bytes]:
    return [*export_lines(rows, now())]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([ExportedRow("events", ROW)], "line 2 is of a kind that is not expected there"),
        (
            [ExportedRow("roles", {**ROW, "User": "lee"})],
            "line 2 is not a row of roles: it is not what the hub writes there",
        ),
        ([ExportedRow("roles", ROW)] * 2, "line 3 has the same keys as an earlier one"),
        (
            [
                ExportedRow("counter", {"PartitionKey": "counter", "RowKey": "webhook", "Last": 1}),
                ExportedRow("roles", ROW),
            ],
            "line 3 is of a kind that is not expected there",
        ),
    ],
)
def test_rows_that_no_export_has_are_refused(rows: list[ExportedRow], said: str) -> None:
    with pytest.raises(BadRequest) as caught:
        check(written(*rows), Sealer(None), now())
    assert caught.value.detail == said


def test_what_a_file_holds_is_counted(filled: Hub) -> None:
    contents = check(exported(filled), filled.sealer, now())
    assert (contents.last_id, contents.rows["roles"], contents.rows["webhooks"]) == (3, 2, 2)


def test_many_rows_come_back_side_by_side(empty: Hub) -> None:
    keys = {"PartitionKey": "relationship manager", "Role": "Relationship Manager"}
    lines = written(*(ExportedRow("roles", {**keys, "RowKey": f"u{n}", "User": f"u{n}"}) for n in range(150)))
    assert len(restored(empty, lines)) == 150
    assert len([*TableRoles(empty.storage.table(ROLES_TABLE)).grants("Relationship Manager")]) == 150
