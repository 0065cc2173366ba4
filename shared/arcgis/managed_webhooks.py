"""Managed webhooks: as the connection's users the hub makes, changes and removes them at the feature service."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import quote

from pydantic import SecretStr

from shared.arcgis.client import ArcGisOutage, ArcGisRefused, ArcGisRest
from shared.arcgis.consent import Consent, Consents
from shared.arcgis.portal import Portal, PortalDown
from shared.arcgis.service_address import InvalidServiceUrl
from shared.arcgis.service_webhooks import Hook, ServiceWebhooks
from shared.arcgis.token_hosts import ForeignServiceHost, TokenHosts
from shared.arcgis.webhook_connection import ManagedWebhook, WebhookConnection
from shared.deadline import deadline, remaining_seconds
from shared.errors import Unavailable
from shared.telemetry.lines import tell

# Time kept back for storing the outcome and for the answer.
_RESERVE_SECONDS = 4.0
_MAX_SECONDS = 30.0

log = logging.getLogger(__name__)


class NotManaged(Exception):
    """The service's webhook could not be made, changed or removed.

    `name` is what the answer calls the failure; None for the operation's own name. `reason` is for people to read.
    """

    def __init__(self, reason: str, name: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.name = name


class ManagedWebhooks:
    """Acts as the first user of a connection who can do it: the one it runs as, then the fallback."""

    def __init__(
        self,
        portal: Portal,
        rest: ArcGisRest,
        hosts: TokenHosts,
        consents: Consents,
        public_url: str,
        hook_key: SecretStr | None,
        now: Callable[[], datetime],
    ) -> None:
        self._portal = portal
        self._rest = rest
        self._hosts = hosts
        self._consents = consents
        self._public_url = public_url
        self._hook_key = hook_key
        self._now = now

    def save(self, connection: WebhookConnection, secret: str, change_types: Sequence[str]) -> ManagedWebhook:
        """Make the connection's webhook as the connection now is, or change the one it has; raises NotManaged."""
        hook = Hook(connection.id, self._hook_url(connection), change_types, secret, connection.enabled)
        known = connection.managed.id if connection.managed else None
        id_ = self._as_users(connection, lambda service: self._save(service, hook, known))
        return ManagedWebhook(id_, tuple(change_types), connection.enabled)

    def delete(self, connection: WebhookConnection, id_: str) -> None:
        """Remove a webhook; raises NotManaged. One that is gone already is no failure."""

        def remove(service: ServiceWebhooks) -> None:
            try:
                service.delete(id_)
            except ArcGisRefused:
                # Somebody may have removed it at the service, or the answer to an earlier call was lost.
                if id_ in service.ids_by_name().values():
                    raise

        self._as_users(connection, remove)

    def _save(self, service: ServiceWebhooks, hook: Hook, known: str | None) -> str:
        now = self._now()
        if known is not None:
            service.edit(known, hook, now)
            return known
        try:
            return service.create(hook, now)
        except (ArcGisRefused, ArcGisOutage):
            # A call whose answer was lost may have made it. No other connection has this name.
            with suppress(ArcGisRefused, ArcGisOutage):
                if (found := service.ids_by_name().get(hook.name)) is not None:
                    service.edit(found, hook, now)
                    return found
            raise

    def _as_users[T](self, connection: WebhookConnection, act: Callable[[ServiceWebhooks], T]) -> T:
        failure = NotManaged("nobody consented to manage it")
        left = remaining_seconds(at_most=_MAX_SECONDS) - _RESERVE_SECONDS
        with deadline(max(left, 0)):
            for username in connection.users:
                try:
                    consent = self._consents.get(connection.workflow, username)
                    if consent is not None:
                        return act(self._service(connection, consent))
                except NotManaged as exc:
                    failure = exc
                except ArcGisRefused as exc:
                    failure = NotManaged(_refusal(exc, username))
                except ArcGisOutage as exc:
                    failure = NotManaged(str(exc))
                except Unavailable as exc:
                    # Storage or a setting is wrong. What exactly is for the log alone.
                    _tell(connection, exc, exc.detail, logging.ERROR)
                    failure = NotManaged("the hub could not read the consent that it needs")
                _tell(connection, failure, f"as {username}: {failure.reason}", logging.WARNING)
        raise failure

    def _service(self, connection: WebhookConnection, consent: Consent) -> ServiceWebhooks:
        try:
            item = self._portal.item(connection.item_id, consent.token)
            address = self._hosts.bound_service(connection, item.url)
            return ServiceWebhooks(self._rest, address.webhooks_url, consent.token)
        except PortalDown as outage:
            raise NotManaged(outage.detail, "UnableToGetHostingServerFromPortal") from None
        except InvalidServiceUrl as invalid:
            raise NotManaged(str(invalid), "InvalidPortalItemUrl") from None
        except ForeignServiceHost as foreign:
            raise NotManaged(str(foreign), "UnableToDetermineHostingServer") from None

    def _hook_url(self, connection: WebhookConnection) -> str:
        if self._hook_key is None:
            detail = "ARCGIS_HOOK_KEY is not set, so the service would have no key for calling the hub"
            raise NotManaged(detail, "InvalidConfiguration")
        key = quote(self._hook_key.get_secret_value(), safe="")
        workflow = connection.workflow
        path = f"{workflow.org_id}/{workflow.item_id}/webhookConnections/{connection.id}/executeWebhook"
        return f"{self._public_url}/api/{path}?code={key}"


def _tell(connection: WebhookConnection, error: Exception, detail: str, level: int) -> None:
    fields = {"connection": connection.id, "error": type(error).__name__, "detail": detail}
    tell(log, "connection.failed", fields, level)


def _refusal(refusal: ArcGisRefused, username: str) -> str:
    if refusal.is_about_the_token:
        return f"the consent of {username} has lapsed"
    # At some words about tokens Esri's client stops sending its own (docs/sources/arcgis.md 8).
    reason = refusal.detail if "token" not in refusal.detail.lower() else f"error {refusal.code}"
    return f"the feature service refused {username}: {reason}"
