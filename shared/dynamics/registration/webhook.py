"""A webhook as Dataverse keeps it: a row of `serviceendpoint` with contract 8 (docs/sources/dynamics.md 2.4). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, Field, ValidationError

from shared.dynamics.registration.address import shown_url
from shared.dynamics.registration.authentication import AUTHENTICATION_TYPES
from shared.dynamics.registration.step import Step
from shared.dynamics.values import Guid
from shared.errors import BadGateway

ENDPOINTS = "serviceendpoints"
CONTRACT = 8
COLUMNS = "serviceendpointid,name,url,description,contract,authtype,isauthvalueset,ismanaged"


@dataclass(frozen=True)
class Webhook:
    """One webhook; its secret is never read. `authtype` is 4, 5 or 6, or any other number that Dataverse has.

    `url` is as Dataverse has it, with any secrets in it. `warnings` are an Advisor's.
    """

    id: str
    name: str
    url: str = field(repr=False)
    description: str | None
    authtype: int | None
    is_auth_set: bool
    is_managed: bool = False
    warnings: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self, steps: Sequence[Step] | None = None) -> dict[str, object]:
        """The webhook as the registration API shows it; with its steps if they are given."""
        shown: dict[str, object] = {
            "id": self.id,
            "name": self.name,
            "url": shown_url(self.url),
            "description": self.description,
            "authentication": {"type": AUTHENTICATION_TYPES.get(self.authtype or 0), "isSet": self.is_auth_set},
            "isManaged": self.is_managed,
            "warnings": list(self.warnings),
        }
        return shown if steps is None else {**shown, "steps": [step.as_json() for step in steps]}


class _Row(BaseModel):
    id: Guid = Field(alias="serviceendpointid")
    name: str | None = None
    url: str | None = None
    description: str | None = None
    contract: int
    authtype: int | None = None
    isauthvalueset: bool | None = None
    ismanaged: bool | None = None


def parse_webhook_row(row: Mapping[str, object]) -> Webhook | None:
    """The webhook in a row, None for an endpoint of another contract; raises BadGateway for an unusable row."""
    try:
        found = _Row.model_validate(dict(row))
    except ValidationError:
        raise BadGateway("Dataverse answered with a row that is not a webhook") from None
    if found.contract != CONTRACT:
        return None
    return Webhook(
        id=found.id,
        name=found.name or "",
        url=found.url or "",
        description=found.description,
        authtype=found.authtype,
        is_auth_set=bool(found.isauthvalueset),
        is_managed=bool(found.ismanaged),
    )


def same_name(one: str, other: str) -> bool:
    """Whether Dataverse's users would read two names as the same."""
    return one.casefold() == other.casefold()
