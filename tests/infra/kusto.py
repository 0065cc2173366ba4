"""The queries of infra/queries, and Microsoft's language service, which says what is wrong with one."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devhost.install import TEST_CLIENTS, find_node, install_packages
from tests.support.paths import ROOT

QUERIES = ROOT / "infra" / "queries"
_SCRIPT = Path(__file__).with_name("kusto_check.js")
_PARAMETERS = {"{TimeRange:grain}": "1h", "{Trace}": "0af7651916cd43dd8448eb211c80319c"}
"""What a workbook puts into its queries before they run."""

FIRST_LINE = 'extract(@"^[^\\r\\n]*", 0, Message)'
"""What the queries parse as JSON: where a logger put a traceback behind a line, the line alone."""

_COMMON = (
    "TimeGenerated: datetime, OperationName: string, OperationId: string, ParentId: string, AppRoleName: string, "
    "AppRoleInstance: string, ItemCount: int, Properties: dynamic, Measurements: dynamic"
)
TABLES = {
    "AppTraces": f"({_COMMON}, Message: string, SeverityLevel: int)",
    "AppRequests": (
        f"({_COMMON}, Id: string, Name: string, Url: string, Success: bool, ResultCode: string, DurationMs: real)"
    ),
    "_LogOperation": "(TimeGenerated: datetime, Operation: string, Level: string, Category: string, Detail: string)",
}
"""The tables of a workspace that the queries read, with their columns."""

type Judgement = Mapping[str, Any]
"""What the service says of a query: `diagnostics`, `tables`, `ages`, `columns`, `statements` (kusto_check.js)."""


def query_texts() -> dict[str, str]:
    """The queries as they lie there, by folder and name: `alerts/poison`."""
    return {
        path.relative_to(QUERIES).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(QUERIES.glob("*/*.kql"))
    }


def with_parameters(text: str, **values: str) -> str:
    """A query as a workbook runs it: with what its parameters stand for."""
    for name, value in {**_PARAMETERS, **{f"{{{name}}}": value for name, value in values.items()}}.items():
        text = text.replace(name, value)
    return text


def judge(texts: Mapping[str, str], *workspaces: Mapping[str, str]) -> list[dict[str, Judgement]]:
    """Have queries parsed and bound in each workspace (columns by tables), in one process, which takes seconds."""
    find_node()
    install_packages(TEST_CLIENTS)
    node = shutil.which("node")
    assert node
    done = subprocess.run(
        [node, str(_SCRIPT)],
        input=json.dumps({"workspaces": workspaces, "queries": texts}),
        env={**os.environ, "NODE_PATH": str(TEST_CLIENTS.folder / "node_modules")},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: list[dict[str, Judgement]] = json.loads(done.stdout)
    return answer
