"""Queue `events`: an announced event is completed where it was trimmed, listed, and marked dispatched."""

import azure.functions as func

from shared.deadline import MESSAGE_SECONDS, deadline
from shared.hub.hub import hub


def main(msg: func.QueueMessage) -> None:
    """Dispatch one event. An exception makes the host try again, and puts the message into poison in the end."""
    with deadline(MESSAGE_SECONDS):
        hub().receivers.dispatcher.dispatch(msg.get_body(), attempt=msg.dequeue_count or 1)
