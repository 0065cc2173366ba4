"""The delivery log over HTTP, below `/api/v1/events`: listings, one delivery with its attempts, and replay."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import azure.functions as func

from shared.api.events import find_event, page
from shared.api.parameters import parse_flag, parse_limit, parse_moment, parse_position, parse_webhook_id
from shared.audit.recording import note
from shared.clock import now
from shared.delivery.known_secrets import KnownSecrets
from shared.delivery.log import DeliveryFilter, DeliveryLog
from shared.delivery.record import DeliveryRecord, DeliveryState, summary
from shared.errors import BadRequest, NotFound
from shared.events.event import Event
from shared.events.store import EventStore
from shared.http import bounded_body, json_response
from shared.hub.hub import Hub
from shared.loops import HOPS_HEADER, request_hops
from shared.validation import bad_field, one_of
from shared.webhooks.registry import WebhookRegistry

_ACCEPTED = 202
_NO_FILTERS = frozenset({b"", b"{}", b"null"})
"""Bodies that clients send when they have nothing to say."""

_UNDONE = (DeliveryState.FAILED, DeliveryState.HELD)
# A replay of very many goes on in the next call: a request has its time limit, and a client does not wait for long.
_MAX_REPLAYS = 1000
_MAX_REPLAY_TIME = timedelta(seconds=15)


def serve_deliveries(hub: Hub, req: func.HttpRequest, segments: tuple[str, ...]) -> func.HttpResponse:
    """Answer a request for the path `segments` below `events`; raises NotFound for an unknown one, and BadRequest."""
    receivers = hub.receivers
    deliveries = Deliveries(
        hub.events,
        receivers.webhooks,
        receivers.deliveries,
        receivers.replay,
        receivers.known_secrets,
        f"{hub.settings.public_url}/api/v1/events",
    )
    match req.method.upper(), segments:
        case "GET", ("deliveries",):
            return json_response(deliveries.list(req.params))
        case "GET", (event_id, "deliveries"):
            return json_response(deliveries.list_of_event(event_id, req.params))
        case "GET", (event_id, "deliveries", webhook):
            return json_response(deliveries.show(event_id, webhook))
        case "POST", ("deliveries", "replay"):
            _require_replayable(req)
            content = deliveries.replay_all(req.params)
            return json_response(content, 200 if "count" in content else _ACCEPTED)
        case "POST", (event_id, "deliveries", webhook, "replay"):
            _require_replayable(req)
            return json_response(deliveries.replay_one(event_id, webhook), _ACCEPTED)
    raise NotFound("there is nothing at this path")


def _require_replayable(req: func.HttpRequest) -> None:
    """Raise BadRequest for a replay that a delivery led to, or that has filters in its body."""
    # The event stays the same one, so its number of hops cannot grow: the replay would lead here for ever.
    if request_hops(req.headers):
        raise bad_field(HOPS_HEADER, "must be 0: a delivery led to this request, and a replay would repeat it")
    # Filters in a body would be lost, and more replayed than was meant.
    if bounded_body(req).strip() not in _NO_FILTERS:
        raise BadRequest(
            "the body must be empty: webhook, state, since, until and dryRun go into the query", pointer="#"
        )


@dataclass(frozen=True)
class Deliveries:
    """Shows deliveries and replays them; `url` is where the Events API stands."""

    events: EventStore
    webhooks: WebhookRegistry
    log: DeliveryLog
    replay: Callable[[DeliveryRecord, Event | None], None]
    known_secrets: KnownSecrets
    url: str

    def list(self, query: Mapping[str, str]) -> dict[str, object]:
        """A page of deliveries, as `page` makes it; raises BadRequest."""
        limit, wanted = parse_limit(query), parse_filter(query)
        found = self.log.summaries(wanted, after=parse_position(query), page_size=limit + 1)
        return page(found, summary, query, limit=limit, url=f"{self.url}/deliveries")

    def list_of_event(self, event_id: str, query: Mapping[str, str]) -> dict[str, object]:
        """A page of one event's deliveries; raises NotFound or BadRequest."""
        limit, after = parse_limit(query), parse_position(query)
        event = find_event(self.events, event_id)
        found = self.log.of_event(event, after=after, page_size=limit + 1)
        return page(found, summary, query, limit=limit, url=f"{self.url}/{event.id}/deliveries")

    def show(self, event_id: str, webhook: str) -> dict[str, object]:
        """One delivery with its attempts; raises NotFound."""
        _, record = self._find(event_id, webhook)
        registration = self.webhooks.get(record.webhook_id)
        return self.known_secrets.record(registration, record).as_json(with_attempts=True)

    def replay_one(self, event_id: str, webhook: str) -> dict[str, object]:
        """Replay one delivery, whatever its state; raises NotFound, also if its webhook was removed."""
        event, record = self._find(event_id, webhook)
        if self.webhooks.get(record.webhook_id) is None:
            raise NotFound("the webhook was removed, so nothing can be replayed to it")
        self.replay(record, event)
        return {"replayed": 1}

    def replay_all(self, query: Mapping[str, str]) -> dict[str, object]:
        """Replay what passes the filters: failed and held deliveries, unless `state` names others; raises BadRequest.

        With `dryRun`, `{"count"}`. Otherwise `{"replayed", "more"}`, and where the next call goes on if there are more.
        """
        wanted, after, only_counts = parse_filter(query), parse_position(query), parse_flag(query, "dryRun")
        if wanted.webhook_id is not None:
            note(target=f"webhooks/{wanted.webhook_id}")
        is_replayed = self._is_replayed(wanted)
        if only_counts:
            rows = self.log.summaries(wanted, after=after)
            return {"count": sum(is_replayed(int(row["PartitionKey"]), DeliveryState(row["State"])) for _, row in rows)}
        started, replayed, last = now(), 0, ""
        for position, record in self.log.list(wanted, after=after):
            if not is_replayed(record.webhook_id, record.state):
                continue
            if replayed == _MAX_REPLAYS or now() - started > _MAX_REPLAY_TIME:
                # What was replayed may still pass the filters, so the next call must be told where to go on.
                return {"replayed": replayed, "more": True, "continuationToken": last}
            self.replay(record, None)
            replayed, last = replayed + 1, position.as_token()
        return {"replayed": replayed, "more": False}

    def _is_replayed(self, wanted: DeliveryFilter) -> Callable[[int, DeliveryState], bool]:
        """Tells of a delivery, by its webhook and state, whether it is to be replayed."""

        @cache
        def is_registered(webhook_id: int) -> bool:
            return self.webhooks.get(webhook_id) is not None

        return lambda webhook_id, state: (wanted.state is not None or state in _UNDONE) and is_registered(webhook_id)

    def _find(self, event_id: str, webhook: str) -> tuple[Event, DeliveryRecord]:
        event = find_event(self.events, event_id)
        webhook_id = parse_webhook_id(webhook)
        if webhook_id is None:
            raise NotFound("there is no webhook with this id")
        record = self.log.get(webhook_id, event)
        if record is None:
            raise NotFound("this event was not delivered to this webhook")
        return event, record


def parse_filter(query: Mapping[str, str]) -> DeliveryFilter:
    """The filter in `webhook`, `state`, `since` and `until`; raises BadRequest."""
    webhook, state = query.get("webhook"), query.get("state")
    webhook_id = None if webhook is None else parse_webhook_id(webhook)
    if webhook is not None and webhook_id is None:
        raise bad_field("webhook", "must be the id of a webhook")
    if state is not None and state.lower() not in set(DeliveryState):
        raise bad_field("state", one_of(list(DeliveryState)))
    return DeliveryFilter(
        webhook_id=webhook_id,
        state=None if state is None else DeliveryState(state.lower()),
        since=parse_moment(query, "since"),
        until=parse_moment(query, "until"),
    )
