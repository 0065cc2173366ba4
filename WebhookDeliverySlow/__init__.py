"""Queue `deliveries-slow`: what the previous version put there, drained for one release."""

import azure.functions as func

from shared.hub.hub import process_hub
from shared.queue_edge import handle_message


def main(msg: func.QueueMessage, context: func.Context) -> None:
    """Make one attempt, as WebhookDelivery does."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.delivery.message import as_repeat
    from shared.delivery.queues import SLOW_QUEUE

    def work(body: bytes, dequeue_count: int) -> None:
        process_hub().receivers.worker.work(body, message_id=msg.id or "", dequeue_count=dequeue_count)

    handle_message(
        msg,
        work,
        storage=lambda: process_hub().storage,
        queue=SLOW_QUEUE,
        context=context,
        as_repeat=as_repeat,
    )
