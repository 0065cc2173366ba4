"""The images of steps in Dataverse: rows of `sdkmessageprocessingstepimage` (docs/sources/dynamics.md 2.6)."""

from collections.abc import Sequence
from dataclasses import replace

from shared.dynamics.organization import Organization
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.endpoints import ID_EXISTS
from shared.dynamics.registration.image import (
    IMAGES,
    StepImage,
    attributes_of,
    image_columns,
    image_id,
    in_order,
    message_property,
)
from shared.dynamics.registration.step import STEPS, Step


class StepImages:
    """Writes rows of images; they are read together with their steps. Every method raises what Organization does."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def create(self, step: Step, image: StepImage, solution: str | None = None) -> tuple[StepImage, bool]:
        """Create an image, and say True; False, if somebody else was quicker: then theirs is made like this one.

        Its id follows from what it is, so that of two clients that create it at once Dataverse refuses one.
        """
        made = replace(image, id=image_id(step.id, image))
        row = {
            "sdkmessageprocessingstepimageid": made.id,
            "messagepropertyname": message_property(step.slot.message),
            "sdkmessageprocessingstepid@odata.bind": f"/{STEPS}({step.id})",
            **image_columns(made),
        }
        try:
            self._organization.create(IMAGES, row, solution)
        except DataverseRefused as refusal:
            if refusal.status != ID_EXISTS:
                raise
            self._organization.update(f"{IMAGES}({made.id})", image_columns(made))
            return made, refusal.is_second
        return made, True

    def set_columns(self, image: StepImage, columns: tuple[str, ...] | None) -> StepImage:
        """Let an image have these columns; sends nothing if it has them."""
        if image.has_columns(columns):
            return image
        self._organization.update(f"{IMAGES}({image.id})", {"attributes": attributes_of(columns)})
        return replace(image, columns=columns)

    def delete(self, image: StepImage) -> None:
        """Delete an image."""
        self._organization.delete(f"{IMAGES}({image.id})")

    def replace_all(self, step: Step, wanted: Sequence[StepImage], solution: str | None = None) -> Step:
        """The step with these images and no others. What is missing is created before anything is deleted."""
        there = {image.key: image for image in step.images}
        kept = []
        for image in wanted:
            before = there.pop(image.key, None)
            kept.append(
                self.create(step, image, solution)[0] if before is None else self.set_columns(before, image.columns)
            )
        for left in there.values():
            self.delete(left)
        return replace(step, images=in_order(kept))
