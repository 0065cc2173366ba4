"""What can be done with webhook connections (docs/sources/arcgis.md 1.2), and what is answered to it."""

import base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from shared.arcgis.authority import Authority
from shared.arcgis.callers import ArcGisCaller, WorkflowRequest
from shared.arcgis.connection_input import ConnectionInput
from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.consent import Consents
from shared.arcgis.managed_webhooks import NotManaged
from shared.arcgis.run_as import RunAs, RunAsCheck
from shared.arcgis.update_permission import permit_update
from shared.arcgis.webhook_connection import Answer, WebhookConnection, changed_members
from shared.arcgis.webhook_sync import WebhookSync
from shared.audit.entry import with_switches
from shared.audit.recording import note
from shared.deadline import deadline, remaining_seconds
from shared.errors import Conflict, NotFound, Unavailable
from shared.secret_mask import SECRET_MASK
from shared.storage.sealed import Sealer
from shared.storage.tables import Changed
from shared.validation import bad_field

_MAX_SECONDS = 30.0
_RESERVE_SECONDS = 6.0

type Document = Mapping[str, object]


class UnknownConnection(NotFound):
    """No webhook connection has this id. Esri's reference has 400 for it, and 404 for executeWebhook alone."""

    status = 400


class ConnectionOperations:
    """Each raises BadRequest, UnknownConnection, PortalDown and StorageDown. `now` gives the current time, in UTC.

    The hub acts at a service as the users of a connection. Callers who want it to must be able to manage that service,
    or bring the users' tokens along (authority.py).
    """

    def __init__(
        self,
        registry: ConnectionRegistry,
        consents: Consents,
        run_as: RunAsCheck,
        authority: Authority,
        sync: WebhookSync,
        sealer: Sealer,
        now: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._consents = consents
        self._run_as = run_as
        self._authority = authority
        self._sync = sync
        self._sealer = sealer
        self._now = now

    def list(self, request: WorkflowRequest) -> Answer:
        """All connections of the workflow item."""
        return {"webhookConnections": [connection.as_listed() for connection in self._registry.list(request.workflow)]}

    def get(self, request: WorkflowRequest, id_: str) -> Answer:
        """One connection, with the service's webhook if the caller may manage that."""
        found = self._find(request, id_)
        return found.as_shown(with_managed_webhook=found.managed is not None and self._may_see(request, found))

    def create(self, request: WorkflowRequest, document: Document) -> Answer:
        """Store a new connection and then make its webhook, during which the service already calls the connection."""
        wanted = ConnectionInput.parse(document)
        if wanted.keeps_secret:
            raise bad_field("secret", f"must not be {SECRET_MASK}, which stands for a stored one")
        # Time is kept back for removing what was stored, should storing fail half-way.
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
        failure = self._sync.save(connection, wanted.webhook_change_types) if wanted.manage_webhook else None
        return _answer(connection, "Create", failure)

    def update(self, request: WorkflowRequest, id_: str, document: Document) -> Answer:
        """Replace a connection by the document; the service's webhook follows if `manageWebhook` says so.

        Raises also Conflict, and Forbidden if the caller may not change what the document changes.
        """
        before = self._find(request, id_)
        wanted = ConnectionInput.parse(document)
        if wanted.item_id != before.item_id:
            raise bad_field("itemId", "must be that of the existing connection: it cannot be changed")
        run_as = self._run_as.prove(request, wanted, before)
        permission = permit_update(self._authority, request, before, wanted, run_as)
        sealed_secret, service_secret = self._secrets(before, wanted)
        after = replace(
            before,
            name=wanted.connection_name,
            sealed_secret=sealed_secret,
            service_secret=service_secret,
            enabled=wanted.enabled,
            username=run_as.username,
            fallback_username=run_as.fallback_username,
            service=permission.service,
            updated=self._now(),
            updated_by=request.caller.user.id,
        )
        try:
            self._registry.replace(after, etag=before.etag)
        except Changed:
            raise Conflict(f"somebody else changed webhook connection {before.id} meanwhile") from None
        note(changed=with_switches(changed_members(before, after), {"enabled": after.enabled}))
        for consent in run_as.consents:
            if not consent.etag:
                self._consents.put(request.workflow, consent)
        self._consents.purge(request.workflow, set(before.users) - set(after.users))
        follows = wanted.manage_webhook and permission.may_act
        failure = self._sync.save(after, wanted.webhook_change_types) if follows else None
        return _answer(after, "Update", failure)

    def delete(self, request: WorkflowRequest, id_: str) -> Answer:
        """Remove a connection, and the service's webhook if the caller may manage that."""
        found = self._find(request, id_)
        failure = self._sync.delete(request, found)
        # Consents go first: whichever step fails, the same request can be made again.
        self._consents.purge(request.workflow, found.users, apart_from=found.id)
        self._registry.delete(found)
        return _answer(found, "Delete", failure)

    def _find(self, request: WorkflowRequest, id_: str) -> WebhookConnection:
        found = self._registry.get(request.workflow, id_)
        if found is None:
            raise UnknownConnection("no webhook connection of this workflow item has this id")
        return found

    def _may_see(self, request: WorkflowRequest, connection: WebhookConnection) -> bool:
        """Whether the caller is shown the service's webhook; a caller of the hub's own always is."""
        is_arcgis_user = isinstance(request.caller, ArcGisCaller)
        return not is_arcgis_user or self._authority.may_manage(request, connection.item_id)

    def _secrets(self, before: WebhookConnection, wanted: ConnectionInput) -> tuple[str, str | None]:
        """The sealed secret, and the one that the service signs with until it is told the new one."""
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
            # Esri's client repeats a create that was answered 503, so this one must leave nothing behind.
            with suppress(Unavailable):
                self._consents.purge(connection.workflow, connection.users, apart_from=connection.id)
                self._registry.delete(connection)
            raise


def _answer(connection: WebhookConnection, operation: str, failure: NotManaged | None) -> Answer:
    """What an operation answers, with status 200 even if the service's webhook could not follow."""
    if failure is None:
        return {"success": True, "connectionId": connection.id}
    message = (
        f"Webhook connection successfully {operation.lower()}d but failed to manage webhook. "
        f"The webhook will need to be managed manually for item ID {connection.item_id}"
    )
    # A failed delete has the very words of Esri's example. They need no reason: nothing is left to mend.
    name = failure.name if operation != "Delete" else None
    return {
        "success": False,
        "connectionId": connection.id,
        "message": message if operation == "Delete" else f"{message}. Reason: {failure.reason}",
        "name": name or f"FailedTo{operation}ManagedWebhook",
    }


def new_connection_id() -> str:
    """A new id: a random UUID in base64url, 22 characters."""
    return base64.urlsafe_b64encode(uuid4().bytes).rstrip(b"=").decode()
