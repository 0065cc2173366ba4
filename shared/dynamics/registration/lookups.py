"""Messages and tables, looked up in Dataverse before anything is written (docs/sources/dynamics.md 2.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.dynamics.organization import FRESH, Organization, Row
from shared.dynamics.registration.bodies import NewStep
from shared.dynamics.registration.step import WITH_OR_WITHOUT_TABLE, StepSlot, table_of
from shared.errors import BadGateway, BadRequest, FieldError
from shared.odata import query_string, text_literal


@dataclass(frozen=True)
class ResolvedStep:
    """A step as it can be registered; `slot` has Dataverse's spelling, `filter_id` is None without a table."""

    wanted: NewStep
    slot: StepSlot
    message_id: str
    filter_id: str | None


class Lookups:
    """Looks up what steps name, each message once."""

    def __init__(self, organization: Organization) -> None:
        self._organization = organization
        self._messages: dict[str, Row] = {}

    def resolve_steps(self, steps: Sequence[NewStep], pointers: Sequence[str]) -> list[ResolvedStep]:
        """The steps with the ids of their messages and filters, in the same order.

        Raises BadRequest with one error for each step that Dataverse has no message, no table or no user for;
        `pointers` say where in the request's body the steps stand.
        """
        resolved: list[ResolvedStep] = []
        errors: list[FieldError] = []
        for step, pointer in zip(steps, pointers, strict=True):
            try:
                resolved.append(self._resolve(step, pointer))
            except BadRequest as refusal:
                errors.extend(refusal.errors)
        if errors:
            raise BadRequest.of(errors)
        return resolved

    def _resolve(self, step: NewStep, pointer: str) -> ResolvedStep:
        self.require_user(step.run_as, pointer)
        message = self._message(step.message, pointer)
        message_id, name = _text(message, "sdkmessageid"), _text(message, "name")
        if step.table is None:
            if name.lower() not in WITH_OR_WITHOUT_TABLE:
                self._require_no_tables(message_id, pointer)
            return ResolvedStep(step, StepSlot(name, None, step.stage), message_id, None)
        row = self._filter(message_id, step.table, pointer)
        slot = StepSlot(name, _text(row, "primaryobjecttypecode"), step.stage)
        return ResolvedStep(step, slot, message_id, _text(row, "sdkmessagefilterid"))

    def require_user(self, id_: str | None, pointer: str = "#") -> None:
        """Raises BadRequest if there is no user with this id; None needs none."""
        if id_ is None:
            return
        if self._organization.find(f"systemusers({id_})" + query_string({"$select": "systemuserid"})) is None:
            raise BadRequest.of([FieldError(f"{pointer}/runAs", "runAs must be the id of a user of Dataverse")])

    def _message(self, name: str, pointer: str) -> Row:
        key = name.lower()
        if key not in self._messages:
            options = {"$select": "sdkmessageid,name", "$filter": f"name eq {text_literal(name)}"}
            found = [
                row
                for row in self._organization.list("sdkmessages" + query_string(options))
                if _text(row, "name").lower() == key
            ]
            detail = "message must name exactly one message of Dataverse (found {})"
            self._messages[key] = _only(found, f"{pointer}/message", detail)
        return self._messages[key]

    def _filter(self, message_id: str, table: str, pointer: str) -> Row:
        options = {
            "$select": "sdkmessagefilterid,primaryobjecttypecode,secondaryobjecttypecode,iscustomprocessingstepallowed",
            "$filter": f"primaryobjecttypecode eq {text_literal(table)} and _sdkmessageid_value eq {message_id}",
        }
        rows = self._organization.list("sdkmessagefilters" + query_string(options), FRESH)
        found = [row for row in rows if _is_usable(row, table)]
        detail = "table must name exactly one table on which this message can have steps (found {})"
        return _only(found, f"{pointer}/table", detail)

    def _require_no_tables(self, message_id: str, pointer: str) -> None:
        options = {
            "$select": "sdkmessagefilterid",
            "$filter": f"_sdkmessageid_value eq {message_id} and primaryobjecttypecode ne 'none'",
            "$top": "1",
        }
        if any(self._organization.list("sdkmessagefilters" + query_string(options))):
            detail = "table is required: this message is always about a row of a table"
            raise BadRequest.of([FieldError(f"{pointer}/table", detail)])


def _is_usable(row: Row, table: str) -> bool:
    is_single = table_of(str(row.get("secondaryobjecttypecode") or "")) is None
    is_this = _text(row, "primaryobjecttypecode").lower() == table.lower()
    return row.get("iscustomprocessingstepallowed") is True and is_single and is_this


def _only(rows: Sequence[Row], pointer: str, detail: str) -> Row:
    if len(rows) != 1:
        raise BadRequest.of([FieldError(pointer, detail.format(len(rows)))])
    return rows[0]


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    if not isinstance(value, str) or not value:
        raise BadGateway(f"Dataverse answered with a row without {column}")
    return value
