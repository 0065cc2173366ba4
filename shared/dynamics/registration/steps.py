"""The operations on a webhook's steps: list, show, register, change (enable and disable, too), remove."""

from collections.abc import Mapping
from dataclasses import replace

from shared.dynamics.organization import Organization
from shared.dynamics.registration.advice import Advisor
from shared.dynamics.registration.bodies import (
    NewStep,
    StepChange,
    column_errors,
    combination_errors,
    image_errors,
    step_errors,
)
from shared.dynamics.registration.call import dataverse_call
from shared.dynamics.registration.endpoint_steps import EndpointSteps, refuse_a_second
from shared.dynamics.registration.endpoints import Endpoints
from shared.dynamics.registration.lookups import Lookups
from shared.dynamics.registration.own_addresses import POST_OPERATION
from shared.dynamics.registration.parsing import parse_body
from shared.dynamics.registration.step import Step, changed_columns
from shared.dynamics.registration.step_images import StepImages
from shared.dynamics.registration.undo import undone_on_failure
from shared.dynamics.registration.webhook import Webhook
from shared.errors import BadRequest, FieldError

type Document = Mapping[str, object]


class Steps:
    """The operations. Each raises errors of shared/errors.py alone; ids are GUIDs in lower case."""

    def __init__(self, organization: Organization, advisor: Advisor) -> None:
        self._organization = organization
        self._advisor = advisor
        self._endpoints = Endpoints(organization)
        self._steps = EndpointSteps(organization)
        self._images = StepImages(organization)

    def list(self, webhook_id: str) -> list[Step]:
        """All steps of a webhook."""
        with dataverse_call():
            webhook = self._endpoints.get(webhook_id)
            return [self._advisor.step(step, webhook) for step in self._steps.of(webhook_id)]

    def show(self, webhook_id: str, id_: str) -> Step:
        """One step."""
        return self.find(webhook_id, id_)[1]

    def find(self, webhook_id: str, id_: str) -> tuple[Webhook, Step]:
        """One step, and the webhook that it belongs to."""
        with dataverse_call():
            webhook = self._endpoints.get(webhook_id)
            return webhook, self._advisor.step(self._steps.get(webhook_id, id_), webhook)

    def register(self, webhook_id: str, document: Document) -> Step:
        """Register a step with its images, all or nothing.

        Raises Conflict if the webhook has one for this message, table and stage.
        """
        new = parse_body(NewStep, document, step_errors)
        with dataverse_call():
            webhook = self._endpoints.get(webhook_id)
            if errors := self._advisor.own.stage_errors(webhook.url, new.stage):
                raise BadRequest.of(errors)
            [resolved] = Lookups(self._organization).resolve_steps([new], ["#"])
            refuse_a_second(resolved.slot, self._steps.of(webhook_id))
            step, is_new = self._steps.create(webhook, resolved)
            if not is_new:
                refuse_a_second(resolved.slot, [step])
        with undone_on_failure(step.id, self._steps.delete), dataverse_call():
            step = self._images.replace_all(step, new.wanted_images, new.solution)
        return self._advisor.step(step, webhook)

    def update(self, webhook_id: str, id_: str, document: Document) -> Step:
        """Change a step: of the given members, those that differ. `images` takes the place of all that it has."""
        change = parse_body(StepChange, document)
        with dataverse_call():
            webhook, before = self.find(webhook_id, id_)
            after = _changed(before, change)
            errors = _errors(after, change)
            if after.slot.stage != before.slot.stage:
                refusals = self._advisor.own.stage_errors(webhook.url, after.slot.stage)
                errors += refusals or _kept_image_errors(after, change)
            if errors:
                raise BadRequest.of(errors)
            if after.run_as != before.run_as:
                Lookups(self._organization).require_user(after.run_as)
            if after.slot != before.slot:
                others = (step for step in self._steps.of(webhook_id) if step.id != id_)
                refuse_a_second(after.slot, others)
            self._steps.update(id_, changed_columns(before, after))
            if change.images is not None:
                after = self._images.replace_all(after, [image.image() for image in change.images])
            return self._advisor.step(after, webhook)

    def remove(self, webhook_id: str, id_: str) -> None:
        """Delete a step."""
        with dataverse_call():
            self._steps.delete(self.show(webhook_id, id_).id)


def _changed(before: Step, change: StepChange) -> Step:
    given = {name: getattr(change, name) for name in change.model_fields_set - {"images"}}
    if "filtering_attributes" in given:
        given["filtering_attributes"] = tuple(given["filtering_attributes"])
    if given.get("mode") == "sync":
        # A step that becomes sync no longer has jobs to delete, which is not the client's mistake.
        given.setdefault("async_auto_delete", False)
    slot = replace(before.slot, stage=given.pop("stage", before.slot.stage))
    return replace(before, slot=slot, **given)


def _errors(after: Step, change: StepChange) -> list[FieldError]:
    images = image_errors(after.slot.message, after.slot.stage, change.images)
    if not change.model_fields_set & {"mode", "stage", "async_auto_delete", "filtering_attributes"}:
        return images
    errors = combination_errors(after.slot.stage, after.mode, async_auto_delete=after.async_auto_delete)
    return errors + column_errors(after.slot.message, change.filtering_attributes) + images


def _kept_image_errors(after: Step, change: StepChange) -> list[FieldError]:
    is_early = after.slot.stage != POST_OPERATION
    if change.images is not None or not is_early or not any(image.shows_after for image in after.images):
        return []
    return [FieldError("#/stage", "stage must be PostOperation: the step has an image of the row afterwards")]
