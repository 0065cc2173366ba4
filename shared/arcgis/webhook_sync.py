"""The feature service's webhook follows its connection, which is stored before and stays whatever the service says."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from shared.arcgis.authority import Authority
from shared.arcgis.callers import WorkflowRequest
from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.managed_webhooks import ManagedWebhooks, NotManaged
from shared.arcgis.portal import PortalDown
from shared.arcgis.webhook_connection import WebhookConnection
from shared.errors import Unavailable
from shared.storage.sealed import Sealer
from shared.storage.tables import Changed
from shared.telemetry.lines import tell

log = logging.getLogger(__name__)


class WebhookSync:
    """Has the service's webhook made, changed or removed. What fails is returned as NotManaged, and not raised."""

    def __init__(
        self, registry: ConnectionRegistry, managed: ManagedWebhooks, authority: Authority, sealer: Sealer
    ) -> None:
        self._registry = registry
        self._managed = managed
        self._authority = authority
        self._sealer = sealer

    def save(self, connection: WebhookConnection, change_types: Sequence[str]) -> NotManaged | None:
        """Make the service's webhook as the stored connection is, or change it; None if that went well.

        Nothing is raised: clients repeat a request that was answered 503, and would make the connection twice.
        """
        try:
            secret = self._sealer.open(connection.sealed_secret)
            managed = self._managed.save(connection, secret, change_types)
        except NotManaged as failure:
            return failure
        except Unavailable as outage:
            fields = {"connection": connection.id, "error": type(outage).__name__, "detail": outage.detail}
            tell(log, "connection.failed", fields, logging.ERROR)
            return NotManaged("the hub could not read the secret")
        try:
            self._registry.set_managed(connection, managed)
        except (Changed, Unavailable):
            if connection.managed is None:
                with suppress(NotManaged):
                    self._managed.delete(connection, managed.id)
            return NotManaged("the hub could not store what the service has")
        return None

    def delete(self, request: WorkflowRequest, connection: WebhookConnection) -> NotManaged | None:
        """Remove the service's webhook if the caller may manage it; None if that went well, or if there is none.

        Raises PortalDown: then nobody knows what the caller may do.
        """
        if connection.managed is None:
            return None
        try:
            service = self._authority.managed_service(request, connection.item_id, service=connection.service)
        except PortalDown:
            raise
        except Unavailable as outage:
            return NotManaged(outage.detail)
        if service is None:
            return NotManaged("the caller may not manage the webhooks of this service")
        try:
            self._managed.delete(replace(connection, service=service), connection.managed.id)
        except NotManaged as failure:
            return failure
        return None
