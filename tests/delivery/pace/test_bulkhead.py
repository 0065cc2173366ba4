"""Places for threads: who waits for one gets it when it is given back, and none is ever lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from shared.delivery.pace.bulkhead import Place, ReceiverBulkhead
from shared.delivery.pace.places import PLACES, Verdict
from shared.delivery.pace.receiver import FIRST_PLACES
from shared.delivery.pace.state import Pace
from tests.support.patience import eventually

NEW = Pace()
PROVEN = Pace(is_quick=True)


def enter(bulkhead: ReceiverBulkhead, event: str, pace: Pace = PROVEN, webhook_id: int = 7) -> Place | Verdict:
    """Occupy a place for a moment, in which the attempt succeeds at once."""
    with bulkhead.acquire(webhook_id, event, pace) as place:
        if isinstance(place, Place):
            place.head()
            place.ended(succeeded=True)
        return place


def occupy(bulkhead: ReceiverBulkhead, done: threading.Event, event: str, pace: Pace = PROVEN, id_: int = 7) -> object:
    """Occupy a place until `done`."""
    with bulkhead.acquire(id_, event, pace) as place:
        done.wait(60)
        return place


def test_a_place_tells_how_quick_the_answer_began() -> None:
    bulkhead = ReceiverBulkhead()
    with bulkhead.acquire(7, "a", NEW) as place:
        assert isinstance(place, Place)
        before = place.is_quick
        place.head()
        place.ended(succeeded=True)
    assert (before, place.is_quick) == (False, True)
    assert bulkhead.is_answering(7)


def test_whoever_waits_for_a_place_gets_it_when_it_is_given_back() -> None:
    bulkhead, done = ReceiverBulkhead(), threading.Event()
    with ThreadPoolExecutor(FIRST_PLACES + 1) as pool:
        held = [pool.submit(occupy, bulkhead, done, f"e{number}") for number in range(FIRST_PLACES)]
        assert eventually(lambda: bulkhead._places.under_way(7) == FIRST_PLACES)
        # A proven receiver's deliveries wait; the place comes within the time that they may.
        waiting = pool.submit(enter, bulkhead, "next")
        done.set()
        place = waiting.result()
        assert isinstance(place, Place)
        assert all(isinstance(one.result(), Place) for one in held)
    assert bulkhead._places.under_way(7) == 0


def test_whoever_finds_no_place_of_a_receiver_that_does_not_answer_is_told_to_park() -> None:
    bulkhead, done = ReceiverBulkhead(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(occupy, bulkhead, done, "hangs", NEW)
        assert eventually(lambda: bulkhead._places.under_way(7) == 1)
        assert enter(bulkhead, "next", NEW) is Verdict.PARK
        # Another webhook is no worse off for it.
        assert isinstance(enter(bulkhead, "next", NEW, 8), Place)
        done.set()


def test_a_delivery_that_is_under_way_is_not_made_twice() -> None:
    bulkhead, done = ReceiverBulkhead(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(occupy, bulkhead, done, "same")
        assert eventually(lambda: bulkhead._places.under_way(7) == 1)
        assert enter(bulkhead, "same") is Verdict.UNDER_WAY
        done.set()


def test_the_probe_needs_none_of_the_webhooks_places() -> None:
    bulkhead, done = ReceiverBulkhead(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(occupy, bulkhead, done, "hangs", NEW)
        assert eventually(lambda: bulkhead._places.under_way(7) == 1)
        with bulkhead.acquire(7, "probe", NEW, is_probe=True) as place:
            assert isinstance(place, Place)
        done.set()


def test_an_attempt_that_ends_in_an_exception_gives_its_place_back_and_teaches_nothing() -> None:
    bulkhead = ReceiverBulkhead()
    for number in range(2 * PLACES):
        with pytest.raises(RuntimeError), bulkhead.acquire(7, f"e{number}", NEW):
            raise RuntimeError("a step failed")
    assert bulkhead._places.under_way(7) == 0
    assert bulkhead.a_second(7) is None


def test_no_place_is_lost_where_no_thread_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    bulkhead = ReceiverBulkhead()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        entered = [enter(bulkhead, f"e{number}") for number in range(3)]
    assert all(isinstance(one, Place) for one in entered)
    assert bulkhead._places.under_way(7) == 0


def test_after_a_turn_of_the_circuit_a_receiver_begins_again_with_one_place() -> None:
    bulkhead, done = ReceiverBulkhead(), threading.Event()
    for number in range(4):
        enter(bulkhead, f"e{number}")
    turned = Pace(turned_at=datetime(2026, 3, 14, tzinfo=UTC))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(occupy, bulkhead, done, "one", turned)
        assert eventually(lambda: bulkhead._places.under_way(7) == 1)
        assert enter(bulkhead, "two", turned) is Verdict.PARK
        done.set()
