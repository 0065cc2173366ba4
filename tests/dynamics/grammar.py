"""Whatever Dataverse may send in a column, with what becomes of it: the grammar of docs/sources/dynamics.md 1.4."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import strategies as st

from tests.dynamics.contexts import CONTRACTS, boxed, collection, entity, money, option, pairs, reference, untyped

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
TABLES = st.sampled_from(["account", "contact", "new_custom", "systemuser"])
IDS = st.uuids().map(str) | st.just(str(UUID(int=0)))
INT32 = st.integers(-(2**31), 2**31 - 1)
# The numbers that a double holds; test_exact_json.py has all others.
NUMBERS = st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text().filter(lambda text: not text.startswith("/Date("))
MOMENTS = st.integers(-62_135_596_800_000, 253_402_300_799_999)
OFFSETS = st.sampled_from(["", "+0000", "-0700", "+0530"])
_MEMBERS = [
    *["__type", "__value", "Id", "LogicalName", "Name", "Attributes", "FormattedValues", "Entities", "Value"],
    *["key", "value", "AttributeLogicalName"],
]

CONTRACT_LIKE: st.SearchStrategy[object] = st.recursive(
    st.none()
    | st.booleans()
    | NUMBERS
    | st.text()
    | IDS
    | st.sampled_from(["Entity", "Money:", "EntityReference" + CONTRACTS, "OptionSetValue", "EntityCollection:x"])
    | st.sampled_from(["AliasedValue", "BooleanManagedProperty:", "Guid:#System", "/Date(0)/", "/Date(soon)/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_MEMBERS), inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=2)
        | st.lists(st.fixed_dictionaries({"key": NAMES, "value": inner}), max_size=3)
    ),
    max_leaves=10,
)
"""JSON that resembles what Dataverse sends."""


@dataclass(frozen=True)
class Sent:
    """A value as it is sent, and what receivers are told: in a column, beside that, and among others in a list."""

    wire: object
    told: object
    beside: Mapping[str, object] = field(default_factory=dict)
    in_list: object = None

    @property
    def told_in_list(self) -> object:
        """What receivers are told of it in a list: only a reference is an object there."""
        return self.in_list if self.beside else self.told


@dataclass(frozen=True)
class SentColumns:
    """Columns with their texts for users."""

    columns: Mapping[str, Sent]
    formatted: Mapping[str, str]

    @property
    def wire(self) -> dict[str, object]:
        """The columns as they are sent."""
        return {name: sent.wire for name, sent in self.columns.items()}

    @property
    def told(self) -> dict[str, object]:
        """What receivers are told."""
        told: dict[str, object] = {}
        for name, sent in self.columns.items():
            told[name] = sent.told
            told |= {f"{name}_{suffix}": value for suffix, value in sent.beside.items()}
            if name in self.formatted:
                told[f"{name}_formatted"] = self.formatted[name]
        return told


def iso(milliseconds: int) -> str:
    """The moment as receivers are told it."""
    moment = EPOCH + timedelta(milliseconds=milliseconds)
    whole = moment.replace(microsecond=0, tzinfo=None).isoformat()
    return f"{whole}.{milliseconds % 1000:03d}Z" if milliseconds % 1000 else f"{whole}Z"


def values() -> st.SearchStrategy[Sent]:
    """Any value of a column."""
    return st.recursive(_leaves(), lambda inner: _wrapped(inner) | _lists(inner) | _rows(inner), max_leaves=8)


def columns(each: st.SearchStrategy[Sent]) -> st.SearchStrategy[SentColumns]:
    """Columns with such values, some of which have a text for users."""
    several = st.dictionaries(NAMES, each, max_size=4)
    return st.builds(SentColumns, several, st.dictionaries(NAMES, st.text(), max_size=2) | several.flatmap(_texts))


def _texts(several: Mapping[str, Sent]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional={name: st.text() for name in several})


def _leaves() -> st.SearchStrategy[Sent]:
    return (
        (st.none() | st.booleans() | NUMBERS | TEXTS).map(lambda value: Sent(value, value))
        | st.builds(_date, MOMENTS, OFFSETS)
        | _tagged(INT32.map(lambda number: Sent(option(number), number)))
        | _tagged(NUMBERS.map(lambda number: Sent(money(number), number)))
        | _tagged(st.builds(_reference, TABLES, IDS, st.none() | st.text()))
        | st.lists(_tagged(INT32.map(lambda number: Sent(option(number), number)))).map(_list)
    )


def _date(milliseconds: int, offset: str) -> Sent:
    return Sent(f"/Date({milliseconds}{offset})/", iso(milliseconds))


def _reference(table: str, id_: str, name: str | None) -> Sent:
    beside = {"logicalname": table} if name is None else {"logicalname": table, "name": name}
    told = {"id": id_, "logicalname": table, "name": name}
    return Sent(reference(table, id_.upper(), name), id_, beside, told)


def _tagged(sent: st.SearchStrategy[Sent]) -> st.SearchStrategy[Sent]:
    """With its type, with another text behind the colon, or without a type."""
    return st.builds(_with_tag, sent, st.sampled_from([CONTRACTS, "", ":#other", None]))


def _with_tag(sent: Sent, rest: str | None) -> Sent:
    assert isinstance(sent.wire, dict)
    bare = untyped(sent.wire)
    type_ = str(sent.wire["__type"]).partition(":")[0]
    return Sent(bare if rest is None else {"__type": type_ + rest, **bare}, sent.told, sent.beside, sent.in_list)


def _wrapped(inner: st.SearchStrategy[Sent]) -> st.SearchStrategy[Sent]:
    wrappers = st.sampled_from(
        [
            lambda value: {"__type": "AliasedValue" + CONTRACTS, "AttributeLogicalName": "name", "Value": value},
            lambda value: {"AttributeLogicalName": "name", "EntityLogicalName": "account", "Value": value},
            lambda value: {"__type": "BooleanManagedProperty" + CONTRACTS, "CanBeChanged": True, "Value": value},
            lambda value: {"CanBeChanged": True, "ManagedPropertyLogicalName": "iscustomizable", "Value": value},
            lambda value: boxed("Object", value),
        ]
    )
    return st.builds(
        lambda wrap, sent: Sent(wrap(sent.wire), sent.told, sent.beside, sent.in_list),
        wrappers,
        inner,
    )


def _lists(inner: st.SearchStrategy[Sent]) -> st.SearchStrategy[Sent]:
    return st.lists(inner, max_size=3).map(_list)


def _list(items: list[Sent]) -> Sent:
    return Sent([item.wire for item in items], [item.told_in_list for item in items])


def _rows(inner: st.SearchStrategy[Sent]) -> st.SearchStrategy[Sent]:
    rows = _tagged(st.builds(_row, TABLES, IDS, columns(inner)))
    return rows | _tagged(st.lists(rows, max_size=2).map(_collection))


def _row(table: str, id_: str, sent: SentColumns) -> Sent:
    wire = entity(id_.upper(), sent.wire, table)
    return Sent({**wire, "FormattedValues": pairs(sent.formatted)}, {"id": id_, "logicalname": table, **sent.told})


def _collection(rows: list[Sent]) -> Sent:
    told = [row.told for row in rows]
    wires = [row.wire for row in rows if isinstance(row.wire, dict)]
    return Sent({**collection([]), "Entities": wires}, told)
