"""Forgetting over HTTP: `DELETE /api/v1/events/{id}` and `POST /api/v1/events/purge`, for Webhook Administrators."""

from collections.abc import Mapping

import azure.functions as func

from shared.api.parameters import is_event_id, parse_flag, parse_place, require_known, token_of
from shared.audit.recording import note
from shared.errors import BadRequest, FieldError, NotFound
from shared.events.event import EventId
from shared.http import empty_response, json_body, json_response
from shared.hub.hub import Hub
from shared.keeping.forgetting import Forgetting
from shared.keeping.purging import PurgeFilter, Purging, purge_budget
from shared.strict_json import parse_object
from shared.validation import NOT_BLANK, REQUIRED, STRING, UNKNOWN, field_error, max_length

_NO_CONTENT = 204
_MAX_VALUE = 1000
_MEMBERS = {"entity": "entity", "entityId": "entity_id", "initiator": "initiator"}
_BLANKS = "must be the whole value, without white space around it or control characters"


def serve_forgetting(hub: Hub, req: func.HttpRequest, segments: tuple[str, ...]) -> func.HttpResponse:
    """Answer a DELETE of `{id}`, or a POST to `purge`; raises BadRequest and NotFound."""
    forgetting = hub.receivers.forgetting
    if req.method == "DELETE":
        require_known(req.params, ())
        if len(segments) != 1:
            raise NotFound("there is nothing at this path")
        forget_event(forgetting, segments[0])
        return empty_response(_NO_CONTENT)
    require_known(req.params, ("dryRun", "continuationToken"))
    wanted = parse_purge(json_body(req))
    # Which row or user it was is what is to be forgotten, so the audit has the names of the members alone.
    note(changed=[name for name, field in _MEMBERS.items() if getattr(wanted, field) is not None])
    return json_response(purge(Purging(hub.storage, hub.events, forgetting), wanted, req.params))


def forget_event(forgetting: Forgetting, id_: str) -> None:
    """Forget one event, also if it was forgotten before; raises NotFound."""
    normal = id_.lower()
    if not is_event_id(normal) or not forgetting.forget(EventId(normal)):
        raise NotFound("there is no event with this id")


def purge(purging: Purging, wanted: PurgeFilter, query: Mapping[str, str]) -> dict[str, object]:
    """`{"purged", "more"}`, with `dryRun` `{"count", "more"}`, and where the next call goes on if there are more."""
    only_counts = parse_flag(query, "dryRun")
    # Where a count ended, a purge has not begun.
    asked = ("count" if only_counts else "purge", wanted)
    place = parse_place(query, asked)
    done = (purging.count if only_counts else purging.purge)(wanted, place, purge_budget())
    token = None if done.place is None else token_of(done.place, asked)
    return {"count" if only_counts else "purged": done.count, "more": token is not None, "continuationToken": token}


def parse_purge(body: bytes) -> PurgeFilter:
    """The filter in the body of a purge; raises BadRequest, which names each member that is wrong."""
    members = parse_object(body)
    errors = [field_error([name], phrase) for name, value in members.items() if (phrase := _fault(name, value))]
    if not errors:
        errors = _faults_together(members)
    if errors:
        raise BadRequest.of(errors)
    return PurgeFilter(**{_MEMBERS[name]: str(value) for name, value in members.items()})


def _fault(name: str, value: object) -> str | None:
    if name not in _MEMBERS:
        return UNKNOWN
    if not isinstance(value, str):
        return STRING
    if not value.strip():
        return NOT_BLANK
    if len(value) > _MAX_VALUE:
        return max_length(_MAX_VALUE, len(value))
    # It would look like another value, and the 0 of the answer would be believed.
    return _BLANKS if value != value.strip() or not value.isprintable() else None


def _faults_together(members: Mapping[str, object]) -> list[FieldError]:
    row = [name for name in ("entity", "entityId") if name in members]
    if "initiator" in members:
        return [field_error([name], "must not be given with initiator: a row or a user") for name in row]
    if not row:
        return [FieldError("#", "entity with entityId, or initiator, is required")]
    return [field_error([name], REQUIRED) for name in ("entity", "entityId") if name not in members]
