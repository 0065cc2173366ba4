"""A step: on which message and table a webhook is called (docs/sources/dynamics.md 2.6). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.dynamics.registration.image import COLUMNS as IMAGE_COLUMNS
from shared.dynamics.registration.image import IMAGES_OF_STEP, ImageRow, StepImage, in_order
from shared.dynamics.values import Guid
from shared.errors import BadGateway

STEPS = "sdkmessageprocessingsteps"
COLUMNS = (
    "sdkmessageprocessingstepid,name,description,mode,stage,rank,filteringattributes,asyncautodelete,statecode,"
    "_eventhandler_value,_impersonatinguserid_value"
)
LOOK_UPS = (
    "sdkmessageid($select=name),sdkmessagefilterid($select=primaryobjecttypecode),"
    f"{IMAGES_OF_STEP}($select={IMAGE_COLUMNS})"
)
RUN_AS = "impersonatinguserid@odata.bind"

MAX_NAME_CHARACTERS = 256
"""UTF-16 units of a name or a description in Dataverse."""

WITH_OR_WITHOUT_TABLE = frozenset({"associate", "disassociate"})
"""Messages that most register without a table, although some environments have filters for single tables as well."""

STAGES: Mapping[str, int] = {"PreValidation": 10, "PreOperation": 20, "PostOperation": 40}
MODES: Mapping[str, int] = {"sync": 0, "async": 1}
_STAGE_NAMES = {number: name for name, number in STAGES.items()}
_MODE_NAMES = {number: name for name, number in MODES.items()}
# How people, tools and Dataverse's own rows write that there is no table.
_NO_TABLE = frozenset({"", "none"})
_EVERY_COLUMN = "without filteringAttributes this step runs on every update of any column"


def table_of(text: str | None) -> str | None:
    """The table that a text names; None for a blank text and for `none`, in any case."""
    return None if text is None or text.strip().lower() in _NO_TABLE else text


@dataclass(frozen=True)
class StepSlot:
    """Where a step stands in Dataverse's pipeline. Messages and tables compare ignoring case; `table` may be None."""

    message: str
    table: str | None
    stage: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What two steps in the same slot have in common."""
        return self.message.lower(), (table_of(self.table) or "").lower(), self.stage


@dataclass(frozen=True)
class Step:
    """One step of a webhook. An unknown stage or mode of Dataverse stands here as its number, in a string.

    `run_as` is the user in whose name it runs, None for the one who saves. `advice` is an Advisor's.
    """

    id: str
    webhook_id: str
    slot: StepSlot
    name: str
    description: str | None
    mode: str
    rank: int
    filtering_attributes: tuple[str, ...] = ()
    async_auto_delete: bool = False
    enabled: bool = True
    run_as: str | None = None
    images: tuple[StepImage, ...] = ()
    advice: tuple[str, ...] = field(default=(), compare=False)

    @property
    def warnings(self) -> list[str]:
        """What may be a mistake in how the step is registered."""
        is_wide = self.slot.message.lower() == "update" and not self.filtering_attributes
        return [*([_EVERY_COLUMN] if is_wide else []), *self.advice]

    def as_json(self) -> dict[str, object]:
        """The step as the registration API shows it."""
        return {
            "id": self.id,
            "webhookId": self.webhook_id,
            "name": self.name,
            "description": self.description,
            "message": self.slot.message,
            "table": self.slot.table,
            "stage": self.slot.stage,
            "mode": self.mode,
            "rank": self.rank,
            "filteringAttributes": list(self.filtering_attributes),
            "asyncAutoDelete": self.async_auto_delete,
            "enabled": self.enabled,
            "runAs": self.run_as,
            "images": [image.as_json() for image in self.images],
            "warnings": self.warnings,
        }


class _Message(BaseModel):
    name: str


class _Filter(BaseModel):
    primaryobjecttypecode: str | None = None


class _Row(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    id: Guid = Field(alias="sdkmessageprocessingstepid")
    handler: Guid = Field(alias="_eventhandler_value")
    name: str | None = None
    description: str | None = None
    mode: int
    stage: int
    rank: int
    filteringattributes: str | None = None
    asyncautodelete: bool | None = None
    statecode: int
    run_as: Guid | None = Field(None, alias="_impersonatinguserid_value")
    images: list[ImageRow] = Field(default_factory=list, alias=IMAGES_OF_STEP)
    message: _Message = Field(alias="sdkmessageid")
    filter: _Filter | None = Field(None, alias="sdkmessagefilterid")


def parse_step_row(row: Mapping[str, object]) -> Step:
    """The step in a row that was read with COLUMNS and LOOK_UPS; raises BadGateway for an unusable row."""
    try:
        found = _Row.model_validate(dict(row))
    except ValidationError:
        raise BadGateway("Dataverse answered with a row that is not a step") from None
    table = table_of(found.filter.primaryobjecttypecode) if found.filter else None
    stage = _STAGE_NAMES.get(found.stage, str(found.stage))
    return Step(
        id=found.id,
        webhook_id=found.handler,
        slot=StepSlot(found.message.name, table, stage),
        name=found.name or "",
        description=found.description,
        mode=_MODE_NAMES.get(found.mode, str(found.mode)),
        rank=found.rank,
        filtering_attributes=tuple(filter(None, (found.filteringattributes or "").split(","))),
        async_auto_delete=bool(found.asyncautodelete),
        enabled=found.statecode == 0,
        run_as=found.run_as,
        images=in_order(row.image() for row in found.images),
    )


def step_columns(step: Step) -> dict[str, object]:
    """What can be changed of a step, as the columns of its row. Its images are rows of their own."""
    return {
        "name": step.name,
        "description": step.description,
        "mode": _number(MODES, step.mode),
        "stage": _number(STAGES, step.slot.stage),
        "rank": step.rank,
        "filteringattributes": ",".join(step.filtering_attributes) or None,
        "asyncautodelete": step.async_auto_delete,
        "statecode": 0 if step.enabled else 1,
        "statuscode": 1 if step.enabled else 2,
        RUN_AS: None if step.run_as is None else f"/systemusers({step.run_as})",
    }


def changed_columns(before: Step, after: Step) -> dict[str, object]:
    """The columns in which two states of a step differ: what a PATCH has to send."""
    old = step_columns(before)
    return {name: value for name, value in step_columns(after).items() if old[name] != value}


def is_alike(one: Step, other: Step) -> bool:
    """Whether two steps do the same for the same webhook, whatever their names are."""
    slots = (one.webhook_id, *one.slot.key), (other.webhook_id, *other.slot.key)
    return slots[0] == slots[1] and not changed_columns(one, other).keys() - {"name", "description"}


def _number(known: Mapping[str, int], name: str) -> int:
    return known[name] if name in known else int(name)
