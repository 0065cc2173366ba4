"""executeWebhook: a feature service sends its challenge, or a notification that something was edited.

See docs/arcgis.md "What a feature service sees".
"""

import json
import logging
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
from shared.telemetry.lines import tell

ALL_CONNECTIONS = "all"
_CHALLENGE = 'X-EsriHook-Signature algorithm="sha256"'

log = logging.getLogger(__name__)


class NotificationIntake:
    """Accepts notifications. `follow` has the ids of connections whose `changesUrl` is followed; `now` is in UTC."""

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
        """The answer to a challenge; raises NotFound, and BadRequest if `crc_token` may not be signed."""
        # A plus sign that was not percent-encoded arrives as a space.
        token = (crc_token or "").replace(" ", "+")
        if not is_challenge(token):
            raise BadRequest("crc_token must be 1 to 256 characters of base64 or of a GUID, in the query")
        connection = self._find(workflow, id_)
        return {"response_token": answer_challenge(token, self._sealer.open(connection.sealed_secret))}

    def receive(self, workflow: Workflow, id_: str, body: bytes, signature: str | None, *, hops: int = 0) -> int:
        """Store one event for each layer, and return how many; 0 for a ping, and for a disabled connection.

        `hops` is the number of deliveries of the hub that led to the request. Raises NotFound, Unauthenticated unless
        the signature is that of the body, BadRequest for an unusable payload, and StorageDown. After that some events
        may be stored, and the same notification may come again.
        """
        connection = self._find(workflow, id_)
        content = self._signed_content(connection, body, signature)
        if not connection.enabled:
            tell(log, "event.received", {"type": None, "source": "arcgis", "outcome": "ignored"})
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
        """The part of the body that is signed: nothing else of it may be read. Raises Unauthenticated."""
        part = split_form(body)
        given = signature or part.signature
        for sealed in filter(None, (connection.sealed_secret, connection.service_secret)):
            secret = self._sealer.open(sealed)
            if is_signed(part.content, secret, given):
                return part.content
            # Senders that percent-encode the value of a form sign the JSON before they encode it.
            if part.content is not body and is_signed(decoded := decoded_form_value(part.content), secret, given):
                return decoded
        raise Unauthenticated(
            "the header x-esriHook-Signature is missing, or is not the signature of this body", challenge=_CHALLENGE
        )

    def _accept(self, connection: WebhookConnection, change: LayerChange, hops: int) -> None:
        follows = ALL_CONNECTIONS in self._follow or connection.id in self._follow
        event = replace(layer_event(connection, change, self._now(), follows_changes=follows), hops=hops)
        try:
            self._events.append(event, json.dumps(change.raw).encode("utf-8"))
        except AlreadyStored:
            # It came twice: the service tried again, or two of its webhooks name one connection.
            return
