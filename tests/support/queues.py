"""What waits in a queue, as the host would get it."""

import time

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, TextBase64DecodePolicy

from shared.events.announcement import EVENTS_QUEUE, Announcement, parse_announcement

_MAX_IN_ONE_LOOK = 32
_PATIENCE_SECONDS = 60.0


def visible_texts(connection_string: str, queue: str) -> list[str]:
    """The texts that a reader would get now (32 at most), without removing them; [] if there is no queue."""
    policy = TextBase64DecodePolicy()
    with QueueClient.from_connection_string(connection_string, queue, message_decode_policy=policy) as client:
        try:
            return [str(message.content) for message in client.peek_messages(_MAX_IN_ONE_LOOK)]
        except ResourceNotFoundError:
            return []


def announcements(connection_string: str) -> list[Announcement]:
    """The announcements that can be seen now."""
    return [parse_announcement(text.encode()) for text in visible_texts(connection_string, EVENTS_QUEUE)]


def awaited_announcements(connection_string: str) -> list[Announcement]:
    """The same, as soon as there is one; [] if none comes in time."""
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while not (found := announcements(connection_string)) and time.monotonic() < give_up_at:
        time.sleep(0.05)
    return found
