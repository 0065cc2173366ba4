"""A queue: sends messages, at once or later. The host receives them."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.paging import ItemPaged
from azure.storage.queue import QueueClient, QueueMessage

from shared.storage.storage_failures import error_code, storage_failures

_NEVER_EXPIRES = -1
_HIDDEN_SECONDS = 60
MESSAGES_AT_ONCE = 32


class Queue:
    """One queue. The first message that misses it creates it, so that no call is spent on looking for it."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client

    def send(self, text: str, *, delay_seconds: int = 0) -> None:
        """Send a text that becomes visible after `delay_seconds` (at most 7 days) and never expires."""
        with storage_failures(f"send to {self._client.queue_name}"):
            try:
                self._send(text, delay_seconds)
            except ResourceNotFoundError:
                self._create()
                self._send(text, delay_seconds)

    def count(self) -> int:
        """About how many messages wait; 0 if the queue does not exist."""
        with storage_failures(f"count {self._client.queue_name}"):
            try:
                return self._client.get_queue_properties().approximate_message_count or 0
            except ResourceNotFoundError:
                return 0

    def oldest(self) -> datetime | None:
        """When the oldest message was sent of those that one look shows; None if it shows none.

        That are up to 32, and none that is hidden: being worked on, or not due yet.
        """
        with storage_failures(f"look at {self._client.queue_name}"):
            try:
                sent = [one.inserted_on for one in self._client.peek_messages(MESSAGES_AT_ONCE)]
            except ResourceNotFoundError:
                return None
        return min((moment for moment in sent if moment is not None), default=None)

    def drain(self, handle: Callable[[str], bool], may_go_on: Callable[[], bool] = lambda: True) -> int:
        """Pass each waiting message to `handle`, and remove those for which it returns True; return how many were left.

        A message is hidden for a minute meanwhile, so that none is passed twice. Undecodable messages are left. Before
        each MESSAGES_AT_ONCE of them `may_go_on` says whether more are to be fetched.
        """
        left = 0
        with storage_failures(f"drain {self._client.queue_name}"):
            try:
                pages = self._received().by_page()
                while may_go_on() and (page := next(pages, None)) is not None:
                    for message in page:
                        text = _decoded(str(message.content))
                        if text is not None and handle(text):
                            self._client.delete_message(message)
                        else:
                            left += 1
            except ResourceNotFoundError:
                return 0
        return left

    def sift(self, is_unwanted: Callable[[str], bool]) -> bool:
        """Remove the waiting messages for which `is_unwanted` returns True, and leave all others as they were.

        True if all were seen; False if somebody else has taken some of them out for a while, so that nobody else sees
        them. Nothing but a count is asked of an empty queue. Undecodable messages are left.
        """
        with storage_failures(f"look through {self._client.queue_name}"):
            if not self.count():
                return True
            left: list[QueueMessage] = []
            for message in self._received():
                text = _decoded(str(message.content))
                if text is not None and is_unwanted(text):
                    with _taken_by_others():
                        self._client.delete_message(message)
                else:
                    left.append(message)
            for message in left:
                with _taken_by_others():
                    # By its names: given as a whole, its text would be encoded once more.
                    self._client.update_message(message.id, message.pop_receipt, visibility_timeout=0)
            return self.count() <= len(left)

    def _received(self) -> ItemPaged[QueueMessage]:
        return self._client.receive_messages(visibility_timeout=_HIDDEN_SECONDS, messages_per_page=MESSAGES_AT_ONCE)

    def _send(self, text: str, delay_seconds: int) -> None:
        # By default the service drops a message after 7 days, and with it an acknowledged event.
        self._client.send_message(text, visibility_timeout=delay_seconds, time_to_live=_NEVER_EXPIRES)

    def _create(self) -> None:
        try:
            self._client.create_queue()
        except ResourceExistsError:
            # Another request was quicker.
            return


@contextmanager
def _taken_by_others() -> Iterator[None]:
    """A message that was hidden for longer than its minute is somebody else's to handle, or gone."""
    try:
        yield
    except HttpResponseError as exc:
        if error_code(exc) not in {"MessageNotFound", "PopReceiptMismatch"}:
            raise


def _decoded(content: str) -> str | None:
    # Not by the SDK's policy: the first message that it cannot decode would end the whole reading.
    try:
        return base64.b64decode(content, validate=True).decode("utf-8")
    except ValueError:
        return None
