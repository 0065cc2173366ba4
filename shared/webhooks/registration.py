"""A registered webhook as the hub stores it, and how its receiver has answered so far. Pure."""

from dataclasses import dataclass
from datetime import datetime

from shared.events.event import Event
from shared.webhooks.webhook import WebhookInput, WebhookState


@dataclass(frozen=True)
class Author:
    """Who saved a webhook: a user's id as the role directory knows it, or an application's."""

    id: str
    is_application: bool = False


@dataclass(frozen=True)
class OldSecret:
    """A replaced secret, sealed, which signs beside the new one until this time."""

    sealed: str
    until: datetime


@dataclass(frozen=True)
class Registration:
    """One webhook. `webhook.secret` is always None: `sealed_secret` holds the secret, sealed.

    Secret values of headers and properties are masks in `webhook`, and `sealed_values` holds what they stand for,
    sealed; rows of the first version hold them in `webhook` (sealing.py opens both). `revision` counts the saves.
    `tested` is the fingerprint with which a test event last succeeded, empty before. `old_secrets` come newest first.
    `per_minute` is how many requests the receiver allows, None for any number. `signals` are events about changes of
    its state that are stored with it and not signalled yet (outbox.py).
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
    signals: tuple[Event, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for a secret that is not sealed, so that none ever reaches a row."""
        if self.webhook.secret is not None:
            raise ValueError("a registration holds its secret sealed")

    @property
    def is_active(self) -> bool:
        """True if events are to be delivered."""
        return self.webhook.state is WebhookState.ACTIVE


@dataclass(frozen=True)
class Usage:
    """How the attempts ended so far. `last_error` is in the hub's own words, without anything that was answered."""

    total_calls: int = 0
    total_errors: int = 0
    consecutive_errors: int = 0
    last_error: str = ""
