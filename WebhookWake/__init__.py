"""Queue `wakeups`: looks after the deliveries that wait for one webhook."""

import azure.functions as func

from shared.hub.queue_messages import work_on


def main(msg: func.QueueMessage, context: func.Context) -> None:
    """Work on one wake-up. After an exception the host tries again, and finally moves it to the poison queue."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.delivery.pace.wakeups import WAKEUPS_QUEUE

    work_on(msg, context, WAKEUPS_QUEUE, lambda hub, body, _: hub.receivers.waker.work(body))
