"""Queue `wakeups`: looks after the deliveries that wait for one webhook."""

import azure.functions as func

from shared.hub.hub import process_hub
from shared.queue_edge import handle_message


def main(msg: func.QueueMessage, context: func.Context) -> None:
    """Work on one wake-up. After an exception the host tries again, and finally moves it to the poison queue."""
    # Imported here, so that the cold start of another function does not wait for it.
    from shared.delivery.pace.wakeups import WAKEUPS_QUEUE

    handle_message(
        msg,
        lambda body, _: process_hub().receivers.waker.work(body),
        storage=lambda: process_hub().storage,
        queue=WAKEUPS_QUEUE,
        context=context,
    )
