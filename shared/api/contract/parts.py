"""What the description of an operation is made of: schemas, parameters, bodies and answers of OpenAPI 3.1. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.api.contract.links import with_links

type Json = dict[str, object]
type Place = Literal["path", "query", "header"]

JSON = "application/json"


def _described(schema: Json, description: str) -> Json:
    return {**schema, "description": description} if description else schema


def ref(name: str, kind: str = "schemas") -> Json:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def text(description: str = "", **limits: object) -> Json:
    """A string; `limits` are keywords of JSON Schema, such as maxLength."""
    return _described({"type": "string", **limits}, description)


def integer(description: str = "", **limits: object) -> Json:
    """A whole number."""
    return _described({"type": "integer", **limits}, description)


def boolean(description: str = "", **limits: object) -> Json:
    """True or false."""
    return _described({"type": "boolean", **limits}, description)


def moment(description: str = "") -> Json:
    """A time in ISO 8601, in UTC."""
    return text(description, format="date-time")


def uuid(description: str = "", **limits: object) -> Json:
    """A GUID."""
    return text(description, format="uuid", **limits)


def one_of(values: Sequence[str], description: str = "") -> Json:
    """A string that is one of these."""
    return text(description, enum=[str(value) for value in values])


def items(item: Json, description: str = "", **limits: object) -> Json:
    """A list."""
    return _described({"type": "array", "items": item, **limits}, description)


def mapping(value: Json | bool, description: str = "") -> Json:
    """An object whose names its owner chooses."""
    return _described({"type": "object", "additionalProperties": value}, description)


def nothing_or(schema: Json, description: str = "") -> Json:
    """The same, or null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return _described({**schema, "type": [schema["type"], "null"]}, description)
    return _described({"anyOf": [schema, {"type": "null"}]}, description)


def members(properties: Mapping[str, Json], *, optional: Sequence[str] = (), description: str = "") -> Json:
    """An object with these members, all of them required but those that are `optional`."""
    required = [name for name in properties if name not in optional]
    shape: Json = {"type": "object", "properties": dict(properties)}
    return _described({**shape, **({"required": required} if required else {})}, description)


def parameter(
    name: str,
    schema: Json,
    description: str,
    *,
    place: Place = "query",
    required: bool | None = None,
    **more: object,
) -> Json:
    """A parameter; one in the path is always required."""
    is_required = place == "path" if required is None else required
    return {"name": name, "in": place, "required": is_required, "description": description, "schema": schema, **more}


def body(schema: Json, *, types: Sequence[str] = (JSON,), required: bool = True, example: object = None) -> Json:
    """The body of a request, the same in each of these media types."""
    media: Json = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {
        "required": required,
        "content": {type_: media if type_ == types[0] else {"schema": schema} for type_ in types},
    }


def answer(
    description: str,
    schema: Json | None = None,
    *,
    types: Sequence[str] = (JSON,),
    headers: Mapping[str, Json] | None = None,
    example: object = None,
) -> Json:
    """An answer that is not cached; without a schema it has no body."""
    given: Json = {"description": description, "headers": {**NOSNIFF, **NO_STORE, **(headers or {})}}
    if schema is None:
        return given
    media: Json = {"schema": schema} if example is None else {"schema": schema, "example": example}
    return {**given, "content": {type_: media if type_ == types[0] else {"schema": schema} for type_ in types}}


def empty(description: str, headers: Mapping[str, Json] | None = None) -> Json:
    """An answer without a body, and without a word about caches."""
    return {"description": description, "headers": {**NOSNIFF, **(headers or {})}}


NOSNIFF: dict[str, Json] = {"X-Content-Type-Options": ref("NoSniff", "headers")}
NO_STORE: dict[str, Json] = {"Cache-Control": ref("NoStore", "headers")}
HEADERS: dict[str, Json] = {
    "NoSniff": {"description": "Browsers do not guess the type.", "required": True, "schema": {"const": "nosniff"}},
    "NoStore": {"description": "Nobody keeps the answer.", "required": True, "schema": {"const": "no-store"}},
    "MaybeNoSniff": {"description": "Of the app's own answers.", "schema": {"const": "nosniff"}},
    "MaybeNoStore": {"description": "Of the app's own answers.", "schema": {"const": "no-store"}},
    "RetryAfter": {
        "description": "Seconds to wait before the same request.",
        "required": True,
        "schema": integer(minimum=0),
        "example": 5,
    },
    "Challenge": {
        "description": "How a caller proves who they are. The platform's own 401, for a function key, has none; a"
        " request of a page in a browser is challenged with Bearer alone.",
        "schema": text(),
        "example": 'Bearer realm="webhook hub", Basic realm="webhook hub", charset="UTF-8"',
    },
    "ETag": {
        "description": "Names this version; send it back in If-None-Match.",
        "required": True,
        "schema": text(pattern='^"[0-9a-f]+"$'),
    },
    "Location": {
        "description": "The address of what was made.",
        "required": True,
        "schema": text(format="uri"),
    },
    "HubWarning": {
        "description": "Sentences about weak choices that were accepted, with commas between them; not there if there"
        " are none.",
        "schema": text(),
    },
    "HubPublicKey": {
        "description": "The public key (`whpk_`), if the save set a private one (`whsk_`).",
        "schema": text(pattern="^whpk_"),
    },
}
"""The headers of answers, by the names of their components."""


@dataclass(frozen=True)
class Operation:
    """One operation: a method at a path, which is below `/api`.

    `answers` are by status. `security` has the ways in which it may be called, each of them enough; none for an
    operation that is open to everybody.
    """

    method: str
    path: str
    id: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Json]
    security: Sequence[Json]
    parameters: Sequence[Json] = ()
    body: Json | None = None
    more: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> Json:
        """The operation in the document."""
        shown: Json = {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "security": list(self.security),
        }
        if self.parameters:
            shown["parameters"] = list(self.parameters)
        if self.body is not None:
            shown["requestBody"] = self.body
        return {
            **shown,
            "responses": with_links(self.id, {str(status): self.answers[status] for status in sorted(self.answers)}),
            **self.more,
        }
