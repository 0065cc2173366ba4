"""Messages handled with the hub: what each function with a queue trigger goes through."""

from collections.abc import Callable

import pytest
from azure.functions.queue import QueueMessage

import EventDispatch
import WebhookDelivery
import WebhookDeliverySlow
import WebhookWake
from shared.errors import Misconfigured
from shared.hub import queue_messages
from shared.hub.hub import Hub
from shared.hub.lazy import Lazy
from shared.hub.queue_messages import work_on
from shared.queue_edge import MAX_DEQUEUE_COUNT
from shared.settings import Settings
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context
from tests.support.lines import lines_in

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}


def message(dequeue_count: int) -> QueueMessage:
    return QueueMessage(id="1", body=b"text", dequeue_count=dequeue_count)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("main", [EventDispatch.main, WebhookDelivery.main, WebhookDeliverySlow.main, WebhookWake.main])
def test_a_message_that_fails_for_a_missing_setting_is_told_as_poisoned(
    main: Callable[..., None], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # The process may have its hub already, so the function gets another process's.
    another = Lazy(lambda: Hub.assemble(Settings.read({})))
    monkeypatch.setattr(queue_messages, "process_hub", another)
    with pytest.raises(Misconfigured):
        main(message(MAX_DEQUEUE_COUNT), invocation_context(TRACEPARENT))
    [line] = lines_in(caplog.records)
    assert (line["name"], line["trace"], line["error"]) == ("message.poisoned", TRACE, "Misconfigured")


def test_the_work_gets_the_process_hub_with_the_body_and_how_often_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Lazy(lambda: Hub.assemble(Settings.read(STORAGE)))
    monkeypatch.setattr(queue_messages, "process_hub", own)
    got: list[tuple[Hub, bytes, int]] = []
    work_on(message(3), invocation_context(), "events", lambda *given: got.append(given))
    assert got == [(own(), b"text", 3)]
