"""What can be done with webhook connections (docs/sources/arcgis.md 1.2), and what is answered to it."""

import base64
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from shared.arcgis.authority import Authority, touched_members
from shared.arcgis.callers import ArcGisCaller, Request
from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.consent import Consents
from shared.arcgis.entity import ConnectionInput
from shared.arcgis.error_answers import PortalDown, UnknownConnection
from shared.arcgis.managed import ManagedWebhooks, NotManaged
from shared.arcgis.run_as import RunAs, RunAsCheck
from shared.arcgis.webhook_connection import (
    SECRET_MASK,
    Shown,
    WebhookConnection,
    changed_members,
)
from shared.audit.recording import note
from shared.deadline import deadline, remaining_seconds
from shared.errors import BadRequest, Conflict, Forbidden, Unavailable
from shared.storage.sealed import Sealer
from shared.storage.tables import Changed

_MAX_SECONDS = 30.0
_RESERVE_SECONDS = 6.0

log = logging.getLogger(__name__)

type Document = Mapping[str, object]


class ConnectionOperations:
    """Each raises BadRequest, UnknownConnection, Conflict and what portal and storage raise. `now` is in UTC.

    The hub acts at a service as the users of a connection; whoever has it do so must be able to manage that service, or
    bring the tokens along (authority.py).
    """

    def __init__(
        self,
        registry: ConnectionRegistry,
        consents: Consents,
        run_as: RunAsCheck,
        managed: ManagedWebhooks,
        authority: Authority,
        sealer: Sealer,
        now: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._consents = consents
        self._run_as = run_as
        self._managed = managed
        self._authority = authority
        self._sealer = sealer
        self._now = now

    def list(self, request: Request) -> Shown:
        """All connections of the workflow item."""
        return {"webhookConnections": [one.as_listed() for one in self._registry.list(request.workflow)]}

    def get(self, request: Request, id_: str) -> Shown:
        """One connection; its service webhook is shown to those who may manage it."""
        found = self._find(request, id_)
        return found.as_shown(with_managed_webhook=found.managed is not None and self._may_see(request, found))

    def create(self, request: Request, document: Document) -> Shown:
        """Store a new connection, and only then make its webhook: the service calls it while that is being made."""
        wanted = ConnectionInput.parse(document)
        if wanted.keeps_secret:
            raise BadRequest(f"secret: {SECRET_MASK} only stands for a secret that is stored", pointer="#/secret")
        # What is stored must be removable again, so time for that is kept back.
        with deadline(max(remaining_seconds(at_most=_MAX_SECONDS) - _RESERVE_SECONDS, 0)):
            run_as = self._run_as.prove(request, wanted)
        now = self._now()
        connection = WebhookConnection(
            workflow=request.workflow,
            id=new_connection_id(),
            name=wanted.connection_name,
            item_id=wanted.item_id,
            webhook_type=wanted.webhook_type,
            sealed_secret=self._sealer.seal(wanted.secret.get_secret_value()),
            enabled=wanted.enabled,
            username=run_as.username,
            fallback_username=run_as.fallback_username,
            service=run_as.service,
            created=now,
            updated=now,
            updated_by=request.caller.user.id,
        )
        self._store_new(connection, run_as)
        return self._manage(connection, wanted, "Create") if wanted.manage_webhook else _success(connection)

    def update(self, request: Request, id_: str, document: Document) -> Shown:
        """Replace a connection by the document; its service webhook follows where the document says so.

        Raises NotAllowed too, where the caller may not change what the document changes.
        """
        before = self._find(request, id_)
        wanted = ConnectionInput.parse(document)
        if wanted.item_id != before.item_id:
            raise BadRequest("itemId: this cannot be changed once the connection exists", pointer="#/itemId")
        run_as = self._run_as.prove(request, wanted, before)
        manages, service = self._require_authority(request, before, wanted, run_as)
        sealed_secret, service_secret = self._secrets(before, wanted)
        after = replace(
            before,
            name=wanted.connection_name,
            sealed_secret=sealed_secret,
            service_secret=service_secret,
            enabled=wanted.enabled,
            username=run_as.username,
            fallback_username=run_as.fallback_username,
            service=service,
            updated=self._now(),
            updated_by=request.caller.user.id,
        )
        try:
            self._registry.replace(after, etag=before.etag)
        except Changed:
            raise Conflict(f"webhook connection {before.id} was changed by somebody else meanwhile") from None
        note(changed=changed_members(before, after))
        for consent in run_as.consents:
            if not consent.etag:
                self._consents.put(request.workflow, consent)
        self._consents.purge(request.workflow, set(before.users) - set(after.users))
        return self._manage(after, wanted, "Update") if wanted.manage_webhook and manages else _success(after)

    def delete(self, request: Request, id_: str) -> Shown:
        """Remove a connection, and its service webhook where the caller may manage that."""
        found = self._find(request, id_)
        failure = self._delete_managed(request, found)
        # Consents first: whatever fails here, the same request can be made again.
        self._consents.purge(request.workflow, found.users, apart_from=found.id)
        self._registry.delete(found)
        return _success(found) if failure is None else _partial(found, "Delete", failure)

    def _find(self, request: Request, id_: str) -> WebhookConnection:
        found = self._registry.get(request.workflow, id_)
        if found is None:
            raise UnknownConnection("no webhook connection of this workflow item has this id")
        return found

    def _may_see(self, request: Request, connection: WebhookConnection) -> bool:
        """Whether the caller is shown what the hub set at the service; a caller of the hub's own always is."""
        is_arcgis_user = isinstance(request.caller, ArcGisCaller)
        return not is_arcgis_user or self._authority.may_manage(request, connection.item_id)

    def _require_authority(
        self, request: Request, before: WebhookConnection, wanted: ConnectionInput, run_as: RunAs
    ) -> tuple[bool, str | None]:
        """Whether the hub may act at the service for this update, and the service that the connection is bound to.

        Whoever brings the tokens of all its users acts as nobody else. A connection that is bound to no service yet is
        bound to the one that just agreed to a token. Raises NotAllowed where the hub may not act, and Unavailable.
        """
        touched = touched_members(before, wanted, run_as.username, run_as.fallback_username)
        if not touched and not wanted.manage_webhook:
            return False, before.service
        if run_as.is_proved:
            return True, run_as.service
        users = {*before.users, *(consent.username for consent in run_as.consents)}
        acts_as_themselves = users <= run_as.in_hand
        if acts_as_themselves and (before.service is not None or not wanted.manage_webhook):
            return True, before.service
        service = self._authority.managed_service(request, before.item_id, wanted, service=before.service)
        if service is not None or acts_as_themselves:
            return True, service
        if not touched:
            # The service's webhook is as the document wants it.
            return False, before.service
        raise Forbidden(
            f"{', '.join(touched)}: whoever changes this must be able to manage the feature service {before.item_id}, "
            "or send a userToken of somebody who can"
        )

    def _secrets(self, before: WebhookConnection, wanted: ConnectionInput) -> tuple[str, str | None]:
        """The secret, sealed, and the one that the service signs with until it is told of a new one."""
        if wanted.keeps_secret:
            return before.sealed_secret, before.service_secret
        is_with_service = before.service_secret or (before.sealed_secret if before.managed else None)
        return self._sealer.seal(wanted.secret.get_secret_value()), is_with_service

    def _store_new(self, connection: WebhookConnection, run_as: RunAs) -> None:
        try:
            self._registry.create(connection)
            for consent in run_as.consents:
                self._consents.put(connection.workflow, consent)
        except Unavailable:
            # Esri's client repeats a create that was answered 503, so nothing of it may stay behind.
            with suppress(Unavailable):
                self._consents.purge(connection.workflow, connection.users, apart_from=connection.id)
                self._registry.delete(connection)
            raise

    def _manage(self, connection: WebhookConnection, wanted: ConnectionInput, operation: str) -> Shown:
        """From here on nothing raises: the connection is stored, and an answer of 503 would have it made twice."""
        try:
            secret = self._sealer.open(connection.sealed_secret)
            managed = self._managed.save(connection, secret, wanted.webhook_change_types)
        except NotManaged as failure:
            return _partial(connection, operation, failure)
        except Unavailable as outage:
            log.error("connection %s: %s", connection.id, outage.detail)
            return _partial(connection, operation, NotManaged("the hub could not read the secret"))
        try:
            self._registry.set_managed(connection, managed)
        except (Changed, Unavailable):
            if connection.managed is None:
                with suppress(NotManaged):
                    self._managed.delete(connection, managed.id)
            return _partial(connection, operation, NotManaged("the hub could not store what the service has"))
        return _success(connection)

    def _delete_managed(self, request: Request, connection: WebhookConnection) -> NotManaged | None:
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


def _success(connection: WebhookConnection) -> Shown:
    return {"success": True, "connectionId": connection.id}


def _partial(connection: WebhookConnection, operation: str, failure: NotManaged) -> Shown:
    """What is answered, with status 200, where the connection was saved or removed and its webhook was not."""
    message = (
        f"Webhook connection successfully {operation.lower()}d but failed to manage webhook. "
        f"The webhook will need to be managed manually for item ID {connection.item_id}"
    )
    # A failed delete has the very words of Esri's example, and they need no reason: there is nothing left to mend.
    name = failure.name if operation != "Delete" else None
    return {
        "success": False,
        "connectionId": connection.id,
        "message": message if operation == "Delete" else f"{message}. Reason: {failure.reason}",
        "name": name or f"FailedTo{operation}ManagedWebhook",
    }


def new_connection_id() -> str:
    """An id that no connection has: 22 characters, a random UUID in base64url."""
    return base64.urlsafe_b64encode(uuid4().bytes).rstrip(b"=").decode()
