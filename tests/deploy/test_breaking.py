"""What breaks clients is seen, each kind of it, and what does not is not held against anybody."""

from copy import deepcopy
from typing import Any

import pytest

from deploy.breaking import Breaking, breaking_changes, unannounced

type Json = dict[str, Any]

NAME: Json = {"type": "string", "maxLength": 10, "enum": ["a", "b"]}
OLD: Json = {
    "paths": {
        "/things": {
            "post": {
                "operationId": "makeThing",
                "security": [{"key": [], "user": []}, {"key": [], "token": []}],
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}},
                    {"$ref": "#/components/parameters/Since"},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/New"}},
                        "text/xml": {"schema": {}},
                    }
                },
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "404": {"description": "-"},
                },
            }
        }
    },
    "webhooks": {
        "made": {
            "post": {
                "operationId": "tellMade",
                "parameters": [{"name": "webhook-id", "in": "header", "required": False, "schema": {}}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "responses": {"2XX": {}},
            }
        }
    },
    "components": {
        "parameters": {"Since": {"name": "since", "in": "query", "required": False, "schema": {"type": "string"}}},
        "schemas": {
            "New": {
                "type": "object",
                "properties": {"name": NAME, "note": {"type": ["string", "null"]}},
                "required": ["name"],
            },
            "Thing": {
                "type": "object",
                "properties": {
                    "id": {"type": "integer"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                },
                "required": ["id"],
            },
        },
    },
}


def changed(path: str, value: object) -> Json:
    """The document with another value, or without it, at `path`, whose parts have bars between them."""
    new = deepcopy(OLD)
    *steps, last = path.split("|")
    node: Any = new
    for step in steps:
        node = node[int(step) if isinstance(node, list) else step]
    if value is ...:
        del node[int(last) if isinstance(node, list) else last]
    else:
        node[int(last) if isinstance(node, list) else last] = value
    return new


POST = "paths|/things|post"
SCHEMAS = "components|schemas"


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("paths|/things", ..., "it is removed"),
        (f"{POST}|operationId", "createThing", "its operationId is createThing now"),
        (f"{POST}|security", [{"key": [], "user": []}], "it is no longer opened by key and token"),
        (f"{POST}|parameters|1", ..., "the query parameter since is gone"),
        (f"{POST}|parameters|0|required", True, "the query parameter limit is required"),
        (f"{POST}|parameters|0|schema|maximum", 5, "limit: maximum is 5"),
        (f"{POST}|parameters|0|schema|minimum", 2, "limit: minimum is 2"),
        (f"{POST}|parameters|0|schema|type", "boolean", "limit: it may not be integer any more"),
        ("components|parameters|Since|required", True, "the query parameter since is required"),
        ("components|parameters|Since|schema|format", "date", "since: format is date"),
        (f"{POST}|requestBody|required", True, "the body is required"),
        (f"{POST}|requestBody|content|text/xml", ..., "the body may not be text/xml any more"),
        (f"{POST}|requestBody", ..., "there is no body any more"),
        (f"{SCHEMAS}|New|required", ["name", "note"], "body: the member note is required"),
        (f"{SCHEMAS}|New|additionalProperties", False, "body: members that are not known are refused"),
        (f"{SCHEMAS}|New|properties|name|enum", ["a"], "body/name: there are fewer values that it may have"),
        (f"{SCHEMAS}|New|properties|name|maxLength", 9, "body/name: maxLength is 9"),
        (f"{SCHEMAS}|New|properties|name|pattern", "a+", "body/name: pattern is a+"),
        (f"{SCHEMAS}|New|properties|note|type", "string", "body/note: it may not be null any more"),
        (f"{POST}|responses|404", ..., "the status 404 is gone"),
        (f"{POST}|responses|200|headers", {}, "200: the header ETag is gone"),
        (f"{POST}|responses|200|content", {}, "200: there is no answer as application/json any more"),
        (f"{SCHEMAS}|Thing|properties|id", ..., "200: the member id is gone"),
        (f"{SCHEMAS}|Thing|required", [], "200: the member id may be missing"),
        (f"{SCHEMAS}|Thing|properties|id|type", ["integer", "null"], "200/id: it may be null now"),
        ("webhooks|made", ..., "it is removed"),
        ("webhooks|made|post|parameters", [], "the header parameter webhook-id is gone"),
    ],
)
def test_what_breaks_is_seen(path: str, value: object, what: str) -> None:
    assert any(what in one.what for one in breaking_changes(OLD, changed(path, value)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("paths|/others", {"get": {"operationId": "more", "responses": {}}}),
        (f"{POST}|parameters|0|schema|maximum", 50),
        (f"{POST}|responses|409", {"description": "-"}),
        (f"{POST}|requestBody|content|text/plain", {"schema": {}}),
        (f"{SCHEMAS}|New|required", []),
        (f"{SCHEMAS}|New|properties|name|enum", ["a", "b", "c"]),
        (f"{SCHEMAS}|New|properties|more", {"type": "string"}),
        (f"{SCHEMAS}|Thing|properties|more", {"type": "string"}),
        (f"{POST}|security", [{"key": []}]),
        ("webhooks|made|post|parameters|0|required", True),
    ],
)
def test_what_does_not_break_is_let_through(path: str, value: object) -> None:
    assert breaking_changes(OLD, changed(path, value)) == []


def test_the_same_document_breaks_nothing() -> None:
    assert breaking_changes(OLD, deepcopy(OLD)) == []


def test_what_a_receiver_reads_is_judged_as_an_answer_is() -> None:
    found = breaking_changes(OLD, changed(f"{SCHEMAS}|Thing|properties|parts", ...))
    assert {one.id: one.what for one in found} == {
        "makeThing": "200: the member parts is gone",
        "tellMade": "body: the member parts is gone",
    }


GONE = [Breaking("makeThing", "POST /api/things", "it is removed")]


@pytest.mark.parametrize(
    ("changelog", "is_announced"),
    [
        ("## [Unreleased]\n\n- Less. **Migration:** call nothing instead of `makeThing`.\n", True),
        ("## [Unreleased]\n\n- Less.\n  **Migration:** `POST /api/things`\n  is gone.\n\n## [0.1.0]\n", True),
        ("## [Unreleased]\n\n- `makeThing` is gone.\n", False),
        ("## [Unreleased]\n\n- `makeThing` is gone. **Migration:** none.\n", False),
        ("## [Unreleased]\n\n- Less.\n\n## [0.1.0]\n\n- **Migration:** `makeThing` is gone.\n", False),
        ("", False),
    ],
)
def test_a_change_is_announced_by_a_migration_note_that_names_it(changelog: str, is_announced: bool) -> None:
    assert unannounced(GONE, changelog) == ([] if is_announced else GONE)
