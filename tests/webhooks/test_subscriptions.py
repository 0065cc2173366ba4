"""The index of subscriptions: it may list too much, never too little."""

import pytest

from shared.hub.hub import Hub
from shared.webhooks.subscriptions import SUBSCRIPTIONS_TABLE, Subscriptions
from tests.support.transport import JournalTransport


@pytest.fixture
def index(hub: Hub) -> Subscriptions:
    return Subscriptions(hub.storage.table(SUBSCRIPTIONS_TABLE))


def test_webhooks_are_listed_by_event_in_the_order_of_their_ids(index: Subscriptions) -> None:
    for id_ in (20, 3, 100):
        index.add(id_, ["a.b", "c.d"], revision=1)
    index.add(7, ["c.d"], revision=1)
    assert index.webhook_ids("A.B") == [3, 20, 100]
    assert index.webhook_ids("c.d", after=3, at_most=2) == [7, 20]


def test_a_slow_writer_never_lowers_a_revision_nor_removes_what_a_later_one_needs(index: Subscriptions) -> None:
    index.extend(7, ["a.b"], revision=5)
    index.extend(7, ["a.b"], revision=3)
    index.remove(7, ["a.b"], revision=4)
    assert index.webhook_ids("a.b") == [7]
    index.remove(7, ["a.b"], revision=5)
    assert index.webhook_ids("a.b") == []


def test_a_row_that_is_listed_by_a_later_revision_costs_the_read_alone(
    index: Subscriptions, transport: JournalTransport
) -> None:
    index.extend(7, ["a.b"], revision=5)
    transport.forget()
    index.extend(7, ["a.b"], revision=5)
    assert transport.summary == ["GET subscriptions"]


def test_a_row_that_was_written_since_it_was_read_is_not_dropped(index: Subscriptions) -> None:
    index.add(7, ["a.b"], revision=1)
    row = index.row("a.b", 7)
    assert row is not None
    assert row.created is not None
    index.extend(7, ["a.b"], revision=2)
    assert not index.drop("a.b", 7, row)
    later = index.row("a.b", 7)
    assert later is not None
    assert (later.revision, later.created) == (2, None)
    assert index.drop("a.b", 7, later)
    assert index.row("a.b", 7) is None


def test_many_names_are_all_written(index: Subscriptions) -> None:
    names = [f"e{number}.x" for number in range(30)]
    index.add(7, names, revision=1)
    assert [index.webhook_ids(name) for name in names] == [[7]] * 30
