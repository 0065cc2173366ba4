"""An image of a step: the row as it was before the operation, or as it is after it, sent along. Pure.

Source: docs/sources/dynamics.md 2.6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from pydantic import BaseModel, Field

from shared.dynamics.values import Guid

IMAGES = "sdkmessageprocessingstepimages"
COLUMNS = "sdkmessageprocessingstepimageid,name,entityalias,imagetype,attributes"
IMAGES_OF_STEP = "sdkmessageprocessingstepid_sdkmessageprocessingstepimage"
"""The navigation from a step to its images."""

TYPES: Mapping[str, int] = {"pre": 0, "post": 1, "both": 2}
PRE_IMAGE = "PreImage"
"""The name of the images that `ensure` makes."""

_TYPE_NAMES = {number: name for name, number in TYPES.items()}
_CREATE = "create"
# Which parameter of a message holds the row that an image is of. Dataverse refuses any other.
_PROPERTIES: Mapping[str, str] = {
    _CREATE: "Id",
    "update": "Target",
    "delete": "Target",
    "assign": "Target",
    "merge": "Target",
    "setstate": "EntityMoniker",
    "setstatedynamicentity": "EntityMoniker",
}
# Bound actions name their row like this; if a message does not, Dataverse says so.
_OTHER_PROPERTY = "Target"
# Ours alone, drawn once. With another value, two installers of different versions would create two images for one.
_NAMESPACE = UUID("b6a3b5a2-8a6c-4b0c-9f63-0d6c52e0f7d4")


@dataclass(frozen=True)
class StepImage:
    """An image: `type` is pre, post or both, any other number of Dataverse in a string; `columns` None for all.

    Two images of a step differ in name or type. Names compare ignoring case.
    """

    type: str
    name: str
    columns: tuple[str, ...] | None = None
    id: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What no other image of its step has."""
        return self.name.lower(), self.type

    @property
    def shows_after(self) -> bool:
        """Whether it shows the row as it is after the operation."""
        return self.type != "pre"

    @property
    def is_ours(self) -> bool:
        """Whether it is the pre-image that `ensure` makes and removes; all others are somebody else's."""
        return self.key == (PRE_IMAGE.lower(), "pre")

    def has_columns(self, columns: tuple[str, ...] | None) -> bool:
        """Whether it has these columns, in any order."""
        return set_of(self.columns) == set_of(columns)

    def as_json(self) -> dict[str, object]:
        """The image as the registration API shows it."""
        return {"type": self.type, "name": self.name, "columns": None if self.columns is None else list(self.columns)}


class ImageRow(BaseModel):
    """A row that was read with COLUMNS."""

    id: Guid = Field(alias="sdkmessageprocessingstepimageid")
    name: str | None = None
    entityalias: str | None = None
    imagetype: int
    attributes: str | None = None

    def image(self) -> StepImage:
        """The image in the row. Its name is the alias, under which receivers find it."""
        names = tuple(filter(None, (name.strip() for name in (self.attributes or "").split(","))))
        type_ = _TYPE_NAMES.get(self.imagetype, str(self.imagetype))
        return StepImage(type_, self.entityalias or self.name or "", names or None, self.id)


def can_have_pre_image(message: str) -> bool:
    """Whether this app can ask for the row as it was before a message: one on a single row that is there already."""
    return message.lower() in _PROPERTIES.keys() - {_CREATE}


def message_property(message: str) -> str:
    """The parameter of a message whose row an image shows."""
    return _PROPERTIES.get(message.lower(), _OTHER_PROPERTY)


def image_id(step_id: str, image: StepImage) -> str:
    """The id of a new image, which follows from its step, name and type."""
    return str(uuid5(_NAMESPACE, "/".join(("image", step_id, *image.key))))


def image_columns(image: StepImage) -> dict[str, object]:
    """What can be changed of an image, as the columns of its row."""
    return {
        "name": image.name,
        "entityalias": image.name,
        "imagetype": TYPES[image.type],
        "attributes": attributes_of(image.columns),
    }


def attributes_of(columns: Iterable[str] | None) -> str | None:
    """Columns as Dataverse keeps them; None for all."""
    return ",".join(columns or ()) or None


def set_of(columns: Iterable[str] | None) -> frozenset[str]:
    """Columns to compare: their order does not matter, and none stands for all."""
    return frozenset(columns or ())


def in_order(images: Iterable[StepImage]) -> tuple[StepImage, ...]:
    """Images by their names, since Dataverse gives them in any order."""
    return tuple(sorted(images, key=lambda image: image.key))
