"""The values in a Dynamics payload, as DataContractJsonSerializer writes them (docs/sources/dynamics.md 1.4).

Decoding is lenient and lazy: an unusable attribute that nobody reads must not cost an event, and nothing is decoded
before it is asked for. `__type` is never required, and nothing after its colon matters.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_pascal

from shared.lenient_json import REPLACEMENT
from shared.validation import GUID, NOT_ALL_ZEROS, UUID_PATTERN

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Eighteen digits reach far beyond the year 9999, where datetime ends; more would only be work.
_WCF_DATE = re.compile(r"/Date\((-?[0-9]{1,18})(?:[+-][0-9]{4})?\)/")
# datetime.fromisoformat alone accepts "20240101", week dates and any letter as separator as well.
_ISO_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_GUID = re.compile(UUID_PATTERN, re.IGNORECASE)
# Half a character was read as U+FFFD, and a number that cannot be held as the text of its digits (lenient_json.py).
_NAME = re.compile(rf"[^\s0-9{REPLACEMENT}-](?:[^{REPLACEMENT}]*[^\s{REPLACEMENT}])?")


class NotADate(ValueError):
    """The text is in neither date form, or outside the years 1 to 9999."""


def parse_date(text: str) -> datetime:
    """The moment, in UTC, of `/Date(ms)/`, `/Date(ms+hhmm)/` or an ISO 8601 string; DateTime.MinValue is the year 1.

    `ms` is Unix milliseconds, and by the WCF rule the offset after it does not move the moment. An ISO string without a
    zone is read as UTC. Raises NotADate.
    """
    try:
        if wcf := _WCF_DATE.fullmatch(text):
            return _EPOCH + timedelta(milliseconds=int(wcf[1]))
        if _ISO_DATE.fullmatch(text):
            moment = datetime.fromisoformat(text)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as reason:
        raise NotADate("the date does not exist or is out of range") from reason
    raise NotADate("a date is /Date(milliseconds)/ or an ISO 8601 string")


def _guid(text: str) -> str:
    if not _GUID.fullmatch(text):
        raise ValueError(GUID)
    return text.lower()


def _not_zero(guid: str) -> str:
    if guid == NO_ID:
        raise ValueError(NOT_ALL_ZEROS)
    return guid


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("must be a name: not empty, not a number, of whole characters and without blanks at its ends")
    return text


def _pairs(raw: object) -> dict[str, object]:
    if not isinstance(raw, list):
        raise ValueError("must be an array of objects with key and value")
    return read_pairs(raw)


def _none_if_refused(raw: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(raw)
    except ValidationError:
        return None


NO_ID = "00000000-0000-0000-0000-000000000000"
"""The GUID that identifies nothing: .NET's Guid.Empty."""

Guid = Annotated[StrictStr, AfterValidator(_guid)]
"""A GUID as 8-4-4-4-12 hexadecimal digits in either case, without braces; lower case from here on."""

Id = Annotated[Guid, AfterValidator(_not_zero)]
"""A GUID that identifies something."""

Name = Annotated[StrictStr, AfterValidator(_name)]
"""A name of a message, a table or the like; with blanks at its ends it would equal nothing that it is compared with."""

KeyValueList = BeforeValidator(_pairs)
"""Reads a list of key/value pairs (read_pairs) for a model of its keys; refuses anything but a list."""

type Lenient[T] = Annotated[T | None, WrapValidator(_none_if_refused)]
"""A field that is None if its value is missing, null or not a T, and never refuses its model."""

_ID: TypeAdapter[str] = TypeAdapter(Id, config=ConfigDict(defer_build=True))


def id_or_none(raw: object) -> str | None:
    """The GUID in lower case; None if this is not a GUID, or all zeros."""
    try:
        return _ID.validate_python(raw)
    except ValidationError:
        return None


type Value = Entity | EntityReference | OptionSetValue | Money | EntityCollection | Options | datetime | object
"""What an attribute holds: one of these classes, or (`object`) JSON as it came: str, int, float, bool, None, list or
dict."""

type Options = tuple[OptionSetValue, ...]
"""The value of a multi-select column."""


