"""Queue `events`: an announced event is completed if it was trimmed, handed to its receivers, and marked dispatched."""

import azure.functions as func

from shared.deadline import MESSAGE_SECONDS, deadline
from shared.hub.hub import process_hub


def main(msg: func.QueueMessage) -> None:
    """Dispatch one event. After an exception the host tries again and finally moves the message to the poison queue."""
    with deadline(MESSAGE_SECONDS):
        process_hub().receivers.dispatcher.dispatch(msg.get_body(), attempt=msg.dequeue_count or 1)
