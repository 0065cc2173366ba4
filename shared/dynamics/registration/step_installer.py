"""Makes the steps of a webhook, with their pre-images, as they have to be: creates, corrects, removes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.dynamics.organization import Organization
from shared.dynamics.registration.endpoint_steps import EndpointSteps
from shared.dynamics.registration.image import StepImage, in_order, set_of
from shared.dynamics.registration.lookups import ResolvedStep
from shared.dynamics.registration.step import Step, changed_columns
from shared.dynamics.registration.step_images import StepImages
from shared.dynamics.registration.webhook import Webhook


@dataclass(frozen=True)
class InstallableStep:
    """A step that has to be there, as it can be registered; `pre_image` is None if there may be none of ours."""

    resolved: ResolvedStep
    pre_image: StepImage | None

    def is_about_the_same(self, step: Step) -> bool:
        """Whether a step has the same message and table, at whatever stage."""
        return step.slot.key[:2] == self.resolved.slot.key[:2]


class StepInstaller:
    """Works on the steps of one webhook. `made` holds the ids of the steps and images that it created."""

    def __init__(self, organization: Organization) -> None:
        self._steps = EndpointSteps(organization)
        self._images = StepImages(organization)
        self.made: set[str] = set()

    def ensure(self, webhook: Webhook, wanted: InstallableStep, there: Step | None) -> Step:
        """The step, created, or corrected if it is `there`."""
        if there is None:
            there, is_new = self._steps.create(webhook, wanted.resolved)
            if is_new:
                self.made.add(there.id)
        right = _corrected(there, wanted.resolved)
        self._steps.update(there.id, changed_columns(there, right))
        return replace(right, images=in_order(self._ensure_images(right, wanted)))

    def _ensure_images(self, step: Step, wanted: InstallableStep) -> Iterable[StepImage]:
        others = [image for image in step.images if not image.is_ours]
        ours = [image for image in step.images if image.is_ours]
        for image in ours if wanted.pre_image is None else ours[1:]:
            self._images.delete(image)
        if wanted.pre_image is None:
            return others
        if ours:
            return [*others, self._images.set_columns(ours[0], wanted.pre_image.columns)]
        image, is_new = self._images.create(step, wanted.pre_image, wanted.resolved.wanted.solution)
        if is_new:
            self.made.add(image.id)
        return [*others, image]


def _corrected(there: Step, resolved: ResolvedStep) -> Step:
    wanted = resolved.wanted
    columns = tuple(wanted.filtering_attributes or ())
    return replace(
        there,
        slot=replace(there.slot, stage=resolved.slot.stage),
        mode=wanted.mode,
        rank=wanted.rank,
        # The same columns in another order are left as they are.
        filtering_attributes=there.filtering_attributes
        if set_of(there.filtering_attributes) == set_of(columns)
        else columns,
        async_auto_delete=wanted.mode == "async",
        enabled=True,
    )
