"""The shapes that SuperOffice gives to webhooks, to their answers and to the agent's requests, for tests.

Members are in SuperOffice's order, none may be missing, and others are refused. Any value may be null, as in .NET, if
the documents name only its type.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_pascal

State = Literal["Unknown", "Active", "Stopped", "TooManyErrors"]
Channel = Literal["None", "Email", "InApp"]
Occasion = Literal["None", "FirstFailure", "Disabling"]
AssociateType = Literal[
    "Unknown", "InternalAssociate", "ResourceAssociate", "ExternalAssociate", "AnonymousAssociate", "SystemAssociate"
]
Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Time = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?$")]


class Shape(BaseModel):
    """Values must have their member's type and are not converted: "18" is not a number."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_pascal)


class Right(Shape):
    """What the reader may do with a table or a field."""

    mask: str | None
    reason: str | None


class FieldProperty(Shape):
    """One field, by its right, type and length."""

    field_right: Right | None
    field_type: str | None
    field_length: Int32 | None


class Associate(Shape):
    """Somebody who did something."""

    associate_id: Int32 | None
    name: str | None
    person_id: Int32 | None
    rank: Int32 | None
    tooltip: str | None
    type: AssociateType | None
    group_idx: Int32 | None
    full_name: str | None
    formal_name: str | None
    deleted: bool | None
    ej_user_id: Int32 | None
    user_name: str | None
    extra_fields: dict[str, str | None] | None
    custom_fields: dict[str, str | None] | None
    table_right: Right | None
    field_properties: dict[str, FieldProperty | None] | None


class ListItem(Shape):
    """An item of a list, here an associate who is told of errors. A client that saved part of one reads that part."""

    id: Int32 | None = None
    name: str | None = None
    tool_tip: str | None = None
    deleted: bool | None = None
    rank: Int32 | None = None
    type: str | None = None
    child_items: list["ListItem | None"] | None = None
    icon_hint: str | None = None
    color_block: Int32 | None = None
    extra_info: str | None = None
    style_hint: str | None = None
    full_name: str | None = None
    table_right: Right | None = None
    field_properties: dict[str, FieldProperty | None] | None = None


class Webhook(Shape):
    """A webhook, as lists and the agent give it."""

    webhook_id: Int32 | None
    name: str | None
    events: list[str | None] | None
    target_url: str | None
    secret: str | None
    state: State | None
    type: str | None
    headers: dict[str, str | None] | None
    properties: dict[str, object] | None
    registered: Time | None
    registered_associate: Associate | None
    updated: Time | None
    updated_associate: Associate | None
    errors_email: str | None
    error_emails: list[str | None] | None
    error_associates: list[ListItem | None] | None
    description: str | None
    notify_via: Channel | None
    notify_when: Occasion | None
    total_calls: Int32 | None
    total_errors: Int32 | None
    consecutive_errors: Int32 | None
    last_error: str | None


class WebhookWithLinks(Webhook):
    """A webhook, as REST gives a single one."""

    links: dict[str, str | None] | None = Field(alias="_Links")


class WebhookResult(Shape):
    """How a test of a webhook ended."""

    success: bool | None
    message: str | None
    table_right: Right | None
    field_properties: dict[str, FieldProperty | None] | None


class AllWebhooksRequest(Shape):
    """The request of the agent's GetAllWebhooks."""

    name_filter: str | None
    event_filter: str | None
    status_filter: State | None


class TestRequest(Shape):
    """The request of the agent's TestWebhook."""

    __test__ = False

    webhook: Webhook | None


class SignalRequest(Shape):
    """The request of the agent's SignalEvent."""

    event_name: str | None
    primary_key: Int32 | None
    data: dict[str, object] | None


class LastErrorRequest(Shape):
    """The request of the agent's GetLastError."""

    webhook_id: Int32 | None


def member_names(shape: type[Shape]) -> list[str]:
    """The names of its members, in SuperOffice's order."""
    return [str(field.alias) for field in shape.model_fields.values()]


DEFAULT_WEBHOOK = {
    "WebhookId": 0,
    "Name": None,
    "Events": ["contact.created", "contact.deleted"],
    "ErrorsEmail": None,
    "TargetUrl": None,
    "Secret": None,
    "State": "Active",
    "Type": "webhook",
    "Headers": None,
    "Properties": None,
    "Registered": "0001-01-01T00:00:00",
    "RegisteredAssociate": None,
    "Updated": "0001-01-01T00:00:00",
    "UpdatedAssociate": None,
}
"""The default webhook as docs.superoffice.com has it (automation/webhook/dev/subscription)."""
