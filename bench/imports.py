"""What our modules add to the import of the SDKs that they use: our part of a cold start."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.report import Figure, at_most

ROOT = Path(__file__).parent.parent
_SDKS = "import azure.functions, azure.data.tables, azure.storage.queue, requests, pydantic, cachetools"
_ROUNDS = 9


def import_ratio() -> Figure:
    """All function modules, in a fresh interpreter, over the SDKs alone; an empty interpreter's time is subtracted."""
    functions = ", ".join(sorted(path.parent.name for path in ROOT.glob("*/function.json")))
    statements = {"empty": "pass", "sdks": _SDKS, "ours": f"{_SDKS}\nimport {functions}\nimport shared.hub.hub"}
    times: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(_ROUNDS):
        for name, statement in statements.items():
            times[name].append(_seconds(statement))
    empty, sdks, ours = (statistics.median(times[name]) for name in ("empty", "sdks", "ours"))
    ratio = (ours - empty) / (sdks - empty)
    method = f"{ours - empty:.2f} over {sdks - empty:.2f} s, medians of {_ROUNDS} interpreters"
    return at_most("import of all functions over their SDKs", ratio, 1.25, method, unit="x")


def _seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True)  # noqa: S603 - our own statements
    return time.perf_counter() - start
