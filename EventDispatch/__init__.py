"""Queue `events`: an announced event is completed if it was trimmed, handed to its receivers, and marked dispatched."""

import azure.functions as func

from shared.events.announcement import EVENTS_QUEUE, as_repeat
from shared.hub.hub import Hub
from shared.hub.queue_messages import work_on


def main(msg: func.QueueMessage, context: func.Context) -> None:
    """Dispatch one event. After an exception the host tries again and finally moves the message to the poison queue."""

    def dispatch(hub: Hub, body: bytes, dequeue_count: int) -> None:
        hub.receivers.dispatcher.dispatch(body, attempt=dequeue_count)

    work_on(msg, context, EVENTS_QUEUE, dispatch, as_repeat=as_repeat)
