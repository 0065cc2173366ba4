"""What changes of a webhook mean for the pace at which its receiver is called. Pure."""

from typing import Protocol


class WebhookPace(Protocol):
    """Is told of changes by those that make them. All methods raise StorageDown."""

    def watch(self, webhook_id: int) -> None:
        """The state is about to be changed: somebody is to read the webhook once that is over, whoever dies till then.

        Called before the change is stored.
        """
        ...

    def ended(self, webhook_id: int) -> None:
        """The webhook was stopped, disabled or removed: what waits for its receiver is put away."""
        ...

    def is_well(self, webhook_id: int, *, ends_pause: bool) -> None:
        """The receiver has just answered a test event, so what waits for it is delivered.

        `ends_pause`: it is another receiver than the one that asked for a pause.
        """
        ...
