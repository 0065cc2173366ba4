"""Queue `events`: an announced event is completed if it was trimmed, handed to its receivers, and marked dispatched."""

import azure.functions as func

from shared.events.announcement import EVENTS_QUEUE, as_repeat
from shared.hub.hub import process_hub
from shared.queue_edge import handle_message


def main(msg: func.QueueMessage, context: func.Context) -> None:
    """Dispatch one event. After an exception the host tries again and finally moves the message to the poison queue."""

    def dispatch(body: bytes, attempt: int) -> None:
        process_hub().receivers.dispatcher.dispatch(body, attempt=attempt)

    handle_message(
        msg,
        dispatch,
        storage=lambda: process_hub().storage,
        queue=EVENTS_QUEUE,
        context=context,
        as_repeat=as_repeat,
    )
