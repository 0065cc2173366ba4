"""executeWebhook: a feature service proves that it may call, or tells what was edited.

See docs/arcgis.md "What a feature service sees".
"""

import json
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.layer_event import layer_event
from shared.arcgis.payload import LayerChange, decoded_form_value, parse_changes, split_form
from shared.arcgis.signature import answer_challenge, is_challenge, is_signed
from shared.arcgis.webhook_connection import WebhookConnection, Workflow
from shared.errors import BadRequest, NotFound, Unauthenticated
from shared.events.store import EventStore
from shared.storage.sealed import Sealer
from shared.storage.tables import AlreadyStored

ALL_CONNECTIONS = "all"
_CHALLENGE = 'X-EsriHook-Signature algorithm="sha256"'


class NotificationIntake:
    """Takes notifications in. `follow` names the connections whose `changesUrl` is followed; `now` is in UTC."""

    def __init__(
        self,
        registry: ConnectionRegistry,
        events: EventStore,
        sealer: Sealer,
        follow: Collection[str],
        now: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._events = events
        self._sealer = sealer
        self._follow = frozenset(follow)
        self._now = now

    def challenge(self, workflow: Workflow, id_: str, crc_token: str | None) -> dict[str, str]:
        """The answer to a challenge; raises BadRequest for one that is none, or NotFound."""
        # A plus sign that was not encoded arrives as a space.
        token = (crc_token or "").replace(" ", "+")
        if not is_challenge(token):
            raise BadRequest("crc_token: 1 to 256 characters of base64 or of a GUID are needed in the query")
        connection = self._find(workflow, id_)
        return {"response_token": answer_challenge(token, self._sealer.open(connection.sealed_secret))}

    def receive(self, workflow: Workflow, id_: str, body: bytes, signature: str | None, *, hops: int = 0) -> int:
        """Store one event a layer, and give the number of layers; 0 for a disabled connection and for a ping.

        `hops` is how many deliveries of the hub led to the request.
        Raises NotFound, Unauthenticated for a signature that is not the body's, BadRequest for what is no payload, and
        StorageDown, and then some may be stored: the same notification may come again.
        """
        connection = self._find(workflow, id_)
        content = self._signed_content(connection, body, signature)
        if not connection.enabled:
            return 0
        changes = parse_changes(content)
        for change in changes:
            self._accept(connection, change, hops)
        return len(changes)

    def _find(self, workflow: Workflow, id_: str) -> WebhookConnection:
        connection = self._registry.get(workflow, id_)
        if connection is None:
            raise NotFound("no webhook connection of this workflow item has this id")
        return connection

    def _signed_content(self, connection: WebhookConnection, body: bytes, signature: str | None) -> bytes:
        """What was signed, and nothing else may be read of the body."""
        part = split_form(body)
        given = signature or part.signature
        for sealed in filter(None, (connection.sealed_secret, connection.service_secret)):
            secret = self._sealer.open(sealed)
            if is_signed(part.content, secret, given):
                return part.content
            # Whoever encodes a form as forms are has signed the text before.
            if part.content is not body and is_signed(decoded := decoded_form_value(part.content), secret, given):
                return decoded
        raise Unauthenticated("the header x-esriHook-Signature is missing or is not this body's", challenge=_CHALLENGE)

    def _accept(self, connection: WebhookConnection, change: LayerChange, hops: int) -> None:
        follows = ALL_CONNECTIONS in self._follow or connection.id in self._follow
        event = replace(layer_event(connection, change, self._now(), follows_changes=follows), hops=hops)
        try:
            self._events.append(event, json.dumps(change.raw).encode("utf-8"))
        except AlreadyStored:
            # It came twice: the service tries again, or two of its webhooks have one connection.
            return
