"""An app with queues, and what stands in them."""

import base64
import contextlib
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient

from tests.devhost.apps import RETURN, http_trigger, queue_output, queue_trigger, write_app, write_function
from tests.devhost.hosting import RunningHost

# Notes when it began and with which attempt, and does what the message says.
_WORK = """
    def main(msg: func.QueueMessage, out: func.Out[str]) -> None:
        text = msg.get_body().decode()
        with (ROOT / "began").open("a") as file:
            file.write(f"{text}|{msg.dequeue_count}|{time.monotonic()}\\n")
        out.set("output of " + text)
        if text.startswith("fail"):
            raise ValueError("as the message says")
        if text.startswith("slow"):
            time.sleep(float(text.split()[1]))
        with (ROOT / "ended").open("a") as file:
            file.write(text + "\\n")
"""
_SEND = """
    def main(req: func.HttpRequest, out: func.Out[str]) -> func.HttpResponse:
        out.set(req.params["text"])
        if "fail" in req.params:
            raise ValueError("as the caller says")
        return func.HttpResponse()
"""
_SEND_MANY = """
    def main(req: func.HttpRequest, out: func.Out[typing.List[str]]) -> func.HttpResponse:
        out.set(json.loads(req.params["texts"]))
        return func.HttpResponse()
"""
_METADATA = """
    def main(msg: func.QueueMessage) -> str:
        later = msg.insertion_time < msg.expiration_time and msg.insertion_time < msg.time_next_visible
        return json.dumps([msg.get_json(), msg.dequeue_count, bool(msg.id), bool(msg.pop_receipt), later])
"""


class Queues:
    """The queues of one app, in names that no other has."""

    def __init__(self, connection_string: str) -> None:
        self.connection_string = connection_string
        self._prefix = uuid4().hex[:8]

    def name(self, name: str) -> str:
        """How the service knows this queue."""
        return f"q{self._prefix}-{name}"

    def send(self, queue: str, text: str, *, as_base64: bool = True) -> None:
        """Send a text to a queue, which is made where it is missing."""
        with QueueClient.from_connection_string(self.connection_string, self.name(queue)) as client:
            with contextlib.suppress(ResourceExistsError):
                client.create_queue()
            client.send_message(base64.b64encode(text.encode()).decode() if as_base64 else text)

    def texts(self, queue: str) -> list[str]:
        """What can be seen in a queue, decoded where it can be; nothing where there is no queue."""
        return [_decoded(text) for text in self.raw_texts(queue)]

    def raw_texts(self, queue: str) -> list[str]:
        """The same as it stands there."""
        with QueueClient.from_connection_string(self.connection_string, self.name(queue)) as client:
            try:
                return [str(message.content) for message in client.peek_messages(32)]
            except ResourceNotFoundError:
                return []

    def lifetimes(self, queue: str) -> list[timedelta]:
        """From insertion to expiry of what can be seen in a queue."""
        with QueueClient.from_connection_string(self.connection_string, self.name(queue)) as client:
            messages = client.peek_messages(32)
            return [one.expires_on - one.inserted_on for one in messages if one.expires_on and one.inserted_on]


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def write_queue_app(root: Path, queues: Queues, **options: object) -> Path:
    """An app that works on the queue `work` and sends to others; `options` are those of host.json for queues."""
    write_app(root, queues={"maxPollingInterval": "00:00:00.200", "maxDequeueCount": 2, **options})
    work, sent, missing = queues.name("work"), queue_output(queues.name("sent")), {"connection": "Missing"}
    write_function(root, "Work", _WORK, queue_trigger(work), queue_output(queues.name("results")))
    write_function(root, "Send", _SEND, http_trigger(), sent, RETURN)
    write_function(root, "SendMany", _SEND_MANY, http_trigger(), sent, RETURN)
    write_function(root, "SendWork", _SEND, http_trigger(), queue_output(work), RETURN)
    asked = queue_trigger(queues.name("asked"))
    write_function(root, "Metadata", _METADATA, asked, queue_output(queues.name("told"), "$return"))
    write_function(root, "NoSetting", _SEND, http_trigger(), queue_output("any", **missing), RETURN)
    write_function(root, "NoListening", _WORK, queue_trigger("any", **missing), queue_output("any"))
    return root


def began(host: RunningHost, text: str) -> list[tuple[int, float]]:
    """The attempts at a message: the number that it was told, and when."""
    words = [line.split("|") for line in host.lines("began")]
    return [(int(count), float(moment)) for begun, count, moment in words if begun == text]
