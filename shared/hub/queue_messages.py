"""What the functions with a queue trigger have in common: a message of the hub's, handled with this process's hub."""

from collections.abc import Callable

import azure.functions as func

from shared.hub.hub import Hub, process_hub
from shared.queue_edge import handle_message

type Work = Callable[[Hub, bytes, int], object]
"""Gets the hub, the body of a message, and its dequeue count."""


def work_on(
    msg: func.QueueMessage,
    context: func.Context,
    queue: str,
    work: Work,
    *,
    as_repeat: Callable[[bytes], str] = bytes.decode,
) -> None:
    """Have a message of this queue worked on, as `handle_message` says.

    The hub is put together inside: where a setting keeps it from that, the message fails as it does for any reason, and
    its last attempt is told of.
    """
    handle_message(
        msg,
        lambda body, dequeue_count: work(process_hub(), body, dequeue_count),
        storage=lambda: process_hub().storage,
        queue=queue,
        context=context,
        as_repeat=as_repeat,
    )
