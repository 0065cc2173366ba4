"""What the hub decides by in a Dynamics payload: ids, names, references and lists of pairs.

Their forms are those of DataContractJsonSerializer (docs/sources/dynamics.md 1.4). All other values: flattening.py.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictStr,
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
_GUID = re.compile(UUID_PATTERN, re.IGNORECASE)
# Half a character was read as U+FFFD, and a number that cannot be held as the text of its digits (lenient_json.py).
_NAME = re.compile(rf"[^\s0-9{REPLACEMENT}-](?:[^{REPLACEMENT}]*[^\s{REPLACEMENT}])?")


class NotADate(ValueError):
    """The text is no date of DataContractJsonSerializer, or one outside the years 1 to 9999."""


def parse_wcf_date(text: str) -> datetime:
    """The moment, in UTC, of `/Date(ms)/` or `/Date(ms+hhmm)/`; DateTime.MinValue is the year 1. Raises NotADate.

    `ms` is Unix milliseconds, and by the WCF rule the offset after it does not move the moment.
    """
    found = _WCF_DATE.fullmatch(text)
    if found is None:
        raise NotADate("a date is /Date(milliseconds)/")
    try:
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError as reason:
        raise NotADate("the date is out of range") from reason


def id_of(raw: object) -> str | None:
    """The GUID in lower case, also one of zeros; None if this is not a GUID."""
    return raw.lower() if isinstance(raw, str) and _GUID.fullmatch(raw) else None


def is_name(text: str) -> bool:
    """Whether this can be the name of a message, a table or the like: see Name."""
    return _NAME.fullmatch(text) is not None


def _guid(text: str) -> str:
    if not _GUID.fullmatch(text):
        raise ValueError(GUID)
    return text.lower()


def _not_zero(guid: str) -> str:
    if guid == NO_ID:
        raise ValueError(NOT_ALL_ZEROS)
    return guid


def _name(text: str) -> str:
    if not is_name(text):
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


def id_or_none(raw: object) -> str | None:
    """The GUID in lower case; None if this is not a GUID, or all zeros."""
    id_ = id_of(raw)
    return None if id_ == NO_ID else id_


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
    """Points at a row: its table's logical name and its id."""

    id: Guid
    logical_name: Name


def read_pairs(raw: object) -> dict[str, object]:
    """`[{"key": k, "value": v}, ...]` as a dict; {} for null and anything else but a list.

    Items that are not such a pair are left out; the last of duplicate keys wins.
    """
    items = raw if isinstance(raw, list) else []
    pairs = (item for item in items if isinstance(item, dict))
    return {key: pair.get("value") for pair in pairs if isinstance(key := pair.get("key"), str)}
