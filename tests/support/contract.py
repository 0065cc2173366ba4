"""The document of the API as tests hold answers against it: which operation a request is, what is wrong with an answer.

Answers must have no member that the document does not name, which a client may overlook but nobody should.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from shared.api.contract.serving import document_bytes

type Json = dict[str, Any]

DOCUMENT: Json = json.loads(document_bytes())
_METHODS = ("get", "post", "put", "patch", "delete")
_URI = "urn:contract"


@dataclass(frozen=True)
class Documented:
    """One operation of the document."""

    method: str
    path: str
    content: Json

    @property
    def id(self) -> str:
        """Its operationId."""
        return str(self.content["operationId"])

    @property
    def statuses(self) -> tuple[int, ...]:
        """With which it may be answered."""
        return tuple(map(int, self.content["responses"]))

    @property
    def schemes(self) -> set[str]:
        """The security schemes that open it, alone or with others."""
        return {name for way in self.content["security"] for name in way}

    @property
    def has_function_key(self) -> bool:
        """Whether the platform checks a key before it."""
        return "functionKeyHeader" in self.schemes

    @property
    def has_caller(self) -> bool:
        """Whether the app itself wants to know who calls."""
        return "apiKeyBearer" in self.schemes

    @property
    def example(self) -> Any:  # noqa: ANN401 - JSON
        """The example of its body."""
        return self.content["requestBody"]["content"]["application/json"]["example"]

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is this operation; literals and methods ignore case."""
        rest = ".+" if self.path == "/console/{file}" else "[^/]+"
        literals = re.split(r"\{\w+\}", self.path)
        pattern = rest.join(map(re.escape, literals))
        return method.lower() == self.method and re.fullmatch(f"{pattern}/?", path, re.IGNORECASE) is not None

    def response(self, status: int) -> tuple[str, Json] | None:
        """The pointer to an answer, and the answer; None for a status that is not documented."""
        found = self.content["responses"].get(str(status))
        if found is None:
            return None
        if "$ref" in found:
            name = found["$ref"].rpartition("/")[2]
            return f"/components/responses/{name}", DOCUMENT["components"]["responses"][name]
        return f"/paths/{_escaped(self.path)}/{self.method}/responses/{status}", found


def operations() -> list[Documented]:
    """All of them; those with fewer parameters in their path first."""
    found = [
        Documented(method, path, one)
        for path, methods in DOCUMENT["paths"].items()
        for method, one in methods.items()
        if method in _METHODS
    ]
    return sorted(found, key=lambda one: one.path.count("{"))


OPERATIONS = operations()
BY_ID = {one.id: one for one in OPERATIONS}


def find(method: str, path: str) -> Documented | None:
    """The operation that a request is, by its path below /api; None if it is none."""
    return next((one for one in OPERATIONS if one.fits(method, path)), None)


def faults(answer: requests.Response) -> list[str]:
    """What is wrong with the answer to a request, by the document; nothing if it may be answered so."""
    method, path = str(answer.request.method), unquote(urlsplit(str(answer.request.url)).path)
    operation = find(method, re.sub("/{2,}", "/", path.removeprefix("/api")))
    if operation is None:
        is_refused = answer.status_code in {400, 401, 403, 404, 503}
        return [] if is_refused else [f"{method} {path} is no operation, and was answered {answer.status_code}"]
    found = operation.response(answer.status_code)
    if found is None and "//" in path and answer.status_code == 404:
        # With a part of it empty it is an operation to some hosts, and to others none.
        return []
    if found is None:
        return [f"{operation.id} was answered {answer.status_code}, which is not documented: {answer.text[:200]}"]
    if is_platforms(operation, answer):
        return []
    pointer, response = found
    wrong = [*_header_faults(response, answer.headers), *_body_faults(pointer, response, answer)]
    return [f"{operation.id} {answer.status_code}: {one}" for one in wrong]


def is_platforms(operation: Documented, answer: requests.Response) -> bool:
    """Whether this is the platform's own refusal of a function key."""
    is_bare = not answer.content and "x-content-type-options" not in answer.headers
    return operation.has_function_key and answer.status_code == 401 and is_bare


def body_faults(pointer: str, value: Any) -> list[str]:  # noqa: ANN401 - JSON
    """What is wrong with a value by the schema at this pointer into the document."""
    return [f"{one.json_path}: {one.message[:300]}" for one in _validator(pointer).iter_errors(value)]


def _header_faults(response: Json, given: Mapping[str, str]) -> Iterator[str]:
    for name, header in response.get("headers", {}).items():
        shown = DOCUMENT["components"]["headers"][header["$ref"].rpartition("/")[2]] if "$ref" in header else header
        value = given.get(name)
        if value is None:
            if shown.get("required"):
                yield f"the header {name} is missing"
            continue
        schema = shown["schema"]
        read = int(value) if schema.get("type") == "integer" and value.isdigit() else value
        yield from (f"header {name}: {one.message}" for one in Draft202012Validator(schema).iter_errors(read))


def _body_faults(pointer: str, response: Json, answer: requests.Response) -> list[str]:
    content = response.get("content")
    if content is None:
        return [f"a body that is not documented: {answer.text[:200]}"] if answer.content else []
    type_ = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if type_ not in content:
        return [f"the Content-Type {type_!r} is not documented"]
    if not type_.endswith("json"):
        return []
    return body_faults(f"{pointer}/content/{_escaped(type_)}/schema", answer.json())


@cache
def _validator(pointer: str) -> Validator:
    registry = Registry().with_resource(_URI, DRAFT202012.create_resource(_closed(DOCUMENT)))
    return Draft202012Validator({"$ref": f"{_URI}#{pointer}"}, registry=registry)


def _closed(node: Any) -> Any:  # noqa: ANN401 - a document of JSON
    """The same, where an object that names its members may have no others."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {name: _closed(one) for name, one in node.items()}
    is_schema = node.get("type") == "object" and "properties" in node and "additionalProperties" not in node
    return {**made, "additionalProperties": False} if is_schema else made


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
