"""Queue `wakeups`: looks after the deliveries that wait for one webhook."""

import azure.functions as func

from shared.deadline import MESSAGE_SECONDS, deadline
from shared.hub.hub import process_hub


def main(msg: func.QueueMessage) -> None:
    """Work on one wake-up. After an exception the host tries again, and finally moves it to the poison queue."""
    with deadline(MESSAGE_SECONDS):
        process_hub().receivers.waker.work(msg.get_body())
