"""What a request reports, row by row: one message on one row, with what was sent of it. Pure.

A message on several rows (CreateMultiple and the like) is told as the messages that its rows would have had alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.dynamics.context import RemoteExecutionContext
from shared.dynamics.flattening import Columns, bare
from shared.dynamics.values import NO_ID, id_or_none, is_name, read_pairs
from shared.errors import BadRequest, ContentTooLarge, FieldError
from shared.exact_json import dump_json
from shared.validation import ARRAY, REQUIRED, field_error, max_length, pointer_to

MAX_ROWS = 1000
"""Rows that one request may be about."""

_MAX_PAYLOADS_BYTES = 256 * 1024 * 1024
_TARGET, _TARGETS, _MONIKER, _IDS = "Target", "Targets", "EntityMoniker", "Ids"
_IMAGES = ("PreEntityImages", "PostEntityImages")
_COLLECTIONS = ("PreEntityImagesCollection", "PostEntityImagesCollection")
_LINKING = frozenset({"associate", "disassociate"})
_ACTIVITY_KEY = "activityid"


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """One message on one row.

    message, table: in lower case; `table` is None for a message about no table.
    row_id: a GUID in lower case; empty for a message about no single row.
    columns, formatted: what was sent of the row, as it came, and texts for users.
    parameters: the other input parameters, as they came; one object for all rows of a request.
    subject: the Target or EntityMoniker of a message about no single row, as it came.
    before, before_formatted: its pre-image, as it came; None if the step has none.
    steps: where the row's columns stand in the request's body.
    number: the row's place in a message on several rows.
    """

    message: str
    table: str | None
    row_id: str = ""
    columns: Columns = field(default_factory=dict)
    formatted: Columns = field(default_factory=dict)
    parameters: Columns = field(default_factory=dict)
    subject: object = None
    before: Columns | None = None
    before_formatted: Columns = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    number: int | None = None

    @property
    def key_columns(self) -> frozenset[str]:
        """The columns that may hold the row's own id."""
        return frozenset({f"{self.table}id", _ACTIVITY_KEY})


def changes_of(context: RemoteExecutionContext, *, trimmed: bool) -> list[RowChange]:
    """What a request reports, one item a row; `trimmed` says that Dataverse left the rows out for its size.

    Raises BadRequest if a row has no id, and ContentTooLarge for more than MAX_ROWS.
    """
    parameters = read_pairs(context.input_parameters)
    if context.is_multiple:
        return _several(context, parameters, trimmed=trimmed)
    return [_single(context, parameters)]


def own_payload(document: Mapping[str, object], change: RowChange) -> bytes:
    """The request as it would have been for one row of several, which is `change`.

    A parent that is about several rows is left out, for it would repeat all of them.
    """
    number = change.number or 0
    own: dict[str, object] = {
        **document,
        "InputParameters": _own_pairs(document.get("InputParameters"), _TARGETS, number),
        "OutputParameters": _own_pairs(document.get("OutputParameters"), _IDS, number),
    }
    for name in _IMAGES:
        images = _dicts(document.get(name))
        own[name] = [pair for pair in images if _is_image_of(pair.get("value"), change.row_id)]
    collections = [name for name in _COLLECTIONS if name in document]
    own |= {name: _own_item(document[name], number) for name in collections}
    if any(_TARGETS in read_pairs(parent.get("InputParameters")) for parent in _parents(document)):
        own["ParentContext"] = None
    return dump_json(own).encode()


def require_storable(document: Mapping[str, object], changes: Sequence[RowChange]) -> None:
    """Raises ContentTooLarge if what the rows have in common is too much to be stored with each of them."""
    # A row that is not there: what is left is in the payload of each.
    common = own_payload(document, replace(changes[0], number=len(changes)))
    size = len(common) * len(changes)
    if size > _MAX_PAYLOADS_BYTES:
        limit = max_length(_MAX_PAYLOADS_BYTES, size, "bytes")
        raise ContentTooLarge(f"what the rows of the request have in common, once for each of them, {limit}")


def _single(context: RemoteExecutionContext, parameters: Columns) -> RowChange:
    target = parameters.get(_TARGET)
    table, row_id = context.table, context.primary_entity_id
    if context.message in _LINKING and (table is None or row_id == NO_ID):
        table, row_id = _linked(target, table) or (table, NO_ID)
    if table is None or row_id == NO_ID:
        row_id = ""
    change = RowChange(
        message=context.message, table=table, row_id=row_id, steps=("InputParameters", _TARGET, "Attributes")
    )
    subject = None if row_id else target or parameters.get(_MONIKER)
    told = replace(change, parameters=_others(parameters), subject=subject)
    return _with_values(told, target, _images(context.pre_entity_images))


def _several(context: RemoteExecutionContext, parameters: Columns, *, trimmed: bool) -> list[RowChange]:
    ids = _ids(context)
    targets = _targets(parameters, trimmed=trimmed)
    rows = targets or ([{}] * len(ids) if trimmed else [])
    if len(rows) > MAX_ROWS:
        raise ContentTooLarge(f"Targets must be at most {MAX_ROWS} rows (got {len(rows)})")
    if trimmed and not rows:
        return [RowChange(message=context.message, table=context.table, parameters=_others(parameters))]
    found = [_row_id(row, context.table) or (ids[number : number + 1] or [None])[0] for number, row in enumerate(rows)]
    if errors := [_without_id(number) for number, id_ in enumerate(found) if id_ is None]:
        raise BadRequest.of(errors)
    others = _others(parameters)
    return [
        _row(context, others, row, id_ or "", number) for number, (row, id_) in enumerate(zip(rows, found, strict=True))
    ]


