"""Following changesUrl: the edits are read back before the event is delivered (docs/sources/arcgis.md 4.5)."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace

from shared.arcgis.client import ArcGisOutage, ArcGisRefused, ArcGisRest, ArcGisToken
from shared.arcgis.connection_registry import ConnectionRegistry
from shared.arcgis.consent import Consents
from shared.arcgis.portal import Portal
from shared.arcgis.service_address import InvalidServiceUrl, ServiceAddress
from shared.arcgis.token_hosts import ForeignServiceHost, TokenHosts
from shared.arcgis.webhook_connection import WebhookConnection, Workflow
from shared.deadline import deadline, remaining_seconds
from shared.errors import Unavailable
from shared.events.event import Event
from shared.telemetry.lines import tell

_SERVICE = "the feature service"
_MAX_SECONDS = 40.0
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 2.0, 3.0, 3.0, 5.0, 5.0)
# A row holds 32,000 characters and a message 48,000, together with the event's other values.
_MAX_CHARACTERS = 12_000
_COMPLETED = "completed"
_ENDED = frozenset({"failed", "cancelled", "canceled"})

log = logging.getLogger(__name__)


class NotFollowed(Exception):
    """The edits could not be read; the text says why."""


class ChangesCompletion:
    """Attaches `changes` to events: the edits as the first of the connection's users who can read them sees them."""

    def __init__(
        self, registry: ConnectionRegistry, consents: Consents, portal: Portal, rest: ArcGisRest, hosts: TokenHosts
    ) -> None:
        self._registry = registry
        self._consents = consents
        self._portal = portal
        self._rest = rest
        self._hosts = hosts

    def complete(self, event: Event) -> Event:
        """The event with `changes`, or with `changesError` if they could not be read; raises StorageDown.

        The event is delivered in either case.
        """
        values = event.field_values
        workflow = Workflow(str(values["orgId"]), str(values["workflowItemId"]))
        with deadline(_MAX_SECONDS):
            connection = self._registry.get(workflow, str(values["connectionId"]))
            found: Mapping[str, object]
            try:
                if connection is None:
                    raise NotFollowed("the connection is gone")
                found = {"changes": bounded_changes(self._follow(connection, str(values["changesUrl"])))}
            except NotFollowed as failure:
                tell(log, "changes.missing", {"detail": str(failure)}, logging.WARNING, event=event.id)
                found = {"changesError": str(failure)}
        return replace(event, field_values={**values, **found})

    def given_up(self, event: Event) -> Event:
        """The event as it is: it goes on without its edits."""
        return event

    def _follow(self, connection: WebhookConnection, url: str) -> object:
        reason = "nobody consented to read them"
        for username in connection.users:
            consent = self._consents.get(connection.workflow, username)
            if consent is None:
                continue
            try:
                service = self._service(connection, consent.token)
                return self._extract(service, url, consent.token)
            except ArcGisRefused as refusal:
                reason = f"the feature service or the portal refused {username} (error {refusal.code})"
            except (ArcGisOutage, InvalidServiceUrl, ForeignServiceHost) as failure:
                reason = str(failure)
            except Unavailable as outage:
                reason = outage.detail
        raise NotFollowed(reason)

    def _service(self, connection: WebhookConnection, token: ArcGisToken) -> ServiceAddress:
        return self._hosts.bound_service(connection, self._portal.item(connection.item_id, token).url)

    def _extract(self, service: ServiceAddress, url: str, token: ArcGisToken) -> object:
        """Start the extraction, wait until it ends, and return its result. Only the service itself is called."""
        started = self._get(service.changes_url(url), token)
        status_url = _address(started, "statusUrl", service)
        if status_url is None:
            # A service may answer with small changes at once.
            return started
        for pause in _PAUSES_SECONDS:
            answer = self._get(status_url, token)
            status = str(answer.get("status", "")).lower()
            if status == _COMPLETED and (result_url := _address(answer, "resultUrl", service)) is not None:
                return self._get(result_url, token)
            if status in _ENDED or pause >= remaining_seconds(at_most=_MAX_SECONDS):
                break
            time.sleep(pause)
        raise ArcGisOutage(f"{_SERVICE} did not extract the changes in time")

    def _get(self, url: str, token: ArcGisToken) -> Mapping[str, object]:
        answer = self._rest.get(_SERVICE, url, token)
        if not isinstance(answer, dict):
            raise ArcGisOutage(f"{_SERVICE} gave an unusable answer: not a JSON object")
        return answer


def bounded_changes(result: object) -> object:
    """The edits as the service returns them, or their numbers if they are too large for an event. Pure."""
    edits = result.get("edits") if isinstance(result, dict) else None
    if not isinstance(edits, list):
        raise NotFollowed(f"{_SERVICE} gave no edits")
    if len(json.dumps(edits)) <= _MAX_CHARACTERS:
        return edits
    return {"truncated": True, "counts": [_counts(edit) for edit in edits[:100] if isinstance(edit, dict)]}


def _counts(edit: Mapping[str, object]) -> dict[str, object]:
    layer_id = edit.get("id")
    kinds = [value for value in (edit.get("features"), edit.get("objectIds")) if isinstance(value, dict)]
    counts = {name: len(rows) for kind in kinds for name, rows in kind.items() if isinstance(rows, list)}
    known = ("adds", "updates", "deleteIds", "deletes")
    return {
        "id": layer_id if isinstance(layer_id, int) else None,
        **{name: counts[name] for name in known if name in counts},
    }


def _address(answer: Mapping[str, object], name: str, service: ServiceAddress) -> str | None:
    """An address in an answer; raises InvalidServiceUrl if it is not below the service that answered."""
    url = answer.get(name)
    return service.below(url) if isinstance(url, str) and url else None
