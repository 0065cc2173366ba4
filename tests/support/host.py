"""The host's part in queues, without a host: messages to their functions, again after a failure, then to poison."""

from base64 import b64decode
from contextlib import ExitStack

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from shared.delivery.pace.wakeups import WAKEUPS_QUEUE
from shared.delivery.queues import DELIVERIES_QUEUE, SLOW_QUEUE
from shared.events.announcement import EVENTS_QUEUE
from shared.events.dispatch import Dispatcher
from shared.hub.hub import Hub

_QUEUES = (EVENTS_QUEUE, DELIVERIES_QUEUE, SLOW_QUEUE, WAKEUPS_QUEUE)
_MAX_DEQUEUE_COUNT = 5
_LEASE_SECONDS = 60


class QuietHost:
    """Works on the queues of one account until nothing waits in them; `dispatcher` stands for the hub's own."""

    def __init__(self, connection_string: str, dispatcher: Dispatcher | None = None) -> None:
        self._connection_string = connection_string
        self._dispatcher = dispatcher
        self.poison: list[str] = []
        self.failures = 0

    def run(self, hub: Hub, *queues: str) -> None:
        """Work until all messages that can be seen, in these queues or in all, are done; delayed ones are left."""
        with ExitStack() as stack:
            clients = [stack.enter_context(self._client(name)) for name in queues or _QUEUES]
            while any([self._work(hub, client) for client in clients]):
                pass

    def _client(self, name: str) -> QueueClient:
        return QueueClient.from_connection_string(self._connection_string, name)

    def _work(self, hub: Hub, client: QueueClient) -> bool:
        try:
            messages = list(client.receive_messages(visibility_timeout=_LEASE_SECONDS))
        except ResourceNotFoundError:
            return False
        for message in messages:
            self._work_on(hub, client, message)
        return bool(messages)

    def _work_on(self, hub: Hub, client: QueueClient, message: QueueMessage) -> None:
        try:
            self._call(hub, client.queue_name, message)
        except Exception:
            # Whatever it is, the host tries again.
            self.failures += 1
            if (message.dequeue_count or 1) < _MAX_DEQUEUE_COUNT:
                client.update_message(message, visibility_timeout=0)
                return
            self.poison.append(message.content)
        client.delete_message(message)

    def _call(self, hub: Hub, queue: str, message: QueueMessage) -> None:
        body = b64decode(message.content)
        if queue == EVENTS_QUEUE:
            dispatcher = self._dispatcher or hub.receivers.dispatcher
            dispatcher.dispatch(body, attempt=message.dequeue_count or 1)
        elif queue == WAKEUPS_QUEUE:
            hub.receivers.waker.work(body)
        else:
            attempt = message.dequeue_count or 1
            hub.receivers.worker.work(body, message_id=message.id, dequeue_count=attempt)
