"""What the platform tells a function of its invocation."""

import threading
from typing import Any
from uuid import uuid4

import azure.functions as func
from azure_functions_runtime_v1.bindings.tracecontext import TraceContext

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
MALFORMED: tuple[object, ...] = ("", 7, True, [TRACEPARENT], {"a": 1}, f"{TRACEPARENT}\n", f"00-{TRACE}", "x" * 5000)
"""What a row or a message may say by mistake instead of a `traceparent`."""


class InvocationContext(func.Context):
    """The members that the app reads, as the worker's own context has them."""

    def __init__(self, traceparent: str, name: str) -> None:
        self._trace = TraceContext(traceparent, "", {})
        self._id, self._name, self._storage = str(uuid4()), name, threading.local()

    @property
    def invocation_id(self) -> str:
        """A UUID."""
        return self._id

    @property
    def function_name(self) -> str:
        """The name of the function's folder."""
        return self._name

    @property
    def trace_context(self) -> Any:  # noqa: ANN401 - the runtime's own class, which the library does not know
        """Where the invocation stands in a trace."""
        return self._trace

    @property
    def thread_local_storage(self) -> Any:  # noqa: ANN401 - the library annotates a class where an instance is meant
        """What a thread has of its own."""
        return self._storage

    @property
    def function_directory(self) -> str:
        """Of no interest."""
        return ""

    @property
    def retry_context(self) -> Any:  # noqa: ANN401 - of no interest
        """Of no interest."""
        return None


def invocation_context(traceparent: str = "", name: str = "Function") -> InvocationContext:
    """The context of one invocation."""
    return InvocationContext(traceparent, name)
