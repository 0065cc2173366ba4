"""One run of a function: the call, then what its output bindings send, then the log."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from devhost.connections import NoConnection
from devhost.messages import TypedData
from devhost.metadata import Function
from devhost.tracing import invocation_traceparent
from devhost.worker import Failure, Result, Worker

type WriteOutputs = Callable[[Function, Result], Awaitable[None]]

log = logging.getLogger("devhost")


class Invocations:
    """Runs functions, whatever started them."""

    def __init__(self, worker: Worker, write_outputs: WriteOutputs) -> None:
        self._worker = worker
        self._write_outputs = write_outputs

    async def run(
        self,
        function: Function,
        data: TypedData,
        trigger_metadata: Mapping[str, TypedData],
        *,
        traceparent: str | None = None,
    ) -> Result | Failure:
        """Run a function with its trigger's data. A failure is logged; its outputs are not sent.

        `traceparent` is its place in a trace (tracing.py); without one it begins a new trace.
        """
        here = traceparent or invocation_traceparent()
        result = await self._worker.call(function, data, trigger_metadata, traceparent=here)
        if isinstance(result, Result):
            result = await self._finish(function, result)
        if isinstance(result, Failure):
            log.error("%s failed: %s\n%s", function.name, result.message, result.trace)
        return result

    async def _finish(self, function: Function, result: Result) -> Result | Failure:
        try:
            await self._write_outputs(function, result)
        except NoConnection as error:
            return Failure(f"an output could not be written: {error}")
        except Exception as error:
            # Only the kind is said: a text of the SDK may hold an address with a signature in it.
            return Failure(f"an output could not be written: {type(error).__name__}")
        return result
