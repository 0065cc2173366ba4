"""The delivery log over HTTP, below `/api/v1/events`: listings, one delivery with its attempts, and replay."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func
from azure.data.tables import TableEntity

from shared.api.delivery_counts import count_deliveries
from shared.api.delivery_filter import FILTERS, is_by_time, parse_filter
from shared.api.events import Found, find_event, page
from shared.api.parameters import (
    parse_flag,
    parse_limit,
    parse_place,
    parse_webhook_id,
    require_known,
    token_of,
)
from shared.api.redriving import redrive_queues
from shared.audit.recording import note
from shared.delivery.by_time import DeliveriesByTime, is_place
from shared.delivery.filter import DeliveryFilter
from shared.delivery.known_secrets import KnownSecrets
from shared.delivery.log import DeliveryLog
from shared.delivery.pace.circuit import Blocked
from shared.delivery.record import DeliveryRecord, DeliveryState, new_record, row_record, summary
from shared.delivery.replaying import BulkReplay, Replay
from shared.errors import BadRequest, Conflict, NotFound
from shared.events.event import Event
from shared.events.store import EventStore, LogFilter
from shared.http import bounded_body, json_response
from shared.hub.hub import Hub
from shared.loops import HOPS_HEADER, request_hops
from shared.storage.paging import Place
from shared.storage.scan import WorkBudget
from shared.timestamps import stored_time
from shared.validation import bad_field
from shared.webhooks.registry import WebhookRegistry

_ACCEPTED = 202
_NO_FILTERS = frozenset({b"", b"{}", b"null"})
"""Bodies that clients send when they have nothing to say."""

_PAGE = ("limit", "continuationToken")
_NEVER = "this event was not delivered to this webhook"


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
        blocked=receivers.gate.blocked.read,
    )
    match req.method.upper(), segments:
        case "GET", ("deliveries",):
            return json_response(deliveries.list(req.params))
        case "GET", ("deliveries", "counts"):
            return json_response(deliveries.count(req.params))
        case "GET", (event_id, "deliveries"):
            return json_response(deliveries.list_of_event(event_id, req.params))
        case "GET", (event_id, "deliveries", webhook):
            return json_response(deliveries.show(event_id, webhook, req.params))
        case "POST", ("deliveries", "replay"):
            _require_replayable(req)
            content = deliveries.replay_all(req.params)
            return json_response(content, 200 if "count" in content else _ACCEPTED)
        case "POST", (event_id, "deliveries", webhook, "replay"):
            _require_replayable(req)
            return json_response(deliveries.replay_one(event_id, webhook, req.params), _ACCEPTED)
    raise NotFound("there is nothing at this path")


def serve_redrive(hub: Hub, req: func.HttpRequest) -> func.HttpResponse:
    """Put back what poison queues hold; raises BadRequest."""
    _require_replayable(req)
    done = redrive_queues(hub.storage, hub.receivers.gate, req.params, WorkBudget())
    return json_response(done, 200 if parse_flag(req.params, "dryRun") else _ACCEPTED)


def _require_replayable(req: func.HttpRequest) -> None:
    """Raise BadRequest for a replay that a delivery led to, or that has filters in its body."""
    # The event stays the same one, so its number of hops cannot grow: the replay would lead here for ever.
    if request_hops(req.headers):
        raise bad_field(HOPS_HEADER, "must be 0: a delivery led to this request, and a replay would repeat it")
    # Filters in a body would be lost, and more replayed than was meant.
    if bounded_body(req).strip() not in _NO_FILTERS:
        raise BadRequest("the body must be empty: filters and dryRun go into the query", pointer="#")


@dataclass(frozen=True)
class Deliveries:
    """Shows deliveries and replays them; `url` is where the Events API stands.

    `new_budget` gives what one call may do. Where it ends, the answer has a token with which the next call goes on.
    `blocked` gives the webhooks that cannot be called now: what waits for them may wait for longer than was known when
    it was parked.
    """

    events: EventStore
    webhooks: WebhookRegistry
    log: DeliveryLog
    replay: Replay
    known_secrets: KnownSecrets
    url: str
    new_budget: Callable[[], WorkBudget] = WorkBudget
    blocked: Callable[[], Mapping[int, Blocked]] = dict

    def list(self, query: Mapping[str, str]) -> dict[str, object]:
        """A page of deliveries, as `page` makes it; raises BadRequest."""
        require_known(query, (*FILTERS, "order", *_PAGE))
        limit, wanted, by_time = parse_limit(query), parse_filter(query), is_by_time(query)
        asked = ("time", wanted) if by_time else wanted
        place, budget = parse_place(query, asked), self.new_budget()
        found: Found[TableEntity]
        if by_time:
            found = self._by_time(wanted, place, budget, enough=limit + 1)
        else:
            found = self.log.summaries(wanted, place=place, budget=budget, page_size=limit + 1)
        return page(found, self._summary, query, asked, limit=limit, url=f"{self.url}/deliveries")

    def count(self, query: Mapping[str, str]) -> dict[str, object]:
        """How many deliveries are in which state; raises BadRequest."""
        return count_deliveries(self.log, query, self.new_budget())

    def list_of_event(self, event_id: str, query: Mapping[str, str]) -> dict[str, object]:
        """A page of one event's deliveries, by webhook, with `log` all attempts; raises NotFound or BadRequest."""
        require_known(query, ("log", *_PAGE))
        with_attempts, budget = parse_flag(query, "log"), self.new_budget()
        asked = ("event", event_id.lower(), with_attempts)
        limit, place = parse_limit(query), _by_time_only(parse_place(query, asked))
        event = find_event(self.events, event_id)
        budget.spend(2)
        found = DeliveriesByTime(
            self.events,
            self.log.windows(DeliveryFilter(), with_attempts=with_attempts),
            self.webhooks.ids,
            budget,
            place=place,
            enough=limit + 1,
            cost=1 if with_attempts else 0,
        ).of_event(self.events.listed_event(event))

        def with_its_attempts(row: TableEntity) -> dict[str, object]:
            budget.spend()
            return self._whole(row_record(row))

        show = with_its_attempts if with_attempts else self._summary
        return page(found, show, query, asked, limit=limit, url=f"{self.url}/{event.id}/deliveries")

    def _by_time(self, wanted: DeliveryFilter, place: Place, budget: WorkBudget, *, enough: int) -> Found[TableEntity]:
        _by_time_only(place)
        if wanted.webhook_id is not None:
            return self.log.by_time(wanted, place=place, budget=budget, enough=enough)
        return DeliveriesByTime(
            self.events,
            self.log.windows(wanted),
            self.webhooks.ids,
            budget,
            place=place,
            enough=enough,
            takes_any=wanted.takes_any,
        ).of_log(LogFilter(type=wanted.type, since=wanted.since, until=wanted.until))

    def show(self, event_id: str, webhook: str, query: Mapping[str, str]) -> dict[str, object]:
        """One delivery with its attempts; raises NotFound or BadRequest."""
        require_known(query, ())
        event, webhook_id = find_event(self.events, event_id), _webhook_id(webhook)
        record = self._stored(event, webhook_id) or self._under_way(event, webhook_id)
        if record is None:
            raise NotFound(_NEVER)
        return self._whole(record)

    def replay_one(self, event_id: str, webhook: str, query: Mapping[str, str]) -> dict[str, object]:
        """Replay one delivery, whatever its state, unless it waits for its receiver.

        Raises BadRequest, NotFound, also if its webhook was removed, and Conflict for one that waits or has not come to
        its first attempt, or whose event was forgotten.
        """
        require_known(query, ())
        event, webhook_id = find_event(self.events, event_id), _webhook_id(webhook)
        record = self._stored(event, webhook_id)
        if record is None and self._under_way(event, webhook_id):
            raise Conflict("this delivery is about to be made for the first time, without a replay")
        if record is None:
            raise NotFound(_NEVER)
        if self.webhooks.get(record.webhook_id) is None:
            raise NotFound("the webhook was removed, so nothing can be replayed to it")
        if event.forgotten:
            raise Conflict("this event was forgotten, so there is nothing left that could be delivered")
        if record.state is DeliveryState.WAITING:
            raise Conflict("this delivery waits for its receiver and is made without a replay once that is ready")
        self.replay(record)
        return {"replayed": 1}

    def replay_all(self, query: Mapping[str, str]) -> dict[str, object]:
        """Replay what passes the filters: failed and held deliveries, unless `state` names others; raises BadRequest.

        `{"replayed", "more"}`, with `dryRun` `{"count", "more"}`, and where the next call goes on if there are more.
        """
        require_known(query, (*FILTERS, "dryRun", "continuationToken"))
        wanted, only_counts = parse_filter(query), parse_flag(query, "dryRun")
        # Where a count ended, a replay has not begun.
        asked = ("count" if only_counts else "replay", wanted)
        place = parse_place(query, asked)
        if wanted.webhook_id is not None:
            note(target=f"webhooks/{wanted.webhook_id}")
        bulk = BulkReplay(self.log, self.webhooks, self.replay)
        done = (bulk.count if only_counts else bulk.replay)(wanted, place, self.new_budget())
        told: dict[str, object] = {"count" if only_counts else "replayed": done.count, "more": done.place is not None}
        return told if done.place is None else {**told, "continuationToken": token_of(done.place, asked)}

    def _whole(self, record: DeliveryRecord) -> dict[str, object]:
        """A delivery with its attempts, without secrets of its webhook: one transaction."""
        registration = self.webhooks.get(record.webhook_id)
        return self._current(self.known_secrets.record(registration, record).as_json(with_attempts=True))

    def _summary(self, row: Mapping[str, Any]) -> dict[str, object]:
        return self._current(summary(row))

    def _current(self, shown: dict[str, object]) -> dict[str, object]:
        """A delivery with the present reason and moment of its wait: one read, shared by all for a second."""
        if shown["state"] != DeliveryState.WAITING:
            return shown
        entry = self.blocked().get(int(str(shown["webhookId"])))
        until = None if entry is None else stored_time(entry.until)
        # Both are texts of one form, so the later one is the greater one.
        if entry is None or until is None or until <= str(shown["waitingUntil"]):
            return shown
        return {**shown, "waitingReason": entry.reason.value, "waitingUntil": until, "nextAttemptAt": until}

    def _stored(self, event: Event, webhook_id: int) -> DeliveryRecord | None:
        return self.log.get(webhook_id, event) or self.log.get_waiting(webhook_id, event)

    def _under_way(self, event: Event, webhook_id: int) -> DeliveryRecord | None:
        """A delivery between its queue and the end of its first attempt, as a record that is not stored.

        Nothing else is stored of it then. Two transactions.
        """
        registration = self.webhooks.get(webhook_id)
        if registration is None or event.type not in registration.webhook.events:
            return None
        is_asked = webhook_id in (self.events.listed_event(event).asked or ())
        return new_record(webhook_id, event) if is_asked else None


def _webhook_id(text: str) -> int:
    webhook_id = parse_webhook_id(text)
    if webhook_id is None:
        raise NotFound("there is no webhook with this id")
    return webhook_id


def _by_time_only(place: Place) -> Place:
    """The place; raises BadRequest for one that no listing in the order of time gave."""
    if not is_place(place):
        raise bad_field("continuationToken", "must be a token from an answer of this API to the same query")
    return place
