"""Connections that are stored already."""

from datetime import UTC, datetime

from shared.arcgis.client import ArcGisToken
from shared.arcgis.consent import Consent, Consents
from shared.arcgis.operations import new_connection_id
from shared.arcgis.webhook_connection import WebhookConnection, Workflow
from shared.hub.hub import Hub
from shared.storage.sealed import Sealer
from tests.arcgis.samples import SECRET
from tests.fakes.arcgis_portal import ORG
from tests.support.arcgis import WORKFLOW_ITEM

WORKFLOW = Workflow(ORG, WORKFLOW_ITEM)
NOW = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)


def store(
    hub: Hub, item_id: str = "item", *, username: str = "megan", enabled: bool = True, service: str | None = None
) -> WebhookConnection:
    """A connection without a managed webhook."""
    connection = WebhookConnection(
        workflow=WORKFLOW,
        id=new_connection_id(),
        name="My connection",
        item_id=item_id,
        webhook_type="FeatureService",
        sealed_secret=hub.sealer.seal(SECRET),
        enabled=enabled,
        username=username,
        fallback_username=None,
        created=NOW,
        updated=NOW,
        updated_by=username,
        service=service,
    )
    hub.arcgis.connections.create(connection)
    return connection


def consents(hub: Hub) -> Consents:
    """The table of consents."""
    return Consents(hub.storage, Sealer(hub.settings.secrets_key), hub.arcgis.connections)


def consent(hub: Hub, username: str, token: str) -> None:
    """Store a user's consent."""
    consents(hub).put(WORKFLOW, Consent(username, ArcGisToken(token), NOW))
