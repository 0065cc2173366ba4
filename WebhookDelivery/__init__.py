"""Queue `deliveries`: one attempt to deliver one event to one webhook."""

import azure.functions as func

from shared.deadline import MESSAGE_SECONDS, deadline
from shared.hub.hub import process_hub


def main(msg: func.QueueMessage) -> None:
    """Make one attempt. After an exception the host tries again, and finally moves the message to the poison queue."""
    with deadline(MESSAGE_SECONDS):
        worker = process_hub().receivers.worker
        worker.work(msg.get_body(), message_id=msg.id or "", dequeue_count=msg.dequeue_count or 1)
