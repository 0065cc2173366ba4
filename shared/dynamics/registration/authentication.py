"""How Dataverse authenticates itself to a webhook's receiver, in three ways (docs/sources/dynamics.md 2.4). Pure.

Secrets are SecretStr, so that no error and no log shows one; `authvalue` is what Dataverse is given.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal
from xml.sax.saxutils import escape

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel

from shared.text_length import utf16_length
from shared.validation import HEADER_NAME_PATTERN, NO_CONTROL_CHARACTERS, max_length

# Dataverse encodes the key for the query, so + and / of a generated function key arrive as they are.
_KEY = re.compile(r"[A-Za-z0-9_.~=+/-]{32,128}")
_HEADER_NAME = re.compile(HEADER_NAME_PATTERN)
_HEADER_VALUE = re.compile(r"[ -~]*")
# Control characters, and what XML cannot hold.
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_MAX_XML_CHARACTERS = 2048
# .NET refuses to set these headers, so every call would fail (docs/sources/dynamics.md 1.8).
_RESTRICTED_HEADERS = frozenset(
    [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "date",
        "expect",
        "host",
        "if-modified-since",
        "proxy-connection",
        "range",
        "referer",
        "transfer-encoding",
        "user-agent",
    ]
)
# Dataverse's own: x-ms-dynamics-msg-size-exceeded marks a request as trimmed, for example.
_OWN_PREFIX = "x-ms-dynamics-"
_OWN_HEADERS = frozenset({"x-ms-correlation-request-id", "x-request-id"})


class Body(BaseModel):
    """A part of a request's body: known members only, in camel case, with values of exactly their type."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )


def _key(key: SecretStr) -> SecretStr:
    if not _KEY.fullmatch(key.get_secret_value()):
        raise ValueError("must be 32 to 128 characters of A-Z a-z 0-9 - _ . ~ = + /")
    return key


type Values = dict[str, SecretStr]


def _headers(values: Values) -> Values:
    seen: set[str] = set()
    for name, value in values.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"must not have the name {_shown(name)}, which cannot be a header's")
        if name.lower() in _RESTRICTED_HEADERS:
            raise ValueError(f"must not set the header {_shown(name)}: each call of Dataverse would fail")
        if name.lower().startswith(_OWN_PREFIX) or name.lower() in _OWN_HEADERS:
            raise ValueError(f"must not set the header {_shown(name)}, which is one of Dataverse's own")
        if name.lower() in seen:
            raise ValueError(f"must not set the header {_shown(name)} twice; its case does not matter")
        if not _HEADER_VALUE.fullmatch(value.get_secret_value()):
            raise ValueError(f"must have printable ASCII characters only in the value of {_shown(name)}")
        seen.add(name.lower())
    return _fitting(values)


def _parameters(values: Values) -> Values:
    for name, value in values.items():
        if _NOT_TEXT.search(name):
            raise ValueError(f"{NO_CONTROL_CHARACTERS} in a name")
        if _NOT_TEXT.search(value.get_secret_value()):
            raise ValueError(f"{NO_CONTROL_CHARACTERS} in the value of {_shown(name)}")
    return _fitting(values)


def _fitting(values: Values) -> Values:
    if not values:
        raise ValueError("must have at least one name with its value")
    for name, value in values.items():
        _require_as_sent(name, f"the name {_shown(name)}")
        _require_as_sent(value.get_secret_value(), f"the value of {_shown(name)}")
    if (length := utf16_length(settings_xml(values))) > _MAX_XML_CHARACTERS:
        raise ValueError(max_length(_MAX_XML_CHARACTERS, length, "characters as XML"))
    return values


def _require_as_sent(text: str, what: str) -> None:
    # Dataverse trims names and values; if nothing is left, or the same name twice, each call would fail.
    if not text.strip():
        raise ValueError(f"must not be blank in {what}")
    if text != text.strip():
        raise ValueError(f"must not have a blank at either end of {what}: Dataverse does not send it")


def _shown(name: str) -> str:
    return json.dumps(name[:100])


Key = Annotated[SecretStr, AfterValidator(_key)]


class WebhookKey(Body):
    """The query parameter `code`."""

    authtype: ClassVar[int] = 4
    type: Literal["WebhookKey"]
    key: Key

    @property
    def authvalue(self) -> str:
        """The bare key."""
        return self.key.get_secret_value()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no reply and no log may show."""
        return (self.authvalue,)


class _Settings(Body):
    values: Values

    @property
    def authvalue(self) -> str:
        """Names and values as XML."""
        return settings_xml(self.values)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no reply and no log may show."""
        return tuple(value.get_secret_value() for value in self.values.values())


class HttpHeader(_Settings):
    """Headers of the request."""

    authtype: ClassVar[int] = 5
    type: Literal["HttpHeader"]
    values: Annotated[Values, AfterValidator(_headers)]


class HttpQueryString(_Settings):
    """Parameters in the query string."""

    authtype: ClassVar[int] = 6
    type: Literal["HttpQueryString"]
    values: Annotated[Values, AfterValidator(_parameters)]

    @property
    def is_ascii(self) -> bool:
        """Whether all names and values are ASCII."""
        return all(name.isascii() and value.get_secret_value().isascii() for name, value in self.values.items())


type AnyAuthentication = WebhookKey | HttpHeader | HttpQueryString
type Authentication = Annotated[AnyAuthentication, Field(discriminator="type")]

AUTHENTICATION_TYPES: Mapping[int, str] = {
    one.authtype: one.__name__ for one in (WebhookKey, HttpHeader, HttpQueryString)
}


def settings_xml(values: Mapping[str, SecretStr]) -> str:
    """`<settings><setting name="..." value="..."/></settings>`, escaped."""
    settings = (f'<setting name="{_xml(name)}" value="{_xml(v.get_secret_value())}"/>' for name, v in values.items())
    return f"<settings>{''.join(settings)}</settings>"


def _xml(text: str) -> str:
    return escape(text, {'"': "&quot;"})
