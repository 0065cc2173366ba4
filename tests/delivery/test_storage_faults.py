"""Every single storage call between a source and a receiver fails once, before and after it took effect.

Nothing that was acknowledged may be lost, and nothing may come more than twice, always with the same EventId.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from shared.errors import Unavailable
from shared.events.event import Event
from shared.events.store import LogFilter
from shared.hub.hub import Hub
from shared.storage.tables import AlreadyStored
from shared.webhooks.registration import Registration
from tests.fakes.receiver import Receiver, answers, answers_in_turn
from tests.support.delivering import delivering_hub, register
from tests.support.events import PAYLOAD, make_event
from tests.support.host import QuietHost
from tests.support.transport import Fault, JournalTransport

_FAULTS = pytest.mark.parametrize("fault", list(Fault))


@dataclass
class Path:
    """The way of events through one hub, with one fault on each walk; `desk` is another one, which knows no faults."""

    hub: Hub
    desk: Hub
    transport: JournalTransport
    receiver: Receiver
    host: QuietHost

    def walks(self, fault: Fault) -> Iterator[tuple[Registration, Event]]:
        """A new webhook and an event for it, once for each call that the walk turns out to make."""
        number, made = 0, [""]
        while number <= len(made):
            name = f"thing.changed{number}"
            self.receiver.behave(answers())
            webhook = register(self.desk, self.receiver.url, Events=[name])
            self.receiver.reset()
            self.transport.forget()
            if number:
                self.transport.fail(number, fault)
            yield webhook, make_event(type=name)
            # On the first walk nothing fails: it tells which calls there are.
            made = made if number else self.transport.summary
            number += 1
            while fault is Fault.AFTER and number <= len(made) and made[number - 1].startswith("GET"):
                # A reading that fails afterwards is no other than one that fails before.
                number += 1
        assert len(made) > 5

    def acknowledge(self, event: Event) -> None:
        """The source sends it until it is told that the hub has it, as Dataverse does."""
        for _ in range(2):
            try:
                self.hub.events.append(event, PAYLOAD)
            except Unavailable:
                continue
            except AlreadyStored:
                return
            return
        raise AssertionError("refused twice")

    def state(self, webhook: Registration, event: Event) -> str:
        """What the log says of the delivery."""
        record = self.desk.receivers.deliveries.get(webhook.id, event)
        assert record is not None
        return record.state.value

    def received(self, name: str) -> list[str]:
        """The EventIds that came for this event's name; the receiver's other visits are tests of new webhooks."""
        return [
            one.headers["x-superoffice-eventid"]
            for one in self.receiver.journal
            if one.headers["x-superoffice-event"] == name
        ]


@pytest.fixture
def path(connection_string: str, transport: JournalTransport, receiver: Receiver) -> Path:
    # Retries are due at once, and four failures disable, one more than a story has.
    settings = {"DELIVERY_RETRY_DELAYS": "0,0,0,0", "DELIVERY_DISABLE_AFTER": "4"}
    hub, desk = (delivering_hub(connection_string, way, **settings) for way in (transport, None))
    return Path(hub, desk, transport, receiver, QuietHost(connection_string))


@_FAULTS
def test_a_delivery_survives_the_failure_of_each_call(path: Path, fault: Fault) -> None:
    for webhook, event in path.walks(fault):
        path.acknowledge(event)
        path.host.run(path.hub)
        assert path.received(event.type) in ([event.id], [event.id, event.id])
        assert (path.state(webhook, event), path.host.poison) == ("delivered", [])


@_FAULTS
def test_a_retry_survives_the_failure_of_each_call(path: Path, fault: Fault) -> None:
    for webhook, event in path.walks(fault):
        path.receiver.behave(answers_in_turn(answers(500), answers(500), answers()))
        path.acknowledge(event)
        path.host.run(path.hub)
        assert path.received(event.type) in ([event.id] * 3, [event.id] * 4)
        assert (path.state(webhook, event), path.host.poison) == ("delivered", [])


@_FAULTS
def test_a_disabling_survives_the_failure_of_each_call(path: Path, fault: Fault) -> None:
    for webhook, event in path.walks(fault):
        path.receiver.behave(answers(410))
        path.acknowledge(event)
        path.host.run(path.hub)
        stored = path.desk.receivers.webhooks.get(webhook.id)
        assert stored is not None
        assert (stored.webhook.state.value, path.state(webhook, event)) == ("TooManyErrors", "held")
        signals = path.desk.events.log(LogFilter(type=f"webhook{webhook.id}.errors"), page_size=10)
        assert (len(list(signals)), path.host.poison) == (1, [])


@_FAULTS
def test_a_replay_survives_the_failure_of_each_call(path: Path, fault: Fault) -> None:
    for webhook, event in path.walks(fault):
        path.acknowledge(event)
        path.host.run(path.hub)
        path.receiver.reset()
        record = path.desk.receivers.deliveries.get(webhook.id, event)
        assert record is not None
        try:
            path.hub.receivers.replay(record)
        except Unavailable:
            path.hub.receivers.replay(record)
        path.host.run(path.hub)
        assert path.received(event.type) in ([event.id], [event.id, event.id])
        assert (path.state(webhook, event), path.host.poison) == ("delivered", [])
