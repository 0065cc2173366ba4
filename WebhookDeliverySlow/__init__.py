"""Queue `deliveries-slow`: what the previous version put there, drained for one release."""

import azure.functions as func

from shared.deadline import MESSAGE_SECONDS, deadline
from shared.hub.hub import process_hub


def main(msg: func.QueueMessage) -> None:
    """Make one attempt, as WebhookDelivery does."""
    with deadline(MESSAGE_SECONDS):
        worker = process_hub().receivers.worker
        worker.work(msg.get_body(), message_id=msg.id or "", dequeue_count=msg.dequeue_count or 1)
