from collections.abc import Iterator
from contextlib import suppress

import pytest

from shared.telemetry.invocation import invoked
from shared.telemetry.spans import Attributes, Span, SpanKind, span, trace_with
from shared.telemetry.traceparent import Traceparent
from shared.telemetry.tracing import traceparent_text
from tests.support.invoking import TRACE, TRACEPARENT, invocation_context


class Begun:
    """A span that notes what becomes of it."""

    def __init__(self, parent: Traceparent, number: int) -> None:
        self.parent, self.traceparent = parent, Traceparent(parent.trace_id, f"{number:016x}", "01")
        self.noted: list[tuple[dict[str, object], bool]] = []
        self.is_over = False

    def end_with(self, attributes: Attributes, *, is_error: bool = False) -> None:
        self.noted.append((dict(attributes), is_error))

    def end(self) -> None:
        self.is_over = True


class Tracer:
    def __init__(self) -> None:
        self.begun: list[Begun] = []

    def begin(self, name: str, kind: SpanKind, parent: Traceparent, attributes: Attributes) -> Span:
        self.begun.append(Begun(parent, len(self.begun) + 1))
        return self.begun[-1]


@pytest.fixture
def tracer() -> Iterator[Tracer]:
    made = Tracer()
    trace_with(made)
    yield made
    trace_with(None)


def test_a_span_within_a_span_is_its_child(tracer: Tracer) -> None:
    with invoked(invocation_context(TRACEPARENT)), span("a", SpanKind.SERVER, {}), span("b", SpanKind.CLIENT, {}):
        assert traceparent_text() == f"00-{TRACE}-{2:016x}-01"
    outer, inner = tracer.begun
    assert (str(outer.parent), inner.parent) == (TRACEPARENT, outer.traceparent)
    assert outer.is_over
    assert inner.is_over


def test_what_raises_has_failed_and_its_text_is_not_told(tracer: Tracer) -> None:
    with invoked(invocation_context()), suppress(ValueError), span("a", SpanKind.CONSUMER, {}):
        raise ValueError("s3cret")
    assert tracer.begun[0].noted == [({"error.type": "ValueError"}, True)]
    assert tracer.begun[0].is_over


def test_outside_an_invocation_nothing_is_measured(tracer: Tracer) -> None:
    with span("a", SpanKind.SERVER, {}) as noted:
        noted.end_with({})
    assert tracer.begun == []


@pytest.mark.parametrize(
    ("kind", "is_own"), [(SpanKind.SERVER, False), (SpanKind.CONSUMER, False), (SpanKind.CLIENT, True)]
)
def test_where_nothing_is_measured_each_call_to_others_has_a_span_id_of_its_own(kind: SpanKind, is_own: bool) -> None:
    with invoked(invocation_context(TRACEPARENT)):
        with span("a", kind, {}) as noted:
            noted.end_with({}, is_error=True)
            inside = traceparent_text() or ""
        assert traceparent_text() == TRACEPARENT
    assert (inside != TRACEPARENT) == is_own
    assert (inside[:36], inside[-3:]) == (TRACEPARENT[:36], "-01")
