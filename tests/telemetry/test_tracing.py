from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.long_answers import made_in_turn
from shared.side_by_side import each_side_by_side
from shared.telemetry.invocation import invoked
from shared.telemetry.traceparent import Traceparent, parse_traceparent
from shared.telemetry.tracing import (
    about_event,
    at_span,
    carried,
    function_name,
    place,
    trace_headers,
    traceparent_text,
)
from tests.support.invoking import TRACE, TRACEPARENT, InvocationContext, invocation_context

ANOTHER = "00-11111111111111111111111111111111-2222222222222222-00"


def trace() -> str | None:
    traceparent = place().traceparent
    return None if traceparent is None else traceparent.trace_id


def test_an_invocation_continues_the_trace_that_the_platform_names() -> None:
    with invoked(invocation_context(TRACEPARENT, "EventDispatch")):
        assert (traceparent_text(), function_name()) == (TRACEPARENT, "EventDispatch")
        assert trace_headers() == {"traceparent": TRACEPARENT}
    assert (place().traceparent, trace_headers(), function_name()) == (None, {}, None)


@pytest.mark.parametrize("given", ["", "nonsense", f"00-{'0' * 32}-b7ad6b7169203331-01", TRACEPARENT.upper()])
def test_where_the_platform_names_none_a_new_trace_begins(given: str) -> None:
    begun = set()
    for _ in range(2):
        with invoked(invocation_context(given)):
            begun.add(traceparent_text())
    assert len(begun) == 2
    assert all(parse_traceparent(text) for text in begun)


def test_without_a_context_what_runs_belongs_to_what_surrounds_it() -> None:
    with invoked(invocation_context(TRACEPARENT)), invoked(None):
        assert trace() == TRACE


def test_an_event_continues_its_own_trace_and_without_one_that_of_the_invocation() -> None:
    with invoked(invocation_context(TRACEPARENT)):
        with about_event("1", ANOTHER):
            assert (trace(), place().event) == ("1" * 32, "1")
        with about_event("2", None):
            assert (trace(), place().event) == (TRACE, "2")
        with about_event("3", "nonsense"):
            assert trace() == TRACE
        with at_span(Traceparent("3" * 32, "4" * 16)):
            assert trace() == "3" * 32
        assert (trace(), place().event) == (TRACE, None)


def noted_in(context: InvocationContext) -> tuple[str | None, str | None]:
    return trace(), getattr(context.thread_local_storage, "invocation_id", None)


def test_a_thread_of_our_own_has_the_trace_and_the_invocation_of_whoever_uses_it() -> None:
    context = invocation_context(TRACEPARENT)
    found = []
    with ThreadPoolExecutor(1) as pool:
        with invoked(context):
            each_side_by_side(pool, [1, 2], lambda _: found.append(noted_in(context)))
            found.append(made_in_turn(lambda: noted_in(context)))
        after = pool.submit(noted_in, context).result()
    assert found == [(TRACE, context.invocation_id)] * 3
    assert after == (None, None)


def test_a_thread_whose_work_fails_keeps_nothing_of_it() -> None:
    context = invocation_context(TRACEPARENT)
    with ThreadPoolExecutor(1) as pool:
        with invoked(context):
            done = pool.submit(carried(lambda: 1 // 0))
        with pytest.raises(ZeroDivisionError):
            done.result()
        assert pool.submit(noted_in, context).result() == (None, None)
