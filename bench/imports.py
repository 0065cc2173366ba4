"""What our modules add to the import of the SDKs that they use: our part of a cold start."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.report import Figure, at_most, shown

ROOT = Path(__file__).parent.parent
_SDKS = "import azure.functions, azure.data.tables, azure.storage.queue, requests, pydantic, cachetools"
_LOADED = f"{_SDKS}\nfrom pydantic import BaseModel, Field, SecretStr, TypeAdapter"
"""`import pydantic` alone loads little of it; its classes come when the first of them is used."""
_ROUNDS = 9


def figures() -> list[Figure]:
    """All function modules, in a fresh interpreter, over the SDKs alone; an empty interpreter's time is subtracted."""
    functions = ", ".join(sorted(path.parent.name for path in ROOT.glob("*/function.json")))
    ours = f"{_SDKS}\nimport {functions}\nimport shared.hub.hub"
    times: dict[str, list[float]] = {statement: [] for statement in ("pass", _SDKS, _LOADED, ours)}
    for _ in range(_ROUNDS):
        for statement, found in times.items():
            found.append(_seconds(statement))
    empty = statistics.median(times["pass"])
    sdks, loaded, all_ = (statistics.median(times[statement]) - empty for statement in (_SDKS, _LOADED, ours))
    name, method = "import of all functions over their SDKs", f"medians of {_ROUNDS} interpreters"
    return [
        at_most(name, all_ / sdks, 1.25, f"{all_:.2f} over {sdks:.2f} s, {method}", unit="x"),
        shown(
            f"{name}, pydantic's classes among these",
            f"{all_ / loaded:.2f}x",
            f"{all_:.2f} over {loaded:.2f} s, {method}",
        ),
    ]


def _seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)  # noqa: S603 - our own statements
    return time.perf_counter() - start