def _row(context: RemoteExecutionContext, others: Columns, row: object, row_id: str, number: int) -> RowChange:
    collection = context.pre_entity_images_collection
    own = collection[number : number + 1] if isinstance(collection, list) else []
    images = [image for pairs in [*own, context.pre_entity_images] for image in _images(pairs)]
    steps = ("InputParameters", _TARGETS, str(number), "Attributes")
    change = RowChange(
        message=context.message, table=context.table, row_id=row_id, parameters=others, steps=steps, number=number
    )
    return _with_values(change, row, images)


def _with_values(change: RowChange, target: object, images: Sequence[dict[str, object]]) -> RowChange:
    columns, formatted = _sent(target)
    before, before_formatted = _before(images, change.row_id)
    return replace(
        change,
        columns=columns,
        formatted=formatted,
        before=before,
        before_formatted=before_formatted,
    )


def _targets(parameters: Columns, *, trimmed: bool) -> list[object]:
    """The rows in `Targets`: an EntityCollection, or a list of references."""
    if _TARGETS not in parameters and trimmed:
        return []
    targets = parameters.get(_TARGETS)
    rows = targets.get("Entities") if isinstance(targets, dict) else targets
    if not isinstance(rows, list):
        phrase = f"{ARRAY} of rows, or a collection of them" if _TARGETS in parameters else REQUIRED
        raise BadRequest.of([field_error(["InputParameters", _TARGETS], phrase)])
    return rows


def _ids(context: RemoteExecutionContext) -> list[str | None]:
    ids = bare(read_pairs(context.output_parameters).get(_IDS))
    return [id_or_none(id_) for id_ in ids] if isinstance(ids, list) else []


def _row_id(row: object, table: str | None) -> str | None:
    """The id that a row itself names."""
    if not isinstance(row, dict):
        return None
    named = id_or_none(row.get("Id"))
    keys = [read_pairs(row.get(name)).get(f"{table}id") for name in ("Attributes", "KeyAttributes")]
    return named or next((id_ for key in keys if (id_ := id_or_none(bare(key)))), None)


def _without_id(number: int) -> FieldError:
    pointer = pointer_to(["InputParameters", _TARGETS, str(number), "Id"])
    return FieldError(pointer, f"Targets/{number}/Id {REQUIRED}, for neither its columns nor OutputParameters name it")


def _linked(target: object, table: str | None) -> tuple[str, str] | None:
    """Table and id of the row that Associate and Disassociate name in Target."""
    found = bare(target)
    if not isinstance(found, dict):
        return None
    id_, name = id_or_none(found.get("id")), found.get("logicalname")
    if id_ is None or not isinstance(name, str) or not is_name(name):
        return None
    if table is not None and table != name.lower():
        return None
    return name.lower(), id_


def _sent(target: object) -> tuple[Columns, Columns]:
    """The columns that were sent of a row, and texts for users; none of a mere reference."""
    if not isinstance(target, dict):
        return {}, {}
    return read_pairs(target.get("Attributes")), read_pairs(target.get("FormattedValues"))


def _others(parameters: Columns) -> Columns:
    return {name: value for name, value in parameters.items() if name not in {_TARGET, _TARGETS, _MONIKER}}


def _images(pairs: object) -> list[dict[str, object]]:
    return [image for image in read_pairs(pairs).values() if isinstance(image, dict)]


def _before(images: Sequence[dict[str, object]], row_id: str) -> tuple[Columns | None, Columns]:
    """The row before the operation: its images in one, of which the first that has a column wins."""
    own = [image for image in images if _is_image_of(image, row_id)]
    if not own:
        return None, {}
    columns: dict[str, object] = {}
    formatted: dict[str, object] = {}
    for image in own:
        texts = read_pairs(image.get("FormattedValues"))
        new = {name: value for name, value in read_pairs(image.get("Attributes")).items() if name not in columns}
        columns |= new
        # A text belongs to the value beside it, and to none of another image.
        formatted |= {name: texts[name] for name in new if name in texts}
    return columns, formatted


def _is_image_of(image: object, row_id: str) -> bool:
    id_ = id_or_none(image.get("Id")) if isinstance(image, dict) else None
    return id_ is None or id_ == row_id


def _own_pairs(pairs: object, key: str, number: int) -> object:
    """A list of pairs in which the value of `key` holds one of its items alone."""
    return [
        {**pair, "value": _own_item(pair.get("value"), number)} if pair.get("key") == key else pair
        for pair in _dicts(pairs)
    ]


def _own_item(value: object, number: int) -> object:
    if isinstance(value, list):
        return value[number : number + 1]
    if isinstance(value, dict) and isinstance(rows := value.get("Entities"), list):
        return {**value, "Entities": rows[number : number + 1]}
    return value


def _parents(document: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    parent = document.get("ParentContext")
    while isinstance(parent, dict):
        yield parent
        parent = parent.get("ParentContext")


def _dicts(items: object) -> list[dict[str, object]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
