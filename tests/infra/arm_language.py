"""The language of expressions in a compiled template: how one is read, and the functions that infra/main.json uses.

A function that is not here is a KeyError with its name: add it.
"""

import hashlib
import json
import re
from base64 import b32encode
from collections.abc import Callable, Sequence
from typing import Any

type Evaluated = Callable[[], Any]
"""A value that is found out when it is asked for."""

type Call = Callable[[str, Sequence[Evaluated]], Any]

SUBSCRIPTION = "/subscriptions/11111111-1111-4111-8111-111111111111"
TENANT_ID = "22222222-2222-4222-8222-222222222222"
DEPLOYER_ID = "33333333-3333-4333-8333-333333333333"
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>\w+)|(?P<sign>[()\[\],.]))")


def read_expression(text: str, call: Call) -> Evaluated:
    """What this expression is, once it is asked for. `call` calls its functions, with arguments not evaluated yet."""
    return _Expression(text, call).read()


class _Expression:
    """The tokens of an expression, and how far they are read."""

    def __init__(self, text: str, call: Call) -> None:
        self._tokens = [match for match in _TOKEN.finditer(text) if match[0].strip()]
        if "".join(match[0] for match in self._tokens).strip() != text.strip():
            raise ValueError(f"not an expression: {text}")
        self._call_function, self._at = call, 0

    def read(self) -> Evaluated:
        match = self._next()
        if match["text"] is not None:
            text = match["text"][1:-1].replace("''", "'")
            return lambda: text
        if match["number"] is not None:
            number = int(match["number"])
            return lambda: number
        return self._members(self._call(match["name"]))

    def _call(self, name: str) -> Evaluated:
        self._next()
        arguments: list[Evaluated] = []
        while self._tokens[self._at]["sign"] != ")":
            arguments.append(self.read())
            if self._tokens[self._at]["sign"] == ",":
                self._at += 1
        self._at += 1
        return lambda: self._call_function(name, arguments)

    def _members(self, whole: Evaluated) -> Evaluated:
        while self._at < len(self._tokens) and self._tokens[self._at]["sign"] in {".", "["}:
            if self._next()["sign"] == ".":
                whole = self._member(whole, self._next()["name"])
            else:
                whole = self._element(whole, self.read())
                self._at += 1
        return whole

    @staticmethod
    def _member(whole: Evaluated, name: str) -> Evaluated:
        return lambda: whole()[name]

    @staticmethod
    def _element(whole: Evaluated, index: Evaluated) -> Evaluated:
        return lambda: whole()[index()]

    def _next(self) -> re.Match[str]:
        self._at += 1
        return self._tokens[self._at - 1]


def _unique_string(*parts: str) -> str:
    return b32encode(hashlib.sha256("\0".join(parts).encode()).digest()).decode().lower()[:13]


def _union(*parts: Any) -> Any:  # noqa: ANN401 - JSON
    return {name: value for part in parts for name, value in part.items()}


def _string(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, bool) else json.dumps(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "and": lambda *values: all(values),
    "coalesce": lambda *values: next((value for value in values if value is not None), None),
    "concat": lambda *lists: [element for one in lists for element in one],
    "createArray": lambda *values: list(values),
    "createObject": lambda *members: dict(zip(members[::2], members[1::2], strict=True)),
    "deployer": lambda: {"objectId": DEPLOYER_ID, "tenantId": TENANT_ID},
    "empty": lambda value: not value,
    "equals": lambda one, other: one == other,
    "false": lambda: False,
    "filter": lambda values, is_kept: [value for value in values if is_kept(value)],
    "format": lambda text, *values: text.format(*values),
    "greater": lambda one, other: one > other,
    "guid": lambda *parts: f"guid({', '.join(parts)})",
    "items": lambda members: [{"key": name, "value": value} for name, value in sorted(members.items())],
    "length": len,
    "not": lambda value: not value,
    "null": lambda: None,
    "resourceId": lambda type_, *names: f"{type_}/{'/'.join(names)}",
    "string": _string,
    "subscription": lambda: {"id": SUBSCRIPTION, "subscriptionId": SUBSCRIPTION.rpartition("/")[2]},
    "subscriptionResourceId": lambda type_, *names: f"{type_}/{'/'.join(names)}",
    "tenant": lambda: {"tenantId": TENANT_ID},
    "toLower": str.lower,
    "toObject": lambda values, key, value: {key(one): value(one) for one in values},
    "tryGet": lambda members, name: members.get(name),
    "union": _union,
    "true": lambda: True,
    "uniqueString": _unique_string,
    "uri": lambda base, path: f"{base.rstrip('/')}/{path}",
}
