"""From a JSON object to a body of the registration API, or to one BadRequest that names all members at fault. Pure."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from shared.dynamics.registration.authentication import AUTHENTICATION_TYPES, Body
from shared.dynamics.values import Guid
from shared.errors import BadRequest, FieldError, NotFound

_TYPES = " or ".join(AUTHENTICATION_TYPES.values())
_SENTENCES = {
    "missing": "this is needed",
    "extra_forbidden": "this member is not known here",
    "string_type": "a text is needed",
    "int_type": "a whole number is needed",
    "greater_than_equal": "a number from {ge} on is needed",
    "less_than_equal": "a number up to {le} is needed",
    "bool_type": "true or false is needed",
    "list_type": "a list is needed",
    "dict_type": "an object is needed",
    "model_type": "an object is needed",
    "model_attributes_type": "an object is needed",
    "literal_error": "{expected} is needed",
    "union_tag_not_found": f"a type is needed: {_TYPES}",
    "union_tag_invalid": f"this type is not known: {_TYPES} is needed",
}
_OTHER = "this is not a value that is taken here"
# pydantic names the chosen one of several classes in the path of its errors; JSON has no such member.
_TAGS = frozenset(AUTHENTICATION_TYPES.values())


def parse_body[B: Body](
    kind: type[B], document: Mapping[str, object], check: Callable[[B], Sequence[FieldError]] = lambda _: ()
) -> B:
    """The body in a document, which `check` has nothing against; raises BadRequest."""
    try:
        body = kind.model_validate(dict(document))
    except ValidationError as refusal:
        # Not chained: its text can hold what was sent.
        raise BadRequest.of([_field_error(error) for error in refusal.errors(include_input=False)]) from None
    if errors := check(body):
        raise BadRequest.of(errors)
    return body


def _field_error(error: ErrorDetails) -> FieldError:
    steps = [str(step) for step in error["loc"] if step not in _TAGS and step != "[key]"]
    pointer = "#" + "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    return FieldError(pointer, f"{steps[-1] if steps else 'body'}: {_sentence(error)}")


def _sentence(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    return _SENTENCES.get(error["type"], _OTHER).format(**context)


_GUID = TypeAdapter(Guid)


def parse_id(text: str) -> str:
    """The id in lower case; raises NotFound for what is no GUID, because nothing has such an id."""
    try:
        return _GUID.validate_python(text)
    except ValidationError:
        raise NotFound("there is nothing with this id, which is no GUID") from None
