"""The delivery log over HTTP, below `/api/v1/events`: listings, one delivery with its attempts, and replay."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache

import azure.functions as func

from shared.api.events import find_event, page
from shared.api.parameters import parse_flag, parse_limit, parse_moment, parse_position
from shared.audit.recording import note
from shared.clock import now
from shared.delivery.log import DeliveryFilter
from shared.delivery.record import DeliveryRecord, DeliveryState, summary
from shared.errors import BadRequest, NotFound
from shared.events.event import Event
from shared.http import bounded_body, json_response
from shared.hub.hub import Hub
from shared.loops import HOPS_HEADER, request_hops

_ACCEPTED = 202
_LAST_INT32 = 2**31 - 1
_NOTHING = frozenset({b"", b"{}", b"null"})
_UNDONE = (DeliveryState.FAILED, DeliveryState.HELD)
# A replay of very many goes on in the next call: a request has its time limit, and a client its patience.
_MAX_REPLAYS = 1000


def serve(hub: Hub, req: func.HttpRequest, parts: tuple[str, ...]) -> func.HttpResponse:
    """Answer a request whose path below `events` is `parts`; raises NotFound for every other path."""
    match req.method.upper(), parts:
        case "GET", ("deliveries",):
            return json_response(_list(hub, req.params))
        case "POST", ("deliveries", "replay"):
            _refuse_in_a_chain(req.headers)
            _refuse_body(req)
            return _replay_all(hub, req.params)
        case "GET", (id_, "deliveries"):
            return json_response(_list_of_event(hub, id_, req.params))
        case "GET", (id_, "deliveries", webhook):
            record = _find(hub, id_, webhook)[1]
            registration = hub.receivers.webhooks.get(record.webhook_id)
            shown = hub.receivers.known_secrets.record(registration, record)
            return json_response(shown.as_json(with_attempts=True))
        case "POST", (id_, "deliveries", webhook, "replay"):
            _refuse_in_a_chain(req.headers)
            _refuse_body(req)
            event, record = _find(hub, id_, webhook)
            if hub.receivers.webhooks.get(record.webhook_id) is None:
                raise NotFound("the webhook was removed, so nothing can be replayed to it")
            hub.receivers.replay.one(record, event)
            return json_response({"replayed": 1}, _ACCEPTED)
    raise NotFound("there is nothing at this path")


def _refuse_in_a_chain(headers: Mapping[str, str]) -> None:
    """Raise BadRequest where a delivery led to this request: it would be made again, which leads here again.

    The event stays the one that it was, so no number of hops can grow.
    """
    if request_hops(headers):
        raise BadRequest(
            f"{HOPS_HEADER}: a delivery of this hub led to this request, and a replay would bring it again",
            pointer=f"#/{HOPS_HEADER}",
        )


def _refuse_body(req: func.HttpRequest) -> None:
    """Filters in a body would be lost, and more replayed than was meant; what clients send for nothing is none."""
    if bounded_body(req).strip() not in _NOTHING:
        raise BadRequest("no body is read here: webhook, state, since, until and dryRun go into the query", pointer="#")


def _list(hub: Hub, query: Mapping[str, str]) -> dict[str, object]:
    limit, wanted = parse_limit(query), _filter(query)
    found = hub.receivers.deliveries.summaries(wanted, after=parse_position(query), page_size=limit + 1)
    url = f"{hub.settings.public_url}/api/v1/events/deliveries"
    return page(found, summary, query, limit=limit, url=url)


def _list_of_event(hub: Hub, id_: str, query: Mapping[str, str]) -> dict[str, object]:
    limit, after = parse_limit(query), parse_position(query)
    event = find_event(hub.events, id_).event
    found = hub.receivers.deliveries.of_event(event, after=after, page_size=limit + 1)
    url = f"{hub.settings.public_url}/api/v1/events/{event.id}/deliveries"
    return page(found, summary, query, limit=limit, url=url)


def _replay_all(hub: Hub, query: Mapping[str, str]) -> func.HttpResponse:
    """Replay what the filters let through: failed and held ones, unless `state` names others."""
    wanted, after, only_counts = _filter(query), parse_position(query), parse_flag(query, "dryRun")
    if wanted.webhook_id is not None:
        note(target=f"webhooks/{wanted.webhook_id}")
    is_replayed = _replayed(hub, wanted)
    if only_counts:
        rows = hub.receivers.deliveries.summaries(wanted, after=after)
        count = sum(is_replayed(int(row["PartitionKey"]), DeliveryState(row["State"])) for _, row in rows)
        return json_response({"count": count})
    started, replayed, last = now(), 0, ""
    for position, record in hub.receivers.deliveries.list(wanted, after=after):
        if not is_replayed(record.webhook_id, record.state):
            continue
        if replayed == _MAX_REPLAYS or now() - started > timedelta(seconds=15):
            # What was replayed may still fit the filters, so the next call must be told where to go on.
            return json_response({"replayed": replayed, "more": True, "continuationToken": last}, _ACCEPTED)
        hub.receivers.replay.one(record, None)
        replayed, last = replayed + 1, position.as_token()
    return json_response({"replayed": replayed, "more": False}, _ACCEPTED)


def _replayed(hub: Hub, wanted: DeliveryFilter) -> Callable[[int, DeliveryState], bool]:
    """Whether a delivery to this webhook, in this state, is one of those that are replayed."""

    @cache
    def is_registered(webhook_id: int) -> bool:
        return hub.receivers.webhooks.get(webhook_id) is not None

    return lambda webhook_id, state: (wanted.state is not None or state in _UNDONE) and is_registered(webhook_id)


def _find(hub: Hub, id_: str, webhook: str) -> tuple[Event, DeliveryRecord]:
    event = find_event(hub.events, id_).event
    record = hub.receivers.deliveries.get(_webhook_id(webhook), event)
    if record is None:
        raise NotFound("this event was not delivered to this webhook")
    return event, record


def _filter(query: Mapping[str, str]) -> DeliveryFilter:
    webhook, state = query.get("webhook"), query.get("state")
    if webhook is not None and not _is_id(webhook):
        raise BadRequest("webhook: the id of a webhook is needed", pointer="#/webhook")
    if state is not None and state.lower() not in set(DeliveryState):
        raise BadRequest(f"state: {', '.join(DeliveryState)} is needed", pointer="#/state")
    return DeliveryFilter(
        webhook_id=None if webhook is None else int(webhook),
        state=None if state is None else DeliveryState(state.lower()),
        since=parse_moment(query, "since"),
        until=parse_moment(query, "until"),
    )


def _webhook_id(text: str) -> int:
    if not _is_id(text):
        raise NotFound("there is no webhook with this id")
    return int(text)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(_LAST_INT32)) and int(text) <= _LAST_INT32
