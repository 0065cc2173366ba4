"""A queue: sending, at once or later. Receiving is the host's business."""

import base64
from collections.abc import Callable

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient

from shared.storage.storage_failures import storage_failures

_NEVER_EXPIRES = -1
_HIDDEN_SECONDS = 60


class Queue:
    """One queue. It is made by the first message that misses it, so that no call is spent on looking for it."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client

    def send(self, text: str, *, delay_seconds: int = 0) -> None:
        """Send a text that can be seen after `delay_seconds` (7 days at most) and stays until it is taken."""
        with storage_failures(f"send to {self._client.queue_name}"):
            try:
                self._send(text, delay_seconds)
            except ResourceNotFoundError:
                self._create()
                self._send(text, delay_seconds)

    def count(self) -> int:
        """About how many messages wait; 0 for a queue that was never sent to."""
        with storage_failures(f"count {self._client.queue_name}"):
            try:
                return self._client.get_queue_properties().approximate_message_count or 0
            except ResourceNotFoundError:
                return 0

    def drain(self, take: Callable[[str], bool]) -> int:
        """Show every message that waits to `take`, and remove those it took; how many were left.

        A message is hidden for a minute while this runs, so that none is shown twice. Undecodable ones are left.
        """
        left = 0
        with storage_failures(f"drain {self._client.queue_name}"):
            try:
                for message in self._client.receive_messages(visibility_timeout=_HIDDEN_SECONDS, messages_per_page=32):
                    text = _decoded(str(message.content))
                    if text is not None and take(text):
                        self._client.delete_message(message)
                    else:
                        left += 1
            except ResourceNotFoundError:
                return 0
        return left

    def _send(self, text: str, delay_seconds: int) -> None:
        # The service's default would drop a message after 7 days, and with it an event that was acknowledged.
        self._client.send_message(text, visibility_timeout=delay_seconds, time_to_live=_NEVER_EXPIRES)

    def _create(self) -> None:
        try:
            self._client.create_queue()
        except ResourceExistsError:
            # Another request was quicker.
            return


def _decoded(content: str) -> str | None:
    # Not the SDK's policy: one message that it cannot decode would end the whole reading.
    try:
        return base64.b64decode(content, validate=True).decode("utf-8")
    except ValueError:
        return None
