"""What a value must be, in the same words wherever a client reads them, and pydantic's refusals as field errors. Pure.

Every phrase follows the name of a field and makes a sentence with it: `name is required`, `name must be a string`.
Validators raise ValueError with such a phrase.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.errors import BadRequest, FieldError

REQUIRED = "is required"
NOT_BLANK = "must not be blank"
STRING = "must be a string"
OBJECT = "must be an object"
ARRAY = "must be an array"
ARRAY_OF_STRINGS = "must be an array of strings"
INTEGER = "must be an integer"
INT32 = "must be a 32-bit integer"
BOOLEAN = "must be true or false"
NO_CONTROL_CHARACTERS = "must not contain control characters"
NOT_ALL_ZEROS = "must not be all zeros"
GUID = "must be a GUID (8-4-4-4-12 hexadecimal digits)"
UNKNOWN = "is not a known member"

UUID_PATTERN = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A UUID, or GUID, in lower case and without braces, as a part of a regular expression."""

HEADER_NAME_PATTERN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""The name of an HTTP header (RFC 9110, 5.6.2), as a part of a regular expression."""

# By the types of pydantic's errors; in braces what pydantic says of the constraint.
_PHRASES: Mapping[str, str] = {
    "missing": REQUIRED,
    "extra_forbidden": UNKNOWN,
    "string_type": STRING,
    "string_unicode": "must be valid Unicode",
    "string_too_short": "must be at least {min_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "int_type": INTEGER,
    "int_from_float": INTEGER,
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "bool_type": BOOLEAN,
    "list_type": ARRAY,
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "literal_error": "must be {expected}",
    "union_tag_not_found": "must name its type",
    "union_tag_invalid": "has an unknown type: must be {expected_tags}",
}
_OTHER = "has a value that is not accepted"


def max_length(limit: int, length: int, unit: str = "characters") -> str:
    """The phrase for a value that is too long: `must be at most 400 characters (got 512)`."""
    return f"must be at most {limit} {unit} (got {length})"


def one_of(names: Collection[str]) -> str:
    """The phrase for a value that is none of these: `must be a, b or c`."""
    *others, last = names
    return f"must be {', '.join(others)} or {last}" if others else f"must be {last}"


def integer_from(minimum: int, maximum: int) -> str:
    """The phrase for a text that `parse_digits` refuses: `must be an integer from 1 to 200`."""
    return f"must be an integer from {minimum} to {maximum}"


def parse_digits(text: str, minimum: int, maximum: int) -> int | None:
    """The integer that the text writes in ASCII digits; None if it is anything else or out of range.

    `minimum` is 0 or more. Leading zeros are accepted as long as there are no more digits than `maximum` has.
    """
    # int() would accept a sign, white space, underscores and the digits of any script, and refuse very long texts.
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(maximum))):
        return None
    return int(text) if minimum <= int(text) <= maximum else None


def pointer_to(steps: Sequence[str]) -> str:
    """The JSON pointer of a value as a URI fragment, `#/headers/x~1y`; its escapes are those of RFC 6901."""
    return "#" + "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def field_error(steps: Sequence[str], phrase: str) -> FieldError:
    """The error of the value at these steps from the document's root; with no steps, of the body itself."""
    return FieldError(pointer_to(steps), f"{steps[-1] if steps else 'the body'} {phrase}")


def bad_field(name: str, phrase: str) -> BadRequest:
    """The refusal of one member or parameter; it says `{name} {phrase}`, and its pointer leads to the name."""
    return BadRequest.of([field_error([name], phrase)])


def field_errors(
    refusal: ValidationError,
    *,
    alias: Callable[[str], str] = str,
    phrases: Mapping[str, str] | None = None,
    hidden_steps: Collection[str] = (),
    depth: int | None = None,
) -> list[FieldError]:
    """One error for each value that a model refused, in the model's order.

    `alias` gives the name that clients know for a member. `phrases` say more precisely than this module what an error
    of one of pydantic's types means. `hidden_steps` are steps of pydantic's own that no document has, such as the tag
    of the class that it chose. `depth` is how many steps a pointer has at most: with 1 there is one error for each
    member of the document. No error repeats the value: it may be a secret.
    """
    found: dict[str, FieldError] = {}
    for error in refusal.errors(include_url=False):
        steps = [alias(str(step)) for step in error["loc"] if step not in hidden_steps and step != "[key]"]
        made = field_error(steps[:depth], phrase_of(error, phrases))
        found.setdefault(made.pointer, made)
    return list(found.values())


def phrase_of(error: ErrorDetails, phrases: Mapping[str, str] | None = None) -> str:
    """What the value must be, after one of pydantic's errors; `phrases` are as in `field_errors`."""
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "string_too_long" if isinstance(error["input"], str):
            return max_length(context["max_length"], len(error["input"]))
        case "too_long":
            return f"must have at most {context['max_length']} items (got {context['actual_length']})"
    return {**_PHRASES, **(phrases or {})}.get(error["type"], _OTHER).format(**context)
