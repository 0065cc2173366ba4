"""One request to SuperOffice's API, and the answer to it: caller, document, format, and errors in its own shape."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import azure.functions as func

from shared.api.superoffice.content import TooLong, choose_format, read_document, read_patch, write_document
from shared.api.superoffice.error_answers import superoffice_error
from shared.api.superoffice.render import tag_times
from shared.api.superoffice.select import apply_select
from shared.callers.caller import Caller
from shared.errors import BadRequest, HubError
from shared.http import bounded_body, error_headers
from shared.hub.hub import Hub
from shared.long_answers import made_in_turn
from shared.loops import request_hops

_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class ApiRequest:
    """A request of a Relationship Manager; made by `begin`. `warnings` are sentences that go with the reply."""

    hub: Hub
    req: func.HttpRequest
    caller: Caller
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, hub: Hub, req: func.HttpRequest) -> "ApiRequest":
        """The exchange, where the caller may have it; raises Unauthenticated, NotAllowed or Unavailable."""
        return cls(hub, req, hub.callers.require_manager(req.headers))

    @cached_property
    def actor(self) -> Caller:
        """The caller as who changes or signals something; raises BadRequest where deliveries of the hub led here too
        often."""
        return replace(self.caller, hops=request_hops(self.req.headers))

    def document(self, known: Sequence[str] = ()) -> object:
        """The body as a document, None where there is none; raises BadRequest and its like.

        A form must have one of the members that are `known`, if any are.
        """
        body = bounded_body(self.req)
        return read_document(body, self.req.headers.get("content-type"), known) if body.strip() else None

    def patch(self) -> object:
        """The body as a patch; raises BadRequest and its like."""
        body = bounded_body(self.req)
        document = read_patch(body, self.req.headers.get("content-type")) if body.strip() else None
        if document is None:
            raise BadRequest("a patch is needed in the body", pointer="#")
        return document

    def optional_object(self, known: Sequence[str]) -> dict[str, object]:
        """The body as an object, an empty one where there is no body; raises BadRequest where it is anything else.

        A form with none of the members that are `known` is none: it would be read as if nothing had been asked for.
        """
        document = self.document(known)
        return {} if document is None else _object(document)

    def required_object(self) -> dict[str, object]:
        """The body as an object; raises BadRequest where it is none."""
        return _object(self.document())

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query's parameters by name in lower case, for SuperOffice's clients spell them as they like."""
        return {name.lower(): value for name, value in self.req.params.items()}

    def reply(
        self, value: object, *, root: str, select: bool = False, narrowed_by: tuple[str, ...] = ()
    ) -> func.HttpResponse:
        """200 with this value in the format that the caller takes; `select` honours the parameter $select.

        An iterator of entities is a list that is read while it is written. Raises BadRequest where it is too long,
        which says that `narrowed_by`, names of parameters, make it shorter.
        """
        wanted = self.query.get("$select") if select else None
        if isinstance(value, dict):
            value = self._shaped(value, wanted)
        elif isinstance(value, list | Iterator):
            value = (self._shaped(one, wanted) for one in value)
        write = partial(write_document, value, choose_format(self.req.headers.get("accept")), root)
        try:
            body, content_type = made_in_turn(write) if isinstance(value, Iterator) else write()
        except TooLong as reason:
            sentence = f"{' and '.join(narrowed_by)}: {reason}; ask for fewer webhooks with these"
            raise BadRequest(sentence, pointer=f"#/{narrowed_by[0]}") from None
        headers = {**_NO_STORE, **warning_header(self.warnings), "Content-Type": content_type}
        return func.HttpResponse(body, status_code=200, headers=headers)

    def _shaped(self, entity: dict[str, object], select: str | None) -> dict[str, object]:
        return tag_times(apply_select(entity, select), self.req.headers.get("so-timezone"))


def _object(document: object) -> dict[str, object]:
    if not isinstance(document, dict):
        raise BadRequest("the body must hold an object", pointer="#")
    return document


def warning_header(warnings: list[str]) -> dict[str, str]:
    """The header with warnings, none without any; SuperOffice's bodies have no place for them.

    The platform takes a header's name once, so all stand in one line with commas, which says the same (RFC 9110, 5.3).
    """
    return {"X-Hub-Warning": ", ".join(warnings)} if warnings else {}


def no_content() -> func.HttpResponse:
    """204."""
    return func.HttpResponse(status_code=204, headers=_NO_STORE)


def refuse(error: HubError) -> func.HttpResponse:
    """An error in SuperOffice's shape, always in JSON, as its clients read it."""
    body, content_type = write_document(superoffice_error(error), choose_format(None), "Error")
    headers = {**error_headers(error), "Content-Type": content_type}
    return func.HttpResponse(body, status_code=error.status, headers=headers)
