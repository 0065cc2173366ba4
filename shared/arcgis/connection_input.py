"""The webhook connection in a request, validated (docs/sources/arcgis.md 1.3). Pure.

Unknown members are ignored. A null counts as left out, and so does an empty string for a user or a token.
"""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
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

from shared.errors import BadRequest
from shared.secret_mask import SECRET_MASK
from shared.validation import ARRAY_OF_STRINGS, NO_CONTROL_CHARACTERS, NOT_BLANK, field_errors

MIN_SECRET_CHARACTERS = 8
MAX_SECRET_CHARACTERS = 400
CHANGE_TYPES = ("FeaturesUpdated", "FeaturesEdited")

_MAY_BE_EMPTY = frozenset({"username", "userToken", "fallbackUsername", "fallbackUserToken"})
# Of the members only itemId has a pattern.
_PHRASES = {"string_pattern_mismatch": "must be 1 to 64 letters, digits, - and _"}


def _printable(text: str) -> str:
    if not text.strip():
        raise ValueError(NOT_BLANK)
    if not text.isprintable():
        raise ValueError(NO_CONTROL_CHARACTERS)
    return text


def _secret(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < MIN_SECRET_CHARACTERS:
        raise ValueError(f"must be at least {MIN_SECRET_CHARACTERS} characters (got {len(text)})")
    # Clients that send a mask that was copied, or went through a form, do not mean a key that everybody can guess.
    if text != SECRET_MASK and set(unicodedata.normalize("NFKC", text).strip()) == {"*"}:
        raise ValueError(f"must not be asterisks alone, except {SECRET_MASK} for the stored one")
    return value


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("is not a valid ArcGIS token")
    return value


def _change_types(value: object) -> object:
    """Checked as a whole, so that the error is about the member and not about one of its items."""
    if not isinstance(value, list):
        raise ValueError(ARRAY_OF_STRINGS)
    if not all(one in CHANGE_TYPES for one in value):
        raise ValueError(f"must hold nothing but {' and '.join(CHANGE_TYPES)}")
    return list(dict.fromkeys(value))


_Name = Annotated[str, Field(max_length=250), AfterValidator(_printable)]
_UserName = Annotated[str, Field(max_length=128), AfterValidator(_printable)]
_ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
_Secret = Annotated[SecretStr, Field(max_length=MAX_SECRET_CHARACTERS), AfterValidator(_secret)]
_Token = Annotated[SecretStr, Field(max_length=10_000), AfterValidator(_token)]


class ConnectionInput(BaseModel):
    """A webhook connection as its owner wants it. `secret` may be the mask, which stands for the stored one."""

    model_config = ConfigDict(
        frozen=True, defer_build=True, strict=True, alias_generator=to_camel, populate_by_name=True
    )

    connection_name: _Name
    item_id: _ItemId
    webhook_type: Literal["FeatureService"]
    secret: _Secret
    enabled: StrictBool
    manage_webhook: StrictBool
    webhook_change_types: Annotated[
        list[Literal["FeaturesUpdated", "FeaturesEdited"]], BeforeValidator(_change_types), Field(validate_default=True)
    ] = Field(default_factory=list)
    username: _UserName | None = None
    user_token: _Token | None = None
    fallback_username: _UserName | None = None
    fallback_user_token: _Token | None = None

    @field_validator("webhook_change_types")
    @classmethod
    def _needed_for_a_managed_webhook(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if info.data.get("manage_webhook") and not value:
            raise ValueError(f"must hold {' or '.join(CHANGE_TYPES)} if manageWebhook is true")
        return value

    @field_validator("fallback_user_token")
    @classmethod
    def _is_somebodys(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("fallback_username", "") is None:
            raise ValueError("must come with fallbackUsername, the user whose token it is")
        return value

    @property
    def keeps_secret(self) -> bool:
        """Whether the stored secret stays."""
        return self.secret.get_secret_value() == SECRET_MASK

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> Self:
        """The connection in a document; raises BadRequest with one error for each wrong member."""
        known = {name: value for name, value in document.items() if not _is_left_out(name, value)}
        try:
            return cls.model_validate(known)
        except ValidationError as refusal:
            raise BadRequest.of(field_errors(refusal, alias=to_camel, phrases=_PHRASES)) from None


def _is_left_out(name: str, value: object) -> bool:
    return value is None or (value == "" and name in _MAY_BE_EMPTY)
