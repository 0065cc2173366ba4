"""What a newer document of the API breaks for those who wrote clients by an older one. Pure.

Sent and answered are judged in opposite ways: what clients send may not become stricter, and what they are answered may
not lose anything that they read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

type Json = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete", "options")
_LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
_UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
_MIGRATION = "**Migration:**"


@dataclass(frozen=True)
class Breaking:
    """One thing that breaks: at which operation, by its id and as method and path, and what it is, in words."""

    id: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.id} ({self.place}): {self.what}"


def breaking_changes(old: Json, new: Json) -> list[Breaking]:
    """What clients of the document `old` may stumble over in the document `new`."""
    return [*_operations(old, new)]


def unannounced(changes: list[Breaking], changelog: str) -> list[Breaking]:
    """The changes whose operation no **Migration:** note of [Unreleased] names, by id or method and path."""
    section = changelog.partition("## [Unreleased]\n")[2].partition("\n## ")[0]
    notes = [entry.partition(_MIGRATION)[2] for entry in re.split(r"^- ", section, flags=re.MULTILINE)]
    named = set(re.findall(r"`([^`]+)`", "\n".join(notes)))
    return [one for one in changes if not {one.id, one.place} & named]


def _operations(old: Json, new: Json) -> Iterator[Breaking]:
    for kind, prefix in (("paths", "/api"), ("webhooks", "webhook ")):
        for path, methods in old.get(kind, {}).items():
            for method in _METHODS:
                if method not in methods:
                    continue
                before, after = methods[method], new.get(kind, {}).get(path, {}).get(method)
                comparison = _Comparison(old, new, is_ours=kind == "webhooks")
                for what in comparison.operation(before, after):
                    yield Breaking(before["operationId"], f"{method.upper()} {prefix}{path}", what)


@dataclass(frozen=True)
class _Comparison:
    """Compares parts of two documents. `is_ours` says that the hub sends the request, so its body is what is read."""

    old: Json
    new: Json
    is_ours: bool = False

    def operation(self, before: Json, after: Json | None) -> Iterator[str]:
        """What breaks in one operation; None where it is gone."""
        if after is None:
            yield "it is removed"
            return
        if before["operationId"] != after["operationId"]:
            yield f"its operationId is {after['operationId']} now, and so are names in generated clients"
        yield from self._security(before.get("security", []), after.get("security", []))
        yield from self._parameters(before.get("parameters", []), after.get("parameters", []))
        yield from self._body(before.get("requestBody"), after.get("requestBody"))
        if not self.is_ours:
            yield from self._answers(before["responses"], after["responses"])

    def _security(self, before: list[Json], after: list[Json]) -> Iterator[str]:
        if not before and after:
            yield "it is no longer open to everybody"
        for way in before:
            if after and not any(set(other) <= set(way) for other in after):
                yield f"it is no longer opened by {' and '.join(sorted(way)) or 'nothing'}"

    def _parameters(self, before: list[Json], after: list[Json]) -> Iterator[str]:
        olds = {(one["in"], one["name"].lower()): one for one in map(self._in_old, before)}
        news = {(one["in"], one["name"].lower()): one for one in map(self._in_new, after)}
        for key, one in news.items():
            if one.get("required") and not olds.get(key, {}).get("required") and not self.is_ours:
                yield f"the {key[0]} parameter {one['name']} is required"
        for key, one in olds.items():
            if key not in news:
                yield f"the {key[0]} parameter {one['name']} is gone"
            elif not self.is_ours:
                yield from self._sent(one["schema"], news[key]["schema"], one["name"])

    def _body(self, before: Json | None, after: Json | None) -> Iterator[str]:
        if before is None:
            if after is not None and after.get("required"):
                yield "a body is required"
            return
        if after is None:
            yield "there is no body any more"
            return
        if after.get("required") and not before.get("required") and not self.is_ours:
            yield "the body is required"
        compare = self._answered if self.is_ours else self._sent
        for type_, media in before["content"].items():
            if type_ not in after["content"]:
                yield f"the body may not be {type_} any more"
            else:
                yield from compare(media["schema"], after["content"][type_]["schema"], "body")

    def _answers(self, before: Json, after: Json) -> Iterator[str]:
        for status, answer in before.items():
            if status not in after:
                yield f"the status {status} is gone"
                continue
            olds, news = self._in_old(answer), self._in_new(after[status])
            for name in olds.get("headers", {}):
                if name not in news.get("headers", {}):
                    yield f"{status}: the header {name} is gone"
            for type_, media in olds.get("content", {}).items():
                if type_ not in news.get("content", {}):
                    yield f"{status}: there is no answer as {type_} any more"
                else:
                    yield from self._answered(media["schema"], news["content"][type_]["schema"], status)

    def _sent(self, before: Json, after: Json, at: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """Where what clients send has become stricter."""
        if (key := f"{before.get('$ref')}>{after.get('$ref')}") in seen:
            return
        seen = seen | {key} if "$ref" in before else seen
        before, after = self._in_old(before), self._in_new(after)
        yield from (f"{at}: {what}" for what in _stricter(before, after))
        olds, news = before.get("properties", {}), after.get("properties", {})
        for name in set(after.get("required", ())) - set(before.get("required", ())):
            yield f"{at}: the member {name} is required"
        if after.get("additionalProperties") is False:
            yield from (f"{at}: the member {name} is refused" for name in olds if name not in news)
            if before.get("additionalProperties") is not False:
                yield f"{at}: members that are not known are refused"
        for name in olds.keys() & news.keys():
            yield from self._sent(olds[name], news[name], f"{at}/{name}", seen)
        yield from self._inner(before, after, at, seen, is_sent=True)

    def _answered(self, before: Json, after: Json, at: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """Where what clients read has lost something."""
        if (key := f"{before.get('$ref')}>{after.get('$ref')}") in seen:
            return
        seen = seen | {key} if "$ref" in before else seen
        before, after = self._in_old(before), self._in_new(after)
        if more := _types(after) - _types(before):
            yield f"{at}: it may be {' or '.join(sorted(more))} now"
        olds, news = before.get("properties", {}), after.get("properties", {})
        for name in olds:
            if name not in news:
                yield f"{at}: the member {name} is gone"
            elif name in before.get("required", ()) and name not in after.get("required", ()):
                yield f"{at}: the member {name} may be missing"
        for name in olds.keys() & news.keys():
            yield from self._answered(olds[name], news[name], f"{at}/{name}", seen)
        yield from self._inner(before, after, at, seen, is_sent=False)

    def _inner(self, before: Json, after: Json, at: str, seen: frozenset[str], *, is_sent: bool) -> Iterator[str]:
        compare = self._sent if is_sent else self._answered
        for name in ("items", "additionalProperties"):
            pair = before.get(name), after.get(name)
            if isinstance(pair[0], dict) and isinstance(pair[1], dict):
                yield from compare(pair[0], pair[1], f"{at}/*", seen)
        for name in ("anyOf", "oneOf"):
            olds, news = before.get(name, []), after.get(name, [])
            for old, new in zip(olds, news, strict=False):
                yield from compare(old, new, at, seen)
            if is_sent and len(news) < len(olds):
                yield f"{at}: there are fewer forms that it may have"

    def _in_old(self, node: Json) -> Json:
        return _resolved(self.old, node)

    def _in_new(self, node: Json) -> Json:
        return _resolved(self.new, node)


def _stricter(before: Json, after: Json) -> Iterator[str]:
    if gone := _types(before) - _types(after):
        yield f"it may not be {' or '.join(sorted(gone))} any more"
    if "enum" in after and ("enum" not in before or set(map(str, before["enum"])) - set(map(str, after["enum"]))):
        yield "there are fewer values that it may have"
    for name in ("pattern", "format", "const"):
        if name in after and after[name] != before.get(name):
            yield f"{name} is {after[name]}"
    for name in _LOWER:
        if name in after and (name not in before or after[name] > before[name]):
            yield f"{name} is {after[name]}"
    for name in _UPPER:
        if name in after and (name not in before or after[name] < before[name]):
            yield f"{name} is {after[name]}"


def _types(schema: Json) -> set[str]:
    """The JSON types that a schema allows, as far as it says so itself; all of them if it does not."""
    given = schema.get("type")
    if given is None:
        return {"null", "boolean", "number", "integer", "string", "array", "object"}
    return {given} if isinstance(given, str) else set(given)


def _resolved(document: Mapping[str, Any], node: Json) -> Json:
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        node = found
    return node
