"""A registered webhook as the hub keeps it, and what its receiver has answered so far. Pure."""

from dataclasses import dataclass
from datetime import datetime

from shared.webhooks.webhook import WebhookInput, WebhookState

SECRET_MASK = "********"  # noqa: S105 - what is shown instead of a secret


@dataclass(frozen=True)
class Author:
    """Who saved a webhook: a user's id as the role directory knows it, or an application's."""

    id: str
    is_application: bool = False


@dataclass(frozen=True)
class OldSecret:
    """A secret that was replaced, sealed; until this time it signs besides the new one."""

    sealed: str
    until: datetime


@dataclass(frozen=True)
class Registration:
    """One webhook. `webhook.secret` is None here: `sealed_secret` holds it, sealed.

    Secret values of its headers and properties are masks, and `sealed_values` is what they stand for, sealed; in a row
    of the version before they stand in `webhook` (see sealing.py, which opens both). `revision` counts its saves.
    `tested` is the fingerprint with which a test event last succeeded, empty before. `old_secrets` stand newest first.
    `per_minute` is how many requests its receiver allows, None for any number.
    """

    id: int
    webhook: WebhookInput
    sealed_secret: str | None
    registered: datetime
    updated: datetime
    registered_by: Author
    updated_by: Author
    revision: int = 1
    tested: str = ""
    etag: str = ""
    old_secrets: tuple[OldSecret, ...] = ()
    per_minute: int | None = None
    sealed_values: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether events are to be delivered."""
        return self.webhook.state is WebhookState.ACTIVE


@dataclass(frozen=True)
class Usage:
    """What became of the attempts so far. `last_error` is headers and body of a reply, or our own words."""

    total_calls: int = 0
    total_errors: int = 0
    consecutive_errors: int = 0
    last_error: str = ""
