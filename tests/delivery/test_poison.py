"""What is unwanted leaves the poison queues of deliveries, and all else stays to be seen at once."""

import pytest

from shared.delivery.message import DeliveryMessage
from shared.delivery.poison import remove_poison
from shared.delivery.redrive import POISON_QUEUES
from shared.errors import Unavailable
from shared.events.announcement import new_announcement
from shared.hub.hub import Hub
from tests.support.events import make_event
from tests.support.queues import visible_texts
from tests.support.transport import JournalTransport


def test_messages_for_the_event_go_and_all_others_stay(hub: Hub, connection_string: str) -> None:
    gone, other = make_event(), make_event()
    texts = [DeliveryMessage(event_id=one.id, webhook_id=1, event=one).as_text() for one in (gone, other)]
    texts += [
        DeliveryMessage(event_id=gone.id, webhook_id=2).as_text(),
        "not ours",
        new_announcement(gone.id).as_text(),
    ]
    for name in POISON_QUEUES:
        for text in texts:
            hub.storage.queue(name).send(text)
    remove_poison(hub.storage, lambda message: message.event_id == gone.id)
    for name in POISON_QUEUES:
        left = visible_texts(connection_string, name)
        assert set(left) == ({*texts} if not name.startswith("deliveries") else {texts[1], *texts[3:]})


def test_empty_queues_cost_a_question_each(hub: Hub, transport: JournalTransport) -> None:
    remove_poison(hub.storage, lambda _: True)
    assert transport.summary == ["GET deliveries-poison", "GET deliveries-slow-poison"]


def test_what_others_hold_is_not_taken_for_absent(hub: Hub) -> None:
    poison = hub.storage.queue("deliveries-poison")
    poison.send("theirs")
    poison.drain(lambda _: False)
    with pytest.raises(Unavailable, match="messages in deliveries-poison are in other hands"):
        remove_poison(hub.storage, lambda _: False)
