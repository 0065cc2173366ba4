"""The REST API `/api/v1/Webhook`: which path is which operation (docs/sources/superoffice.md 1.1)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import azure.functions as func

from shared.api.parameters import parse_count
from shared.api.superoffice.operations import SavedWebhook, Signalling, WebhookOperations
from shared.api.superoffice.render import default_webhook, with_links
from shared.api.superoffice.request import ApiRequest, no_content
from shared.errors import NotFound, PreconditionFailed
from shared.http import path_segments
from shared.hub.hub import Hub
from shared.validation import INT32, bad_field
from shared.webhooks.registration import Registration

_MAX_COUNT = 999_999_999
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")

# The three formats of RFC 9110, 5.6.7: the current one, that of RFC 850, and that of C's asctime.
_DATE_FORMATS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def serve_rest(hub: Hub, http: func.HttpRequest) -> func.HttpResponse:
    """Answer one request of the REST API; raises the errors of shared/errors.py."""
    request = ApiRequest.begin(hub.callers, http)
    api = _RestApi(hub, request)
    method = http.method.upper()
    segments = path_segments(http)
    match method, tuple(map(str.lower, segments)):
        case "GET", ():
            return api.list()
        case "POST", ():
            return api.create()
        case "GET", ("default",):
            return request.reply(default_webhook(), root="Webhook")
        case "POST", ("test",):
            return api.test()
        case "GET", (id_text, "lasterror"):
            return request.reply(api.operations.last_error(id_text), root="string")
        case "POST", (_, primary_key):
            signalling = Signalling(hub.events, hub.signal_rate)
            signalling.signal(request, segments[0], _int32(primary_key), request.document())
            return no_content()
        case (("GET" | "PUT" | "PATCH" | "DELETE"), (id_text,)):
            return api.one(method, api.operations.find(id_text))
    raise NotFound(f"there is no {method} at this path")


@dataclass(frozen=True)
class _RestApi:
    """The operations on webhooks within one request."""

    hub: Hub
    request: ApiRequest

    @property
    def operations(self) -> WebhookOperations:
        # Asked for late: signals and the default webhook need no receivers.
        return WebhookOperations.of(self.hub.receivers)

    def list(self) -> func.HttpResponse:
        name, event, state = map(self.request.query.get, ("namefilter", "eventfilter", "statusfilter"))
        found = self.operations.list(name, event, state, skip=self._count("$skip") or 0, top=self._count("$top"))
        return self.request.reply(found, root="ArrayOfWebhook", narrowed_by=("$top", "$skip"))

    def create(self) -> func.HttpResponse:
        return self._saved(self.operations.create(self.request.required_object(), self.request.actor))

    def test(self) -> func.HttpResponse:
        result = self.operations.test(self.request.required_object(), self.request.actor)
        return self.request.reply(result, root="WebhookResult")

    def one(self, method: str, found: Registration) -> func.HttpResponse:
        headers = self.request.http.headers
        if method == "GET":
            if is_not_modified(headers.get("if-modified-since"), found.updated):
                return func.HttpResponse(status_code=304)
            return self._saved(SavedWebhook(self.operations.show(found), ()))
        if precondition_failed(headers.get("if-unmodified-since"), found.updated):
            raise PreconditionFailed(f"Webhook id {found.id} was changed after If-Unmodified-Since")
        if method == "DELETE":
            self.operations.delete(found)
            return no_content()
        if method == "PUT":
            return self._saved(self.operations.update(found, self.request.required_object(), self.request.actor))
        return self._saved(self.operations.patch(found, self.request.patch(), self.request.actor))

    def _saved(self, saved: SavedWebhook) -> func.HttpResponse:
        entity = with_links(saved.entity, self.hub.settings.public_url)
        return self.request.reply(
            entity, root="WebhookWithLinks", select=True, warnings=saved.warnings, public_key=saved.public_key
        )

    def _count(self, name: str) -> int | None:
        return parse_count(self.request.query, name, 0, _MAX_COUNT)


def _int32(text: str) -> int:
    # Whether it is in range is judged where the event is made.
    if not _INTEGER.fullmatch(text):
        raise bad_field("primaryKey", INT32)
    return int(text)


def is_not_modified(header: str | None, updated: datetime) -> bool:
    """Whether a GET with this If-Modified-Since is answered with 304; `updated` is aware."""
    since = _http_date(header)
    return since is not None and _to_the_second(updated) <= since


def precondition_failed(header: str | None, updated: datetime) -> bool:
    """Whether a change with this If-Unmodified-Since is refused with 412; `updated` is aware."""
    since = _http_date(header)
    return since is not None and _to_the_second(updated) > since


def _to_the_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _http_date(header: str | None) -> datetime | None:
    """The moment in a header, None if it is not an HTTP date: RFC 9110 has such a header ignored."""
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime((header or "").strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
