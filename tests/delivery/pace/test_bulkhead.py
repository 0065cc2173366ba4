"""Places for threads: who has one, who waits for it, and what is learnt from it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from shared.delivery.pace.bulkhead import Place, ReceiverBulkhead
from shared.delivery.pace.places import Verdict
from shared.delivery.pace.receiver import FIRST_PLACES
from shared.delivery.pace.state import Pace

NEW = Pace()
PROVEN = Pace(is_quick=True)


def test_whoever_has_a_place_gives_it_back_at_the_end_of_the_block() -> None:
    bulkhead = ReceiverBulkhead()
    for _ in range(3):
        with bulkhead.acquire(1, "e", NEW) as place:
            assert isinstance(place, Place)


def test_the_place_comes_back_after_an_exception_too() -> None:
    bulkhead = ReceiverBulkhead()
    try:
        with bulkhead.acquire(1, "e", NEW):
            raise LookupError
    except LookupError:
        pass
    with bulkhead.acquire(1, "e", NEW) as place:
        assert isinstance(place, Place)


def test_a_delivery_that_is_under_way_is_not_begun_again() -> None:
    bulkhead = ReceiverBulkhead()
    with bulkhead.acquire(1, "e", PROVEN), bulkhead.acquire(1, "e", PROVEN) as second:
        assert second is Verdict.UNDER_WAY


def test_one_that_finds_no_place_is_parked_in_the_end() -> None:
    bulkhead = ReceiverBulkhead()
    with ExitStack() as stack:
        for number in range(FIRST_PLACES):
            stack.enter_context(bulkhead.acquire(1, f"e{number}", PROVEN))
        with bulkhead.acquire(1, "one more", PROVEN) as place:
            assert place is Verdict.PARK


def test_a_probe_needs_none_of_the_webhooks_places() -> None:
    bulkhead = ReceiverBulkhead()
    with bulkhead.acquire(1, "hangs", NEW), bulkhead.acquire(1, "probe", NEW, is_probe=True) as place:
        assert isinstance(place, Place)


def test_whoever_waits_gets_the_place_that_another_thread_gives_back() -> None:
    bulkhead = ReceiverBulkhead()

    def second() -> bool:
        with bulkhead.acquire(1, "second", NEW) as place:
            return isinstance(place, Place)

    with ThreadPoolExecutor() as pool:
        with bulkhead.acquire(1, "first", NEW) as place:
            assert isinstance(place, Place)
            # The answer has begun, so whoever comes now waits for its end.
            place.head()
            waits = pool.submit(second)
            place.ended(succeeded=True)
        assert waits.result(60)


def test_a_success_makes_the_receiver_one_that_answers_and_a_failure_ends_that() -> None:
    bulkhead = ReceiverBulkhead()
    known = []
    for succeeded in (True, False):
        with bulkhead.acquire(1, "e", NEW) as place:
            assert isinstance(place, Place)
            place.head()
            place.ended(succeeded=succeeded)
        known.append(bulkhead.is_answering(1))
    assert known == [True, False]
    assert bulkhead.a_second(1)


def test_of_an_attempt_that_was_not_made_nothing_is_learnt() -> None:
    bulkhead = ReceiverBulkhead()
    with bulkhead.acquire(1, "e", NEW):
        pass
    assert (bulkhead.is_answering(1), bulkhead.a_second(1)) == (False, None)


def test_an_answer_that_has_begun_is_quick_and_none_is_not() -> None:
    with ReceiverBulkhead().acquire(1, "e", NEW) as place:
        assert isinstance(place, Place)
        assert not place.is_quick
        place.head()
        assert place.is_quick
