"""Loads every function of an unpacked package as the worker does, and calls some: `probe.py FOLDER TOOLS [PACKAGES]`.

Run in an environment of its own, apart from the repository. TOOLS holds the worker's runtime and what starts it,
PACKAGES what was installed into the package. Standard input has the requests, `[{"function", "body"}]`; what came of it
all is printed as JSON.
"""

import asyncio
import importlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Load, call, print."""
    folder, tools, *packages = sys.argv[1:]
    sys.path[:0] = packages
    sys.path.append(tools)
    sys.stdout.write(json.dumps(asyncio.run(probe(Path(folder), json.load(sys.stdin)))))


class Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(record.getMessage())


async def probe(folder: Path, requests: list[dict[str, Any]]) -> dict[str, Any]:
    """What did not load, the statuses of the requests, and what was logged as an error."""
    errors = Errors()
    logging.getLogger().addHandler(errors)
    # Found in TOOLS, not in this environment.
    metadata, worker_module = (importlib.import_module(f"devhost.{name}") for name in ("metadata", "worker"))
    worker = worker_module.Worker(folder)
    await worker.start()
    functions, left_out = metadata.discover(folder, dict(os.environ))
    failures = {function.name: await worker.load(function) for function in functions}
    by_name = {function.name: function for function in functions}
    statuses = [await status_of(worker, by_name[one["function"]], one) for one in requests]
    return {
        "functions": sorted(failures),
        "failures": {name: failure.message + failure.trace for name, failure in failures.items() if failure},
        "left out": left_out,
        "statuses": statuses,
        "errors": errors.lines,
        "shared": str(Path(sys.modules["shared"].__file__ or "").parent),
        "functions library": str(Path(sys.modules["azure.functions"].__file__ or "").parent),
    }


async def status_of(worker: Any, function: Any, request: dict[str, Any]) -> int | str:  # noqa: ANN401 - devhost's own
    """The status of a function's answer, or why it has none."""
    messages = importlib.import_module("devhost.messages")
    body = request["body"].encode()
    http = messages.PROTOS.RpcHttp(
        method="POST" if body else "GET",
        url="http://localhost/api",
        headers={"content-type": "application/json", "content-length": str(len(body))},
        params={},
        query={},
        body=messages.TypedData(bytes=body) if body else messages.TypedData(),
    )
    result = await worker.call(function, messages.TypedData(http=http), {})
    if not hasattr(result, "return_value"):
        return f"{result.message} {result.trace}"
    return int(result.return_value.http.status_code)


if __name__ == "__main__":
    main()
