"""Every storage call fails once, before and after it took effect, while deliveries wait for their receiver.

Afterwards everything runs until no message is left, however late it is due: what was acknowledged has arrived, or the
log says what became of it; nothing waits that nobody looks after; and the counters are those of the receiver.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from shared.delivery.fan_out import DeliveryFanOut
from shared.delivery.pace.state import Circuit
from shared.delivery.record import DELIVERIES_TABLE, DeliveryState
from shared.delivery.waiting import WAITING_PREFIX
from shared.events.dispatch import Dispatcher
from shared.events.event import Event
from shared.hub.hub import Hub
from shared.storage.query import Query
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver, answers, answers_in_turn
from tests.fakes.server import Received
from tests.support.delivering import delivering_hub, register, save
from tests.support.events import PAYLOAD, make_event
from tests.support.timeline import TimedTransport, Timeline
from tests.support.transport import Fault

pytestmark = pytest.mark.timeout(600)
_FAULTS = pytest.mark.parametrize("fault", list(Fault))
_SETTINGS = {"DELIVERY_RETRY_DELAYS": "1,1,2,2", "DELIVERY_CIRCUIT_AFTER": "2"}
_STEP = 1 if os.environ.get("EVERY_CALL") else 12
_FIRST = {Fault.BEFORE: 1, Fault.AFTER: min(_STEP, 5)}
"""Of the calls of a story every twelfth fails, beginning with another one afterwards than before: trying each takes
minutes. `EVERY_CALL=1` tries each."""
LATE = 1500.0
"""Seconds after which the latest message of a story has come: the longest step is a message whose process died."""


@dataclass
class Story:
    """One webhook, and what happens to it. `hub` meets the fault; `desk` knows none."""

    timeline: Timeline
    transport: TimedTransport
    hub: Hub
    desk: Hub
    webhook: Registration
    receiver: Receiver
    began: float
    events: list[Event] = field(default_factory=list)

    def happens(self, count: int = 1) -> None:
        """So many events come in."""
        for _ in range(count):
            event = make_event(type=self.webhook.webhook.events[0])
            self.desk.events.append(event, PAYLOAD)
            self.events.append(event)

    def goes_on(self, seconds: float) -> None:
        """So much time passes."""
        self.timeline.run(self.hub, until=self.timeline.seconds + seconds)

    def ends(self) -> None:
        """All that is on its way comes."""
        self.timeline.run(self.hub)
        assert self.timeline.poison == []
        assert self.timeline.seconds - self.began < LATE
        assert [key for key in self.rows() if key.startswith(WAITING_PREFIX)] == []
        assert self.desk.receivers.waker.store.read(self.webhook.id).pace.wake_due is None

    def rows(self) -> list[str]:
        """The keys of the webhook's deliveries."""
        wanted = Query().where("PartitionKey eq", f"{self.webhook.id:010d}")
        return [str(row["RowKey"]) for row in self.desk.storage.table(DELIVERIES_TABLE).query(wanted)]

    def states(self) -> set[DeliveryState | None]:
        """The states of the events' deliveries; None for those that the log does not have."""
        records = [self.desk.receivers.deliveries.get(self.webhook.id, event) for event in self.events]
        return {record.state if record else None for record in records}

    def received(self) -> set[str]:
        """The ids of the events that the receiver got."""
        return {call.headers["x-superoffice-eventid"] for call in self.calls()}

    def calls(self) -> list[Received]:
        """What the receiver counted of this story."""
        return [one for one in self.receiver.journal if "x-hook-test" not in one.headers]

    def arrived(self, fault: tuple[int, Fault]) -> None:
        """Everything has arrived, and the counters are right."""
        self.ends()
        assert self.received() == {event.id for event in self.events}
        assert self.states() == {DeliveryState.DELIVERED}
        row = self.desk.receivers.waker.store.read(self.webhook.id)
        assert row.pace.circuit is Circuit.CLOSED
        calls = len(self.calls())
        number, _ = fault
        made = self.transport.calls
        failed = made[number - 1].path if 0 < number <= len(made) else ""
        is_before_the_count = failed in {"usage", "wakeups", "wakeups/messages"}
        assert row.usage.total_calls in ({calls, calls - 1} if is_before_the_count else {calls})


type Stories = Callable[..., Iterator[tuple[Story, tuple[int, Fault]]]]


@pytest.fixture
def stories(connection_string: str, receiver: Receiver) -> Iterator[Stories]:
    timeline = Timeline()
    with timeline.transport() as transport, timeline.transport() as quiet:

        def tell(
            fault: Fault, begin: Callable[[Story], object] = lambda _: None, **settings: str
        ) -> Iterator[tuple[Story, tuple[int, Fault]]]:
            """A story for each call that it turns out to make; `begin` is what happens before its faults."""
            given = {**_SETTINGS, **settings}
            hub, desk = (delivering_hub(connection_string, way, **given) for way in (transport, quiet))
            number, made, first = 0, [""], False
            while number <= len(made):
                receiver.reset()
                webhook = register(desk, receiver.url, Events=[f"e{number}.changed"])
                receiver.journal.clear()
                story = Story(timeline, transport, hub, desk, webhook, receiver, began=timeline.seconds)
                begin(story)
                transport.forget()
                if number:
                    transport.fail(number, fault)
                yield story, (number, fault)
                # The first walk only tells which calls there are.
                made = transport.summary
                if not first:
                    first = True
                    number = _FIRST[fault]
                else:
                    number += _STEP
                while fault is Fault.AFTER and number <= len(made) and made[number - 1].startswith("GET"):
                    # A reading that fails afterwards is no other than one that fails before.
                    number += 1
            assert len(made) > 5

        yield tell


