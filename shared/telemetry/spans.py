"""Spans, where OPENTELEMETRY is on: what is measured as one piece of work, with its place in the trace.

Where it is off, nothing is measured, and of OpenTelemetry nothing is imported: the place in the trace stays as it is,
but for calls to others, which get a span id of their own.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Protocol

from shared.telemetry.traceparent import Traceparent
from shared.telemetry.tracing import at_span, child_of, place

type Attributes = Mapping[str, object]


class SpanKind(Enum):
    """What a span is, as OpenTelemetry has it."""

    SERVER = "server"
    """A request is answered."""
    CONSUMER = "consumer"
    """A message is handled."""
    CLIENT = "client"
    """Somebody else is called."""


class Noted(Protocol):
    """What the code inside a span may do with it."""

    def end_with(self, attributes: Attributes, *, is_error: bool = False) -> None:
        """Note what came of it: attributes by OpenTelemetry's semantic conventions, and whether it failed."""
        ...


class Span(Noted, Protocol):
    """A piece of work that is measured."""

    @property
    def traceparent(self) -> Traceparent:
        """Its own place in the trace."""
        ...

    def end(self) -> None:
        """It is over."""
        ...


class Tracer(Protocol):
    """Begins spans."""

    def begin(self, name: str, kind: SpanKind, parent: Traceparent, attributes: Attributes) -> Span:
        """A span that is part of `parent`'s trace, and its child."""
        ...


class _NoSpan:
    def end_with(self, attributes: Attributes, *, is_error: bool = False) -> None:
        """Nothing is measured."""


_NO_SPAN = _NoSpan()
_tracers: list[Tracer] = []
"""The one that measures, or none."""


def trace_with(tracer: Tracer | None) -> None:
    """Have spans measured by this tracer, or by none."""
    _tracers[:] = [] if tracer is None else [tracer]


@contextmanager
def span(name: str, kind: SpanKind, attributes: Attributes) -> Iterator[Noted]:
    """What runs inside is one span. Nothing is measured outside an invocation; what raises has failed."""
    parent = place().traceparent
    if parent is None:
        yield _NO_SPAN
    elif _tracers:
        begun = _tracers[0].begin(name, kind, parent, attributes)
        try:
            with at_span(begun.traceparent):
                yield begun
        except BaseException as error:
            begun.end_with({"error.type": type(error).__name__}, is_error=True)
            raise
        finally:
            begun.end()
    elif kind is SpanKind.CLIENT:
        with at_span(child_of(parent)):
            yield _NO_SPAN
    else:
        yield _NO_SPAN
