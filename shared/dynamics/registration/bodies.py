"""What clients send to the registration API, checked as far as possible without asking Dataverse. Pure.

The rules are those of the table in docs/dynamics.md. A refusal names each member by its JSON pointer, and repeats no
value.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from shared.dynamics.registration.address import sent_url, shown_url
from shared.dynamics.registration.authentication import Authentication, Body
from shared.dynamics.registration.image import StepImage
from shared.dynamics.registration.step import MAX_NAME_CHARACTERS, table_of
from shared.dynamics.values import Id
from shared.errors import FieldError
from shared.outbound.target import TargetRefused, parse_target
from shared.secret_mask import SECRET_MASK
from shared.text_length import utf16_length
from shared.validation import NOT_BLANK, max_length

_MAX_URL_CHARACTERS = 2000
_MAX_WEBHOOK_DESCRIPTION = 2000
_MAX_COLUMN_CHARACTERS = 100_000
_PORTS = frozenset({80, 443})
# The collections of a request in which an image of this type stands, under its name.
_SIDES = {"pre": ("pre",), "post": ("post",), "both": ("pre", "post")}
_NEVER_NULL = ("name", "url", "authentication")
_COLUMN = re.compile(r"[a-z_][a-z0-9_]{0,127}", re.ASCII)
_SOLUTION = re.compile(r"[A-Za-z0-9_]{1,256}", re.ASCII)


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError(NOT_BLANK)
    if not text.isprintable():
        raise ValueError("must not contain invisible characters")
    return _at_most(text, MAX_NAME_CHARACTERS)


def _table(text: str) -> str | None:
    named = table_of(text)
    return None if named is None else _name(named)


def _step_description(text: str) -> str:
    return _at_most(text, MAX_NAME_CHARACTERS)


def _webhook_description(text: str) -> str:
    return _at_most(text, _MAX_WEBHOOK_DESCRIPTION)


def _at_most(text: str, limit: int) -> str:
    if utf16_length(text) > limit:
        raise ValueError(max_length(limit, utf16_length(text)))
    return text


def checked_url(text: str) -> str:
    """The address as Dataverse sends it; raises ValueError with a phrase for one that it does not call."""
    try:
        target, sent = parse_target(text), sent_url(text)
    except TargetRefused as refused:
        raise ValueError(f"is not an address that can be called: {refused.detail}") from None
    if SECRET_MASK in text:
        raise ValueError(
            f"must not contain {SECRET_MASK}, which stands for a value that is not shown: send the whole address"
        )
    if target.port not in _PORTS:
        raise ValueError("must have the port 80 or 443: Dataverse calls no others")
    return _at_most(sent, _MAX_URL_CHARACTERS)


def _changed_url(text: str) -> str:
    # One with the mask can only be the webhook's own, as it was read; move_errors compares the two.
    return text if SECRET_MASK in text else checked_url(text)


def _columns(names: list[str]) -> list[str]:
    if not all(map(_COLUMN.fullmatch, names)):
        raise ValueError("must hold logical names of columns: lower-case letters, digits and _")
    _at_most(",".join(names), _MAX_COLUMN_CHARACTERS)
    return names


def _some_columns(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("must name at least one column; null stands for all")
    return _columns(names)


def _solution(text: str) -> str:
    if not _SOLUTION.fullmatch(text):
        raise ValueError("must be the unique name of a solution: letters, digits and _")
    return text


Name = Annotated[str, AfterValidator(_name)]
Table = Annotated[str, AfterValidator(_table)]
# As Dataverse will send it; secrets may stand in it.
Url = Annotated[str, AfterValidator(checked_url)]
ChangedUrl = Annotated[str, AfterValidator(_changed_url)]
Rank = Annotated[int, Field(ge=1, le=2_147_483_647)]
Columns = Annotated[list[str], AfterValidator(_columns)]
SomeColumns = Annotated[list[str], AfterValidator(_some_columns)]
Solution = Annotated[str, AfterValidator(_solution)]
StepDescription = Annotated[str, AfterValidator(_step_description)]
WebhookDescription = Annotated[str, AfterValidator(_webhook_description)]
type Stage = Literal["PreValidation", "PreOperation", "PostOperation"]
type Mode = Literal["async", "sync"]
type ImageType = Literal["pre", "post", "both"]


class NewImage(Body):
    """An image of a step."""

    type: ImageType
    name: Name
    columns: SomeColumns | None = None

    def image(self) -> StepImage:
        """The image, without an id."""
        return StepImage(self.type, self.name, None if self.columns is None else tuple(self.columns))


class NewStep(Body):
    """A step to be registered."""

    message: Name
    table: Table | None = None
    stage: Stage = "PostOperation"
    mode: Mode = "async"
    rank: Rank = 1
    name: Name | None = None
    description: StepDescription | None = None
    filtering_attributes: Columns | None = None
    async_auto_delete: bool | None = None
    run_as: Id | None = None
    images: list[NewImage] | None = None
    solution: Solution | None = None

    @property
    def deletes_jobs(self) -> bool:
        """Whether a system job is deleted after success: by default for async steps, the only ones with jobs."""
        return self.mode == "async" if self.async_auto_delete is None else self.async_auto_delete

    @property
    def wanted_images(self) -> tuple[StepImage, ...]:
        """Its images, without ids."""
        return tuple(image.image() for image in self.images or ())


class StepChange(Body):
    """Changes of a step; `model_fields_set` says which members were given."""

    enabled: bool = True
    name: Name = ""
    description: StepDescription | None = None
    rank: Rank = 1
    mode: Mode = "async"
    stage: Stage = "PostOperation"
    filtering_attributes: Columns = Field(default_factory=list)
    async_auto_delete: bool = True
    run_as: Id | None = None
    images: list[NewImage] | None = None


class NewWebhook(Body):
    """A webhook to be registered with its steps."""

    name: Name
    url: Url = Field(repr=False)
    authentication: Authentication
    description: WebhookDescription | None = None
    solution: Solution | None = None
    steps: list[NewStep] = Field(default_factory=list)


class WebhookChange(Body):
    """Changes of a webhook; `model_fields_set` says which members were given."""

    name: Name | None = None
    url: ChangedUrl | None = Field(None, repr=False)
    authentication: Authentication | None = None
    description: WebhookDescription | None = None


def step_errors(step: NewStep, pointer: str = "#") -> list[FieldError]:
    """What does not go together in a new step."""
    errors = combination_errors(step.stage, step.mode, async_auto_delete=bool(step.async_auto_delete), pointer=pointer)
    errors += column_errors(step.message, step.filtering_attributes, pointer)
    return errors + image_errors(step.message, step.stage, step.images, pointer)


def combination_errors(stage: str, mode: str, *, async_auto_delete: bool, pointer: str = "#") -> list[FieldError]:
    """What does not go together in a step, new or changed: mode with stage, and asyncAutoDelete with mode."""
    errors = []
    if mode == "async" and stage != "PostOperation":
        errors.append(_error(pointer, "mode", f"must be sync at {stage}: async steps run at PostOperation only"))
    if mode == "sync" and async_auto_delete:
        errors.append(_error(pointer, "asyncAutoDelete", "must be false for a sync step, which has no jobs"))
    return errors


def column_errors(message: str, columns: Sequence[str] | None, pointer: str = "#") -> list[FieldError]:
    """What is wrong with the columns that a step on this message waits for."""
    if not columns or message.lower() == "update":
        return []
    return [_error(pointer, "filteringAttributes", "must be empty: only steps on Update wait for columns")]


def image_errors(message: str, stage: str, images: Sequence[NewImage] | None, pointer: str = "#") -> list[FieldError]:
    """What is wrong with the images of a step on this message at this stage."""
    errors: list[FieldError] = []
    taken: dict[tuple[str, str], int] = {}
    for number, image in enumerate(images or ()):
        here = f"{pointer}/images/{number}"
        sides = _SIDES[image.type]
        if "pre" in sides and message.lower() == "create":
            errors.append(_error(here, "type", "must be post: before a Create there is no row"))
        if "post" in sides and message.lower() == "delete":
            errors.append(_error(here, "type", "must be pre: after a Delete there is no row"))
        elif "post" in sides and stage != "PostOperation":
            errors.append(_error(here, "type", f"must be pre: at {stage} nothing has happened yet"))
        firsts = [taken.setdefault((image.name.lower(), side), number) for side in sides]
        if any(first != number for first in firsts):
            errors.append(_error(here, "name", "must differ from that of the other images of this type"))
    return errors


def webhook_errors(webhook: NewWebhook) -> list[FieldError]:
    """What does not go together in the steps of a webhook, and in two of them."""
    errors: list[FieldError] = []
    slots: dict[tuple[str, str, str], int] = {}
    for number, step in enumerate(webhook.steps):
        errors.extend(step_errors(step, f"#/steps/{number}"))
        slot = (step.message.lower(), (step.table or "").lower(), step.stage)
        first = slots.setdefault(slot, number)
        if first != number:
            detail = f"steps/{number} must differ from steps/{first} in message, table or stage"
            errors.append(FieldError(f"#/steps/{number}", detail))
    return errors


def change_errors(change: WebhookChange) -> list[FieldError]:
    """What a change of a webhook may not do."""
    given = change.model_fields_set
    return [_error("#", name, "must not be null") for name in _NEVER_NULL if name in given and not _of(change, name)]


def move_errors(change: WebhookChange, before: str) -> list[FieldError]:
    """What is wrong with the address in a change; nothing, if it is the same as `before`."""
    if change.url is None or is_same_url(change.url, before):
        return []
    if SECRET_MASK in change.url:
        phrase = f"must not contain {SECRET_MASK}, which stands for a value of another address: send the whole address"
        return [_error("#", "url", phrase)]
    if change.authentication is None:
        phrase = "can only be changed together with authentication: Dataverse may not keep the secret"
        return [_error("#", "url", phrase)]
    return []


def is_same_url(given: str, before: str) -> bool:
    """Whether an address is the one that a webhook has, as it is shown or as it is sent."""
    if given == shown_url(before):
        return True
    try:
        return given == sent_url(before.strip())
    except TargetRefused:
        return False


def _of(body: Body, name: str) -> object:
    members: Mapping[str, object] = dict(body)
    return members[name]


def _error(pointer: str, name: str, phrase: str) -> FieldError:
    return FieldError(f"{pointer}/{name}", f"{name} {phrase}")
