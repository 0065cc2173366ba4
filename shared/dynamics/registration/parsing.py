"""From a JSON object to a body of the registration API, or to one BadRequest that names all members at fault. Pure."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from shared.dynamics.registration.authentication import AUTHENTICATION_TYPES, Body
from shared.dynamics.values import id_or_none
from shared.errors import BadRequest, FieldError, NotFound
from shared.validation import field_errors, one_of

_TYPES = AUTHENTICATION_TYPES.values()
_PHRASES = {
    "union_tag_not_found": f"has no type: it {one_of(_TYPES)}",
    "union_tag_invalid": f"has an unknown type: it {one_of(_TYPES)}",
}


def parse_body[B: Body](
    kind: type[B], document: Mapping[str, object], check: Callable[[B], Sequence[FieldError]] = lambda _: ()
) -> B:
    """The body in a document; raises BadRequest for what its model or `check` finds wrong."""
    try:
        body = kind.model_validate(dict(document))
    except ValidationError as refusal:
        # pydantic names the class that it chose among several; JSON has no such member. Not chained: the refusal's text
        # can hold what was sent.
        raise BadRequest.of(field_errors(refusal, phrases=_PHRASES, hidden_steps=_TYPES)) from None
    if errors := check(body):
        raise BadRequest.of(errors)
    return body


def parse_id(text: str) -> str:
    """The id in lower case; raises NotFound for any text that is not a GUID, because nothing has such an id."""
    id_ = id_or_none(text)
    if id_ is None:
        raise NotFound("nothing has this id, which is not a GUID")
    return id_
