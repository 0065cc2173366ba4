"""How much may be registered, and the answer to a save that exceeds it. Pure.

Limits judge only what a save adds: a webhook that exceeds them already can be read, stopped, made smaller and removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Conflict, FieldError
from shared.validation import max_length
from shared.webhooks.webhook import WebhookInput, WebhookState


@dataclass(frozen=True)
class WebhookLimits:
    """Registrations in all and by one caller; event names of a registration, and its size in bytes."""

    webhooks: int
    per_caller: int
    events: int
    bytes: int

    def refusals(self, webhook: WebhookInput, before: WebhookInput | None) -> list[FieldError]:
        """What is too much in a webhook that is saved in the place of `before`; None stands for a new webhook."""
        found = (self._too_many_events(webhook, before), self._too_large(webhook, before))
        return [refusal for refusal in found if refusal is not None]

    def full(self, in_all: int, by_caller: int) -> Conflict | None:
        """The refusal of one more registration, if there are this many; None if there is room."""
        if in_all >= self.webhooks:
            return Conflict(f"MAX_WEBHOOKS allows {self.webhooks} webhooks in all; remove one first")
        if by_caller >= self.per_caller:
            allowed = f"{self.per_caller} webhooks that one caller created"
            return Conflict(f"MAX_WEBHOOKS_PER_CALLER allows {allowed}; remove one first")
        return None

    def _too_many_events(self, webhook: WebhookInput, before: WebhookInput | None) -> FieldError | None:
        count = len(webhook.events)
        if count <= self.events or (before is not None and set(webhook.events) <= set(before.events)):
            return None
        more = "" if before is None or len(before.events) <= self.events else "; above that, names can only be removed"
        phrase = max_length(self.events, count, "names")
        return FieldError("#/Events", f"Events {phrase} (MAX_EVENTS_PER_WEBHOOK){more}")

    def _too_large(self, webhook: WebhookInput, before: WebhookInput | None) -> FieldError | None:
        sizes = member_bytes(webhook)
        size = sum(sizes.values())
        if size <= self.bytes or (before is not None and size <= sum(member_bytes(before).values())):
            return None
        largest = max(sizes, key=lambda name: sizes[name])
        limit = f"the webhook {max_length(self.bytes, size, 'bytes')} (MAX_WEBHOOK_BYTES)"
        return FieldError(f"#/{largest}", f"{largest} must be smaller, with {sizes[largest]} bytes: {limit}")


def member_bytes(webhook: WebhookInput) -> Mapping[str, int]:
    """The size of each member as it is stored, in bytes of UTF-8.

    The state counts alike whatever it is, so that a webhook above the limit can be stopped. The secret does not count:
    it is sealed on its own, and short.
    """
    measured = webhook.model_copy(update={"secret": None, "state": WebhookState.ACTIVE})
    members = type(webhook).model_fields
    return {
        field.alias or name: len(measured.model_dump_json(by_alias=True, include={name}).encode())
        for name, field in members.items()
    }