class Contract(BaseModel):
    """A frozen value whose JSON names are those of the data contract; unknown fields are ignored."""

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,
        extra="ignore",
        alias_generator=to_pascal,
        # An error may end in a log, and what Dynamics sent does not belong there.
        hide_input_in_errors=True,
    )


class EntityReference(Contract):
    """Points at a row: its table's logical name and its id. `name` is mostly None."""

    id: Guid
    logical_name: Name
    name: Lenient[StrictStr] = None


class OptionSetValue(Contract):
    """One value of a choice column."""

    value: StrictInt


class Money(Contract):
    """An amount, in the currency of its row."""

    value: Decimal


class Entity(Contract):
    """A row, or the part of one that was sent. Attributes are decoded when they are first asked for."""

    id: Lenient[Guid] = None
    logical_name: Lenient[Name] = None
    raw_attributes: object = Field(default=None, alias="Attributes", repr=False)
    raw_formatted_values: object = Field(default=None, alias="FormattedValues", repr=False)

    @cached_property
    def attributes(self) -> Mapping[str, Value]:
        """Column to decoded value."""
        return decode_pairs(self.raw_attributes)

    @cached_property
    def formatted_values(self) -> Mapping[str, str]:
        """Column to text in the user's language; never branch on it."""
        pairs = read_pairs(self.raw_formatted_values)
        return {key: text for key, text in pairs.items() if isinstance(text, str)}


class EntityCollection(Contract):
    """Several rows, such as the parties of an activity."""

    entity_name: Lenient[Name] = None
    more_records: Lenient[StrictBool] = None
    raw_entities: object = Field(default=None, alias="Entities", repr=False)

    @cached_property
    def entities(self) -> tuple[Entity, ...]:
        """The rows; items that are not rows are left out. Rows carry no `__type`."""
        rows = self.raw_entities if isinstance(self.raw_entities, list) else []
        return tuple(Entity.model_validate(row) for row in rows if isinstance(row, dict))


_MODELS: Mapping[str, type[Contract]] = {
    model.__name__: model for model in (Entity, EntityReference, OptionSetValue, Money, EntityCollection)
}


def read_pairs(raw: object) -> dict[str, object]:
    """`[{"key": k, "value": v}, ...]` as a dict, values undecoded; {} for null and anything else but a list.

    Items that are not such a pair are left out; the last of duplicate keys wins.
    """
    items = raw if isinstance(raw, list) else []
    pairs = (item for item in items if isinstance(item, dict))
    return {key: pair.get("value") for pair in pairs if isinstance(key := pair.get("key"), str)}


def decode_pairs(raw: object) -> dict[str, Value]:
    """The same as read_pairs, with decoded values."""
    return {key: decode_value(value) for key, value in read_pairs(raw).items()}


def decode_value(raw: object) -> Value:
    """The typed value of a JSON value: by its `__type`, without one by its shape, else as it is. Never raises.

    `/Date()/` strings become datetimes; ISO strings stay strings, because a text column may hold one.
    """
    match raw:
        case dict():
            return _decode_object(raw)
        case list():
            return _decode_options(raw)
        case str() if raw.startswith("/Date("):
            return _decode_date(raw)
        case _:
            return raw


def _decode_object(raw: dict[str, object]) -> Value:
    model = _model_of(raw)
    try:
        return raw if model is None else model.model_validate(raw)
    except ValidationError:
        return raw


def _model_of(raw: dict[str, object]) -> type[Contract] | None:
    tag = raw.get("__type")
    if isinstance(tag, str):
        return _MODELS.get(tag.partition(":")[0])
    if "Attributes" in raw:
        return Entity
    if "Entities" in raw:
        return EntityCollection
    if "LogicalName" in raw and "Id" in raw:
        return EntityReference
    if raw.keys() == {"Value"}:
        return Money if isinstance(raw["Value"], float) else OptionSetValue
    return None


def _decode_options(raw: list[object]) -> Value:
    values = [_decode_object(item) for item in raw if isinstance(item, dict)]
    options = tuple(value for value in values if isinstance(value, OptionSetValue))
    # An empty list says nothing about its type, so it stays a list.
    return options if options and len(options) == len(raw) else raw


def _decode_date(raw: str) -> Value:
    try:
        return parse_date(raw)
    except NotADate:
        return raw
