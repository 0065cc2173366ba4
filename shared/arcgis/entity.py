"""The WebhookConnection that a client sends, checked (docs/sources/arcgis.md 1.3). Pure.

Unknown members are ignored. A null counts as not given, and so does an empty text for a user or a token.
"""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from shared.arcgis.webhook_connection import SECRET_MASK
from shared.errors import BadRequest, FieldError

MIN_SECRET_CHARACTERS = 8
CHANGE_TYPES = ("FeaturesUpdated", "FeaturesEdited")

_MAY_BE_EMPTY = frozenset({"username", "userToken", "fallbackUsername", "fallbackUserToken"})
_NEEDS = {
    "missing": "this is needed",
    "string_type": "a text is needed",
    "string_unicode": "a text is needed that UTF-8 can hold",
    "string_pattern_mismatch": "letters, digits, - and _ are needed",
    "bool_type": "true or false is needed",
    "list_type": "an array of texts is needed",
}


def _printable(text: str) -> str:
    if not text.strip():
        raise ValueError("a text that is not blank is needed")
    if not text.isprintable():
        raise ValueError("control characters are not taken")
    return text


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < MIN_SECRET_CHARACTERS:
        raise ValueError(f"at least {MIN_SECRET_CHARACTERS} characters are needed")
    # Whoever sends a mask that went through a form, or was copied, does not mean a key that everybody can guess.
    if text != SECRET_MASK and set(unicodedata.normalize("NFKC", text).strip()) == {"*"}:
        raise ValueError(f"asterisks alone are no secret, and {SECRET_MASK} is what stands for the stored one")
    return value


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("this is no token of ArcGIS")
    return value


_Name = Annotated[str, Field(max_length=250), AfterValidator(_printable)]
_UserName = Annotated[str, Field(max_length=128), AfterValidator(_printable)]
_ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Secret = Annotated[SecretStr, Field(max_length=400), AfterValidator(_secret)]
_Token = Annotated[SecretStr, Field(max_length=10_000), AfterValidator(_token)]


class ConnectionInput(BaseModel):
    """A webhook connection as its owner wants it. `secret` may be the mask that stands for the stored one."""

    model_config = ConfigDict(frozen=True, strict=True, alias_generator=to_camel, populate_by_name=True)

    connection_name: _Name
    item_id: _ItemId
    webhook_type: Literal["FeatureService"]
    secret: _Secret
    enabled: StrictBool
    manage_webhook: StrictBool
    webhook_change_types: Annotated[
        list[Literal["FeaturesUpdated", "FeaturesEdited"]], Field(validate_default=True)
    ] = Field(default_factory=list)
    username: _UserName | None = None
    user_token: _Token | None = None
    fallback_username: _UserName | None = None
    fallback_user_token: _Token | None = None

    @field_validator("webhook_change_types")
    @classmethod
    def _needed_for_a_managed_webhook(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("manage_webhook") and not value:
            raise ValueError(f"{' or '.join(CHANGE_TYPES)} is needed where manageWebhook is true")
        return list(dict.fromkeys(value))

    @field_validator("fallback_user_token")
    @classmethod
    def _is_somebodys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("fallback_username", "") is None:
            raise ValueError("fallbackUsername must say whose token this is")
        return value

    @property
    def keeps_secret(self) -> bool:
        """Whether the stored secret is to stay."""
        return self.secret.get_secret_value() == SECRET_MASK

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> Self:
        """The connection in a document; raises BadRequest with one error for each member that is wrong."""
        known = {name: value for name, value in document.items() if not _is_left_out(name, value)}
        try:
            return cls.model_validate(known)
        except ValidationError as refusal:
            raise BadRequest.of(_field_errors(refusal)) from None


def _is_left_out(name: str, value: object) -> bool:
    return value is None or (value == "" and name in _MAY_BE_EMPTY)


def _field_errors(refusal: ValidationError) -> list[FieldError]:
    found: dict[str, FieldError] = {}
    for error in refusal.errors(include_url=False, include_input=False):
        # A default that is refused goes by the name of its field, anything else by its alias.
        name = to_camel(str(error["loc"][0]))
        found.setdefault(name, FieldError(f"#/{name}", f"{name}: {_need(error)}"))
    return list(found.values())


def _need(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"{context['expected']} is needed"
        case "string_too_long" | "too_long":
            return f"at most {context['max_length']} characters are taken"
    return _NEEDS.get(error["type"], "a value of another kind is needed")
