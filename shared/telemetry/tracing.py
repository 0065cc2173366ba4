"""Which trace the code that runs now belongs to, and which event it is about.

The platform hands each invocation the place in a trace that it continues. An event keeps the trace of the request that
brought it; whatever works on the event later continues that one. It stands in a context variable, which threads of our
own must be given (`carried`): the runtime calls a function in a thread without its context, so each edge begins it.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from typing import Any

import azure.functions as func

from shared.telemetry.traceparent import TRACEPARENT_HEADER, Traceparent, parse_traceparent


@dataclass(slots=True)
class Invocation:
    """One run of a function. `failed` is the place about an event that an exception came from, if one did."""

    context: func.Context
    failed: "Place | None" = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the code stands: its place in a trace, the event's id if it is about one, and the invocation."""

    traceparent: Traceparent | None = None
    event: str | None = None
    invocation: Invocation | None = None


_NOWHERE = Place()
_place: ContextVar[Place] = ContextVar("place", default=_NOWHERE)


def place() -> Place:
    """Where the code that calls this stands; outside an invocation without trace and event."""
    return _place.get()


def traceparent_text() -> str | None:
    """The value of `traceparent` for what is sent or stored now; None outside an invocation."""
    traceparent = _place.get().traceparent
    return None if traceparent is None else str(traceparent)


def trace_headers() -> dict[str, str]:
    """The header for a request to a receiver; empty outside an invocation."""
    text = traceparent_text()
    return {} if text is None else {TRACEPARENT_HEADER: text}


def function_name() -> str | None:
    """The name of the function that runs; None outside an invocation."""
    invocation = _place.get().invocation
    return None if invocation is None else invocation.context.function_name


def new_traceparent() -> Traceparent:
    """The beginning of a new trace."""
    return Traceparent(os.urandom(16).hex(), os.urandom(8).hex())


def child_of(parent: Traceparent) -> Traceparent:
    """A new span of the same trace."""
    return replace(parent, span_id=os.urandom(8).hex())


@contextmanager
def at_invocation(context: func.Context) -> Iterator[None]:
    """What runs inside is this invocation, and continues its trace; a new one begins where it names none."""
    given = parse_traceparent(context.trace_context.trace_parent)
    with _standing_at(Place(given or new_traceparent(), invocation=Invocation(context))):
        yield


@contextmanager
def about_event(id_: str, traceparent: str | None) -> Iterator[None]:
    """What runs inside is about this event, and continues its trace; the one around it, if it has none.

    Where it fails, the invocation knows what that was about.
    """
    outer = _place.get()
    here = replace(outer, traceparent=parse_traceparent(traceparent) or outer.traceparent, event=id_)
    try:
        with _standing_at(here):
            yield
    except Exception:
        if outer.invocation is not None:
            outer.invocation.failed = here
        raise


@contextmanager
def at_span(traceparent: Traceparent) -> Iterator[None]:
    """What runs inside is part of this span."""
    with _standing_at(replace(_place.get(), traceparent=traceparent)):
        yield


def carried[**Parameters, Result](do: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """`do` for one call in another thread, as part of what runs now: its deadline, its trace, its invocation.

    The platform adds log lines of a thread to the invocation whose id stands in the thread's own storage.
    """
    copied, invocation = copy_context(), _place.get().invocation

    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if invocation is None:
            return copied.run(do, *args, **kwargs)
        own: Any = invocation.context.thread_local_storage
        before = getattr(own, "invocation_id", None)
        own.invocation_id = invocation.context.invocation_id
        try:
            return copied.run(do, *args, **kwargs)
        finally:
            own.invocation_id = before

    return run


@contextmanager
def _standing_at(here: Place) -> Iterator[None]:
    token = _place.set(here)
    try:
        yield
    finally:
        _place.reset(token)
