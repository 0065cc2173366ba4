"""The steps of a webhook in Dataverse: its rows of `sdkmessageprocessingstep` (docs/sources/dynamics.md 2.6, 2.7)."""

from collections.abc import Iterable, Mapping
from uuid import UUID, uuid5

from shared.dynamics.organization import Organization
from shared.dynamics.refusal import DataverseRefused
from shared.dynamics.registration.endpoints import ID_EXISTS
from shared.dynamics.registration.lookups import ResolvedStep
from shared.dynamics.registration.step import (
    COLUMNS,
    LOOK_UPS,
    MAX_NAME_CHARACTERS,
    RUN_AS,
    STEPS,
    Step,
    StepSlot,
    is_alike,
    parse_step_row,
    step_columns,
)
from shared.dynamics.registration.webhook import ENDPOINTS, Webhook
from shared.errors import Conflict, NotFound
from shared.odata import query_string
from shared.text_length import cut_to_utf16_length

MAX_IDS = 10

# Ours alone, drawn once. With another value, two installers of different versions would create two steps for one.
_NAMESPACE = UUID("06d43e4c-1075-4680-88ce-4adc91970662")
_QUERY = {"$select": COLUMNS, "$expand": LOOK_UPS}


class EndpointSteps:
    """Reads and writes rows of steps. Every method raises what Organization does."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization

    def of(self, webhook_id: str) -> list[Step]:
        """All steps of a webhook."""
        path = f"{ENDPOINTS}({webhook_id})/serviceendpoint_sdkmessageprocessingstep"
        return [parse_step_row(row) for row in self._organization.list(path + query_string(_QUERY))]

    def get(self, webhook_id: str, id_: str) -> Step:
        """The step with this id; raises NotFound, also for a step of another webhook or of a plug-in."""
        row = self._organization.find(f"{STEPS}({id_})" + query_string(_QUERY))
        if row is None or str(row.get("_eventhandler_value")).lower() != webhook_id:
            raise NotFound("this webhook has no step with this id")
        return parse_step_row(row)

    def create(self, webhook: Webhook, resolved: ResolvedStep) -> tuple[Step, bool]:
        """Create a step, and say True; the step in its slot, and False, if somebody else was quicker.

        Its images are not created (StepImages). Its id follows from its slot, so that Dataverse refuses one of two
        clients that create it at once. An id that belongs to a step which was moved since is skipped. A step that this
        call created although the answer was lost is new.
        """
        for number in range(MAX_IDS):
            step = _new_step(webhook, resolved, step_id(webhook.id, resolved.slot, number))
            try:
                self._organization.create(STEPS, _new_row(step, resolved), resolved.wanted.solution)
            except DataverseRefused as refusal:
                if refusal.status != ID_EXISTS:
                    raise
                is_made = refusal.is_second and self._is_there(step)
            else:
                is_made = True
            if is_made:
                return step, True
            if there := step_at(resolved.slot, self.of(webhook.id)):
                return there, False
        raise Conflict(f"all {MAX_IDS} ids of this step belong to steps that were moved")

    def update(self, id_: str, changes: Mapping[str, object]) -> None:
        """Change columns of a step; sends nothing if there are no changes."""
        if changes:
            self._organization.update(f"{STEPS}({id_})", changes)

    def delete(self, id_: str) -> None:
        """Delete a step."""
        self._organization.delete(f"{STEPS}({id_})")

    def _is_there(self, step: Step) -> bool:
        row = self._organization.find(f"{STEPS}({step.id})" + query_string(_QUERY))
        return row is not None and is_alike(step, parse_step_row(row))


def step_at(slot: StepSlot, steps: Iterable[Step]) -> Step | None:
    """The step in this slot, None if it is free."""
    return next((step for step in steps if step.slot.key == slot.key), None)


def refuse_a_second(slot: StepSlot, steps: Iterable[Step]) -> None:
    """Raises Conflict if one of the steps is in this slot."""
    if there := step_at(slot, steps):
        detail = "the webhook already has a step for this message, table and stage"
        raise Conflict(detail, extensions={"conflicts": [there.id]})


def step_id(webhook_id: str, slot: StepSlot, number: int) -> str:
    """The id of this webhook's step in this slot; `number` counts the ids that belong to other steps."""
    return str(uuid5(_NAMESPACE, "/".join(("step", webhook_id, *slot.key, str(number)))))


def _new_step(webhook: Webhook, resolved: ResolvedStep, id_: str) -> Step:
    wanted, slot = resolved.wanted, resolved.slot
    what = f"{slot.message} of {slot.table}" if slot.table else slot.message
    name = wanted.name or f"{webhook.name}: {what}"
    description = wanted.description if wanted.description is not None else f"{what}, posted to {webhook.name}"
    return Step(
        id=id_,
        webhook_id=webhook.id,
        slot=slot,
        name=cut_to_utf16_length(name, MAX_NAME_CHARACTERS),
        description=cut_to_utf16_length(description, MAX_NAME_CHARACTERS),
        mode=wanted.mode,
        rank=wanted.rank,
        filtering_attributes=tuple(wanted.filtering_attributes or ()),
        async_auto_delete=wanted.deletes_jobs,
        run_as=wanted.run_as,
    )


def _new_row(step: Step, resolved: ResolvedStep) -> dict[str, object]:
    # A new step is enabled; a create may not name its state. Nor does it name a user who is not set.
    left_out = {"statecode", "statuscode", *(() if step.run_as else (RUN_AS,))}
    columns = {name: value for name, value in step_columns(step).items() if name not in left_out}
    binds = {
        "eventhandler_serviceendpoint@odata.bind": f"/{ENDPOINTS}({step.webhook_id})",
        "sdkmessageid@odata.bind": f"/sdkmessages({resolved.message_id})",
    }
    if resolved.filter_id is not None:
        binds["sdkmessagefilterid@odata.bind"] = f"/sdkmessagefilters({resolved.filter_id})"
    return {"sdkmessageprocessingstepid": step.id, **columns, "supporteddeployment": 0, **binds}
