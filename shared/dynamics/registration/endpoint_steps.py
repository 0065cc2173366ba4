"""The steps of a webhook in Dataverse: its rows of `sdkmessageprocessingstep` (docs/sources/dynamics.md 2.6, 2.7)."""

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid5

from shared.dynamics.odata import query_string
from shared.dynamics.organization import Organization
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.endpoints import IS_TAKEN
from shared.dynamics.registration.lookups import PlannedStep
from shared.dynamics.registration.step import (
    COLUMNS,
    LOOK_UPS,
    MAX_NAME_CHARACTERS,
    STEPS,
    Step,
    StepSlot,
    is_alike,
    parse_step_row,
    step_columns,
)
from shared.dynamics.registration.webhook import ENDPOINTS, Webhook
from shared.errors import Conflict, NotFound
from shared.text_length import cut_to_utf16_length

MAX_IDS = 10

# Ours alone, made once. Changing it would let two installers at once make two steps for one.
_NAMESPACE = UUID("06d43e4c-1075-4680-88ce-4adc91970662")
_QUERY = {"$select": COLUMNS, "$expand": LOOK_UPS}


class EndpointSteps:
    """Reads and writes them. Every method raises what Organization does."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def of(self, webhook_id: str) -> list[Step]:
        """All steps of a webhook."""
        path = f"{ENDPOINTS}({webhook_id})/serviceendpoint_sdkmessageprocessingstep"
        return [parse_step_row(row) for row in self._organization.list(path + query_string(_QUERY))]

    def get(self, webhook_id: str, id_: str) -> Step:
        """The step with this id; raises NotFound, for one of another webhook or of a plug-in as well."""
        row = self._organization.find(f"{STEPS}({id_})" + query_string(_QUERY))
        if row is None or str(row.get("_eventhandler_value")).lower() != webhook_id:
            raise NotFound("this webhook has no step with this id")
        return parse_step_row(row)

    def create(self, webhook: Webhook, planned: PlannedStep) -> tuple[Step, bool]:
        """Make a step; the one that stands there, and False, where somebody else was quicker.

        Its id follows from where it stands, so that of two who make it at once Dataverse refuses one. An id that is
        taken by a step that was moved since is left out. A step that this call made without hearing of it is new.
        """
        for number in range(MAX_IDS):
            step = _planned(webhook, planned, step_id(webhook.id, planned.place, number))
            try:
                self._organization.create(STEPS, _new_row(step, planned))
            except DataverseRefused as refusal:
                if refusal.status != IS_TAKEN:
                    raise
                is_made = refusal.is_second and self._is_there(step)
            else:
                is_made = True
            if is_made:
                return step, True
            if there := step_at(planned.place, self.of(webhook.id)):
                return there, False
        raise Conflict(f"all {MAX_IDS} ids of this step are taken by steps that were moved")

    def update(self, id_: str, changes: Mapping[str, object]) -> None:
        """Change columns of a step; nothing to change is no request."""
        if changes:
            self._organization.update(f"{STEPS}({id_})", changes)

    def delete(self, id_: str) -> None:
        """Delete a step."""
        self._organization.delete(f"{STEPS}({id_})")

    def _is_there(self, step: Step) -> bool:
        row = self._organization.find(f"{STEPS}({step.id})" + query_string(_QUERY))
        return row is not None and is_alike(step, parse_step_row(row))


def step_at(place: StepSlot, steps: Iterable[Step]) -> Step | None:
    """The step that stands at this place."""
    return next((step for step in steps if step.place.key == place.key), None)


def refuse_a_second(place: StepSlot, steps: Iterable[Step]) -> None:
    """Raises Conflict where one of the steps stands at this place."""
    if there := step_at(place, steps):
        detail = "the webhook has a step for this message, table and stage"
        raise Conflict(detail, extensions={"conflicts": [there.id]})


def step_id(webhook_id: str, place: StepSlot, number: int) -> str:
    """The id of the step of this webhook at this place; `number` counts ids that were taken by others."""
    return str(uuid5(_NAMESPACE, "/".join(("step", webhook_id, *place.key, str(number)))))


def _planned(webhook: Webhook, planned: PlannedStep, id_: str) -> Step:
    wanted, place = planned.wanted, planned.place
    what = f"{place.message} of {place.table}" if place.table else place.message
    name = wanted.name or f"{webhook.name}: {what}"
    description = wanted.description if wanted.description is not None else f"{what}, posted to {webhook.name}"
    return Step(
        id=id_,
        webhook_id=webhook.id,
        place=place,
        name=cut_to_utf16_length(name, MAX_NAME_CHARACTERS),
        description=cut_to_utf16_length(description, MAX_NAME_CHARACTERS),
        mode=wanted.mode,
        rank=wanted.rank,
        filtering_attributes=tuple(wanted.filtering_attributes or ()),
        async_auto_delete=wanted.deletes_jobs,
    )


def _new_row(step: Step, planned: PlannedStep) -> dict[str, object]:
    # A new step is enabled; its state is no column of a create.
    columns = {name: value for name, value in step_columns(step).items() if name not in {"statecode", "statuscode"}}
    binds = {
        "eventhandler_serviceendpoint@odata.bind": f"/{ENDPOINTS}({step.webhook_id})",
        "sdkmessageid@odata.bind": f"/sdkmessages({planned.message_id})",
    }
    if planned.filter_id is not None:
        binds["sdkmessagefilterid@odata.bind"] = f"/sdkmessagefilters({planned.filter_id})"
    return {"sdkmessageprocessingstepid": step.id, **columns, "supporteddeployment": 0, **binds}
