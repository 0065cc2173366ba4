"""Queue `deliveries`: one attempt to deliver one event to one webhook."""

import azure.functions as func

from shared.hub.hub import Hub
from shared.hub.queue_messages import work_on


def main(msg: func.QueueMessage, context: func.Context) -> None:
    """Make one attempt. After an exception the host tries again, and finally moves the message to the poison queue."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.delivery.message import as_repeat
    from shared.delivery.queues import DELIVERIES_QUEUE

    def work(hub: Hub, body: bytes, dequeue_count: int) -> None:
        hub.receivers.worker.work(body, message_id=msg.id or "", dequeue_count=dequeue_count)

    work_on(msg, context, DELIVERIES_QUEUE, work, as_repeat=as_repeat)