@_FAULTS
def test_a_circuit_that_opens_and_closes_survives_the_failure_of_each_call(stories: Stories, fault: Fault) -> None:
    for story, failing in stories(fault):
        story.receiver.behave(answers_in_turn(answers(500), answers(500), answers(500), answers()))
        # Two fail and open it, one is parked by a worker, one by dispatch; a probe fails, another one succeeds.
        story.happens(3)
        story.goes_on(2)
        story.happens()
        story.arrived(failing)


@_FAULTS
def test_a_pause_survives_the_failure_of_each_call(stories: Stories, fault: Fault) -> None:
    for story, failing in stories(fault):
        story.receiver.behave(answers_in_turn(answers(429, b"", "Retry-After: 5"), answers()))
        story.happens(2)
        story.goes_on(2)
        story.happens()
        story.arrived(failing)


@_FAULTS
def test_what_is_held_while_it_waits_survives_the_failure_of_each_call(stories: Stories, fault: Fault) -> None:
    for story, _ in stories(fault):
        story.receiver.behave(answers_in_turn(answers(429, b"", "Retry-After: 9"), answers(410)))
        # One asked for a pause and two wait; then the receiver is gone, and what waits is held for a replay.
        story.happens(3)
        story.ends()
        assert story.states() == {DeliveryState.HELD}


@_FAULTS
def test_what_has_waited_for_too_long_fails_whatever_call_fails(stories: Stories, fault: Fault) -> None:
    for story, _ in stories(fault, DELIVERY_GIVE_UP_SECONDS="30"):
        story.receiver.behave(answers(429, b"", "Retry-After: 20"))
        story.happens(2)
        story.ends()
        assert story.states() == {DeliveryState.FAILED}


def waits(story: Story) -> None:
    story.receiver.behave(answers(429, b"", "Retry-After: 60"))
    story.happens(2)
    story.timeline.run(story.desk, until=story.timeline.seconds + 1)
    story.receiver.behave(answers())


@_FAULTS
@pytest.mark.parametrize("state", ["Stopped", "Active"])
def test_what_a_save_means_for_what_waits_survives_the_failure_of_each_call(
    stories: Stories, fault: Fault, state: str
) -> None:
    for story, _ in stories(fault, waits):
        with Receiver() as other:
            save(story.desk, story.webhook.id, State=state, TargetUrl=other.url)
            story.happens()
            story.ends()
            got = {call.headers["x-superoffice-eventid"] for call in other.journal if "x-hook-test" not in call.headers}
        ids = {event.id for event in story.events}
        expected = (DeliveryState.HELD, set()) if state == "Stopped" else (DeliveryState.DELIVERED, ids)
        assert (story.states(), got) == ({expected[0]}, expected[1])


@_FAULTS
def test_what_is_kept_of_a_webhook_that_is_removed_goes_whatever_call_fails(stories: Stories, fault: Fault) -> None:
    for story, _ in stories(fault, waits):
        stored = story.desk.receivers.webhooks.get(story.webhook.id)
        assert stored is not None
        story.desk.receivers.saving.delete(stored)
        story.timeline.run(story.hub)
        assert [key for key in story.rows() if key.startswith(WAITING_PREFIX)] == []
        assert story.desk.receivers.worker.gate.blocked.read().get(story.webhook.id) is None
        assert story.desk.receivers.waker.store.read(story.webhook.id).usage.total_calls == 0


@_FAULTS
def test_a_fan_out_in_pages_past_a_webhook_that_waits_survives_the_failure_of_each_call(
    stories: Stories, fault: Fault
) -> None:
    for story, failing in stories(fault, waits):
        name = story.webhook.webhook.events[0]
        others = [register(story.desk, story.receiver.url, Events=[name]) for _ in range(2)]
        story.receiver.journal.clear()
        receivers = story.hub.receivers
        fan_out = DeliveryFanOut(receivers.webhooks, receivers.worker.queues, receivers.worker.gate, max_webhooks=1)
        paging = Dispatcher(story.hub.events, receivers.dispatcher._completion, fan_out, ())
        story.transport.forget()
        if failing[0]:
            story.transport.fail(*failing)
        story.happens()
        story.timeline.run(story.hub, dispatcher=paging)
        story.ends()
        assert story.states() == {DeliveryState.DELIVERED}
        for other in others:
            record = story.desk.receivers.deliveries.get(other.id, story.events[-1])
            assert record is not None
            assert record.state is DeliveryState.DELIVERED
        counts = Counter(call.headers["x-superoffice-eventid"] for call in story.calls())
        assert counts[story.events[-1].id] in {3, 4}
