"""Queue `deliveries-slow`: what the previous version put there, drained for one release."""

import azure.functions as func

from shared.hub.hub import Hub
from shared.hub.queue_messages import work_on


def main(msg: func.QueueMessage, context: func.Context) -> None:
    """Make one attempt, as WebhookDelivery does."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.delivery.message import as_repeat
    from shared.delivery.queues import SLOW_QUEUE

    def work(hub: Hub, body: bytes, dequeue_count: int) -> None:
        hub.receivers.worker.work(body, message_id=msg.id or "", dequeue_count=dequeue_count)

    work_on(msg, context, SLOW_QUEUE, work, as_repeat=as_repeat)
