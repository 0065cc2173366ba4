"""What tests of exports and imports begin with: an account that holds something of everything."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from shared.arcgis.webhook_connection import ManagedWebhook
from shared.clock import now
from shared.dynamics.senders import ORGANIZATIONS_TABLE
from shared.events.event import Event
from shared.events.rows import EVENTS_TABLE, parse_event
from shared.hub.hub import Hub
from shared.keeping.backup import Import, Restored, check, rows_to_export
from shared.keeping.export_file import export_lines
from shared.keeping.exported_kinds import KINDS
from shared.roles.table import ROLES_TABLE, TableRoles
from shared.storage.query import Query
from shared.webhooks.registration import Author, OldSecret, Registration
from tests.arcgis.stored import consent, store
from tests.webhooks.registered import AUTHOR, NOW, stored, webhook

LATER = datetime(2999, 1, 1, tzinfo=UTC)
USER = "command line (kim)"
ORGANIZATION = "3b8a3a3e-0000-4000-8000-000000000001"


def registered(hub: Hub, *events: str, secret: str | None = None, **members: object) -> Registration:
    """A webhook that is stored, without a test event."""
    registry = hub.receivers.webhooks
    sealed = None if secret is None else hub.sealer.seal(secret)
    made = Registration(
        registry.next_id(), webhook(*(events or ("a.b",)), **members), sealed, NOW, NOW, AUTHOR, AUTHOR, tested="hmac:x"
    )
    registry.create(made)
    return stored(hub, made.id)


def fill(hub: Hub) -> None:
    """Store something of every kind: three webhooks were made, and the second one is deleted."""
    roles = TableRoles(hub.storage.table(ROLES_TABLE))
    roles.grant("kim@hub.example", "Relationship Manager", note="Kim [boss]")
    roles.grant("arcgis:Megan/1", "Webhook Administrator")
    hub.api_keys.issue("kim@hub.example", note="laptop")
    hub.storage.table(ORGANIZATIONS_TABLE).put(
        {"PartitionKey": "organization", "RowKey": ORGANIZATION, "FirstSeenAt": "2026-01-01T00:00:00+00:00"}
    )
    connection = store(hub, username="megan", service="https://gis.example/arcgis/rest/services/x/FeatureServer")
    hub.arcgis.connections.set_managed(connection, ManagedWebhook("5", ("FeaturesUpdated",), True))
    consent(hub, "megan", "TOKEN-OF-MEGAN")
    old = OldSecret(hub.sealer.seal("an old secret of mine"), LATER)
    first = registered(hub, "a.b", "c.d", secret="a secret of mine, long enough")
    hub.receivers.webhooks.update(
        first,
        replace(
            first,
            old_secrets=(old,),
            sealed_values=hub.sealer.seal('{"Headers":{"Authorization":"Bearer X"}}'),
            webhook=webhook("a.b", "c.d", Headers={"Authorization": "********"}),
        ),
    )
    gone = registered(hub)
    registered(hub, "a.b", State="Stopped", Name="Ünï [red]")
    hub.receivers.webhooks.delete(gone)


def exported(hub: Hub) -> list[bytes]:
    """The lines of an export."""
    return [*export_lines(rows_to_export(hub.storage), now())]


def restoring(hub: Hub, lines: list[bytes], *, dry_run: bool = False) -> Iterator[Restored]:
    """What an import does, as it does it."""
    import_ = Import(hub.storage, hub.receivers.gate, Author(USER), now)
    return import_.restore(lines, check(lines, hub.sealer, now()), dry_run=dry_run)


def restored(hub: Hub, lines: list[bytes], *, dry_run: bool = False) -> list[tuple[str, str]]:
    """What an import did: each row that changed, by its label, and how."""
    done = restoring(hub, lines, dry_run=dry_run)
    return [(one.label, one.change.value) for one in done if one.change.value != "unchanged"]


def state_events(hub: Hub) -> list[Event]:
    """The events about states of webhooks that are stored."""
    found = hub.storage.table(EVENTS_TABLE).query(Query().where("Source eq", "hub"))
    return [parse_event(row) for row in found]


def rows(hub: Hub) -> list[dict[str, object]]:
    """All rows of the tables that an export reads, and the index, without their versions."""
    tables = dict.fromkeys([*(kind.table for kind in KINDS.values()), "subscriptions"])
    ignored = {"Revision", "CountedAt", "New"}
    return [
        {"Table": name, **{column: value for column, value in row.items() if column not in ignored}}
        for name in tables
        for row in hub.storage.table(name).query(Query())
    ]
