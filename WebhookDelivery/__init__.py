"""Queue `deliveries`: one attempt to deliver one event to one webhook."""

import azure.functions as func

from shared.deadline import MESSAGE_SECONDS, deadline
from shared.hub.hub import process_hub


def main(msg: func.QueueMessage) -> None:
    """Make one attempt. After an exception the host tries again, and finally moves the message to the poison queue."""
    with deadline(MESSAGE_SECONDS):
        process_hub().receivers.worker.work(msg.get_body(), is_slow_lane=False)
