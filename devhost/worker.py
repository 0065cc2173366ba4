"""The app's code, loaded and called by Microsoft's own v1 runtime (azure-functions-runtime-v1).

What the worker in Azure rejects is rejected here, because it is the same code: load checks, converters, invocation.
"""

import os
import sys
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime_v1 import handle_event
from azure_functions_runtime_v1.utils import threadpool

from devhost.messages import PROTOS, BindingInfo, Message, ParameterBinding, TypedData
from devhost.metadata import Function

_DIRECTIONS = {"in": 0, "out": BindingInfo.out, "inout": BindingInfo.inout}


@dataclass(frozen=True)
class Failure:
    """Why loading or calling a function failed: `message` is "ValueError: ...", `trace` the stack trace."""

    message: str
    trace: str = ""


# In Azure it would end the worker, and the platform would start another one.
_EXIT = Failure("SystemExit: the app's code tried to end the process")


@dataclass(frozen=True)
class Result:
    """The result of an invocation: the value of `$return` and those of the outputs that were set."""

    return_value: TypedData | None
    outputs: Mapping[str, TypedData]


class Worker:
    """Loads functions and calls them; one in each process, as the runtime keeps its state in its modules.

    To check function folders without a host: `await worker.start()`, then `await worker.load(function)` for each of
    `devhost.metadata.discover(...)`.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._failures: dict[str, Failure] = {}

    async def start(self) -> None:
        """Make the runtime ready and the app importable from its root, which comes last on the path, as in Azure."""
        os.environ["AzureWebJobsScriptRoot"] = str(self._root)  # noqa: SIM112 - the platform's spelling
        if str(self._root) not in sys.path:
            sys.path.append(str(self._root))
        threadpool.start_threadpool_executor()
        await handle_event.worker_init_request(_event(worker_init_request=SimpleNamespace(capabilities={})))

    async def load(self, function: Function) -> Failure | None:
        """Load a function. Returns the failure, with which every later call of it fails too, or None."""
        bindings = {binding["name"]: _binding_info(binding) for binding in function.bindings if "name" in binding}
        metadata = SimpleNamespace(
            name=function.name,
            directory=str(function.folder),
            script_file=str(function.script),
            entry_point=function.entry_point,
            bindings=bindings,
        )
        request = SimpleNamespace(function_id=function.name, metadata=metadata)
        try:
            answer = await handle_event.function_load_request(_event(function_load_request=request))
            failure = _failure(answer.result)
        except SystemExit:
            failure = _EXIT
        if failure is not None:
            self._failures[function.name] = failure
        return failure

    def load_failure(self, name: str) -> Failure | None:
        """Why this function could not be loaded, or None."""
        return self._failures.get(name)

    async def call(
        self, function: Function, data: TypedData, trigger_metadata: Mapping[str, TypedData], *, traceparent: str = ""
    ) -> Result | Failure:
        """Call a function with its trigger's data; `traceparent` is where the invocation stands in a trace."""
        if (failure := self._failures.get(function.name)) is not None:
            return failure
        request = SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            function_id=function.name,
            input_data=[ParameterBinding(name=function.trigger["name"], data=data)],
            trigger_metadata=dict(trigger_metadata),
            trace_context=SimpleNamespace(trace_parent=traceparent, trace_state="", attributes={}),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
        try:
            answer = await handle_event.invocation_request(_event(invocation_request=request))
        except SystemExit:
            return _EXIT
        failure = _failure(answer.result)
        return failure or Result(answer.return_value, _outputs(answer.output_data or ()))


def _event(**request: Any) -> SimpleNamespace:  # noqa: ANN401 - any of the runtime's requests
    return SimpleNamespace(request=SimpleNamespace(**request), properties={"host": "127.0.0.1", "protos": PROTOS})


def _binding_info(binding: Mapping[str, Any]) -> BindingInfo:
    direction = _DIRECTIONS.get(str(binding.get("direction", "in")).lower(), 0)
    return BindingInfo(type=binding["type"], direction=direction, data_type=BindingInfo.undefined)


def _failure(result: Message) -> Failure | None:
    if result.status == PROTOS.StatusResult.Success:
        return None
    return Failure(str(result.exception.message), str(result.exception.stack_trace or ""))


def _outputs(bindings: Iterable[ParameterBinding]) -> dict[str, TypedData]:
    return {binding.name: binding.data for binding in bindings}
